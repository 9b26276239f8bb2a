/* tests/unit/observe/test_metric.c - gateway/observe/: counters, histograms and their text
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/observe/metric.h"

#define MS FL_NS_PER_MS

static struct fl_metrics *made(unsigned workers)
{
	struct fl_metrics *metrics = NULL;

	assert_int_equal(fl_metrics_create(workers, &metrics), 0);
	return metrics;
}

static struct fl_metric_route_shard *shard_of(struct fl_metrics *metrics, const char *route,
                                              unsigned worker)
{
	return fl_metric_route_shard(fl_metrics_route(metrics, fl_str(route)), worker);
}

static const char *rendered(struct fl_metrics *metrics, struct fl_buf *out)
{
	fl_buf_fini(out);
	fl_buf_init(out, 64 << 20);
	fl_metrics_render(metrics, out);
	assert_false(fl_buf_is_overflown(out));
	return fl_buf_cstr(out);
}

static void assert_line(const char *page, const char *line)
{
	char whole[400];

	(void)snprintf(whole, sizeof whole, "\n%s\n", line);
	if (strstr(page, whole) == NULL)
		fail_msg("no line \"%s\" in:\n%.3000s", line, page);
}

static void the_page_is_as_documented(void **state)
{
	static const char expected[] =
	    "# HELP fairlead_requests_total Requests that have ended, by route and class of "
	    "status.\n"
	    "# TYPE fairlead_requests_total counter\n"
	    "fairlead_requests_total{route=\"api\",status_class=\"2xx\"} 2\n"
	    "fairlead_requests_total{route=\"api\",status_class=\"3xx\"} 0\n"
	    "fairlead_requests_total{route=\"api\",status_class=\"4xx\"} 0\n"
	    "fairlead_requests_total{route=\"api\",status_class=\"5xx\"} 1\n"
	    "# HELP fairlead_request_duration_seconds Time from the first byte of a request to the "
	    "end of its answer.\n"
	    "# TYPE fairlead_request_duration_seconds histogram\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.0001\"} 1\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.00025\"} 1\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.0005\"} 1\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.001\"} 1\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.0025\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.005\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.01\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.025\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.05\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.1\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.25\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"0.5\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"1\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"2.5\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"10\"} 2\n"
	    "fairlead_request_duration_seconds_bucket{route=\"api\",le=\"+Inf\"} 3\n"
	    "fairlead_request_duration_seconds_sum{route=\"api\"} 60.002000005\n"
	    "fairlead_request_duration_seconds_count{route=\"api\"} 3\n"
	    "# HELP fairlead_request_body_bytes_total Bytes of request bodies.\n"
	    "# TYPE fairlead_request_body_bytes_total counter\n"
	    "fairlead_request_body_bytes_total{route=\"api\"} 111\n"
	    "# HELP fairlead_response_body_bytes_total Bytes of response bodies.\n"
	    "# TYPE fairlead_response_body_bytes_total counter\n"
	    "fairlead_response_body_bytes_total{route=\"api\"} 222\n"
	    "# HELP fairlead_policy_decisions_total Requests that policies decided about, by route "
	    "and decision.\n"
	    "# TYPE fairlead_policy_decisions_total counter\n"
	    "fairlead_policy_decisions_total{route=\"api\",decision=\"allow\"} 3\n"
	    "fairlead_policy_decisions_total{route=\"api\",decision=\"rate_limited\"} 1\n";
	struct fl_metrics *metrics = made(2);
	struct fl_buf out = {0};

	(void)state;
	(void)fl_metrics_route(metrics, FL_STR("never asked"));
	fl_metric_route_add(shard_of(metrics, "api", 0), 200, 5, 1, 2);
	fl_metric_route_add(shard_of(metrics, "api", 1), 204, 2 * MS, 10, 20);
	fl_metric_route_add(shard_of(metrics, "api", 1), 502, 60000 * MS, 100, 200);
	fl_metric_add(&shard_of(metrics, "api", 0)->decisions[FL_METRIC_ALLOW], 1);
	fl_metric_add(&shard_of(metrics, "api", 1)->decisions[FL_METRIC_ALLOW], 2);
	fl_metric_add(&shard_of(metrics, "api", 1)->decisions[FL_METRIC_RATE_LIMITED], 1);
	assert_string_equal(rendered(metrics, &out), expected);
	fl_buf_fini(&out);
	fl_metrics_destroy(metrics);
	assert_null(fl_metrics_destroy(NULL));
}

static void every_status_has_a_class(void **state)
{
	static const struct {
		unsigned status;
		const char *class;
	} rows[] = {{0, "none"},  {99, "none"}, {100, "1xx"},  {299, "2xx"},        {301, "3xx"},
	            {404, "4xx"}, {599, "5xx"}, {600, "none"}, {UINT32_MAX, "none"}};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct fl_metrics *metrics = made(1);
		struct fl_buf out = {0};
		char line[100];

		fl_metric_route_add(shard_of(metrics, "r", 0), rows[i].status, 1, 0, 0);
		(void)snprintf(line, sizeof line,
		               "fairlead_requests_total{route=\"r\",status_class=\"%s\"} 1",
		               rows[i].class);
		assert_line(rendered(metrics, &out), line);
		fl_buf_fini(&out);
		fl_metrics_destroy(metrics);
	}
}

/* The page's own "le" texts are the oracle. */
static void assert_first_bucket(const char *page, uint64_t duration_ns)
{
	static const char prefix[] = "fairlead_request_duration_seconds_bucket{route=\"r\",le=\"";
	unsigned buckets = 0;

	for (const char *at = page; (at = strstr(at, prefix)) != NULL; buckets++) {
		at += sizeof prefix - 1;
		bool is_last = strncmp(at, "+Inf", 4) == 0;
		double bound_ns = is_last ? 0 : strtod(at, NULL) * 1e9;
		uint64_t count = strtoull(strchr(at, ' '), NULL, 10);

		assert_int_equal(count, is_last || duration_ns <= (uint64_t)(bound_ns + 0.5));
	}
	assert_int_equal(buckets, FL_METRIC_BUCKETS);
}

