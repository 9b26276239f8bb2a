/* gateway/connector/mapping.c - private: dlopen() and what is checked after it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for dl_iterate_phdr() */

#include "gateway/connector/mapping.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/thread.h"
#include "gateway/connector/lifecycle.h"

#define TABLE_BYTES_MAX 65536u /* a struct_size above this is no size */

/* ---- what is mapped ---- */

/* By its path, which no other mapping ever had. Not by its address: as soon as a mapping is gone
 * another thread's may be there. */
struct search {
	const char *path;
	bool is_found;
	struct fl_str build_id; /* to compare with */
	bool is_same_build;
};

static bool is_build_id(const char *at, size_t n, struct fl_str build_id)
{
	while (n >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;
		size_t name_n, desc_n, bytes;

		memcpy(&note, at, sizeof note);
		name_n = (note.n_namesz + 3u) & ~3u;
		desc_n = (note.n_descsz + 3u) & ~3u;
		bytes = sizeof note + name_n + desc_n;
		if (bytes > n)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(at + sizeof note, "GNU", 4) == 0)
			return fl_str_eq(fl_str_n(at + sizeof note + name_n, note.n_descsz),
			                 build_id);
		at += bytes;
		n -= bytes;
	}
	return false;
}

static int look(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct search *s = ctx;

	(void)size;
	if (strcmp(info->dlpi_name, s->path) != 0)
		return 0;
	s->is_found = true;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_NOTE &&
		    is_build_id((const char *)(uintptr_t)(info->dlpi_addr + p->p_vaddr), p->p_memsz,
		                s->build_id))
			s->is_same_build = true;
	}
	return 1;
}

bool fl_mapping_is_there(const char *path)
{
	struct search s = {.path = path};

	(void)dl_iterate_phdr(look, &s);
	return s.is_found;
}

/* ---- loading, on a thread of its own ---- */

struct load { /* freed by whoever is last: the thread, or who waits */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *path;
	bool is_done, is_abandoned;
	void *handle;
	const fairlead_plugin *table;
	char text[300];
};

static void free_load(struct load *load)
{
	(void)pthread_cond_destroy(&load->changed);
	(void)pthread_mutex_destroy(&load->lock);
	free(load->path);
	free(load);
}

static void open_and_enter(struct load *load)
{
	fairlead_plugin_entry_fn entry;
	const char *text;

	load->handle = dlopen(load->path, RTLD_NOW | RTLD_LOCAL);
	if (!load->handle) {
		text = dlerror();
		(void)snprintf(load->text, sizeof load->text, "%s",
		               text ? text : "dlopen() failed");
		return;
	}
	*(void **)(void *)&entry = dlsym(load->handle, "fairlead_plugin_entry_v1");
	load->table = entry ? entry() : NULL;
}

static void *run_load(void *arg)
{
	struct load *load = arg;
	bool is_abandoned;

	open_and_enter(load);
	(void)pthread_mutex_lock(&load->lock);
	load->is_done = true;
	is_abandoned = load->is_abandoned;
	(void)pthread_cond_signal(&load->changed);
	(void)pthread_mutex_unlock(&load->lock);
	if (is_abandoned)
		free_load(load); /* what it mapped stays: nobody knows in what state it is */
	return NULL;
}

static struct load *make_load(const char *path)
{
	struct load *load = calloc(1, sizeof *load);

	if (!load)
		return NULL;
	(void)pthread_mutex_init(&load->lock, NULL);
	fl_cond_init(&load->changed);
	load->path = strdup(path);
	if (load->path)
		return load;
	free_load(load);
	return NULL;
}

/* False: it was given up. */
static bool wait_for(struct load *load, uint64_t limit_ns)
{
	uint64_t deadline_ns = fl_clock_mono_ns() + limit_ns;
	bool is_in_time = true, is_done;

	(void)pthread_mutex_lock(&load->lock);
	while (!load->is_done && is_in_time)
		is_in_time = fl_cond_wait_until(&load->changed, &load->lock, deadline_ns);
	is_done = load->is_done;
	load->is_abandoned = !is_done;
	(void)pthread_mutex_unlock(&load->lock);
	return is_done;
}

/* ---- the table ---- */

