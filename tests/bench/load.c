/* tests/bench/load.c - a load generator that counts what other ones overlook
 * SPDX-License-Identifier: Apache-2.0
 *
 *	bench-load [-c CONNECTIONS] [-d SECONDS | -n REQUESTS] [-w WARM-UP SECONDS] [-m METHOD]
 *		[-h "Name: value"]... [-p PID]... HOST:PORT PATH...
 *
 * Each connection has one request under way and is kept alive; requests take the PATHs in turn; in
 * a PATH "%d" is a number from 0 to RANGE-1 (-r RANGE). One thread, one line of JSON:
 * requests, failed (no whole answer, or a status that is not 2xx), closed (connections that the
 * server closed or said it would), latency in microseconds, how often each X-Echo-Version was seen,
 * and the CPU time of the PIDs (all their threads, from schedstat) per request. SIGTERM ends the
 * run early; it is printed as well.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "tests/bench/proc.h"

#define CONNECTIONS_MAX 4096
#define PATHS_MAX 64
#define PIDS_MAX 64
#define VERSIONS_MAX 8
#define BUFFER_BYTES 65536
/* Latencies in steps of 1/64 of their power of two, from 1 us to over a minute. */
#define STEPS 64
#define BUCKETS (27 * STEPS)

struct connection {
	int fd;
	uint64_t sent_ns;
	size_t used; /* bytes of the answer in the buffer, or skipped */
	size_t head_n, body_n; /* 0 until the head is whole */
	unsigned status;
	bool is_chunked, says_close, has_served;
	char tail[8]; /* the last bytes of a chunked body */
	char *buffer;
};

static struct {
	struct sockaddr_in address;
	unsigned connections_n, seconds, warmup_seconds, range;
	uint64_t limit;
	const char *method, *paths[PATHS_MAX];
	unsigned paths_n;
	char headers[4096];
	int pids[PIDS_MAX];
	unsigned pids_n;
} options = {.connections_n = 64, .seconds = 5, .warmup_seconds = 1, .range = 1, .method = "GET"};

static struct {
	int epoll_fd;
	struct connection connections[CONNECTIONS_MAX];
	uint64_t sent, turn, random;
	uint64_t requests, failed, closed, connects, bytes, statuses[6];
	uint64_t buckets[BUCKETS], max_us;
	struct {
		char name[32];
		uint64_t n;
	} versions[VERSIONS_MAX];
	bool is_measuring, is_ending;
	unsigned under_way;
} run;

static volatile sig_atomic_t is_told_to_stop;

static void on_signal(int number)
{
	(void)number;
	is_told_to_stop = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* ---- latency ---- */

static unsigned bucket_of(uint64_t us)
{
	unsigned power = 0;

	while (power < 26 && us >> power >= 2 * STEPS)
		power++;
	return power == 0 ? (unsigned)us : (power + 1) * STEPS + (unsigned)((us >> power) - STEPS);
}

static double middle_of(unsigned bucket)
{
	if (bucket < 2 * STEPS)
		return bucket;
	unsigned power = bucket / STEPS - 1;

	return ((double)(STEPS + bucket % STEPS) + 0.5) * (double)(UINT64_C(1) << power);
}

static void note_latency(uint64_t ns)
{
	uint64_t us = ns / 1000;
	unsigned b = bucket_of(us);

	run.buckets[b < BUCKETS ? b : BUCKETS - 1]++;
	if (us > run.max_us)
		run.max_us = us;
}

static double percentile(double share)
{
	uint64_t total = 0, seen = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		total += run.buckets[i];
	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += run.buckets[i];
		if (total && (double)seen >= share * (double)total)
			return middle_of(i);
	}
	return 0;
}

/* ---- requests ---- */

static void open_connection(struct connection *c);

static unsigned next_random(void)
{
	run.random = run.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(run.random >> 33);
}

static size_t write_request(char *out, size_t size)
{
	const char *path = options.paths[run.turn++ % options.paths_n], *number = strstr(path, "%d");
	char text[512];

	if (number)
		(void)snprintf(text, sizeof text, "%.*s%u%s", (int)(number - path), path,
			       next_random() % options.range, number + 2);
	else
		(void)snprintf(text, sizeof text, "%s", path);
	return (size_t)snprintf(out, size, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n",
				options.method, text, options.headers,
				strcmp(options.method, "GET") == 0 ? "" : "Content-Length: 0\r\n");
}

static bool may_send(void)
{
	return !run.is_ending && (options.limit == 0 || run.sent < options.limit);
}

static void send_request(struct connection *c)
{
	char text[8192];
	size_t n;

	if (!may_send())
		return;
	n = write_request(text, sizeof text);
	c->used = c->head_n = c->body_n = 0;
	c->status = 0;
	c->is_chunked = c->says_close = false;
	memset(c->tail, 0, sizeof c->tail);
	c->sent_ns = fl_clock_mono_ns();
	run.sent++;
	run.under_way++;
	/* A request is far smaller than a socket's buffer; a failure shows when reading. */
	(void)!send(c->fd, text, n, MSG_NOSIGNAL);
}

