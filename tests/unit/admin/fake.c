/* tests/unit/admin/fake.c - host, catalogue and pipeline that do as they are told
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/admin/fake.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/connector/call.h"

struct fake fake;

struct fl_host {
	struct fl_instance *instances;
	uint64_t generations, modules;
};

struct fl_module {
	_Atomic int refs;
	uint64_t generation;
	char digest[65];
	struct fl_manifest manifest;
	char id[64], version[64];
};

struct fl_instance {
	_Atomic int refs;
	struct fl_instance *next;
	struct fl_module *module;
	uint64_t generation;
	char name[64];
};

static struct fl_host host;

struct fl_host *fake_host(void)
{
	return &host;
}

/* ---- catalogue: "/fake/ID/VERSION", whose digest is made of both ---- */

struct fl_catalogue *fake_catalogue(void)
{
	static char it;

	return (struct fl_catalogue *)(void *)&it;
}

int fl_catalogue_resolve(struct fl_catalogue *catalogue, const struct fl_catalogue_want *want,
                         struct fl_arena *arena, struct fl_catalogue_entry *ret,
                         struct fl_error *err)
{
	struct fl_str version = want->version.n == 0 ? fl_str(fake.newest) : want->version;

	(void)catalogue;
	if (fl_str_is(want->id, "missing"))
		return fl_error_set(err, "connector_unknown", "there is no connector \"missing\"");
	*ret = (struct fl_catalogue_entry){
	    .id = fl_arena_str(arena, want->id),
	    .version = fl_arena_str(arena, version),
	    .sha256 =
		fl_arena_printf(arena, "%.*s-%.*s", FL_STR_ARGS(want->id), FL_STR_ARGS(version)),
	    .path = fl_arena_printf(arena, "/fake/%.*s/%.*s", FL_STR_ARGS(want->id),
	                            FL_STR_ARGS(version)),
	    .manifest_json = FL_STR("{}"),
	};
	return 0;
}

void fl_catalogue_each(struct fl_catalogue *catalogue, struct fl_str id, fl_catalogue_fn fn,
                       void *ctx)
{
	(void)catalogue;
	(void)id;
	(void)fn;
	(void)ctx;
}

int fl_catalogue_put(struct fl_catalogue *catalogue, struct fl_str id, struct fl_str version,
                     struct fl_str bytes, bool may_replace, struct fl_arena *arena,
                     struct fl_catalogue_entry *ret, struct fl_problems *problems)
{
	(void)catalogue;
	(void)id;
	(void)version;
	(void)bytes;
	(void)may_replace;
	(void)arena;
	(void)ret;
	(void)problems;
	return -1;
}

/* ---- modules ---- */

int fl_module_load(struct fl_host *h, const char *path, struct fl_module **ret,
                   struct fl_error *err)
{
	static const struct fl_manifest_action action = {.name = FL_STR_INIT("reply")};
	struct fl_module *m = calloc(1, sizeof *m);

	FL_ASSERT(m != NULL && sscanf(path, "/fake/%63[^/]/%63[^/]", m->id, m->version) == 2);
	if (fake.unloadable != NULL && strcmp(m->version, fake.unloadable) == 0) {
		free(m);
		return fl_error_set(err, "elf_truncated", "%s is cut off", path);
	}
	(void)snprintf(m->digest, sizeof m->digest, "%.30s-%.30s", m->id, m->version);
	m->manifest = (struct fl_manifest){
	    .id = fl_str(m->id), .version = fl_str(m->version), .actions = &action, .actions_n = 1};
	m->generation = ++h->modules;
	atomic_init(&m->refs, 1);
	fake.loads++;
	fake.modules_alive++;
	*ret = m;
	return 0;
}

struct fl_module *fl_module_ref(struct fl_module *m)
{
	atomic_fetch_add(&m->refs, 1);
	return m;
}

struct fl_module *fl_module_unref(struct fl_module *m)
{
	if (m == NULL || atomic_fetch_sub(&m->refs, 1) != 1)
		return NULL;
	fake.modules_alive--;
	free(m);
	return NULL;
}

const char *fl_module_digest(const struct fl_module *m)
{
	return m->digest;
}

