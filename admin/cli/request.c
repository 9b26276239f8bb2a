/* admin/cli/request.c - one request to the admin API
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/cli/cli.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/file.h"

#define ANSWER_MAX ((size_t)64 << 20)
#define CONNECT_TIMEOUT_MS 5000L
#define TIMEOUT_MS 120000L /* a connector has 30 s to get ready, and others may be before us */

struct exchange {
	struct fl_buf url, answer;
	struct curl_slist *headers;
	const char *socket; /* of unix: */
	char why[CURL_ERROR_SIZE];
	struct fl_str left; /* of the body */
};

static size_t take(char *p, size_t size, size_t n, void *ctx)
{
	struct fl_buf *answer = ctx;

	fl_buf_add(answer, fl_str_n(p, size * n));
	return fl_buf_is_overflown(answer) ? 0 : n;
}

static size_t give(char *p, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	size_t room = size * n, part = x->left.n < room ? x->left.n : room;

	memcpy(p, x->left.p, part);
	x->left = fl_str_n(x->left.p + part, x->left.n - part);
	return part;
}

static void make_url(struct fl_cli *cli, struct exchange *x, struct fl_str path)
{
	struct fl_str server = fl_str(cli->server);

	if (fl_str_starts(server, FL_STR("unix:"))) {
		x->socket = cli->server + 5;
		server = FL_STR("http://localhost");
	}
	while (server.n != 0 && server.p[server.n - 1] == '/')
		server.n--;
	fl_buf_add(&x->url, server);
	fl_buf_add(&x->url, path);
}

static void add_header(struct exchange *x, const char *line)
{
	struct curl_slist *more = curl_slist_append(x->headers, line);

	if (more != NULL)
		x->headers = more;
}

/* Quoted for a shell. */
static void print_body(struct fl_str body)
{
	(void)fputs(" -H 'Content-Type: application/json' --data '", stderr);
	for (size_t i = 0; i < body.n; i++)
		if (body.p[i] == '\'')
			(void)fputs("'\\''", stderr);
		else
			(void)fputc(body.p[i], stderr);
	(void)fputc('\'', stderr);
}

/* The token stands in a file; what is printed reads it from there. */
static void print_curl(const struct fl_cli *cli, struct exchange *x,
                       const struct fl_cli_request *request)
{
	(void)fputs("curl", stderr);
	if (strcmp(request->method, "GET") != 0)
		(void)fprintf(stderr, " -X %s", request->method);
	if (x->socket != NULL)
		(void)fprintf(stderr, " --unix-socket '%s'", x->socket);
	if (cli->token_file != NULL)
		(void)fprintf(stderr, " -H \"Authorization: Bearer $(cat '%s')\"", cli->token_file);
	if (request->file != NULL)
		(void)fprintf(stderr,
		              " -H 'Content-Type: application/octet-stream' --data-binary '@%s'",
		              request->file);
	else if (request->body.n != 0)
		print_body(request->body);
	(void)fprintf(stderr, " '%s'\n", fl_buf_cstr(&x->url));
}

static void set_up(CURL *curl, const struct fl_cli *cli, struct exchange *x,
                   const struct fl_cli_request *request)
{
	char line[160];

	if (cli->token[0] != '\0') {
		(void)snprintf(line, sizeof line, "Authorization: Bearer %s", cli->token);
		add_header(x, line);
	}
	add_header(x, "Expect:");
	(void)curl_easy_setopt(curl, CURLOPT_URL, fl_buf_cstr(&x->url));
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* the token goes to the gateway only */
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, x->why);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &x->answer);
	if (x->socket != NULL)
		(void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, x->socket);
	if (request->body.n != 0) {
		add_header(x, request->file != NULL ? "Content-Type: application/octet-stream"
		                                    : "Content-Type: application/json");
		x->left = request->body;
		(void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body.n);
		(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
		(void)curl_easy_setopt(curl, CURLOPT_READDATA, x);
	}
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, x->headers);
}

/* ---- what came back ---- */