static int refuse(struct fl_error *err, const struct fl_manifest *m, const char *code,
                  const char *what)
{
	(void)fl_error_set(err, code, "connector %.*s %.*s: %s", FL_STR_ARGS(m->id),
	                   FL_STR_ARGS(m->version), what);
	fl_error_hint(err,
	              "a fault of the connector: see fairlead/plugin.h, struct fairlead_plugin");
	return -1;
}

static bool is_text(const char *text, struct fl_str expected)
{
	return text && strncmp(text, expected.p, expected.n) == 0 && text[expected.n] == '\0';
}

static bool asks_for_events(const struct fl_manifest *m)
{
	static const char *const with_events[] = {"fairlead.http/1", "fairlead.timer/1",
	                                          "fairlead.exec/1", "fairlead.kv/1"};

	for (size_t i = 0; i < FL_ARRAY_LEN(with_events); i++)
		if (fl_manifest_asks_for(m, fl_str(with_events[i])))
			return true;
	return false;
}

static int check_table(const fairlead_plugin *table, const struct fl_manifest *m,
                       fairlead_plugin *ret, struct fl_error *err)
{
	const size_t least = offsetof(fairlead_plugin, destroy) + sizeof table->destroy;
	size_t n;

	if (!table)
		return refuse(err, m, "abi_entry", "its entry function returned nothing");
	n = table->struct_size;
	if (n < least || n > TABLE_BYTES_MAX)
		return refuse(err, m, "abi_struct_size",
		              "struct_size of its function table is no size of one");
	*ret = (fairlead_plugin){.struct_size = 0};
	memcpy(ret, table, n < sizeof *ret ? n : sizeof *ret);
	if (!ret->create || !ret->handle || !ret->destroy)
		return refuse(err, m, "abi_mandatory", "create, handle or destroy is missing");
	if (!ret->on_event && asks_for_events(m))
		return refuse(err, m, "abi_mandatory",
		              "it uses host operations and has no on_event");
	if (!ret->run && fl_manifest_asks_for(m, FL_STR("fairlead.exec/1")))
		return refuse(err, m, "abi_mandatory", "it uses fairlead.exec/1 and has no run");
	if (!is_text(ret->id, m->id) || !is_text(ret->version, m->version))
		return refuse(err, m, "identity",
		              "its function table has another id or version than its manifest");
	return 0;
}

static int check_mapping(const char *path, const struct fl_connector_file *file,
                         struct fl_error *err)
{
	struct search s = {.path = path, .build_id = file->note.build_id};

	(void)dl_iterate_phdr(look, &s);
	if (s.is_found && (s.is_same_build || file->note.build_id.n == 0))
		return 0;
	return refuse(err, file->manifest, "load_other_build",
	              "what is mapped is not the file that was checked");
}

static int take(struct load *load, const struct fl_connector_file *file, struct fl_mapping *ret,
                struct fl_error *err)
{
	if (!load->handle) {
		(void)fl_error_set(err, "load_failed", "connector %.*s %.*s: %s",
		                   FL_STR_ARGS(file->manifest->id),
		                   FL_STR_ARGS(file->manifest->version), load->text);
		fl_error_hint(err,
		              "what it needs is not here: link with -Wl,-z,defs and statically");
		return -1;
	}
	ret->handle = load->handle;
	if (check_mapping(load->path, file, err) == 0 &&
	    check_table(load->table, file->manifest, &ret->plugin, err) == 0)
		return 0;
	(void)dlclose(load->handle);
	return -1;
}

int fl_mapping_open(const char *path, const struct fl_connector_file *file, uint64_t limit_ns,
                    struct fl_mapping *ret, struct fl_error *err)
{
	struct load *load = make_load(path);
	pthread_t thread;
	int rc;

	if (!load || fl_thread_create(&thread, "fl-loader", run_load, load) != 0) {
		if (load)
			free_load(load);
		return fl_error_set(err, "load_failed", "no memory or thread to load %s", path);
	}
	if (!wait_for(load, limit_ns)) {
		(void)pthread_detach(thread);
		(void)refuse(err, file->manifest, "load_timeout", "it hangs while it is loaded");
		return FL_MAPPING_STUCK;
	}
	(void)pthread_join(thread, NULL);
	rc = take(load, file, ret, err);
	free_load(load);
	return rc;
}

bool fl_mapping_close(struct fl_mapping *mapping, const char *path)
{
	return dlclose(mapping->handle) == 0 && !fl_mapping_is_there(path);
}
