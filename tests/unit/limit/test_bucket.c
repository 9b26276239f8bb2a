/* tests/unit/limit/test_bucket.c - so many requests in so much time
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <pthread.h>

#include "base/clock.h"
#include "gateway/limit/bucket.h"

#define SECOND FL_NS_PER_SEC
#define DAY (UINT64_C(86400) * SECOND)
/* Keys of the same set that differ in their tag. */
#define KEY(n) ((uint64_t)(n) << 44)

static struct fl_buckets *buckets;
static uint64_t start_ns;

static int set_up(void **state)
{
	(void)state;
	buckets = fl_buckets_create(1);
	start_ns = fl_clock_mono_ns();
	return buckets ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	buckets = fl_buckets_destroy(buckets);
	return 0;
}

static bool take(uint64_t key, uint64_t count, uint64_t period_ns, uint64_t at_ns,
                 uint64_t *ret_retry_ns)
{
	const struct fl_bucket_rate rate = {.count = count, .period_ns = period_ns};

	struct fl_bucket_state now;
	bool passed = fl_bucket_take(buckets, key, &rate, start_ns + at_ns, &now);

	*ret_retry_ns = now.retry_ns;
	return passed;
}

/* How many of `tries` at one time pass. */
static unsigned burst(uint64_t key, uint64_t count, uint64_t period_ns, uint64_t at_ns,
                      unsigned tries)
{
	uint64_t retry_ns;
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += take(key, count, period_ns, at_ns, &retry_ns);
	return n;
}

/* ---- one caller ---- */

static void as_many_as_said_pass_at_once(void **state)
{
	(void)state;
	assert_int_equal(burst(KEY(1), 10, SECOND, 0, 30), 10);
	assert_int_equal(burst(KEY(2), 7, SECOND, 0, 30), 7); /* does not divide a second */
	assert_int_equal(burst(KEY(3), 1, DAY, 0, 30), 1);
	assert_int_equal(burst(KEY(4), 600, 60 * SECOND, 0, 1000), 600);
	assert_int_equal(burst(KEY(5), 3000000, SECOND, 0, 1000), 1000);
}

static void then_one_each_interval(void **state)
{
	(void)state;
	assert_int_equal(burst(KEY(1), 10, SECOND, 0, 30), 10);
	assert_int_equal(burst(KEY(1), 10, SECOND, SECOND / 10 - 2000, 30), 0);
	assert_int_equal(burst(KEY(1), 10, SECOND, SECOND / 10 + 2000, 30), 1);
	assert_int_equal(burst(KEY(1), 10, SECOND, SECOND / 2 + 2000, 30), 4);
	assert_int_equal(burst(KEY(1), 10, SECOND, 2 * SECOND, 30), 10);
	assert_int_equal(burst(KEY(1), 10, SECOND, 100 * DAY, 30), 10);
}

static void who_is_refused_is_told_when_to_come_again(void **state)
{
	uint64_t retry_ns = 0;

	(void)state;
	assert_int_equal(burst(KEY(1), 1, 10 * SECOND, 0, 1), 1);
	assert_false(take(KEY(1), 1, 10 * SECOND, 4 * SECOND, &retry_ns));
	assert_in_range(retry_ns, 6 * SECOND - 2000, 6 * SECOND + 2000);
	assert_false(take(KEY(1), 1, 10 * SECOND, 4 * SECOND + retry_ns - 2000, &retry_ns));
	assert_true(take(KEY(1), 1, 10 * SECOND, 10 * SECOND + 2000, &retry_ns));
}

static void a_refused_request_is_not_charged(void **state)
{
	(void)state;
	assert_int_equal(burst(KEY(1), 2, SECOND, 0, 10000), 2);
	assert_int_equal(burst(KEY(1), 2, SECOND, SECOND / 2 + 2000, 10000), 1);
}

static void a_clock_that_goes_back_a_little_forgets_nothing(void **state)
{
	uint64_t retry_ns;

	(void)state;
	assert_int_equal(burst(KEY(1), 5, SECOND, SECOND, 10), 5);
	assert_false(take(KEY(1), 5, SECOND, SECOND / 2, &retry_ns));
	start_ns -= 3 * SECOND; /* before the table was made */
	assert_false(take(KEY(1), 5, SECOND, 0, &retry_ns));
}

/* Times go round after 2^44 us, 203 days. */
static void times_that_go_round_change_nothing(void **state)
{
	const uint64_t round_ns = (UINT64_C(1) << 44) * 1000;

	(void)state;
	assert_int_equal(burst(KEY(1), 10, DAY, round_ns - DAY / 2, 30), 10);
	assert_int_equal(burst(KEY(1), 10, DAY, round_ns + DAY / 100, 30), 5);
	assert_int_equal(burst(KEY(1), 10, DAY, round_ns + 3 * DAY, 30), 10);
}