static void drop(struct connection *c, bool is_failed)
{
	if (is_failed) {
		run.failed++;
		run.requests++;
		run.under_way--;
	}
	(void)close(c->fd);
	open_connection(c);
}

static void note_version(struct fl_str version)
{
	for (unsigned i = 0; i < VERSIONS_MAX; i++) {
		if (run.versions[i].n == 0)
			(void)snprintf(run.versions[i].name, sizeof run.versions[i].name, "%.*s",
				       FL_STR_ARGS(version));
		if (fl_str_is(version, run.versions[i].name)) {
			run.versions[i].n++;
			return;
		}
	}
}

static void read_field(struct connection *c, struct fl_str line)
{
	struct fl_str value, name = fl_str_split(line, ':', &value);
	uint64_t n;

	value = fl_str_trim(value);
	if (fl_str_eq_nocase(name, FL_STR("content-length")) && fl_str_to_u64(value, &n))
		c->body_n = (size_t)n;
	else if (fl_str_eq_nocase(name, FL_STR("transfer-encoding")))
		c->is_chunked = true;
	else if (fl_str_eq_nocase(name, FL_STR("connection")))
		c->says_close = fl_str_eq_nocase(value, FL_STR("close"));
	else if (fl_str_eq_nocase(name, FL_STR("x-echo-version")))
		note_version(value);
}

/* False: the head is not whole yet. */
static bool read_head(struct connection *c)
{
	const char *end = memmem(c->buffer, c->used, "\r\n\r\n", 4);
	struct fl_str rest, line;

	if (!end)
		return false;
	c->head_n = (size_t)(end - c->buffer) + 4;
	rest = fl_str_n(c->buffer, c->head_n - 4);
	line = fl_str_split(rest, '\n', &rest);
	c->status = line.n > 12 ? (unsigned)strtoul(line.p + 9, NULL, 10) : 0;
	while (rest.p) {
		line = fl_str_split(rest, '\n', &rest);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		read_field(c, line);
	}
	return true;
}

static bool is_whole(const struct connection *c)
{
	if (c->is_chunked)
		return memcmp(c->tail, "\r\n0\r\n\r\n", 7) == 0 ||
		       (c->used == c->head_n + 5 && memcmp(c->tail + 2, "0\r\n\r\n", 5) == 0);
	return c->used >= c->head_n + c->body_n;
}

static void finish(struct connection *c)
{
	bool is_good = c->status >= 200 && c->status < 300;

	run.under_way--;
	run.requests++;
	run.failed += !is_good;
	run.statuses[c->status < 600 ? c->status / 100 : 0]++;
	if (run.is_measuring)
		note_latency(fl_clock_mono_ns() - c->sent_ns);
	c->has_served = true;
	c->sent_ns = 0;
	if (c->says_close) {
		run.closed++;
		drop(c, false);
		return;
	}
	send_request(c);
}

static void keep_tail(struct connection *c, const char *bytes, size_t n)
{
	for (size_t i = n > 7 ? n - 7 : 0; i < n; i++) {
		memmove(c->tail, c->tail + 1, 6);
		c->tail[6] = bytes[i];
	}
}

static void on_readable(struct connection *c)
{
	size_t at = c->head_n ? 0 : c->used; /* the body is counted, not kept */
	ssize_t n = recv(c->fd, c->buffer + at, BUFFER_BYTES - at, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		run.closed += c->has_served || c->sent_ns != 0;
		drop(c, c->sent_ns != 0);
		return;
	}
	run.bytes += (uint64_t)n;
	c->used += (size_t)n;
	keep_tail(c, c->buffer + at, (size_t)n);
	if (c->head_n == 0 && !read_head(c)) {
		if (c->used == BUFFER_BYTES)
			drop(c, true);
		return;
	}
	if (is_whole(c))
		finish(c);
}

static void open_connection(struct connection *c)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	c->sent_ns = 0;
	c->has_served = false;
	c->fd = -1;
	if (!may_send())
		return;
	run.connects++;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&options.address,
				 sizeof options.address) != 0)
		die("connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	(void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(run.epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
		die("epoll_ctl");
	send_request(c);
}

/* ---- the run ---- */

static void loop_until(uint64_t end_ns)
{
	struct epoll_event events[256];

	while (fl_clock_mono_ns() < end_ns && (may_send() || run.under_way > 0) &&
	       (!is_told_to_stop || run.is_ending)) {
		int n = epoll_wait(run.epoll_fd, events, 256, 100);

		for (int i = 0; i < n; i++)
			on_readable(events[i].data.ptr);
	}
}

static void forget_warmup(void)
{
	run.requests = run.failed = run.closed = run.connects = run.bytes = 0;
	memset(run.statuses, 0, sizeof run.statuses);
	memset(run.versions, 0, sizeof run.versions);
}

