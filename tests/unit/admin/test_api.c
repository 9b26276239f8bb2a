/* tests/unit/admin/test_api.c - admin/api: the table against itself, and who may
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/folder.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/api/private.h"
#include "base/file.h"
#include "base/log.h"
#include "tests/unit/admin/fake.h"

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct {
	struct fl_arena arena;
	struct fl_metrics *metrics;
	struct fl_control *control;
	struct fl_secrets *secrets;
	struct fl_config *config;
	struct fl_api *api;
	char dir[FOLDER_PATH_MAX];
} f;

/* ---- the service, doing as it is told ---- */

static struct {
	unsigned n;
	uint32_t status;
	char text[256 << 10], headers[2048];
} reply;

struct fl_str fl_service_header(const struct fl_service_call *call, const char *lower_name)
{
	for (size_t i = 0; i < call->headers_n; i++)
		if (fl_str_is(call->headers[i].name, lower_name))
			return call->headers[i].value;
	return FL_STR_NULL;
}

void fl_service_reply(struct fl_service_call *call, const struct fl_service_reply *r)
{
	struct fl_buf headers;

	(void)call;
	fl_buf_init(&headers, sizeof reply.headers - 1);
	for (size_t i = 0; i < r->headers_n; i++)
		fl_buf_printf(&headers, "%.*s: %.*s\n", FL_STR_ARGS(r->headers[i].name),
		              FL_STR_ARGS(r->headers[i].value));
	(void)snprintf(reply.headers, sizeof reply.headers, "%s", fl_buf_cstr(&headers));
	(void)snprintf(reply.text, sizeof reply.text, "%.*s", FL_STR_ARGS(r->body));
	reply.status = r->status;
	reply.n++;
	fl_buf_fini(&headers);
}

void fl_http_counts(const struct fl_http *http, struct fl_http_counts *ret)
{
	(void)http;
	*ret = (struct fl_http_counts){.connections = 0};
}

void fl_http_collect_refusals(void *ctx, struct fl_buf *out)
{
	(void)ctx;
	(void)out;
}

/* ---- asking ---- */

struct ask {
	const char *method, *path, *query, *host, *token, *origin, *type, *body;
	bool is_unix;
	uint32_t uid;
};

static void ask(const struct ask *a)
{
	struct fl_service_call call = {
	    .arena = &f.arena,
	    .method = fl_method_parse(fl_str(a->method == NULL ? "GET" : a->method)),
	    .path = fl_str(a->path),
	    .query = fl_str(a->query),
	    .host = fl_str(a->host == NULL ? "127.0.0.1:8901" : a->host),
	    .body = fl_str(a->body),
	    .client = FL_STR("127.0.0.1"),
	    .is_unix = a->is_unix,
	    .peer_uid = a->uid,
	};
	struct fl_header headers[3];
	unsigned before = reply.n;

	call.headers = headers;
	if (a->token == NULL || a->token[0] != '\0')
		headers[call.headers_n++] = (struct fl_header){
		    FL_STR("authorization"), fl_str(a->token == NULL ? "Bearer " TOKEN : a->token)};
	if (a->origin != NULL)
		headers[call.headers_n++] = (struct fl_header){FL_STR("origin"), fl_str(a->origin)};
	if (a->type != NULL)
		headers[call.headers_n++] =
		    (struct fl_header){FL_STR("content-type"), fl_str(a->type)};
	fl_api_handle(f.api, &call);
	assert_int_equal(reply.n, before + 1);
	fl_arena_reset(&f.arena);
}

static bool has_code(const char *code)
{
	char type[80];

	(void)snprintf(type, sizeof type, "\"type\":\"urn:fairlead:problem:%s\"", code);
	return strstr(reply.text, type) != NULL;
}

/* ---- set-up: a control thread that was stopped, so that nothing runs beside the test ---- */