static void a_duration_is_in_the_buckets_that_hold_it(void **state)
{
	static const uint64_t bounds_us[] = {100,    250,    500,     1000,    2500,
	                                     5000,   10000,  25000,   50000,   100000,
	                                     250000, 500000, 1000000, 2500000, 10000000};
	uint64_t durations[3 * FL_ARRAY_LEN(bounds_us) + 2 * 64 + 1];
	size_t n = 0;

	(void)state;
	durations[n++] = 0;
	for (size_t i = 0; i < FL_ARRAY_LEN(bounds_us); i++)
		for (uint64_t d = 0; d < 3; d++)
			durations[n++] = bounds_us[i] * 1000 - 1 + d;
	for (unsigned k = 0; k < 64; k++) {
		durations[n++] = UINT64_C(1) << k;
		durations[n++] = (UINT64_C(1) << k) - 1;
	}
	for (size_t i = 0; i < n; i++) {
		struct fl_metrics *metrics = made(1);
		struct fl_buf out = {0};

		fl_metric_route_add(shard_of(metrics, "r", 0), 200, durations[i], 0, 0);
		assert_first_bucket(rendered(metrics, &out), durations[i]);
		fl_buf_fini(&out);
		fl_metrics_destroy(metrics);
	}
}

static void labels_are_escaped(void **state)
{
	struct fl_metrics *metrics = made(1);
	struct fl_buf out = {0};
	const char *const labels[] = {"a", "x\"\\\ny", "b", "\xc3\xa9", "c", "\xc3\xa9\xff", NULL};

	(void)state;
	fl_metric_route_add(shard_of(metrics, "q\"b\\n\nz", 0), 200, 1, 7, 0);
	assert_line(rendered(metrics, &out),
	            "fairlead_request_body_bytes_total{route=\"q\\\"b\\\\n\\nz\"} 7");
	fl_buf_clear(&out);
	fl_metrics_sample(&out, "s", labels, UINT64_MAX);
	fl_metrics_sample(&out, "bare", NULL, 0);
	assert_string_equal(fl_buf_cstr(&out),
	                    "s{a=\"x\\\"\\\\\\ny\",b=\"\xc3\xa9\",c=\"???\"} 18446744073709551615\n"
	                    "bare 0\n");
	fl_buf_fini(&out);
	fl_metrics_destroy(metrics);
}

