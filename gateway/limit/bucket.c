/* gateway/limit/bucket.c - so many requests in so much time, for many callers at once
 * SPDX-License-Identifier: Apache-2.0
 *
 * A word is a tag of 20 bits above a time of 44 bits, in microseconds since the table was made; 0
 * is free. 44 bits go round after 203 days, so times are compared by their distance: a word lies in
 * the future when it is at most two days ahead, as no caller gets further; else in the past. (A
 * word that nobody asked for in 201 days seems to lie ahead for two more: its caller, or a
 * newcomer, may be refused for nothing then.)
 *
 * Two threads that meet a new caller at once choose the same word, the first free one, and one of
 * them loses the swap and finds the other's. Only when a word became free between their looks can
 * they choose two; so who took a word looks round once more, and gives it back when there is
 * another. Charges between are lost, at most one for each thread.
 */
#include "gateway/limit/bucket.h"

#include <sys/mman.h>

#include "base/clock.h"

#define TIME_BITS 44u
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)
#define NS_PER_UNIT 1000u
#define COUNT_MAX UINT64_C(1000000000)
/* A period in units, or as many as COUNT_MAX: each interval is rounded up. */
#define ROOM_MAX (FL_BUCKET_PERIOD_MAX_NS / NS_PER_UNIT + COUNT_MAX)
#define FUTURE_MAX (2 * FL_BUCKET_PERIOD_MAX_NS / NS_PER_UNIT)

_Static_assert(ROOM_MAX <= FUTURE_MAX, "what is ahead by all that is allowed is ahead");
_Static_assert(FUTURE_MAX < TIME_MASK / 2, "and not behind");

struct fl_buckets {
	uint32_t sets_mask;
	uint64_t started_ns;
	size_t bytes;
	_Alignas(64) _Atomic uint64_t full;
	_Alignas(128) _Atomic uint64_t words[];
};

struct take { /* one call */
	_Atomic uint64_t *set;
	uint64_t tag, now; /* in place */
	uint64_t interval; /* units of one of `count` */
	uint64_t cost;     /* units of one request */
	uint64_t room;     /* how far ahead one may be */
};

/* Rounded up: never more than was said. */
static uint64_t interval_of(uint64_t period_ns, uint64_t count)
{
	return (period_ns / NS_PER_UNIT + count - 1) / count;
}

struct fl_buckets *fl_buckets_create(uint32_t sets)
{
	size_t bytes = sizeof(struct fl_buckets) + (size_t)sets * FL_BUCKET_WAYS * sizeof(uint64_t);
	struct fl_buckets *b;

	FL_ASSERT(sets > 0 && (sets & (sets - 1)) == 0);
	b = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b == MAP_FAILED)
		return NULL;
	b->sets_mask = sets - 1;
	b->started_ns = fl_clock_mono_ns();
	b->bytes = bytes;
	return b;
}

struct fl_buckets *fl_buckets_destroy(struct fl_buckets *b)
{
	if (b)
		(void)munmap(b, b->bytes);
	return NULL;
}

uint64_t fl_buckets_full(const struct fl_buckets *b)
{
	return atomic_load_explicit(&b->full, memory_order_relaxed);
}

/* How far the word's time is ahead of now; 0: it has passed, or the word is free. */
static uint64_t ahead(uint64_t word, uint64_t now)
{
	uint64_t distance = (word - now) & TIME_MASK;

	return word != 0 && distance <= FUTURE_MAX ? distance : 0;
}

static uint64_t word_of(const struct take *t, uint64_t time)
{
	return t->tag << TIME_BITS | (time & TIME_MASK);
}

enum { NONE = FL_BUCKET_WAYS };

/* The first word of this caller; NONE. *ret_free: the first that has passed, or NONE. */
static unsigned look(const struct take *t, uint64_t words[FL_BUCKET_WAYS], unsigned *ret_free)
{
	*ret_free = NONE;
	for (unsigned i = 0; i < FL_BUCKET_WAYS; i++) {
		words[i] = atomic_load_explicit(&t->set[i], memory_order_relaxed);
		if (words[i] >> TIME_BITS == t->tag)
			return i;
		if (*ret_free == NONE && ahead(words[i], t->now) == 0)
			*ret_free = i;
	}
	return NONE;
}

/* Another word of this caller, when it has just taken the i-th. */
static bool is_twice(const struct take *t, unsigned at)
{
	for (unsigned i = 0; i < FL_BUCKET_WAYS; i++)
		if (i != at && atomic_load(&t->set[i]) >> TIME_BITS == t->tag)
			return true;
	return false;
}

static bool swap(const struct take *t, unsigned i, uint64_t from, uint64_t to)
{
	return atomic_compare_exchange_strong(&t->set[i], &from, to);
}

enum outcome { TAKEN, REFUSED, AGAIN, FULL };

