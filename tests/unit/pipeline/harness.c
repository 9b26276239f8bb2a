/* tests/unit/pipeline/harness.c - one worker, one request, and what happened to it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/pipeline/harness.h"

#define ARENA_BYTES 16384u

struct fixture f;
uint64_t auth_failures;

static void on_ready(struct fl_request *req)
{
	assert_ptr_equal(req, &f.req);
	f.ready++;
}

static void on_released(struct fl_request *req)
{
	assert_ptr_equal(req, &f.req);
	f.released++;
}

static const struct fl_request_transport transport = {on_ready, on_released};

/* ---- setting up ---- */

int set_up_empty(void **state)
{
	struct fl_pipeline_config config = {.workers = 1, .auth_failures = auth_failures};

	(void)state;
	memset(&f, 0, sizeof f);
	f.first = fake_instance("first");
	f.second = fake_instance("second");
	if (fl_loop_create(&f.loop) != 0 || fl_metrics_create(1, &f.metrics) != 0)
		return -1;
	config.metrics = f.metrics;
	config.access_log = &f.log;
	if (fl_pipeline_create(&config, &f.pipeline) != 0)
		return -1;
	f.worker = fl_pipeline_attach_worker(f.pipeline, 0, f.loop);
	fl_arena_init(&f.req.arena, ARENA_BYTES, ARENA_BYTES);
	return 0;
}

int set_up(void **state)
{
	int rc = set_up_empty(state);

	struct fl_instance *instances[] = {&f.first, &f.second};

	if (rc == 0)
		rc = fl_pipeline_publish(f.pipeline, fake_snapshot(f.metrics, instances), 0);
	return rc;
}

int tear_down(void **state)
{
	(void)state;
	fl_arena_fini(&f.req.arena);
	f.loop = fl_loop_destroy(f.loop);
	f.pipeline = fl_pipeline_destroy(f.pipeline);
	f.metrics = fl_metrics_destroy(f.metrics);
	assert_int_equal(f.first.refs, 1);
	assert_int_equal(f.second.refs, 1);
	assert_int_equal(fake_configs_alive(), 0);
	return 0;
}

struct fl_request *make(enum fl_method method, const char *path)
{
	static const fairlead_kv headers[] = {
	    HEADER("accept", "*/*"),
	    HEADER("user-agent", "test/1"),
	};
	static const char *const names[] = {"GET",   "HEAD",   "POST",   "PUT",
	                                    "PATCH", "DELETE", "OPTIONS"};
	struct fl_request *req = &f.req;

	fl_arena_reset(&req->arena);
	fl_request_reset(req);
	req->worker = f.worker;
	req->transport = &transport;
	req->started_ns = fl_clock_mono_ns();
	req->method = method;
	req->method_name = fl_str(names[method]);
	req->raw_path = fl_str(path);
	req->query = FL_STR("a=1&b=%20");
	req->host = FL_STR("API.example:8080");
	req->host_name = FL_STR("api.example");
	req->client = FL_STR("192.0.2.7");
	req->scheme = FL_STR("http");
	req->headers = headers;
	req->headers_n = FL_ARRAY_LEN(headers);
	f.ready = f.released = 0;
	return req;
}

struct fl_request *wait_on(const char *path)
{
	struct fl_request *req = make(FL_METHOD_GET, path);

	f.first.start_result = FL_CALL_PENDING;
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_WAIT);
	return req;
}

/* ---- checking ---- */

uint64_t counted(const char *route, unsigned class)
{
	struct fl_metric_route_shard *metric = fl_metrics_route(f.metrics, fl_str(route));

	return fl_metric_route_shard(metric, 0)->by_class[class];
}

void assert_str(struct fl_str s, const char *expected)
{
	if (!fl_str_is(s, expected))
		fail_msg("\"%.*s\" instead of \"%s\"", FL_STR_ARGS(s), expected);
}

bool holds(struct fl_str s, struct fl_str part)
{
	for (size_t i = 0; i + part.n <= s.n; i++)
		if (memcmp(s.p + i, part.p, part.n) == 0)
			return true;
	return false;
}

void assert_kv(const fairlead_kv *kv, const char *name, const char *value)
{
	assert_str(fl_str_n(kv->k.p, kv->k.n), name);
	assert_str(fl_str_n(kv->v.p, kv->v.n), value);
}

void assert_problem(const struct fl_request *req, uint32_t status, const char *code)
{
	struct fl_arena arena;
	struct fl_str start;
	size_t n;

	fl_arena_init(&arena, 1024, 1024);
	start = fl_arena_printf(&arena, "{\"type\":\"urn:fairlead:problem:%s\",", code);
	if (!fl_str_starts(req->response.body, start))
		fail_msg("\"%.*s\" instead of %s", FL_STR_ARGS(req->response.body), code);
	fl_arena_fini(&arena);
	assert_int_equal(req->response.status, status);
	assert_str(fake_header(&req->response, "content-type", &n), "application/problem+json");
	assert_int_equal(n, 1);
	assert_str(fake_header(&req->response, "cache-control", NULL), "no-store");
}

void finish(struct fl_request *req)
{
	uint32_t status = req->response.status;

	fl_pipeline_end(req, req->response.body.n, true);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.log.last.status, status);
}
