/* tests/unit/pipeline/fake.c - what the pipeline stands on, doing as it is told
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/pipeline/fake.h"

#include <stdlib.h>

#include "gateway/observe/line.h"

/* ---- instances and calls ---- */

static const fairlead_kv reply_headers[] = {
    {{"content-type", 12}, {"text/plain", 10}},
    {{"date", 4}, {"Thu, 01 Jan 1970 00:00:00 GMT", 29}},
    {{"x-request-id", 12}, {"the-connectors-own", 18}},
    {{"set-cookie", 10}, {"a=1", 3}},
    {{"set-cookie", 10}, {"b=2", 3}},
};

struct fl_call_result fake_reply(void)
{
	return (struct fl_call_result){
	    .kind = FL_CALL_REPLIED,
	    .http_status = 200,
	    .headers = reply_headers,
	    .headers_n = FL_ARRAY_LEN(reply_headers),
	    .body = FL_STR("ok\n"),
	};
}

struct fl_instance fake_instance(const char *name)
{
	return (struct fl_instance){
	    .name = name, .refs = 1, .start_result = FL_CALL_DONE, .result = fake_reply()};
}

int fl_call_start(struct fl_call *call, struct fl_instance *instance, unsigned worker)
{
	FL_ASSERT(instance->refs > 0);
	call->instance = instance;
	call->worker = worker;
	call->view.id = ++instance->calls;
	instance->last = call;
	if (instance->start_result == FL_CALL_DONE)
		call->result = instance->result;
	return instance->start_result;
}

bool fl_call_cancel(struct fl_call *call, uint32_t reason)
{
	struct fl_instance *instance = call->instance;

	instance->cancels++;
	instance->reason = reason;
	return instance->owes;
}

void fake_done(struct fl_call *call, const struct fl_call_result *result)
{
	call->result = *result;
	call->on_done(call);
}

void fake_paid(struct fl_call *call)
{
	call->on_paid(call);
}

struct fl_instance *fl_instance_ref(struct fl_instance *instance)
{
	atomic_fetch_add(&instance->refs, 1);
	return instance;
}

struct fl_instance *fl_instance_unref(struct fl_instance *instance)
{
	atomic_fetch_sub(&instance->refs, 1);
	return NULL;
}

uint64_t fl_instance_generation(const struct fl_instance *instance)
{
	return instance->generation;
}

const char *fl_instance_name(const struct fl_instance *instance)
{
	return instance->name;
}

static const struct fl_manifest_action actions[] = {
    {.name = FL_STR_INIT("reply")},
    {.name = FL_STR_INIT("forward")},
};
static const struct fl_manifest manifest = {
    .id = FL_STR_INIT("fake"), .actions = actions, .actions_n = FL_ARRAY_LEN(actions)};

int fl_instance_action(const struct fl_instance *instance, struct fl_str name)
{
	(void)instance;
	for (size_t i = 0; i < FL_ARRAY_LEN(actions); i++)
		if (fl_str_eq(actions[i].name, name))
			return (int)i;
	return -1;
}

struct fl_module *fl_instance_module(const struct fl_instance *instance)
{
	(void)instance;
	return NULL;
}

const struct fl_manifest *fl_module_manifest(const struct fl_module *module)
{
	(void)module;
	return &manifest;
}

/* ---- access log ---- */

void fl_access_log_add(struct fl_access_log *log, unsigned worker, const struct fl_access_record *r)
{
	(void)worker;
	log->lines++;
	log->last = *r;
}

/* A log of decisions keeps no texts: they are copied into one line. */
void fl_decision_log_add(struct fl_access_log *log, unsigned worker,
                         const struct fl_decision_record *r)
{
	struct fl_access_clock clock = {0};
	size_t n = fl_decision_line(log->decision, &clock, r);

	(void)worker;
	log->lines++;
	log->decision[n] = '\0';
}

struct fl_access_log *fl_decision_log_ref(struct fl_access_log *log)
{
	return log;
}

struct fl_access_log *fl_decision_log_unref(struct fl_access_log *log)
{
	(void)log;
	return NULL;
}

/* ---- configuration ---- */

#define METHOD(m) (1u << FL_METHOD_##m)