static enum outcome try(const struct take *t, uint64_t *ret_ahead)
{
	uint64_t words[FL_BUCKET_WAYS], later;
	unsigned free_at, at = look(t, words, &free_at);

	if (at != NONE) {
		*ret_ahead = ahead(words[at], t->now);
		later = *ret_ahead + t->cost;
		if (later > t->room)
			return REFUSED;
		*ret_ahead = later;
		return swap(t, at, words[at], word_of(t, t->now + later)) ? TAKEN : AGAIN;
	}
	*ret_ahead = free_at == NONE ? t->room : t->cost;
	if (free_at == NONE)
		return FULL;
	later = word_of(t, t->now + t->cost);
	if (!swap(t, free_at, words[free_at], later))
		return AGAIN;
	if (!is_twice(t, free_at))
		return TAKEN;
	(void)swap(t, free_at, later, 0); /* unless somebody charged it meanwhile */
	return AGAIN;
}

static struct take begin(const struct fl_buckets *b, uint64_t key,
                         const struct fl_bucket_rate *rate, uint64_t now_ns)
{
	FL_ASSERT(rate->count > 0 && rate->period_ns <= FL_BUCKET_PERIOD_MAX_NS);
	uint64_t count = rate->count < COUNT_MAX ? rate->count : COUNT_MAX;
	uint64_t burst = rate->burst == 0 ? count : rate->burst;
	uint64_t interval = interval_of(rate->period_ns, count);

	uint64_t room;
	bool is_too_much = __builtin_mul_overflow(interval, burst, &room);

	FL_ASSERT(!is_too_much && room <= ROOM_MAX && rate->cost <= burst);
	return (struct take){
	    .tag = key >> TIME_BITS == 0 ? 1 : key >> TIME_BITS,
	    .now = now_ns > b->started_ns ? (now_ns - b->started_ns) / NS_PER_UNIT : 0,
	    .interval = interval,
	    .cost = interval * (rate->cost == 0 ? 1 : rate->cost),
	    .room = room,
	};
}

static _Atomic uint64_t *set_of(struct fl_buckets *b, uint64_t key)
{
	return &b->words[(size_t)(key & b->sets_mask) * FL_BUCKET_WAYS];
}

static void tell(const struct take *t, uint64_t ahead_now, struct fl_bucket_state *ret)
{
	uint64_t later = ahead_now + t->cost;

	*ret = (struct fl_bucket_state){
	    .retry_ns = later > t->room ? (later - t->room) * NS_PER_UNIT : 0,
	    .full_ns = ahead_now * NS_PER_UNIT,
	    .left = ahead_now < t->room ? (t->room - ahead_now) / t->interval : 0,
	};
}

bool fl_bucket_take(struct fl_buckets *b, uint64_t key, const struct fl_bucket_rate *rate,
                    uint64_t now_ns, struct fl_bucket_state *ret)
{
	struct take t = begin(b, key, rate, now_ns);
	enum outcome outcome;
	uint64_t ahead_now = 0;

	t.set = set_of(b, key);
	while ((outcome = try(&t, &ahead_now)) == AGAIN)
		;
	if (outcome == FULL)
		atomic_fetch_add_explicit(&b->full, 1, memory_order_relaxed);
	tell(&t, ahead_now, ret);
	return outcome == TAKEN;
}

/* A word that is gone has passed: there is nothing to give back. */
void fl_bucket_give_back(struct fl_buckets *b, uint64_t key, const struct fl_bucket_rate *rate,
                         uint64_t now_ns)
{
	struct take t = begin(b, key, rate, now_ns);
	uint64_t words[FL_BUCKET_WAYS], ahead_now;
	unsigned free_at, at;

	t.set = set_of(b, key);
	do {
		at = look(&t, words, &free_at);
		ahead_now = at == NONE ? 0 : ahead(words[at], t.now);
		if (ahead_now == 0)
			return;
		ahead_now = ahead_now > t.cost ? ahead_now - t.cost : 0;
	} while (!swap(&t, at, words[at], word_of(&t, t.now + ahead_now)));
}

void fl_bucket_look(const struct fl_buckets *b, uint64_t key, const struct fl_bucket_rate *rate,
                    uint64_t now_ns, struct fl_bucket_state *ret)
{
	struct take t = begin(b, key, rate, now_ns);
	const _Atomic uint64_t *set = &b->words[(size_t)(key & b->sets_mask) * FL_BUCKET_WAYS];
	uint64_t ahead_now = 0, word;

	for (unsigned i = 0; i < FL_BUCKET_WAYS; i++) {
		word = atomic_load_explicit(&set[i], memory_order_relaxed);
		if (word >> TIME_BITS == t.tag)
			ahead_now = ahead(word, t.now);
	}
	tell(&t, ahead_now, ret);
}