static void routes_beyond_the_limit_share_other(void **state)
{
	struct fl_metrics *metrics = made(2);
	struct fl_metric_route_shard *other = fl_metrics_route(metrics, FL_STR("other")), *first, *last;
	struct fl_buf out = {0};
	char name[32];

	(void)state;
	first = last = NULL;
	for (unsigned i = 0; i < FL_METRIC_ROUTES_MAX; i++) {
		(void)snprintf(name, sizeof name, "r%u", i);
		last = fl_metrics_route(metrics, fl_str(name));
		if (first == NULL)
			first = last;
	}
	assert_ptr_not_equal(last, other);
	assert_ptr_equal(fl_metrics_route(metrics, FL_STR("one more")), other);
	assert_ptr_equal(fl_metrics_route(metrics, FL_STR("and more")), other);
	assert_ptr_equal(fl_metrics_route(metrics, FL_STR("r0")), first);
	fl_metric_route_add(shard_of(metrics, "one more", 1), 200, 1, 5, 0);
	fl_metric_route_add(shard_of(metrics, "and more", 0), 200, 1, 5, 0);
	fl_metric_route_add(fl_metric_route_shard(last, 0), 200, 1, 3, 0);
	assert_line(rendered(metrics, &out),
	            "fairlead_request_body_bytes_total{route=\"other\"} 10");
	(void)snprintf(name, sizeof name, "r%u", FL_METRIC_ROUTES_MAX - 1);
	assert_non_null(strstr(fl_buf_cstr(&out), name));
	fl_buf_fini(&out);
	fl_metrics_destroy(metrics);
}

static void collect_two(void *ctx, struct fl_buf *out)
{
	const char *const one[] = {"code", "a", NULL}, *const two[] = {"code", "b", NULL};

	fl_metrics_sample(out, "fairlead_things", one, *(const uint64_t *)ctx);
	fl_metrics_sample(out, "fairlead_things", two, 2);
}

static void others_are_asked_when_somebody_reads(void **state)
{
	struct fl_metrics *metrics = made(1);
	struct fl_buf out = {0};
	uint64_t value = 1;

	(void)state;
	assert_int_equal(fl_metrics_register(metrics, "fairlead_things", "gauge", "Things.",
	                                     collect_two, &value),
	                 0);
	assert_int_equal(
	    fl_metrics_register(metrics, "fairlead_things", "gauge", "Again.", collect_two, &value),
	    -EEXIST);
	(void)rendered(metrics, &out);
	value = 41;
	assert_non_null(strstr(rendered(metrics, &out), "\n# HELP fairlead_things Things.\n"
	                                                "# TYPE fairlead_things gauge\n"
	                                                "fairlead_things{code=\"a\"} 41\n"
	                                                "fairlead_things{code=\"b\"} 2\n"));
	assert_null(strstr(fl_buf_cstr(&out), "Again"));
	fl_buf_fini(&out);
	fl_metrics_destroy(metrics);
}

/* ---- several threads ---- */

enum { WORKERS = 3, REQUESTS = 30000 };

struct worker {
	struct fl_metrics *metrics;
	unsigned index;
};

static void *serve(void *arg)
{
	struct worker *worker = arg;

	for (unsigned i = 0; i < REQUESTS; i++) {
		char route[16];

		(void)snprintf(route, sizeof route, "r%u", i % 200);
		fl_metric_route_add(shard_of(worker->metrics, route, worker->index), 200, i, 1, 2);
	}
	return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
	struct fl_metrics *metrics = made(WORKERS);
	struct worker workers[WORKERS];
	pthread_t threads[WORKERS];
	struct fl_buf out = {0};
	char line[100];

	(void)state;
	for (unsigned w = 0; w < WORKERS; w++) {
		workers[w] = (struct worker){metrics, w};
		assert_int_equal(pthread_create(&threads[w], NULL, serve, &workers[w]), 0);
	}
	for (int i = 0; i < 20; i++)
		(void)rendered(metrics, &out);
	for (unsigned w = 0; w < WORKERS; w++)
		assert_int_equal(pthread_join(threads[w], NULL), 0);
	(void)rendered(metrics, &out);
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(line, sizeof line,
		               "fairlead_response_body_bytes_total{route=\"r%u\"} %d", i,
		               2 * WORKERS * REQUESTS / 200);
		assert_line(fl_buf_cstr(&out), line);
	}
	fl_buf_fini(&out);
	fl_metrics_destroy(metrics);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	    FL_CASE("the page is as documented", the_page_is_as_documented),
	    FL_CASE("every status has a class", every_status_has_a_class),
	    FL_CASE("a duration is in the buckets that hold it",
	            a_duration_is_in_the_buckets_that_hold_it),
	    FL_CASE("labels are escaped", labels_are_escaped),
	    FL_CASE("routes beyond the limit share one series",
	            routes_beyond_the_limit_share_other),
	    FL_CASE("registered families are asked when somebody reads",
	            others_are_asked_when_somebody_reads),
	    FL_CASE("nothing is lost between threads", nothing_is_lost_between_threads),
	};

	return cmocka_run_group_tests_name("metric", cases, NULL, NULL);
}
