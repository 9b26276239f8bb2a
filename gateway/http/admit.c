/* gateway/http/admit.c - how many connections there may be, in total and from one address
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/http/admit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"

struct from { /* an address with connections */
	unsigned char key[16];
	uint64_t n;
};

struct fl_admission {
	pthread_mutex_t lock;
	uint64_t n, soft, max, max_per_address;
	struct fl_map by_address; /* of struct from */
};

int fl_admission_create(uint64_t max, uint64_t max_per_address, struct fl_admission **ret)
{
	struct fl_admission *a = calloc(1, sizeof *a);

	if (!a)
		return -ENOMEM;
	(void)pthread_mutex_init(&a->lock, NULL);
	a->max = max;
	a->soft = max - max / 10;
	a->max_per_address = max_per_address;
	fl_map_init(&a->by_address);
	*ret = a;
	return 0;
}

struct fl_admission *fl_admission_destroy(struct fl_admission *a)
{
	const struct fl_map_entry *e;

	if (!a)
		return NULL;
	for (size_t i = 0; (e = fl_map_next(&a->by_address, &i)) != NULL;)
		free(e->value);
	fl_map_fini(&a->by_address);
	(void)pthread_mutex_destroy(&a->lock);
	free(a);
	return NULL;
}

static bool counts_by_address(const struct fl_admission *a, const struct fl_peer *peer)
{
	return a->max_per_address != 0 && !peer->is_unix && !peer->is_trusted;
}

static void key_of(const struct fl_peer *peer, unsigned char key[16])
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	memcpy(key, peer->address.bytes, 16);
	if (memcmp(key, mapped, sizeof mapped) != 0)
		memset(key + 8, 0, 8);
}

static bool enter_address(struct fl_admission *a, const struct fl_peer *peer)
{
	unsigned char key[16];

	key_of(peer, key);
	struct from *from = fl_map_find(&a->by_address, fl_str_n((const char *)key, sizeof key));

	if (!from) {
		from = calloc(1, sizeof *from);
		if (!from)
			return false;
		memcpy(from->key, key, sizeof key);
		if (fl_map_put(&a->by_address, fl_str_n((const char *)from->key, sizeof key), from,
		               NULL) != 0) {
			free(from);
			return false;
		}
	}
	if (from->n >= a->max_per_address)
		return false;
	from->n++;
	return true;
}

enum fl_admit fl_admission_enter(struct fl_admission *a, const struct fl_peer *peer)
{
	enum fl_admit verdict = FL_ADMIT_NO;

	(void)pthread_mutex_lock(&a->lock);
	if (a->n < a->max && (!counts_by_address(a, peer) || enter_address(a, peer))) {
		verdict = a->n >= a->soft ? FL_ADMIT_SURPLUS : FL_ADMIT_YES;
		a->n++;
	}
	(void)pthread_mutex_unlock(&a->lock);
	return verdict;
}

void fl_admission_leave(struct fl_admission *a, const struct fl_peer *peer)
{
	unsigned char key[16];

	(void)pthread_mutex_lock(&a->lock);
	a->n--;
	if (counts_by_address(a, peer)) {
		key_of(peer, key);
		struct fl_str k = fl_str_n((const char *)key, sizeof key);
		struct from *from = fl_map_find(&a->by_address, k);

		FL_ASSERT(from && from->n > 0);
		if (--from->n == 0) {
			(void)fl_map_take(&a->by_address, k);
			free(from);
		}
	}
	(void)pthread_mutex_unlock(&a->lock);
}

uint64_t fl_admission_count(struct fl_admission *a)
{
	(void)pthread_mutex_lock(&a->lock);
	uint64_t n = a->n;

	(void)pthread_mutex_unlock(&a->lock);
	return n;
}