static int exit_of(long status)
{
	if (status == 409 || status == 412)
		return FL_CLI_CONFLICT;
	if (status == 400 || status == 413 || status == 415 || status == 422)
		return FL_CLI_INVALID;
	return status >= 500 ? FL_CLI_UNREACHABLE : FL_CLI_USAGE;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

static void print_fault(const json_t *fault)
{
	const char *hint = text_of(fault, "hint"), *file = text_of(fault, "file");
	json_int_t line = json_integer_value(json_object_get(fault, "line"));

	(void)fputs("  ", stderr);
	if (file[0] != '\0')
		(void)fprintf(stderr, "%s:", file);
	if (line != 0)
		(void)fprintf(stderr, "%lld:%lld:", (long long)line,
		              (long long)json_integer_value(json_object_get(fault, "column")));
	(void)fprintf(stderr, "%s%s [%s]\n", file[0] != '\0' || line != 0 ? " " : "",
	              text_of(fault, "detail"), text_of(fault, "code"));
	if (hint[0] != '\0')
		(void)fprintf(stderr, "    %s\n", hint);
}

static int tell_problem(long status, const json_t *problem)
{
	const json_t *errors = json_object_get(problem, "errors");
	const char *hint = text_of(problem, "hint");

	(void)fl_cli_complain(0, "%s (%ld)", text_of(problem, "detail"), status);
	if (json_array_size(errors) == 0 && hint[0] != '\0')
		(void)fprintf(stderr, "  %s\n", hint);
	for (size_t i = 0; i < json_array_size(errors); i++)
		print_fault(json_array_get(errors, i));
	return exit_of(status);
}

static int judge(const struct fl_cli *cli, long status, const struct exchange *x, json_t **ret)
{
	json_t *answer = json_loadb(x->answer.p, x->answer.len, 0, NULL);
	int rc;

	if (answer == NULL)
		return fl_cli_complain(FL_CLI_UNREACHABLE,
		                       "%s answers %ld, but not as fairlead would: is it one?",
		                       cli->server, status);
	if (status >= 200 && status < 300) {
		*ret = answer;
		return 0;
	}
	rc = tell_problem(status, answer);
	if (status == 401 && cli->token_file == NULL)
		(void)fprintf(stderr, "  set FAIRLEAD_TOKEN_FILE or give --token-file\n");
	if (status == 413)
		(void)fprintf(stderr, "  raise server.admin.max_body in the configuration of the "
		                      "gateway, and start it again\n");
	json_decref(answer);
	return rc;
}

static int perform(CURL *curl, const struct fl_cli *cli, struct exchange *x, json_t **ret)
{
	CURLcode code = curl_easy_perform(curl);
	long status = 0;

	if (code != CURLE_OK) {
		(void)fl_cli_complain(0, "no answer from %s: %s", cli->server,
		                      x->why[0] != '\0' ? x->why : curl_easy_strerror(code));
		(void)fprintf(stderr,
		              "  is fairlead running? --server or FAIRLEAD_SERVER says where\n");
		return FL_CLI_UNREACHABLE;
	}
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return judge(cli, status, x, ret);
}

/* ---- the call ---- */

bool fl_cli_is_plain(struct fl_str part)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+";

	for (size_t i = 0; i < part.n; i++)
		if (memchr(plain, part.p[i], sizeof plain - 1) == NULL)
			return false;
	return part.n != 0;
}

static int read_token(struct fl_cli *cli)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str text;
	size_t n;

	if (cli->token_file == NULL || cli->token[0] != '\0')
		return 0;
	if (fl_file_read(cli->token_file, sizeof cli->token - 1, &text, &err) < 0)
		return fl_cli_complain(FL_CLI_USAGE, "%s", err.message);
	n = strcspn(text.p, " \t\r\n");
	memcpy(cli->token, text.p, n);
	sodium_memzero((void *)(uintptr_t)text.p, text.n);
	free((void *)(uintptr_t)text.p);
	return n != 0 ? 0
	              : fl_cli_complain(FL_CLI_USAGE, "%s does not hold a token", cli->token_file);
}

int fl_cli_call(struct fl_cli *cli, const struct fl_cli_request *request, json_t **ret)
{
	struct exchange x = {.socket = NULL};
	int rc = read_token(cli);
	CURL *curl;

	if (rc != 0)
		return rc;
	curl = curl_easy_init();
	if (curl == NULL)
		return fl_cli_complain(FL_CLI_UNREACHABLE, "no memory");
	fl_buf_init(&x.url, 64u << 10);
	fl_buf_init(&x.answer, ANSWER_MAX);
	make_url(cli, &x, request->path);
	if (cli->is_verbose)
		print_curl(cli, &x, request);
	set_up(curl, cli, &x, request);
	rc = perform(curl, cli, &x, ret);
	curl_easy_cleanup(curl);
	curl_slist_free_all(x.headers);
	fl_buf_fini(&x.url);
	fl_buf_fini(&x.answer);
	return rc;
}
