/* gateway/connector/module.c - private: mappings of connector code
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for asprintf() */

#include "gateway/connector/module.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "gateway/connector/check.h"
#include "gateway/connector/mapping.h"
#include "gateway/connector/stage.h"

#define LOAD_LIMIT_NS (2 * FL_NS_PER_SEC)
#define MAX_RETAINED 8u
#define PROBLEM_BYTES (256u << 10)

struct fl_module {
	/* constant after loading */
	struct fl_modules *modules;
	struct fl_manifest *manifest;
	struct fl_mapping mapping;
	char *path; /* of the private copy */
	char digest[2 * crypto_hash_sha256_BYTES + 1];
	uint64_t generation;
	char class_letter;
	bool is_inline_ok;
	/* guarded by modules->lock */
	struct fl_module *next, **prev;
	unsigned refs;
	bool is_pinned; /* stays mapped without a reference */
	bool is_closed; /* by dlclose(): pinned until the loader lets go, never used again */
};

/* ---- the registry ---- */

int fl_modules_init(struct fl_modules *modules, const char *state_dir, unsigned max_retained,
                    struct fl_error *err)
{
	const char *keep = getenv("FAIRLEAD_NO_DLCLOSE");

	*modules = (struct fl_modules){
	    .max_retained = max_retained ? max_retained : MAX_RETAINED,
	    .load_limit_ns = LOAD_LIMIT_NS,
	    .keeps_mappings = keep && strcmp(keep, "1") == 0,
	};
	if (asprintf(&modules->gen_dir, "%s/gen", state_dir) < 0) {
		modules->gen_dir = NULL;
		return fl_error_set(err, "host_memory", "no memory for the connector host");
	}
	if (fl_stage_init(modules->gen_dir, err) != 0) {
		free(modules->gen_dir);
		modules->gen_dir = NULL;
		return -1;
	}
	(void)pthread_mutex_init(&modules->lock, NULL);
	return 0;
}

static void free_module(struct fl_module *module)
{
	module->manifest = fl_manifest_destroy(module->manifest);
	free(module->path);
	free(module);
}

void fl_modules_fini(struct fl_modules *modules)
{
	if (!modules->gen_dir)
		return;
	while (modules->live) { /* still mapped; their files go with the next start */
		struct fl_module *module = modules->live;

		modules->live = module->next;
		free_module(module);
	}
	(void)pthread_mutex_destroy(&modules->lock);
	free(modules->gen_dir);
	modules->gen_dir = NULL;
}

void fl_modules_counts(struct fl_modules *modules, struct fl_host_counts *ret)
{
	(void)pthread_mutex_lock(&modules->lock);
	for (const struct fl_module *m = modules->live; m; m = m->next) {
		ret->modules_live += m->refs > 0;
		ret->modules_pinned += m->refs == 0;
	}
	ret->loads_total = modules->loads_total;
	ret->load_failures_total = modules->load_failures_total;
	ret->unloads_total = modules->unloads_total;
	ret->zombies += modules->is_stuck; /* its thread is in the loader for ever */
	(void)pthread_mutex_unlock(&modules->lock);
}

static void link_locked(struct fl_modules *modules, struct fl_module *module)
{
	module->next = modules->live;
	module->prev = &modules->live;
	if (module->next)
		module->next->prev = &module->next;
	modules->live = module;
}

static void unlink_locked(struct fl_module *module)
{
	*module->prev = module->next;
	if (module->next)
		module->next->prev = module->prev;
}

/* The same bytes, mapped already: one reference more. */
static struct fl_module *find_same(struct fl_modules *modules, const char *digest)
{
	struct fl_module *module;

	(void)pthread_mutex_lock(&modules->lock);
	for (module = modules->live;
	     module && (module->is_closed || strcmp(module->digest, digest) != 0);)
		module = module->next;
	if (module)
		module->refs++;
	(void)pthread_mutex_unlock(&modules->lock);
	return module;
}

static unsigned count_retained(struct fl_modules *modules, struct fl_str id)
{
	unsigned n = 0;

	(void)pthread_mutex_lock(&modules->lock);
	for (const struct fl_module *m = modules->live; m; m = m->next)
		n += m->refs == 0 && fl_str_eq(m->manifest->id, id);
	(void)pthread_mutex_unlock(&modules->lock);
	return n;
}

/* A mapping that outlived dlclose() - a thread still had a destructor to run - goes in the course
 * of some later dlclose(). */
static void forget_gone(struct fl_modules *modules)
{
	struct fl_module *module, *next, *gone = NULL;

	(void)pthread_mutex_lock(&modules->lock);
	for (module = modules->live; module; module = next) {
		next = module->next;
		if (!module->is_closed || fl_mapping_is_there(module->path))
			continue;
		unlink_locked(module);
		module->next = gone;
		gone = module;
		modules->unloads_total++;
	}
	(void)pthread_mutex_unlock(&modules->lock);
	for (; gone; gone = next) {
		next = gone->next;
		fl_stage_drop(gone->path);
		free_module(gone);
	}
}