/* ---- bursts, costs, what is given back ---- */

static struct fl_bucket_state look(const struct fl_bucket_rate *rate, uint64_t at_ns)
{
	struct fl_bucket_state now;

	fl_bucket_look(buckets, KEY(1), rate, start_ns + at_ns, &now);
	return now;
}

static unsigned burst_of(const struct fl_bucket_rate *rate, uint64_t at_ns)
{
	struct fl_bucket_state now;
	unsigned n = 0;

	while (fl_bucket_take(buckets, KEY(1), rate, start_ns + at_ns, &now))
		n++;
	return n;
}

static void a_burst_is_smaller_or_larger_than_the_rate(void **state)
{
	const struct fl_bucket_rate small = {.count = 100, .period_ns = 60 * SECOND, .burst = 20};
	const struct fl_bucket_rate large = {.count = 10, .period_ns = SECOND, .burst = 600};

	(void)state;
	assert_int_equal(burst_of(&small, 0), 20);
	assert_int_equal(burst_of(&small, 6 * SECOND + 2000), 10);
	assert_int_equal(burst_of(&large, 3600 * SECOND), 600);
	assert_int_equal(burst_of(&large, 3601 * SECOND + 2000), 10);
}

static void a_request_may_cost_more_than_one(void **state)
{
	const struct fl_bucket_rate rate = {.count = 10, .period_ns = 10 * SECOND, .cost = 3};

	(void)state;
	assert_int_equal(burst_of(&rate, 0), 3);
	assert_int_equal(look(&rate, 0).left, 1);
	assert_in_range(look(&rate, 0).retry_ns, 2 * SECOND - 2000, 2 * SECOND + 2000);
	assert_in_range(look(&rate, 0).full_ns, 9 * SECOND - 2000, 9 * SECOND + 2000);
	assert_int_equal(burst_of(&rate, 2 * SECOND + 2000), 1);
}

static void a_look_charges_nothing(void **state)
{
	const struct fl_bucket_rate rate = {.count = 3, .period_ns = SECOND};

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(look(&rate, 0).left, 3);
	assert_int_equal(burst_of(&rate, 0), 3);
	assert_int_equal(look(&rate, 0).left, 0);
	assert_int_equal(look(&rate, SECOND + 2000).left, 3);
	assert_int_equal(look(&rate, SECOND + 2000).full_ns, 0);
}

static void what_is_given_back_passes_once_more_and_never_twice(void **state)
{
	const struct fl_bucket_rate rate = {.count = 5, .period_ns = 60 * SECOND};

	(void)state;
	assert_int_equal(burst_of(&rate, 0), 5);
	fl_bucket_give_back(buckets, KEY(1), &rate, start_ns);
	fl_bucket_give_back(buckets, KEY(1), &rate, start_ns);
	assert_int_equal(burst_of(&rate, 0), 2);
	for (unsigned i = 0; i < 100; i++) /* more than there is */
		fl_bucket_give_back(buckets, KEY(1), &rate, start_ns);
	assert_int_equal(burst_of(&rate, 0), 5);
	fl_bucket_give_back(buckets, KEY(2), &rate, start_ns); /* nobody */
}

static void the_largest_burst_is_what_a_day_pays_off(void **state)
{
	const struct fl_bucket_rate rate = {.count = 1, .period_ns = SECOND, .burst = 86400};

	(void)state;
	assert_int_equal(burst_of(&rate, 0), 86400);
	assert_int_equal(burst_of(&rate, DAY / 2 + 2000), 43200);
}

/* The model: a vessel that leaks. It holds what was charged and has not run out yet. */
struct vessel {
	uint64_t level_us, at_us;
};

#define VESSELS 8u
#define STEPS 20000u

static uint64_t level(struct vessel *v, uint64_t at_us)
{
	uint64_t gone = at_us - v->at_us;

	v->level_us = v->level_us > gone ? v->level_us - gone : 0;
	v->at_us = at_us;
	return v->level_us;
}

static uint64_t dice; /* xorshift: the same traces each time */

static uint64_t roll(uint64_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return dice % sides;
}

