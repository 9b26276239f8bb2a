/* tests/bench/outbound.c - what the outbound client alone costs per request
 * SPDX-License-Identifier: Apache-2.0
 *
 *	bench-outbound URL [CONCURRENCY [SECONDS]]
 *
 * Keeps CONCURRENCY requests under way on one loop and prints one line of JSON with the CPU time of
 * this process per request (user and system apart).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "gateway/outbound/client.h"

static struct {
	struct fl_loop *loop;
	struct fl_outbound *client;
	struct fl_outbound_args args;
	uint64_t ok, failed, end_ns;
	unsigned running;
} bench;

static void send_one(void);

static void on_done(void *ctx, const struct fl_outbound_response *response)
{
	(void)ctx;
	bench.running--;
	if (response->outcome == FL_OUTBOUND_OK && response->http_status == 200)
		bench.ok++;
	else if (bench.failed++ == 0)
		(void)fprintf(stderr, "outcome %d, status %u: %s\n", (int)response->outcome,
			      response->http_status, response->detail);
	if (fl_loop_now_ns(bench.loop) < bench.end_ns)
		send_one();
}

static void send_one(void)
{
	struct fl_outbound_request *request;
	struct fl_error err = FL_ERROR_INIT;

	bench.args.deadline_ns = fl_clock_mono_ns() + 5 * FL_NS_PER_SEC;
	if (fl_outbound_send(bench.client, &bench.args, &request, &err) != 0) {
		(void)fprintf(stderr, "%s: %s\n", err.code, err.message);
		exit(1);
	}
	bench.running++;
}

static double us(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static void print(double seconds, unsigned concurrency)
{
	double n = bench.ok ? (double)bench.ok : 1.0;
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	(void)printf("{\"concurrency\": %u, \"requests\": %" PRIu64 ", \"failed\": %" PRIu64
		     ", \"per_s\": %.0f, \"user_us\": %.2f, \"system_us\": %.2f, \"cpu_us\": %.2f}\n",
		     concurrency, bench.ok, bench.failed, n / seconds, us(usage.ru_utime) / n,
		     us(usage.ru_stime) / n, (us(usage.ru_utime) + us(usage.ru_stime)) / n);
}

int main(int argc, char **argv)
{
	static const struct fl_outbound_policy policy = {
	    .allow_private = true, .allow_any_host = true, .max_response_bytes = 1 << 20, .pool = 1};
	static const struct fl_header headers[] = {
	    {FL_STR_INIT("accept"), FL_STR_INIT("*/*")},
	    {FL_STR_INIT("user-agent"), FL_STR_INIT("bench")},
	    {FL_STR_INIT("x-request-id"), FL_STR_INIT("4bf92f3577b34da6a3ce929d0e0e4736")},
	    {FL_STR_INIT("traceparent"),
	     FL_STR_INIT("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")},
	};
	unsigned concurrency = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 64;
	unsigned seconds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 3;

	if (argc < 2 || fl_loop_create(&bench.loop) != 0 ||
	    fl_outbound_create(bench.loop, &bench.client) != 0) {
		(void)fprintf(stderr, "usage: bench-outbound URL [CONCURRENCY [SECONDS]]\n");
		return 2;
	}
	bench.args = (struct fl_outbound_args){.policy = &policy, .method = FL_STR("GET"),
					       .url = fl_str(argv[1]), .headers = headers,
					       .headers_n = FL_ARRAY_LEN(headers), .on_done = on_done};
	bench.end_ns = fl_clock_mono_ns() + seconds * FL_NS_PER_SEC;
	for (unsigned i = 0; i < concurrency; i++)
		send_one();
	while (bench.running > 0)
		fl_loop_run_once(bench.loop, FL_NS_PER_SEC);
	print(seconds, concurrency);
	bench.client = fl_outbound_destroy(bench.client);
	bench.loop = fl_loop_destroy(bench.loop);
	return bench.failed ? 1 : 0;
}