/* ---- loading ---- */

struct candidate { /* a file on its way to a module */
	struct fl_str bytes;
	struct fl_connector_file file;
	struct fl_arena arena;
	struct fl_problems problems;
	char digest[2 * crypto_hash_sha256_BYTES + 1];
};

static void hash(struct candidate *c)
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(digest, (const unsigned char *)c->bytes.p, c->bytes.n);
	(void)sodium_bin2hex(c->digest, sizeof c->digest, digest, sizeof digest);
}

static int check(struct candidate *c, const char *path, struct fl_error *err)
{
	const struct fl_problem *first;

	fl_connector_file_read(c->bytes, NULL, &c->file, &c->problems);
	if (c->problems.errors == 0)
		return 0;
	first = c->problems.first;
	while (first && first->is_warning)
		first = first->next;
	if (!first)
		return fl_error_set(err, "load_failed", "%s cannot be checked: no memory", path);
	(void)fl_error_set(err, first->code, "%s: %.*s%s", path, FL_STR_ARGS(first->detail),
	                   c->problems.errors > 1 ? " (and more: fairlead-plugin inspect)" : "");
	fl_error_hint(err, "%.*s", FL_STR_ARGS(first->hint));
	return -1;
}

/* Written for processes of their own only? */
static int refuse_mode(const struct fl_manifest *m, struct fl_error *err)
{
	(void)fl_error_set(err, "load_mode", "connector %.*s %.*s does not run inside the gateway",
	                   FL_STR_ARGS(m->id), FL_STR_ARGS(m->version));
	fl_error_hint(err, "use a version whose manifest has \"inproc\" among its modes");
	return -1;
}

static int refuse_retained(const struct fl_modules *modules, const struct fl_manifest *m,
                           struct fl_error *err)
{
	(void)fl_error_set(err, "load_retained",
	                   "connector %.*s: %u retired mappings of it cannot be unmapped",
	                   FL_STR_ARGS(m->id), modules->max_retained);
	fl_error_hint(err,
	              "restart when convenient; tell its maintainer that it cannot be unloaded");
	return -1;
}

static struct fl_module *make_module(struct fl_modules *modules, struct candidate *c)
{
	struct fl_module *module = calloc(1, sizeof *module);
	const struct fl_connector_file *file = &c->file;

	if (!module)
		return NULL;
	module->modules = modules;
	module->refs = 1;
	memcpy(module->digest, c->digest, sizeof module->digest);
	module->class_letter = file->starts_threads ? 'P' : 'U';
	module->is_inline_ok = file->manifest->threading != FL_THREADING_SERIAL &&
	                       !file->marks_threads && !file->starts_threads;
	(void)pthread_mutex_lock(&modules->lock);
	module->generation = ++modules->generations;
	(void)pthread_mutex_unlock(&modules->lock);
	return module;
}

static bool is_stuck(struct fl_modules *modules)
{
	bool hangs;

	(void)pthread_mutex_lock(&modules->lock);
	hangs = modules->is_stuck;
	(void)pthread_mutex_unlock(&modules->lock);
	return hangs;
}

static void set_stuck(struct fl_modules *modules)
{
	(void)pthread_mutex_lock(&modules->lock);
	modules->is_stuck = true;
	(void)pthread_mutex_unlock(&modules->lock);
}

/* Stages and maps. */
static int map(struct fl_modules *modules, struct candidate *c, struct fl_module *module,
               struct fl_error *err)
{
	char name[sizeof c->digest + 24];
	int rc;

	(void)snprintf(name, sizeof name, "%s-%llu", c->digest,
	               (unsigned long long)module->generation);
	if (fl_stage_put(modules->gen_dir, name, c->bytes, &module->path, err) != 0)
		return -1;
	rc = fl_mapping_open(module->path, &c->file, modules->load_limit_ns, &module->mapping, err);
	if (rc == 0)
		return 0;
	if (rc == FL_MAPPING_STUCK)
		set_stuck(modules);
	else
		fl_stage_drop(module->path);
	return -1;
}

static int load_new(struct fl_modules *modules, struct candidate *c, struct fl_module **ret,
                    struct fl_error *err)
{
	struct fl_module *module;