static void compare(const struct fl_bucket_rate *rate, struct vessel *v, uint64_t key,
                    uint64_t at_us)
{
	uint64_t interval = (rate->period_ns / 1000 + rate->count - 1) / rate->count;
	uint64_t cost = interval * rate->cost, room = interval * rate->burst;
	uint64_t at_ns = (at_us + 1) * 1000 + start_ns;
	struct fl_bucket_state now;

	if (roll(4) == 0) {
		v->level_us = level(v, at_us) > cost ? v->level_us - cost : 0;
		fl_bucket_give_back(buckets, key, rate, at_ns);
	} else {
		bool passes = level(v, at_us) + cost <= room;

		v->level_us += passes ? cost : 0;
		assert_int_equal(fl_bucket_take(buckets, key, rate, at_ns, &now), passes);
	}
	fl_bucket_look(buckets, key, rate, at_ns, &now);
	assert_int_equal(now.left, (room - v->level_us) / interval);
	assert_int_equal(now.full_ns, v->level_us * 1000);
	assert_int_equal(now.retry_ns,
	                 v->level_us + cost > room ? (v->level_us + cost - room) * 1000 : 0);
}

static void one_random_trace(void)
{
	struct fl_bucket_rate rates[VESSELS];
	struct vessel vessels[VESSELS] = {{0, 0}};
	uint64_t at_us = 0, pace = 1 + roll(200000);

	for (unsigned i = 0; i < VESSELS; i++) {
		rates[i] = (struct fl_bucket_rate){.count = 1 + roll(1000),
		                                   .period_ns = (1 + roll(60)) * SECOND,
		                                   .burst = 1 + roll(50)};
		rates[i].cost = 1 + roll(rates[i].burst);
	}
	for (unsigned i = 0; i < STEPS; i++) {
		uint64_t who = roll(VESSELS);

		at_us += roll(3) == 0 ? roll(pace) : 0;
		compare(&rates[who], &vessels[who], KEY(who + 1), at_us);
	}
}

static void random_traces_agree_with_a_vessel_that_leaks(void **state)
{
	(void)state;
	dice = UINT64_C(0x9e3779b97f4a7c15);
	for (unsigned i = 0; i < 50; i++) {
		(void)fl_buckets_destroy(buckets);
		buckets = fl_buckets_create(1);
		assert_non_null(buckets);
		start_ns = fl_clock_mono_ns();
		one_random_trace();
	}
}

/* ---- many callers ---- */

static void callers_are_counted_apart(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= FL_BUCKET_WAYS; i++)
		assert_int_equal(burst(KEY(i), i, SECOND, 0, 100), i);
}

static void who_is_counted_is_never_forgotten_for_a_newcomer(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= FL_BUCKET_WAYS; i++)
		assert_int_equal(burst(KEY(i), 1, SECOND, 0, 2), 1);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(burst(KEY(1000 + i), 1, SECOND, SECOND / 2, 2), 0);
	assert_int_equal(fl_buckets_full(buckets), 2000);
	for (unsigned i = 1; i <= FL_BUCKET_WAYS; i++)
		assert_int_equal(burst(KEY(i), 1, SECOND, SECOND / 2, 2), 0);
}

static void who_has_paid_makes_room(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= FL_BUCKET_WAYS; i++)
		assert_int_equal(burst(KEY(i), 1, i == 7 ? SECOND : DAY, 0, 2), 1);
	assert_int_equal(burst(KEY(100), 3, SECOND, SECOND / 2, 10), 0);
	assert_int_equal(burst(KEY(100), 3, SECOND, SECOND + 2000, 10), 3);
	assert_int_equal(burst(KEY(7), 1, SECOND, SECOND + 2000, 10), 0);
	assert_int_equal(burst(KEY(8), 1, DAY, SECOND + 2000, 10), 0);
}

/* ---- many threads ---- */

#define THREADS 8u
#define TRIES 20000u
#define ALLOWED 30000u

struct taker {
	pthread_t thread;
	uint64_t step_ns; /* between tries */
	unsigned passed;
};

static pthread_barrier_t together;

static void *take_many(void *arg)
{
	struct taker *taker = arg;
	uint64_t retry_ns;

	(void)pthread_barrier_wait(&together);
	for (unsigned i = 0; i < TRIES; i++)
		taker->passed += take(KEY(5), ALLOWED, 60 * SECOND, i * taker->step_ns, &retry_ns);
	return NULL;
}

static unsigned passed_by_all(void *(*run)(void *), uint64_t step_ns)
{
	struct taker takers[THREADS];
	unsigned passed = 0;

	assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		takers[i] = (struct taker){.step_ns = step_ns};
		assert_int_equal(pthread_create(&takers[i].thread, NULL, run, &takers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(takers[i].thread, NULL), 0);
		passed += takers[i].passed;
	}
	(void)pthread_barrier_destroy(&together);
	return passed;
}

static void threads_at_one_time_get_exactly_what_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(passed_by_all(take_many, 0), ALLOWED);
}