static int set_up(void **state)
{
	static const char text[] = "apiVersion: fairlead/v1\nserver: { data_dir: /nowhere }\n";
	struct fl_error err = FL_ERROR_INIT;
	struct fl_problems problems;

	(void)state;
	fl_log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	fl_arena_init(&f.arena, 4096, 4u << 20);
	fl_problems_init(&problems, &f.arena);
	folder_make(f.dir, "api");
	f.config = fl_config_load_text("test.yaml", FL_STR(text), f.dir, &problems);
	assert_non_null(f.config);
	assert_int_equal(fl_metrics_create(1, &f.metrics), 0);
	assert_int_equal(fl_secrets_create(&f.secrets), 0);
	assert_int_equal(fl_control_create(&(struct fl_control_parts){.config_path = "test.yaml",
	                                                              .config = f.config,
	                                                              .host = fake_host(),
	                                                              .pipeline = fake_pipeline(),
	                                                              .catalogue = fake_catalogue(),
	                                                              .secrets = f.secrets,
	                                                              .metrics = f.metrics,
	                                                              .data_dir = f.dir},
	                                   &f.control, &err),
	                 0);
	assert_int_equal(fl_api_create(&(struct fl_api_parts){.control = f.control,
	                                                      .host = fake_host(),
	                                                      .pipeline = fake_pipeline(),
	                                                      .metrics = f.metrics,
	                                                      .config_path = "test.yaml",
	                                                      .token = TOKEN,
	                                                      .workers = 1},
	                               &f.api, &err),
	                 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fl_control_stop(f.control);
	f.control = fl_control_destroy(f.control);
	f.api = fl_api_destroy(f.api);
	f.metrics = fl_metrics_destroy(f.metrics);
	f.secrets = fl_secrets_destroy(f.secrets);
	f.config = fl_config_unref(f.config);
	fl_arena_fini(&f.arena);
	assert_int_equal(folder_drop(f.dir), 0);
	return 0;
}

/* ---- the table ---- */

static void sample_path(const char *template, char *out, size_t size)
{
	size_t n = 0;

	for (; *template != '\0' && n + 2 < size; template ++) {
		if (*template != '{') {
			out[n++] = *template;
			continue;
		}
		out[n++] = 'p';
		template = strchr(template, '}');
	}
	out[n] = '\0';
}

static void every_row_is_found(void **state)
{
	char path[200];

	(void)state;
	for (size_t i = 0; i < fl_operations_n; i++) {
		struct fl_str params[FL_API_PARAMS_MAX] = {FL_STR_NULL};
		uint32_t allowed;

		sample_path(fl_operations[i].path, path, sizeof path);
		assert_ptr_equal(
		    fl_operation_find(fl_operations[i].method, fl_str(path), params, &allowed),
		    &fl_operations[i]);
		assert_true(strchr(fl_operations[i].path, '{') == NULL ||
		            fl_str_is(params[0], "p"));
		assert_null(fl_operation_find(FL_METHOD_OPTIONS, fl_str(path), params, &allowed));
		assert_true((allowed & (1u << fl_operations[i].method)) != 0);
	}
}

static void rows_keep_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < fl_operations_n; i++) {
		const struct fl_operation *op = &fl_operations[i];
		bool is_public = (op->flags & FL_OP_PUBLIC) != 0;
		size_t params = 0;

		for (const char *at = op->path; (at = strchr(at, '{')) != NULL; at++)
			params++;
		assert_true(params <= FL_API_PARAMS_MAX);
		assert_true(is_public == (op->permission == NULL));
		assert_true(!is_public || op->method == FL_METHOD_GET);
		if (op->method == FL_METHOD_GET && !is_public)
			assert_string_equal(strchr(op->permission, '.'), ".read");
		/* What writes runs where changes are made one after the other. */
		assert_true(op->method == FL_METHOD_GET || (op->flags & FL_OP_CONTROL) != 0);
		assert_true(op->statuses[0] == '2');
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(op->id, fl_operations[k].id);
			assert_true(strcmp(op->path, fl_operations[k].path) != 0 ||
			            op->method != fl_operations[k].method);
		}
	}
}

static void paths_are_exact(void **state)
{
	static const char *const nowhere[] = {"",
	                                      "/",
	                                      "/v1",
	                                      "/v1/status/",
	                                      "/v1/status/x",
	                                      "//v1/status",
	                                      "/v1/connectors/",
	                                      "/v1/connectors//versions/1",
	                                      "/v1/connectors/echo/versions/",
	                                      "/v1/connectors/echo/versions/:activate",
	                                      "/v1/connectors/echo/versions/1:explode",
	                                      "/v1/connectors/echo/versions/1:x:activate",
	                                      "/v1/instances/:reload",
	                                      "/v1/config:reload:reload"};
	struct fl_str params[FL_API_PARAMS_MAX];
	uint32_t allowed;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(nowhere); i++)
		for (unsigned m = 0; m < FL_METHOD_N; m++) {
			assert_null(fl_operation_find((enum fl_method)m, fl_str(nowhere[i]), params,
			                              &allowed));
			assert_int_equal(allowed, 0);
		}
	assert_non_null(fl_operation_find(FL_METHOD_HEAD, FL_STR("/v1/status"), params, &allowed));
}

