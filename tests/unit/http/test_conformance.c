/* tests/unit/http/test_conformance.c - runs tests/conformance/http/requests.txt
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/server.h"
#include "tests/unit/test.h"

#define CASES_MAX 400

struct row {
	char name[128], expected[512];
	struct fl_buf request;
};

static struct row rows[CASES_MAX];
static size_t rows_n;
static struct server server;

/* ---- reading the file ---- */

static void unescape(struct fl_buf *out, struct fl_str s);

/* "{text*n}" at s.p; returns how many bytes of s it took. */
static size_t repeat(struct fl_buf *out, struct fl_str s)
{
	const char *end = memchr(s.p, '}', s.n), *star;

	assert_non_null(end);
	star = memrchr(s.p, '*', (size_t)(end - s.p));
	assert_non_null(star);
	for (unsigned long n = strtoul(star + 1, NULL, 10); n > 0; n--)
		unescape(out, fl_str_n(s.p + 1, (size_t)(star - s.p) - 1));
	return (size_t)(end - s.p) + 1;
}

static void unescape(struct fl_buf *out, struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\') {
			fl_buf_add_char(out, s.p[i]);
			continue;
		}
		char hex[3] = "";

		assert_true(++i < s.n);
		switch (s.p[i]) {
		case 'r':
			fl_buf_add_char(out, '\r');
			break;
		case 'n':
			fl_buf_add_char(out, '\n');
			break;
		case 't':
			fl_buf_add_char(out, '\t');
			break;
		case '0':
			fl_buf_add_char(out, '\0');
			break;
		case '\\':
			fl_buf_add_char(out, '\\');
			break;
		case '{':
			i += repeat(out, fl_str_n(s.p + i, s.n - i)) - 1;
			break;
		case 'x':
			assert_true(i + 2 < s.n);
			memcpy(hex, s.p + i + 1, 2);
			fl_buf_add_char(out, (char)strtoul(hex, NULL, 16));
			i += 2;
			break;
		default:
			fail_msg("unknown escape \\%c", s.p[i]);
		}
	}
}

static void read_line(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '#' || line[0] == '\0')
		return;
	if (strncmp(line, "== ", 3) == 0) {
		assert_true(rows_n < CASES_MAX);
		(void)snprintf(rows[rows_n].name, sizeof rows[rows_n].name, "%s", line + 3);
		fl_buf_init(&rows[rows_n++].request, 1 << 20);
		return;
	}
	assert_true(rows_n > 0);
	if (strncmp(line, "-> ", 3) == 0)
		(void)snprintf(rows[rows_n - 1].expected, sizeof rows[0].expected, "%s", line + 3);
	else
		unescape(&rows[rows_n - 1].request, fl_str(line));
}

static int read_rows(void **state)
{
	const char *top = getenv("top_srcdir");
	char path[1024], line[4096];
	FILE *f;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/tests/conformance/http/requests.txt",
	               top ? top : "..");
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		read_line(line);
	(void)fclose(f);
	assert_true(rows_n > 80);
	server = server_start(&server_limits, 1, NULL);
	return 0;
}

static int free_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < rows_n; i++)
		fl_buf_fini(&rows[i].request);
	server_stop(&server);
	return 0;
}

/* ---- running it ---- */

static void describe_one(const struct answer *a, struct fl_buf *out)
{
	const char *code = a->body ? strstr(a->body, "urn:fairlead:problem:") : NULL;

	fl_buf_printf(out, "%u ", a->status);
	if (code)
		fl_buf_printf(out, "%.*s ", (int)strcspn(code + 21, "\""), code + 21);
	else if (a->status >= 400 && answer_header(a, "x-fake").n == 0)
		fl_buf_add_c(out, "library ");
}

/* What came back, in the words of the file. When nothing more comes, the server is asked to close:
 * whatever was sent before is answered before that. */
static void describe(struct client *c, bool is_head, struct fl_buf *out)
{
	struct answer a = {.status = 0};
	bool is_asked = false;

	for (;;) {
		if (a.status != 0 && !a.says_close && !is_asked && c->n == 0 && client_is_open(c)) {
			client_send(c, FL_STR("GET /close HTTP/1.1\r\nHost: a\r\n\r\n"));
			is_asked = true;
		}
		client_read(c, is_head && !is_asked, &a);
		if (a.status == 0 || (is_asked && a.status == 200 && a.says_close))
			break;
		describe_one(&a, out);
	}
	fl_buf_add_c(out, a.status == 0 ? "closed" : "open");
	answer_fini(&a);
}

static unsigned run_row(const struct row *row, size_t step)
{
	struct client c = client_open(server.port);
	struct fl_str request = fl_buf_str(&row->request);
	struct fl_buf seen;
	unsigned failed = 0;

	fl_buf_init(&seen, 4096);
	client_send_pieces(&c, request, step);
	describe(&c, fl_str_starts(request, FL_STR("HEAD ")), &seen);
	if (strcmp(fl_buf_cstr(&seen), row->expected) != 0) {
		print_error("%s, in pieces of %zu: want \"%s\", got \"%s\"\n", row->name, step,
		            row->expected, fl_buf_cstr(&seen));
		failed = 1;
	}
	fl_buf_fini(&seen);
	client_close(&c);
	return failed;
}

static void test_rows(void **state)
{
	static const size_t steps[] = {SIZE_MAX, 100, 7, 1};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < rows_n; i++)
		for (size_t k = 0; k < FL_ARRAY_LEN(steps); k++)
			if (rows[i].request.len < 4096 || steps[k] > 7)
				failed += run_row(&rows[i], steps[k] < rows[i].request.len
				                                ? steps[k]
				                                : rows[i].request.len);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("every request of the file is answered as it says", test_rows),
	};

	return cmocka_run_group_tests(tests, read_rows, free_rows);
}