const struct fl_manifest *fl_module_manifest(const struct fl_module *m)
{
	return &m->manifest;
}

/* ---- instances ---- */

static bool is_named(const char *name, struct fl_str s)
{
	return name != NULL && fl_str_is(s, name);
}

int fl_instance_probe(struct fl_host *h, struct fl_module *module,
                      const struct fl_instance_spec *spec, struct fl_error *err)
{
	(void)h;
	(void)module;
	fake.probes++;
	if (is_named(fake.refuses_probe, spec->name))
		return fl_error_set(err, "instance_refused", "config /base_url: is needed");
	return 0;
}

int fl_instance_create(struct fl_host *h, struct fl_module *module,
                       const struct fl_instance_spec *spec, struct fl_instance **ret,
                       struct fl_error *err)
{
	struct fl_instance *i;

	if (is_named(fake.refuses_create, spec->name))
		return fl_error_set(err, "instance_not_ready", "it never got ready");
	i = calloc(1, sizeof *i);
	FL_ASSERT(i != NULL);
	(void)snprintf(i->name, sizeof i->name, "%.*s", FL_STR_ARGS(spec->name));
	i->module = fl_module_ref(module);
	i->generation = ++h->generations;
	i->next = h->instances;
	h->instances = i;
	atomic_init(&i->refs, 1);
	fake.creates++;
	fake.instances_alive++;
	*ret = i;
	return 0;
}

struct fl_instance *fl_instance_ref(struct fl_instance *i)
{
	atomic_fetch_add(&i->refs, 1);
	return i;
}

struct fl_instance *fl_instance_unref(struct fl_instance *i)
{
	struct fl_instance **at = &host.instances;

	if (i == NULL || atomic_fetch_sub(&i->refs, 1) != 1)
		return NULL;
	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	(void)fl_module_unref(i->module);
	fake.instances_alive--;
	free(i);
	return NULL;
}

uint64_t fl_instance_generation(const struct fl_instance *i)
{
	(void)i;
	return 1;
}

const char *fl_instance_name(const struct fl_instance *i)
{
	return i->name;
}

struct fl_module *fl_instance_module(const struct fl_instance *i)
{
	return i->module;
}

int fl_instance_action(const struct fl_instance *i, struct fl_str name)
{
	(void)i;
	return fl_str_is(name, "reply") ? 0 : -1;
}

void fl_host_each_instance(struct fl_host *h, fl_instance_info_fn fn, void *ctx)
{
	for (struct fl_instance *i = h->instances; i != NULL; i = i->next)
		fn(ctx, &(struct fl_instance_info){.name = i->name,
		                                   .connector_id = i->module->id,
		                                   .connector_version = i->module->version,
		                                   .digest = i->module->digest,
		                                   .generation = i->generation,
		                                   .module_generation = i->module->generation,
		                                   .state = FL_INSTANCE_RUNNING,
		                                   .class_letter = 'U'});
}

void fl_host_counts(struct fl_host *h, struct fl_host_counts *ret)
{
	(void)h;
	*ret = (struct fl_host_counts){.instances_live = (uint64_t)fake.instances_alive};
}

/* ---- pipeline: one worker that serves at once and has no requests ---- */

struct fl_pipeline *fake_pipeline(void)
{
	static char it;

	return (struct fl_pipeline *)(void *)&it;
}

void fl_pipeline_expect(struct fl_pipeline *pipeline, struct fl_bundle *bundle)
{
	(void)pipeline;
	(void)bundle;
}

void fl_pipeline_collect_deeds(const struct fl_pipeline *pipeline, struct fl_buf *out)
{
	(void)pipeline;
	(void)out;
}

int fl_pipeline_publish(struct fl_pipeline *pipeline, struct fl_snapshot *snapshot,
                        uint64_t timeout_ns)
{
	(void)pipeline;
	(void)timeout_ns;
	if (fake.has_no_memory && snapshot != NULL)
		return -12;
	(void)fl_snapshot_destroy(fake.published);
	fake.published = snapshot;
	fake.publications++;
	return fake.is_late ? FL_PIPELINE_LATE : 0;
}

uint64_t fl_pipeline_snapshots_alive(const struct fl_pipeline *pipeline)
{
	(void)pipeline;
	return fake.published != NULL;
}
