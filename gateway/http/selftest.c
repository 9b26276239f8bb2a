/* gateway/http/selftest.c - does the guard still see what it leans on?
 * SPDX-License-Identifier: Apache-2.0
 *
 * guard.h leans on how libmicrohttpd lays out a request in memory. Before the first socket is
 * bound, a daemon without any is given requests over a socketpair: a plain one must pass, and one
 * of each kind of forgery must not.
 */
#include "config.h"

#include "gateway/http/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURNS 8

#define HEAD "GET /a/b?c=d&e HTTP/1.1\r\nHost: self.test\r\n"
static const struct {
	const char *what;
	struct fl_str bytes;
	enum fl_refusal refusal;
} cases[] = {
    {"a plain request", FL_STR_INIT(HEAD "Accept: */*\r\nCookie: a=b; c=d\r\n\r\n"),
     FL_REFUSAL_NONE},
    {"blanks around a value", FL_STR_INIT(HEAD "A:\t  b c \r\nB:\r\n\r\n"), FL_REFUSAL_NONE},
    {"a folded line", FL_STR_INIT(HEAD "X-A: admin\r\n -B: c\r\n\r\n"), FL_REFUSAL_HEAD},
    {"a NUL in a value", FL_STR_INIT(HEAD "A: b\0c\r\n\r\n"), FL_REFUSAL_HEAD},
    {"a NUL in a name", FL_STR_INIT(HEAD "A\0b: c\r\nD: e\r\n\r\n"), FL_REFUSAL_LIBRARY},
    {"a NUL in the method", FL_STR_INIT("GE\0T /a HTTP/1.1\r\nHost: a\r\n\r\n"),
     FL_REFUSAL_REQUEST_LINE},
    {"a NUL in the target", FL_STR_INIT("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"),
     FL_REFUSAL_REQUEST_LINE},
    {"two blanks", FL_STR_INIT("GET  /a HTTP/1.1\r\nHost: a\r\n\r\n"), FL_REFUSAL_REQUEST_LINE},
    {"a bare LF", FL_STR_INIT(HEAD "A: b\nC: d\r\n\r\n"), FL_REFUSAL_HEAD},
    {"a bare LF at the end", FL_STR_INIT(HEAD "A: b\r\n\n"), FL_REFUSAL_HEAD},
    {"a bare CR", FL_STR_INIT(HEAD "A: b\rC: d\r\n\r\n"), FL_REFUSAL_FIELD_VALUE},
    {"an empty name", FL_STR_INIT(HEAD ": b\r\n\r\n"), FL_REFUSAL_HEAD},
    {"a blank before the colon", FL_STR_INIT(HEAD "A : b\r\n\r\n"), FL_REFUSAL_FIELD_NAME},
    {"a line that begins with a NUL", FL_STR_INIT("\0GET /b HTTP/1.1\r\n" HEAD "A: b\r\n\r\n"),
     FL_REFUSAL_HEAD},
    {"a NUL before a bare LF", FL_STR_INIT(HEAD "A: b\0\nC: d\r\n\r\n"), FL_REFUSAL_HEAD},
    {"two lengths",
     FL_STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                 "Content-Length: 1\r\n\r\nx"),
     FL_REFUSAL_LENGTH_REPEATED},
};

struct seen {
	const char *raw;
	char target[64];
	bool is_judged;
	enum fl_refusal refusal;
	struct fl_wire wire;
	struct fl_guard_field fields[8];
	size_t fields_n;
};

static void *on_line(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct seen *seen = cls;

	(void)mhd;
	seen->raw = uri;
	(void)snprintf(seen->target, sizeof seen->target, "%s", uri);
	return NULL;
}

