/* gateway/connector/self.c - private: who calls
 * SPDX-License-Identifier: Apache-2.0
 *
 * The host's functions are one constant table for the whole process and get nothing but an id, so
 * this is the one process-wide register. Threads inside a callback, nearly all that ever call, find
 * themselves in fl_inside; only one that speaks for somebody else or at the wrong time gets here.
 */
#include <stdlib.h>

#include "gateway/connector/instance.h"

#define SELVES_MAX 65536u
#define SELVES_MIN 64u

static struct {
	pthread_mutex_t lock;
	pthread_cond_t unpinned;
	struct fl_life **lives;
	size_t n, hint;
	uint32_t epoch; /* counts lives; an id is epoch << 32 | place + 1 */
} selves = {.lock = PTHREAD_MUTEX_INITIALIZER, .unpinned = PTHREAD_COND_INITIALIZER};

_Thread_local struct fl_inside fl_inside;

static bool grow_locked(void)
{
	size_t n = selves.n ? selves.n * 2 : SELVES_MIN;
	struct fl_life **lives;

	if (n > SELVES_MAX)
		return false;
	lives = realloc(selves.lives, n * sizeof *lives);
	if (!lives)
		return false;
	memset(lives + selves.n, 0, (n - selves.n) * sizeof *lives);
	selves.hint = selves.n;
	selves.lives = lives;
	selves.n = n;
	return true;
}

static bool find_free_locked(size_t *ret)
{
	for (size_t i = 0; i < selves.n; i++) {
		size_t at = (selves.hint + i) % selves.n;

		if (!selves.lives[at]) {
			*ret = at;
			return true;
		}
	}
	if (!grow_locked())
		return false;
	*ret = selves.hint;
	return true;
}

fairlead_id fl_self_add(struct fl_life *life)
{
	size_t at = 0;

	(void)pthread_mutex_lock(&selves.lock);
	if (find_free_locked(&at)) {
		selves.lives[at] = life;
		selves.hint = at + 1;
		selves.epoch = selves.epoch == UINT32_MAX ? 1 : selves.epoch + 1;
		life->self = (uint64_t)selves.epoch << 32 | (at + 1);
	}
	(void)pthread_mutex_unlock(&selves.lock);
	return life->self;
}

static struct fl_life **find_locked(fairlead_id self)
{
	size_t at = (size_t)(uint32_t)self - 1;

	return at < selves.n && selves.lives[at] && selves.lives[at]->self == self
		   ? &selves.lives[at]
		   : NULL;
}

void fl_self_remove(fairlead_id self)
{
	struct fl_life **place;

	(void)pthread_mutex_lock(&selves.lock);
	place = find_locked(self);
	if (place) {
		struct fl_life *life = *place;

		*place = NULL;
		while (life->pins > 0)
			(void)pthread_cond_wait(&selves.unpinned, &selves.lock);
	}
	(void)pthread_mutex_unlock(&selves.lock);
}

struct fl_life *fl_self_enter(fairlead_id self)
{
	struct fl_life *life = fl_inside.life, **place;

	if (FL_LIKELY(life && life->self == self))
		return fl_life_phase(life) < FL_PHASE_DEAD ? life : NULL;
	(void)pthread_mutex_lock(&selves.lock);
	place = find_locked(self);
	life = place ? *place : NULL;
	if (life)
		life->pins++;
	(void)pthread_mutex_unlock(&selves.lock);
	return life;
}

void fl_self_leave(struct fl_life *life)
{
	if (FL_LIKELY(fl_inside.life == life))
		return;
	(void)pthread_mutex_lock(&selves.lock);
	if (--life->pins == 0)
		(void)pthread_cond_broadcast(&selves.unpinned);
	(void)pthread_mutex_unlock(&selves.lock);
}