static void print(double seconds, uint64_t cpu_ns)
{
	double n = run.requests ? (double)run.requests : 1.0;

	(void)printf("{\"requests\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"closed\": %" PRIu64
		     ", \"connects\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"seconds\": %.3f"
		     ", \"per_s\": %.0f, \"p50_us\": %.0f, \"p90_us\": %.0f, \"p99_us\": %.0f"
		     ", \"p999_us\": %.0f, \"max_us\": %" PRIu64 ", \"cpu_us\": %.3f"
		     ", \"4xx\": %" PRIu64 ", \"5xx\": %" PRIu64 ", \"versions\": {",
		     run.requests, run.failed, run.closed, run.connects, run.bytes, seconds,
		     n / seconds, percentile(.5), percentile(.9), percentile(.99),
		     percentile(.999), run.max_us, (double)cpu_ns / 1000.0 / n, run.statuses[4],
		     run.statuses[5]);
	for (unsigned i = 0; i < VERSIONS_MAX && run.versions[i].n; i++)
		(void)printf("%s\"%s\": %" PRIu64, i ? ", " : "", run.versions[i].name,
			     run.versions[i].n);
	(void)printf("}}\n");
}

static uint64_t cpu_of_pids(void)
{
	uint64_t ns = 0;

	for (unsigned i = 0; i < options.pids_n; i++)
		ns += bench_proc_cpu_ns(options.pids[i]);
	return ns;
}

static void measure(void)
{
	uint64_t began_ns, cpu_ns, end_ns;

	for (unsigned i = 0; i < options.connections_n; i++)
		open_connection(&run.connections[i]);
	if (options.limit == 0) {
		loop_until(fl_clock_mono_ns() + options.warmup_seconds * FL_NS_PER_SEC);
		forget_warmup();
	}
	run.is_measuring = true;
	cpu_ns = cpu_of_pids();
	began_ns = fl_clock_mono_ns();
	loop_until(options.limit ? UINT64_MAX : began_ns + options.seconds * FL_NS_PER_SEC);
	end_ns = fl_clock_mono_ns();
	cpu_ns = cpu_of_pids() - cpu_ns;
	/* What is under way may end, within a moment: an answer cut off by us is no failure. */
	run.is_measuring = false;
	run.is_ending = true;
	uint64_t counted = run.requests;

	loop_until(end_ns + 5 * FL_NS_PER_SEC);
	run.failed += run.under_way; /* never answered */
	run.requests = counted;
	print((double)(end_ns - began_ns) / 1e9, cpu_ns);
}

static void usage(void)
{
	(void)fprintf(stderr, "usage: bench-load [-c CONNECTIONS] [-d SECONDS | -n REQUESTS] "
			      "[-w WARM-UP] [-m METHOD] [-r RANGE] [-h 'Name: value']... "
			      "[-p PID]... HOST:PORT PATH...\n");
	exit(2);
}

static void add_header(const char *line)
{
	size_t used = strlen(options.headers), room = sizeof options.headers - used;

	if ((size_t)snprintf(options.headers + used, room, "%s\r\n", line) >= room)
		usage();
}

static unsigned number(const char *text)
{
	uint64_t n = 0;

	if (!fl_str_to_u64(fl_str(text), &n) || n > UINT32_MAX)
		usage();
	return (unsigned)n;
}

static void parse_options(int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "c:d:n:w:m:r:h:p:")) != -1) {
		switch (letter) {
		case 'c': options.connections_n = number(optarg); break;
		case 'd': options.seconds = number(optarg); break;
		case 'n': options.limit = number(optarg); break;
		case 'w': options.warmup_seconds = number(optarg); break;
		case 'm': options.method = optarg; break;
		case 'r': options.range = number(optarg); break;
		case 'h': add_header(optarg); break;
		case 'p':
			if (options.pids_n == PIDS_MAX)
				usage();
			options.pids[options.pids_n++] = (int)number(optarg);
			break;
		default: usage();
		}
	}
	if (options.connections_n == 0 || options.connections_n > CONNECTIONS_MAX ||
	    options.range == 0)
		usage();
}

static void parse_target(int argc, char **argv)
{
	char *colon;

	if (argc - optind < 2 || !(colon = strrchr(argv[optind], ':')))
		usage();
	*colon = '\0';
	options.address.sin_family = AF_INET;
	options.address.sin_port = htons((uint16_t)number(colon + 1));
	if (inet_pton(AF_INET, argv[optind], &options.address.sin_addr) != 1)
		usage();
	for (int i = optind + 1; i < argc && options.paths_n < PATHS_MAX; i++)
		options.paths[options.paths_n++] = argv[i];
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	parse_target(argc, argv);
	(void)signal(SIGTERM, on_signal);
	run.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (run.epoll_fd < 0)
		die("epoll_create1");
	for (unsigned i = 0; i < options.connections_n; i++)
		if (!(run.connections[i].buffer = malloc(BUFFER_BYTES)))
			die("malloc");
	measure();
	return 0;
}