static const struct fl_cfg_instance instances[] = {
    {.name = FL_STR_INIT("first"), .timeout_ns = 7 * FL_NS_PER_SEC},
    {.name = FL_STR_INIT("second")},
};
static const struct fl_cfg_route routes[] = {
    {.auth = FL_CFG_AUTH_NONE,
     .name = FL_STR_INIT("echo"),
     .path = FL_STR_INIT("/echo"),
     .methods = METHOD(GET) | METHOD(POST),
     .action = FL_STR_INIT("reply"),
     .timeout_ns = 5 * FL_NS_PER_SEC,
     .max_body_bytes = 100},
    {.auth = FL_CFG_AUTH_NONE,
     .name = FL_STR_INIT("item"),
     .path = FL_STR_INIT("/v1/items/{id}/parts/{part}"),
     .methods = METHOD(GET),
     .action = FL_STR_INIT("forward")},
    {.auth = FL_CFG_AUTH_NONE,
     .name = FL_STR_INIT("any"),
     .path = FL_STR_INIT("/any/**"),
     .methods = FL_METHODS_ALL,
     .action = FL_STR_INIT("reply"),
     .allow_encoded_slash = true},
    {.auth = FL_CFG_AUTH_NONE,
     .name = FL_STR_INIT("short"),
     .path = FL_STR_INIT("/short"),
     .methods = FL_METHODS_ALL,
     .action = FL_STR_INIT("reply"),
     .timeout_ns = FL_NS_PER_MS},
    {.auth = FL_CFG_AUTH_NONE,
     .name = FL_STR_INIT("second"),
     .host = FL_STR_INIT("h2.example"),
     .path = FL_STR_INIT("/second"),
     .methods = FL_METHODS_ALL,
     .instance = 1,
     .action = FL_STR_INIT("reply")},
};

static atomic_uint configs_alive;

struct fl_config *fake_config(void)
{
	struct fl_config *config = calloc(1, sizeof *config);

	FL_ASSERT(config != NULL);
	config->refs = 1;
	config->instances = instances;
	config->instances_n = FL_ARRAY_LEN(instances);
	config->routes = routes;
	config->routes_n = FL_ARRAY_LEN(routes);
	config->server.limits.max_body_bytes = 1u << 20;
	atomic_fetch_add(&configs_alive, 1);
	return config;
}

unsigned fake_configs_alive(void)
{
	return atomic_load(&configs_alive);
}

struct fl_config *fl_config_ref(struct fl_config *config)
{
	atomic_fetch_add(&config->refs, 1);
	return config;
}

struct fl_config *fl_config_unref(struct fl_config *config)
{
	if (config && atomic_fetch_sub(&config->refs, 1) == 1) {
		free(config);
		atomic_fetch_sub(&configs_alive, 1);
	}
	return NULL;
}

struct fl_bundle *fl_bundle_ref(struct fl_bundle *bundle)
{
	atomic_fetch_add(&bundle->refs, 1);
	return bundle;
}

struct fl_bundle *fl_bundle_unref(struct fl_bundle *bundle)
{
	if (bundle)
		atomic_fetch_sub(&bundle->refs, 1);
	return NULL;
}

struct fl_snapshot *fake_snapshot(struct fl_metrics *metrics, struct fl_instance *const *two)
{
	struct fl_config *config = fake_config();
	const struct fl_snapshot_parts parts = {.config = config, .instances = two, .metrics = metrics};
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_snapshot *snapshot;

	fl_arena_init(&arena, 4096, 65536);
	fl_problems_init(&problems, &arena);
	snapshot = fl_snapshot_build(&parts, &problems);
	FL_ASSERT(snapshot && problems.errors == 0);
	(void)fl_config_unref(config);
	fl_arena_fini(&arena);
	return snapshot;
}

/* ---- looking at responses ---- */

struct fl_str fake_header(const struct fl_response *response, const char *name, size_t *ret_n)
{
	struct fl_str value = FL_STR_NULL;
	size_t n = 0;

	for (size_t i = 0; i < response->headers_n; i++) {
		if (!fl_str_is(response->headers[i].name, name))
			continue;
		value = response->headers[i].value;
		n++;
	}
	if (ret_n)
		*ret_n = n;
	return value;
}