static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_n,
                                const char *value, size_t value_n)
{
	struct seen *seen = cls;

	(void)kind;
	if (seen->fields_n == FL_ARRAY_LEN(seen->fields))
		return MHD_NO;
	seen->fields[seen->fields_n++] =
	    (struct fl_guard_field){fl_str_n(name, name_n), fl_str_n(value, value_n)};
	return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_n, void **context)
{
	static const struct fl_guard_limits limits = {4096, 8, 64};
	struct seen *seen = cls;
	struct fl_guard_request request;

	(void)url;
	(void)data;
	(void)data_n;
	(void)context;
	(void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, on_field, seen);
	const struct fl_guard_head head = {
	    .method = method,
	    .version = version,
	    .raw = seen->raw,
	    .target = fl_str(seen->target),
	    .head_bytes =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size,
	    .fields = seen->fields,
	    .fields_n = seen->fields_n,
	};

	seen->refusal = fl_guard_check(&head, &limits, &request);
	if (seen->refusal == FL_REFUSAL_NONE && (seen->wire.is_bad || !seen->wire.is_past_head))
		seen->refusal = FL_REFUSAL_HEAD;
	seen->is_judged = true;
	return MHD_NO;
}

static void on_bytes(void *ctx, int fd, const char *p, size_t n, size_t room)
{
	struct seen *seen = ctx;

	(void)fd;
	(void)room;
	fl_wire_feed(&seen->wire, p, n);
}

static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *s)
{
	(void)cls;
	(void)mhd;
	return strlen(s);
}

static void on_log(void *cls, const char *format, va_list ap)
{
	struct seen *seen = cls;

	(void)ap;
	if (strncmp(format, "Error processing request", 24) == 0) {
		seen->refusal = FL_REFUSAL_LIBRARY;
		seen->is_judged = true;
	}
}

/* -errno when it could not be tried. */
static int try_one(struct MHD_Daemon *daemon, struct fl_str bytes, struct seen *seen)
{
	const struct fl_kernel_watch watch = {.ctx = seen, .epoll_fd = -1, .on_bytes = on_bytes};
	struct sockaddr_in6 address = {.sin6_family = AF_INET6};
	int pair[2];

	*seen = (struct seen){.raw = NULL};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		return -errno;
	int r = MHD_add_connection(daemon, pair[0], (struct sockaddr *)&address, sizeof address) ==
	                MHD_YES
	            ? 0
	            : -EIO;

	if (r == 0 && send(pair[1], bytes.p, bytes.n, MSG_NOSIGNAL) != (ssize_t)bytes.n)
		r = -EIO;
	fl_kernel_watch(&watch);
	for (unsigned i = 0; r == 0 && !seen->is_judged && i < TURNS; i++)
		(void)MHD_run(daemon);
	fl_kernel_watch(NULL);
	(void)close(pair[1]);
	(void)MHD_run(daemon); /* lets go of the other end */
	return r;
}

int fl_guard_self_test(struct fl_error *err)
{
	struct seen seen;
	struct MHD_Daemon *daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request,
	    &seen, MHD_OPTION_EXTERNAL_LOGGER, on_log, &seen, MHD_OPTION_URI_LOG_CALLBACK, on_line,
	    &seen, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_END);
	int r = daemon ? 0 : -EIO;

	for (size_t i = 0; r == 0 && i < FL_ARRAY_LEN(cases); i++) {
		r = try_one(daemon, cases[i].bytes, &seen);
		if (r < 0 || (seen.is_judged && seen.refusal == cases[i].refusal))
			continue;
		r = fl_error_set(err, "guard_self_test",
		                 "the request guard does not recognise %s (%s)", cases[i].what,
		                 seen.is_judged ? fl_refusal_of(seen.refusal)->code : "not judged");
		fl_error_hint(err, "this libmicrohttpd is not the one it was made for: install "
		                   "libmicrohttpd12 0.9.75 (Debian 12)");
	}
	if (daemon)
		MHD_stop_daemon(daemon);
	if (r < 0 && err && !err->code) {
		(void)fl_error_set(err, "guard_self_test", "the request guard could not be tested");
		fl_error_hint(err, "is the limit on open files too low (ulimit -n, LimitNOFILE=)?");
	}
	return r;
}
