/* gateway/connector/kv.h - private: what is behind fairlead.kv/1
 * SPDX-License-Identifier: Apache-2.0
 *
 * One store per connector id, shared by its instances and generations; it lives as long as the
 * host. In memory. All calls [any]; each takes the store's lock for the time of one look-up.
 */
#ifndef FL_GATEWAY_CONNECTOR_KV_H
#define FL_GATEWAY_CONNECTOR_KV_H

#include <fairlead/ext/kv.h>
#include <pthread.h>

#include "base/buf.h"
#include "base/map.h"

#define FL_KV_KEY_MAX 512u
#define FL_KV_VALUE_MAX (64u << 10)
#define FL_KV_QUOTA_DEFAULT (1u << 20)
#define FL_KV_ENTRY_BYTES                                                                          \
	128u /* what an entry costs beside key and value; counts against the quota */

struct fl_kv_store {
	char *id;
	pthread_mutex_t lock;
	/* guarded by lock */
	struct fl_map entries;
	size_t used_bytes;
	uint64_t versions; /* rises with every change */
};

/* NULL without memory. */
struct fl_kv_store *fl_kv_store_create(struct fl_str connector_id);
struct fl_kv_store *fl_kv_store_destroy(struct fl_kv_store *store);

enum fl_kv_verb { FL_KV_GET, FL_KV_PUT, FL_KV_CAS, FL_KV_REMOVE };

struct fl_kv_args { /* borrowed for the call */
	enum fl_kv_verb verb;
	struct fl_str key, value;
	uint64_t version; /* of FL_KV_CAS */
	uint64_t ttl_ns;
	size_t quota_bytes;
};

/* FAIRLEAD_OK, E_NOT_FOUND, E_CONFLICT or E_TOO_LARGE (see ext/kv.h). *ret_version is the entry's
 * afterwards, 0: absent; its value (of get, and on conflict) is appended to `ret_value`. */
fairlead_status fl_kv_run(struct fl_kv_store *store, const struct fl_kv_args *args,
                          uint64_t *ret_version, struct fl_buf *ret_value);

#endif