static void description_is_whole(void **state)
{
	json_t *root, *schemas, *paths;
	const char *path;
	size_t n = 0;
	json_t *item;

	(void)state;
	ask(&(struct ask){.path = "/openapi.json", .token = ""});
	assert_int_equal(reply.status, 200);
	root = json_loads(reply.text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	schemas = json_object_get(json_object_get(root, "components"), "schemas");
	paths = json_object_get(root, "paths");
	json_object_foreach(paths, path, item) n += json_object_size(item);
	assert_int_equal(n, fl_operations_n);
	for (size_t i = 0; i < fl_operations_n; i++)
		assert_true(fl_operations[i].schema == NULL ||
		            json_is_object(json_object_get(schemas, fl_operations[i].schema)));
	/* Every reference in it leads somewhere. */
	for (const char *at = reply.text; (at = strstr(at, "#/components/schemas/")) != NULL;) {
		char name[64] = "";

		at += strlen("#/components/schemas/");
		(void)snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "\""), at);
		assert_non_null(json_object_get(schemas, name));
	}
	json_decref(root);
}

/* ---- who may ---- */

static void admits(void **state)
{
	static const struct {
		struct ask ask;
		uint32_t status;
		const char *code;
	} rows[] = {
	    {{.path = "/healthz/live", .token = ""}, 200, NULL},
	    {{.path = "/healthz/live", .token = "", .host = "evil.example"}, 200, NULL},
	    {{.path = "/healthz/ready", .token = ""}, 503, "not_ready"},
	    {{.path = "/metrics"}, 200, NULL},
	    {{.path = "/metrics", .token = "bearer " TOKEN}, 200, NULL},
	    {{.path = "/metrics", .token = "Bearer  " TOKEN " "}, 200, NULL},
	    {{.path = "/metrics", .token = ""}, 401, "token_required"},
	    {{.path = "/metrics", .token = TOKEN}, 401, "token_required"},
	    {{.path = "/metrics", .token = "Basic " TOKEN}, 401, "token_required"},
	    {{.path = "/metrics", .token = "Bearer"}, 401, "token_required"},
	    {{.path = "/metrics", .token = "Bearer " TOKEN "0"}, 401, "token_required"},
	    {{.path = "/metrics",
	      .token = "Bearer 1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
	     401,
	     "token_required"},
	    {{.path = "/nowhere", .token = ""}, 401, "token_required"},
	    {{.path = "/nowhere"}, 404, "not_found"},
	    {{.path = "/metrics", .method = "DELETE"}, 405, "method_not_allowed"},
	    {{.path = "/metrics", .host = ""}, 421, "host_refused"},
	    {{.path = "/metrics", .host = "evil.example"}, 421, "host_refused"},
	    {{.path = "/metrics", .host = "127.0.0.1.evil.example"}, 421, "host_refused"},
	    {{.path = "/metrics", .host = "[::1"}, 421, "host_refused"},
	    {{.path = "/metrics", .host = "[::1]:7"}, 200, NULL},
	    {{.path = "/metrics", .host = "LocalHost"}, 200, NULL},
	    {{.path = "/metrics", .host = "10.1.2.3"}, 200, NULL},
	    {{.path = "/metrics", .origin = "http://evil.example"}, 403, "origin_refused"},
	    {{.path = "/metrics", .origin = "null"}, 403, "origin_refused"},
	    {{.path = "/metrics", .origin = "http://127.0.0.1:8902"}, 403, "origin_refused"},
	    {{.path = "/metrics", .origin = "http://127.0.0.1:8901"}, 200, NULL},
	    {{.path = "/metrics", .token = "", .is_unix = true, .uid = 0, .host = ""}, 200, NULL},
	    {{.path = "/metrics", .token = "", .is_unix = true, .uid = 54321, .host = ""},
	     401,
	     "token_required"},
	    {{.path = "/metrics", .query = "x=1"}, 400, "query_unknown"},
	    {{.path = "/metrics", .body = "x"}, 400, "body_unexpected"},
	    {{.path = "/v1/connectors/a/versions/1", .method = "PUT", .type = "text/html"},
	     415,
	     "media_type"},
	    {{.path = "/v1/status"}, 503, "not_ready"},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		ask(&rows[i].ask);
		if (reply.status != rows[i].status)
			print_error("row %zu\n", i);
		assert_int_equal(reply.status, rows[i].status);
		assert_true(rows[i].code == NULL || has_code(rows[i].code));
		assert_true((strstr(reply.headers, "www-authenticate: Bearer") != NULL) ==
		            (reply.status == 401));
		assert_true((strstr(reply.headers, "allow: GET, HEAD\n") != NULL) ==
		            (reply.status == 405));
		assert_non_null(strstr(reply.headers, "cache-control: no-store\n"));
	}
}

static void failures_are_counted(void **state)
{
	(void)state;
	ask(&(struct ask){.path = "/metrics"});
	unsigned long long before = 0, after = 0;
	static const char name[] = "\nfairlead_admin_auth_failures_total ";
	const char *at = strstr(reply.text, name);

	assert_non_null(at);
	before = strtoull(at + sizeof name - 1, NULL, 10);
	ask(&(struct ask){.path = "/metrics", .token = ""});
	ask(&(struct ask){.path = "/metrics"});
	after = strtoull(strstr(reply.text, name) + sizeof name - 1, NULL, 10);
	assert_int_equal(after, before + 1);
}

static void changes_when_stopped(void **state)
{
	(void)state;
	fl_control_stop(f.control);
	ask(&(struct ask){.path = "/v1/config:reload", .method = "POST"});
	assert_int_equal(reply.status, 503);
	assert_true(has_code("busy"));
	assert_non_null(strstr(reply.headers, "retry-after: 1\n"));
}

/* ---- the token ---- */

static void token_is_made_once(void **state)
{
	char one[FL_API_TOKEN_LEN + 1], two[FL_API_TOKEN_LEN + 1], path[FOLDER_PATH_MAX + 16];
	struct fl_error err = FL_ERROR_INIT;
	struct stat st;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/admin.token", f.dir);
	assert_int_equal(fl_api_token_load(f.dir, one, &err), 0);
	assert_int_equal(fl_api_token_load(f.dir, two, &err), 0);
	assert_string_equal(one, two);
	assert_int_equal(strspn(one, "0123456789abcdef"), FL_API_TOKEN_LEN);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(fl_api_token_load(f.dir, two, &err), 0);
	assert_string_not_equal(one, two);
	assert_int_equal(unlink(path), 0);
}

static void bad_tokens(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *code;
	} rows[] = {
	    {TOKEN "\n", 0644, "token_exposed"},
	    {TOKEN "\n", 0620, "token_exposed"},
	    {"", 0600, "token_unreadable"},
	    {"short\n", 0600, "token_unreadable"},
	    {TOKEN "0\n", 0600, "token_unreadable"},
	    {"G123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", 0600,
	     "token_unreadable"},
	};
	char token[FL_API_TOKEN_LEN + 1], path[FOLDER_PATH_MAX + 16];

	(void)state;
	(void)snprintf(path, sizeof path, "%s/admin.token", f.dir);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct fl_error err = FL_ERROR_INIT;

		assert_int_equal(fl_file_replace(path, fl_str(rows[i].text), 0600, &err), 0);
		assert_int_equal(chmod(path, rows[i].mode), 0);
		assert_int_equal(fl_api_token_load(f.dir, token, &err), -1);
		assert_string_equal(err.code, rows[i].code);
		assert_true(err.hint[0] != '\0');
	}
	assert_int_equal(unlink(path), 0);
	struct fl_error err = FL_ERROR_INIT;

	assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes, and nobody waits for it */
	assert_int_equal(fl_api_token_load(f.dir, token, &err), -1);
	assert_string_equal(err.code, "token_unreadable");
	assert_true(err.hint[0] != '\0');
	assert_int_equal(unlink(path), 0);
	err = FL_ERROR_INIT;
	assert_int_equal(fl_api_token_load("/nowhere/at/all", token, &err), -1);
	assert_string_equal(err.code, "file_unwritable");
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
	    FL_CASE("every operation is found by its own path, and no other", every_row_is_found),
	    FL_CASE("the table keeps the rules: nothing changes on GET, what writes is ordered",
	            rows_keep_the_rules),
	    FL_CASE("a path matches whole or not at all", paths_are_exact),
	    FL_CASE("the description has every operation and every schema", description_is_whole),
	    FL_CASE("Host, Origin, token, query, body: each is asked for what it must be", admits),
	    FL_CASE("refused tokens are counted", failures_are_counted),
	    FL_CASE("the token is made once, for its owner only", token_is_made_once),
	    FL_CASE("a token file that is exposed or broken is refused with the way out",
	            bad_tokens),
	    FL_CASE("a change is refused once the control thread stops", changes_when_stopped),
	};

	return cmocka_run_group_tests(cases, set_up, tear_down);
}