	if (is_stuck(modules)) {
		(void)fl_error_set(err, "load_stuck",
		                   "a connector hangs in the loader: nothing can be loaded");
		fl_error_hint(err,
		              "restart the gateway without the connector that load_timeout named");
		return -1;
	}
	if (!c->file.manifest->may_inproc)
		return refuse_mode(c->file.manifest, err);
	forget_gone(modules);
	if (count_retained(modules, c->file.manifest->id) >= modules->max_retained)
		return refuse_retained(modules, c->file.manifest, err);
	module = make_module(modules, c);
	if (!module)
		return fl_error_set(err, "load_failed", "no memory for another module");
	if (map(modules, c, module, err) != 0) {
		free_module(module);
		return -1;
	}
	module->manifest = c->file.manifest;
	c->file.manifest = NULL;
	(void)pthread_mutex_lock(&modules->lock);
	link_locked(modules, module);
	(void)pthread_mutex_unlock(&modules->lock);
	*ret = module;
	return 0;
}

static void count(struct fl_modules *modules, bool is_loaded)
{
	(void)pthread_mutex_lock(&modules->lock);
	modules->loads_total += is_loaded;
	modules->load_failures_total += !is_loaded;
	(void)pthread_mutex_unlock(&modules->lock);
}

int fl_modules_load(struct fl_modules *modules, const char *path, struct fl_module **ret,
                    struct fl_error *err)
{
	struct candidate c = {.bytes = {NULL, 0}};
	struct fl_module *same;
	int rc;

	if (fl_file_read(path, FL_CONNECTOR_MAX_BYTES, &c.bytes, err) != 0) {
		fl_error_hint(err, "put it there, at most %zu MiB, for the gateway to read",
		              FL_CONNECTOR_MAX_BYTES >> 20);
		count(modules, false);
		return -1;
	}
	hash(&c);
	same = find_same(modules, c.digest);
	if (same) {
		*ret = same;
		rc = 0;
	} else {
		fl_arena_init(&c.arena, 4096, PROBLEM_BYTES);
		fl_problems_init(&c.problems, &c.arena);
		rc = check(&c, path, err);
		if (rc == 0)
			rc = load_new(modules, &c, ret, err);
		count(modules, rc == 0);
		fl_connector_file_fini(&c.file);
		fl_arena_fini(&c.arena);
	}
	free((char *)(uintptr_t)c.bytes.p);
	return rc;
}

/* ---- unloading ---- */

/* False: it stays mapped. When the loader is stuck nobody tries: dlclose() would not come back. */
static bool unmap(struct fl_module *module)
{
	if (module->modules->keeps_mappings)
		return true;
	if (is_stuck(module->modules))
		return false;
	module->is_closed = true; /* nobody else sees the module now */
	return fl_mapping_close(&module->mapping, module->path);
}

/* The last reference is gone and nobody finds the module any more. */
static void unload(struct fl_module *module)
{
	struct fl_modules *modules = module->modules;
	bool is_gone = unmap(module);

	if (!is_gone) {
		fl_log(FL_LOG_WARN, "connector.pinned",
		       FL_LOG_STR("connector", module->manifest->id),
		       FL_LOG_STR("version", module->manifest->version),
		       FL_LOG_C("what", "it could not be unmapped and stays"));
		module->class_letter = 'P';
		module->is_pinned = true;
	}
	(void)pthread_mutex_lock(&modules->lock);
	modules->unloads_total += is_gone;
	if (!is_gone)
		link_locked(modules, module); /* and no look at it from here on */
	(void)pthread_mutex_unlock(&modules->lock);
	if (!is_gone)
		return;
	fl_stage_drop(module->path);
	free_module(module);
	forget_gone(modules);
}

struct fl_module *fl_module_ref(struct fl_module *module)
{
	(void)pthread_mutex_lock(&module->modules->lock);
	module->refs++;
	(void)pthread_mutex_unlock(&module->modules->lock);
	return module;
}

struct fl_module *fl_module_unref(struct fl_module *module)
{
	struct fl_modules *modules;
	bool is_last;

	if (!module)
		return NULL;
	modules = module->modules;
	(void)pthread_mutex_lock(&modules->lock);
	is_last = --module->refs == 0;
	if (is_last && module->class_letter == 'P')
		module->is_pinned = true;
	is_last = is_last && !module->is_pinned;
	if (is_last)
		unlink_locked(module);
	(void)pthread_mutex_unlock(&modules->lock);
	if (is_last)
		unload(module);
	return NULL;
}

/* ---- what it is ---- */

const struct fl_manifest *fl_module_manifest(const struct fl_module *module)
{
	return module->manifest;
}

const char *fl_module_digest(const struct fl_module *module)
{
	return module->digest;
}

const fairlead_plugin *fl_module_plugin(const struct fl_module *module)
{
	return &module->mapping.plugin;
}

uint64_t fl_module_generation(const struct fl_module *module)
{
	return module->generation;
}

char fl_module_class(const struct fl_module *module)
{
	return module->class_letter;
}

bool fl_module_is_inline_ok(const struct fl_module *module)
{
	return module->is_inline_ok;
}
