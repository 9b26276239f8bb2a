/* gateway/connector/kv.c - private: what is behind fairlead.kv/1
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/kv.h"

#include <stdlib.h>

#include "base/clock.h"

struct entry {
	struct fl_str key, value;     /* in the same allocation */
	uint64_t version, expires_ns; /* 0: never */
	char bytes[];
};

struct fl_kv_store *fl_kv_store_create(struct fl_str connector_id)
{
	struct fl_kv_store *store = calloc(1, sizeof *store);

	if (!store)
		return NULL;
	store->id = strndup(connector_id.p, connector_id.n);
	if (!store->id) {
		free(store);
		return NULL;
	}
	(void)pthread_mutex_init(&store->lock, NULL);
	fl_map_init(&store->entries);
	return store;
}

struct fl_kv_store *fl_kv_store_destroy(struct fl_kv_store *store)
{
	const struct fl_map_entry *e;

	if (!store)
		return NULL;
	for (size_t i = 0; (e = fl_map_next(&store->entries, &i));)
		free(e->value);
	fl_map_fini(&store->entries);
	(void)pthread_mutex_destroy(&store->lock);
	free(store->id);
	free(store);
	return NULL;
}

static size_t cost_of(size_t key_n, size_t value_n)
{
	return key_n + value_n + FL_KV_ENTRY_BYTES;
}

static void drop_locked(struct fl_kv_store *store, struct entry *entry)
{
	(void)fl_map_take(&store->entries, entry->key);
	store->used_bytes -= cost_of(entry->key.n, entry->value.n);
	free(entry);
}

static struct entry *find_locked(struct fl_kv_store *store, struct fl_str key, uint64_t now_ns)
{
	struct entry *entry = fl_map_find(&store->entries, key);

	if (entry && entry->expires_ns != 0 && entry->expires_ns <= now_ns) {
		drop_locked(store, entry);
		return NULL;
	}
	return entry;
}

/* Only when there is no room otherwise: what expired and was never asked for again. */
static void sweep_locked(struct fl_kv_store *store, uint64_t now_ns)
{
	const struct fl_map_entry *e;

	for (size_t i = 0; (e = fl_map_next(&store->entries, &i));) {
		struct entry *entry = e->value;

		if (entry->expires_ns != 0 && entry->expires_ns <= now_ns)
			drop_locked(store, entry);
	}
}

static bool has_room_locked(struct fl_kv_store *store, const struct fl_kv_args *args,
                            const struct entry *old, uint64_t now_ns)
{
	size_t need = cost_of(args->key.n, args->value.n);
	size_t back = old ? cost_of(old->key.n, old->value.n) : 0;

	if (store->used_bytes - back + need > args->quota_bytes)
		sweep_locked(store, now_ns); /* `old` has not expired: it stays */
	return store->used_bytes - back + need <= args->quota_bytes;
}

static struct entry *make_entry(const struct fl_kv_args *args)
{
	struct entry *entry = malloc(sizeof *entry + args->key.n + args->value.n);

	if (!entry)
		return NULL;
	memcpy(entry->bytes, args->key.p, args->key.n);
	if (args->value.n > 0)
		memcpy(entry->bytes + args->key.n, args->value.p, args->value.n);
	entry->key = fl_str_n(entry->bytes, args->key.n);
	entry->value = fl_str_n(entry->bytes + args->key.n, args->value.n);
	return entry;
}

static fairlead_status put_locked(struct fl_kv_store *store, const struct fl_kv_args *args,
                                  struct entry *old, uint64_t now_ns, uint64_t *ret_version)
{
	struct entry *entry;

	if (!has_room_locked(store, args, old, now_ns))
		return FAIRLEAD_E_TOO_LARGE;
	entry = make_entry(args);
	if (!entry)
		return FAIRLEAD_E_TOO_LARGE;
	if (fl_map_put(&store->entries, entry->key, entry, NULL) != 0) {
		free(entry);
		return FAIRLEAD_E_TOO_LARGE;
	}
	if (old) { /* the new one has taken its place */
		store->used_bytes -= cost_of(old->key.n, old->value.n);
		free(old);
	}
	store->used_bytes += cost_of(entry->key.n, entry->value.n);
	entry->version = ++store->versions;
	entry->expires_ns = args->ttl_ns == 0                    ? 0
	                    : args->ttl_ns > UINT64_MAX - now_ns ? UINT64_MAX
	                                                         : now_ns + args->ttl_ns;
	*ret_version = entry->version;
	return FAIRLEAD_OK;
}

static fairlead_status run_locked(struct fl_kv_store *store, const struct fl_kv_args *args,
                                  uint64_t *ret_version, struct fl_buf *ret_value)
{
	uint64_t now_ns = fl_clock_mono_ns();
	struct entry *entry = find_locked(store, args->key, now_ns);
	uint64_t version = entry ? entry->version : 0;

	*ret_version = version;
	switch (args->verb) {
	case FL_KV_GET:
		if (entry)
			fl_buf_add(ret_value, entry->value);
		return entry ? FAIRLEAD_OK : FAIRLEAD_E_NOT_FOUND;
	case FL_KV_REMOVE:
		if (!entry)
			return FAIRLEAD_E_NOT_FOUND;
		drop_locked(store, entry);
		*ret_version = 0;
		return FAIRLEAD_OK;
	case FL_KV_CAS:
		if (version != args->version) {
			if (entry)
				fl_buf_add(ret_value, entry->value);
			return FAIRLEAD_E_CONFLICT;
		}
		return put_locked(store, args, entry, now_ns, ret_version);
	case FL_KV_PUT:
		break;
	}
	return put_locked(store, args, entry, now_ns, ret_version);
}

fairlead_status fl_kv_run(struct fl_kv_store *store, const struct fl_kv_args *args,
                          uint64_t *ret_version, struct fl_buf *ret_value)
{
	fairlead_status status;

	(void)pthread_mutex_lock(&store->lock);
	status = run_locked(store, args, ret_version, ret_value);
	(void)pthread_mutex_unlock(&store->lock);
	return status;
}