/* 20,000 steps of 1 ms are 20 s: a third of the period, so a third more passes. */
static void threads_over_time_get_what_time_gives(void **state)
{
	unsigned given = ALLOWED + ALLOWED / 3;

	(void)state;
	assert_in_range(passed_by_all(take_many, FL_NS_PER_MS), given - 2, given + 2);
}

#define NEWCOMERS 50000u

static void *take_each_once(void *arg)
{
	struct taker *taker = arg;
	uint64_t retry_ns;

	(void)pthread_barrier_wait(&together);
	for (uint64_t i = 1; i <= NEWCOMERS; i++)
		taker->passed += take(i * UINT64_C(0x9e3779b97f4a7c15), 1, DAY, 0, &retry_ns);
	return NULL;
}

static void threads_that_meet_a_newcomer_let_one_pass(void **state)
{
	(void)state;
	(void)fl_buckets_destroy(buckets);
	buckets = fl_buckets_create(65536);
	assert_non_null(buckets);
	assert_int_equal(passed_by_all(take_each_once, 0), NEWCOMERS);
	assert_int_equal(fl_buckets_full(buckets), 0);
}

#define ROUNDS 1000u
#define TRIES_A_ROUND 20u
#define ALLOWED_A_ROUND 100u

static const struct fl_bucket_rate round_rate = {
    .count = ALLOWED_A_ROUND, .period_ns = 60 * SECOND, .burst = ALLOWED_A_ROUND};

/* Each thread takes, and gives every third back; all of it counts again for somebody. */
static void *take_and_give_back(void *arg)
{
	struct taker *taker = arg;
	struct fl_bucket_state now;

	for (uint64_t round = 1; round <= ROUNDS; round++) {
		(void)pthread_barrier_wait(&together);
		for (unsigned i = 0; i < TRIES_A_ROUND; i++) {
			uint64_t key = round * UINT64_C(0x9e3779b97f4a7c15);
			bool passed = fl_bucket_take(buckets, key, &round_rate, start_ns, &now);

			if (passed && i % 3 == 0)
				fl_bucket_give_back(buckets, key, &round_rate, start_ns);
			else
				taker->passed += passed;
		}
		(void)pthread_barrier_wait(&together);
		/* Whatever was given back too late for the others is there still. */
		for (uint64_t key = round * UINT64_C(0x9e3779b97f4a7c15);
		     fl_bucket_take(buckets, key, &round_rate, start_ns, &now);)
			taker->passed++;
	}
	return NULL;
}

static void threads_that_give_back_get_exactly_what_is_allowed(void **state)
{
	(void)state;
	(void)fl_buckets_destroy(buckets);
	buckets = fl_buckets_create(1024);
	assert_non_null(buckets);
	assert_int_equal(passed_by_all(take_and_give_back, 0), ROUNDS * ALLOWED_A_ROUND);
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("as many as were said pass at once", as_many_as_said_pass_at_once),
	    CASE("then one each interval", then_one_each_interval),
	    CASE("who is refused is told when to come again",
	         who_is_refused_is_told_when_to_come_again),
	    CASE("a refused request is not charged", a_refused_request_is_not_charged),
	    CASE("a clock that goes back a little forgets nothing",
	         a_clock_that_goes_back_a_little_forgets_nothing),
	    CASE("times that go round change nothing", times_that_go_round_change_nothing),
	    CASE("a burst is smaller or larger than the rate",
	         a_burst_is_smaller_or_larger_than_the_rate),
	    CASE("a request may cost more than one", a_request_may_cost_more_than_one),
	    CASE("a look charges nothing", a_look_charges_nothing),
	    CASE("what is given back passes once more and never twice",
	         what_is_given_back_passes_once_more_and_never_twice),
	    CASE("the largest burst is what a day pays off",
	         the_largest_burst_is_what_a_day_pays_off),
	    CASE("random traces agree with a vessel that leaks",
	         random_traces_agree_with_a_vessel_that_leaks),
	    CASE("callers are counted apart", callers_are_counted_apart),
	    CASE("who is counted is never forgotten for a newcomer",
	         who_is_counted_is_never_forgotten_for_a_newcomer),
	    CASE("who has paid makes room", who_has_paid_makes_room),
	    CASE("threads at one time get exactly what is allowed",
	         threads_at_one_time_get_exactly_what_is_allowed),
	    CASE("threads that meet a newcomer let one pass",
	         threads_that_meet_a_newcomer_let_one_pass),
	    CASE("threads that give back get exactly what is allowed in 1,000 rounds",
	         threads_that_give_back_get_exactly_what_is_allowed),
	    CASE("threads over time get what time gives", threads_over_time_get_what_time_gives),
	};

	return cmocka_run_group_tests_name("limit/bucket", cases, NULL, NULL);
}
