/* tests/abi/test_remote.c - the same connector binary in this process and in another
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every case is asked of both: of the .so in this process with the mock host, and of the same file
 * in a child process, where each call of the host is a frame. The answers must be the same.
 */
#include "tests/unit/test.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fairlead/sdk/mock_host.h>

#include "tests/abi/remote.h"

#define KV(k, v) sdk_kv(sdk_str(k), sdk_str(v))

#define WITNESS "plugin-api/abi/witness-1.0-x86_64.so"

/* A bundled connector by its name, or a file of the source tree. */
static const char *connector_path(const char *name, char path[1024])
{
	const char *dir = getenv("top_builddir"), *src = getenv("top_srcdir");

	if (strchr(name, '/') != NULL) {
		(void)snprintf(path, 1024, "%s/%s", src == NULL ? "." : src, name);
		return path;
	}
	(void)snprintf(path, 1024, "%s/connectors/%s.so", dir == NULL ? "." : dir, name);
	return path;
}

/* ---- in process ---- */

static const fairlead_plugin *load(const char *name, void **ret_lib)
{
	char path[1024];
	fairlead_plugin_entry_fn entry;

	*ret_lib = dlopen(connector_path(name, path), RTLD_NOW | RTLD_LOCAL);
	if (*ret_lib == NULL)
		fail_msg("%s", dlerror());
	*(void **)&entry = dlsym(*ret_lib, "fairlead_plugin_entry_v1");
	assert_non_null(entry);
	return entry();
}

/* ---- in a child ---- */

static void open_remote(struct remote *r, const char *name, const char *config)
{
	char path[1024];
	struct wire_out out;
	fairlead_status status;

	assert_int_equal(remote_open(r, connector_path(name, path)), 0);
	wire_begin(&out);
	wire_put_str(&out, WIRE_K_CONFIG, sdk_str(config));
	wire_put_str(&out, WIRE_K_INSTANCE, sdk_str("test"));
	wire_put_u64(&out, WIRE_K_GENERATION, 1);
	assert_int_equal(remote_call(r, &out, WIRE_CREATE, &status), 0);
	assert_int_equal(status, FAIRLEAD_OK);
	assert_int_equal(remote_simple(r, WIRE_START, &status), 0);
	assert_int_equal(status, FAIRLEAD_OK);
}

static fairlead_status handle_remote(struct remote *r, fairlead_id id, const fairlead_request *req)
{
	struct wire_out out;
	fairlead_status status;

	wire_begin(&out);
	wire_put_u64(&out, WIRE_K_REQ, id);
	wire_put_str(&out, WIRE_K_METHOD, req->method);
	wire_put_str(&out, WIRE_K_PATH, req->path);
	wire_put_str(&out, WIRE_K_QUERY, req->query);
	wire_put_str(&out, WIRE_K_ACTION, req->action);
	wire_put_str(&out, WIRE_K_BODY, req->body);
	wire_put_str(&out, WIRE_K_CLIENT, req->client);
	wire_put_str(&out, WIRE_K_SCHEME, req->scheme);
	wire_put_str(&out, WIRE_K_HOST, req->host);
	wire_put_kv(&out, WIRE_K_HEADERS, req->headers, req->headers_n);
	wire_put_kv(&out, WIRE_K_PARAMS, req->params, req->params_n);
	assert_int_equal(remote_call(r, &out, WIRE_HANDLE, &status), 0);
	return status;
}

static void close_remote(struct remote *r)
{
	fairlead_status status;

	assert_int_equal(remote_simple(r, WIRE_QUIESCE, &status), 0);
	assert_int_equal(remote_simple(r, WIRE_STOP, &status), 0);
	assert_int_equal(remote_simple(r, WIRE_DESTROY, &status), 0);
	assert_int_equal(remote_close(r), 0);
}

/* ---- both ---- */

static void assert_kv_equal(const fairlead_kv *a, size_t a_n, const fairlead_kv *b, size_t b_n)
{
	assert_int_equal(a_n, b_n);
	for (size_t i = 0; i < a_n; i++) {
		assert_true(sdk_str_eq(a[i].k, b[i].k));
		assert_true(sdk_str_eq(a[i].v, b[i].v));
	}
}

static void assert_same_answer(const mock_answer *here, const struct remote *there)
{
	fairlead_kv headers[WIRE_KV_MAX];

	assert_true(there->has_answer);
	assert_int_equal(there->answers, 1);
	if (here->code != 0) {
		assert_int_equal(there->answer.type, WIRE_FAIL);
		assert_int_equal(wire_i32(&there->answer, WIRE_K_STATUS), here->code);
		assert_true(sdk_str_eq(wire_str(&there->answer, WIRE_K_DETAIL), here->detail));
		return;
	}
	assert_int_equal(there->answer.type, WIRE_REPLY);
	assert_int_equal(wire_u64(&there->answer, WIRE_K_HTTP_STATUS), here->http_status);
	assert_int_equal(wire_u64(&there->answer, WIRE_K_CLASS), here->error_class);
	assert_true(sdk_str_eq(wire_str(&there->answer, WIRE_K_BODY), here->body));
	assert_kv_equal(headers, wire_kv(&there->answer, WIRE_K_HEADERS, headers), here->headers,
	                here->headers_n);
}

static void echo_case(const char *name, fairlead_request req)
{
	struct remote r;
	void *lib;
	mock_answer *a;

	assert_int_equal(mock_open_plugin(load(name, &lib), "{}"), FAIRLEAD_OK);
	a = mock_handle(&req);
	open_remote(&r, name, "{}");
	assert_int_equal(handle_remote(&r, 77, &req), FAIRLEAD_OK);
	assert_int_equal(wire_u64(&r.answer, WIRE_K_REQ), 77);
	assert_same_answer(a, &r);
	assert_int_equal(a->http_status, 200);
	close_remote(&r);
	assert_int_equal(mock_close(), 0);
	(void)dlclose(lib);
}

static void echo_same(void **state)
{
	static char big[512 * 1024];
	const fairlead_kv type = KV("content-type", "application/x-thing");

	(void)state;
	memset(big, 'b', sizeof big);
	echo_case("echo", (fairlead_request){.method = sdk_str("GET"), .path = sdk_str("/")});
	echo_case("echo", (fairlead_request){.method = sdk_str("POST"),
	                                     .path = sdk_str("/"),
	                                     .body = sdk_str_n("a\0b", 3)});
	echo_case("echo", (fairlead_request){.method = sdk_str("POST"),
	                                     .path = sdk_str("/"),
	                                     .headers = &type,
	                                     .headers_n = 1,
	                                     .body = sdk_str_n(big, sizeof big)});
}

/* Built once, with ABI 1.0: what was promised to it must hold for ever. */
static void witness_answers(void **state)
{
	(void)state;
#if defined(__x86_64__)
	echo_case(WITNESS, (fairlead_request){.method = sdk_str("POST"),
	                                      .path = sdk_str("/"),
	                                      .body = sdk_str("still here")});
#else
	skip();
#endif
}

/* What the upstream answers, or the error that the host tells. */
static void http_case(fairlead_status status, uint32_t http_status)
{
	static const char config[] =
	    "{\"base_url\":\"http://up/api\",\"rewrite\":{\"strip_prefix\":\"/"
	    "p\"},\"headers\":{\"set\":"
	    "{\"authorization\":\"Bearer ${secret:x}\"}}}";
	const fairlead_kv back[] = {KV("content-type", "text/x"), KV("connection", "close")};
	const fairlead_kv headers[] = {KV("accept", "*/*"), KV("te", "x")};
	fairlead_request req = {.method = sdk_str("PUT"),
	                        .path = sdk_str("/p/q"),
	                        .query = sdk_str("a=b"),
	                        .headers = headers,
	                        .headers_n = 2,
	                        .body = sdk_str("in"),
	                        .client = sdk_str("10.0.0.7"),
	                        .scheme = sdk_str("http"),
	                        .host = sdk_str("front")};
	fairlead_kv sent[WIRE_KV_MAX];
	struct wire_out out;
	struct remote r;
	fairlead_status result;
	mock_answer *a;
	mock_op *op;
	void *lib;

	assert_int_equal(mock_open_plugin(load("http", &lib), config), FAIRLEAD_OK);
	a = mock_handle(&req);
	op = mock_next_op(FAIRLEAD_EVENT_HTTP);
	open_remote(&r, "http", config);
	assert_int_equal(handle_remote(&r, 78, &req), FAIRLEAD_PENDING);
	assert_false(r.has_answer);
	assert_true(r.has_http);
	assert_int_equal(wire_u64(&r.http, WIRE_K_REQ), 78);
	assert_true(sdk_str_eq(wire_str(&r.http, WIRE_K_URL), op->http.url));
	assert_true(sdk_str_is(op->http.url, "http://up/api/q?a=b"));
	assert_true(sdk_str_eq(wire_str(&r.http, WIRE_K_METHOD), op->http.method));
	assert_true(sdk_str_eq(wire_str(&r.http, WIRE_K_BODY), op->http.body));
	assert_kv_equal(sent, wire_kv(&r.http, WIRE_K_HEADERS, sent), op->http.headers,
	                op->http.headers_n);

	wire_begin(&out);
	wire_put_u64(&out, WIRE_K_KIND, FAIRLEAD_EVENT_HTTP);
	wire_put_u64(&out, WIRE_K_OP, wire_u64(&r.http, WIRE_K_OP));
	wire_put_u64(&out, WIRE_K_REQ, 78);
	wire_put_i32(&out, WIRE_K_STATUS, status);
	wire_put_u64(&out, WIRE_K_HTTP_STATUS, http_status);
	wire_put_kv(&out, WIRE_K_HEADERS, back, 2);
	wire_put_str(&out, WIRE_K_BODY, sdk_str("out"));
	assert_int_equal(remote_call(&r, &out, WIRE_EVENT, &result), 0);
	if (status == FAIRLEAD_OK)
		mock_http_answer(op, http_status, back, 2, "out");
	else
		mock_complete(op, status, NULL);
	assert_true(a->is_done);
	assert_same_answer(a, &r);
	close_remote(&r);
	assert_int_equal(mock_close(), 0);
	(void)dlclose(lib);
}

static void http_same(void **state)
{
	(void)state;
	http_case(FAIRLEAD_OK, 200);
	http_case(FAIRLEAD_OK, 503);
	http_case(FAIRLEAD_E_TIMEOUT, 0);
	http_case(FAIRLEAD_E_UPSTREAM, 0);
}

/* A cancelled request still owes its terminal call, and pays it once. */
static void cancelled_pays(void **state)
{
	fairlead_request req = {.method = sdk_str("GET"), .path = sdk_str("/")};
	struct wire_out out;
	struct remote r;
	fairlead_status status;

	(void)state;
	open_remote(&r, "http", "{\"base_url\":\"http://up\"}");
	assert_int_equal(handle_remote(&r, 5, &req), FAIRLEAD_PENDING);
	wire_begin(&out);
	wire_put_u64(&out, WIRE_K_REQ, 5);
	wire_put_u64(&out, WIRE_K_REASON, FAIRLEAD_CANCEL_CLIENT_GONE);
	assert_int_equal(remote_call(&r, &out, WIRE_CANCEL, &status), 0);
	wire_begin(&out);
	wire_put_u64(&out, WIRE_K_KIND, FAIRLEAD_EVENT_HTTP);
	wire_put_u64(&out, WIRE_K_OP, wire_u64(&r.http, WIRE_K_OP));
	wire_put_u64(&out, WIRE_K_REQ, 5);
	wire_put_i32(&out, WIRE_K_STATUS, FAIRLEAD_E_CANCELLED);
	assert_int_equal(remote_call(&r, &out, WIRE_EVENT, &status), 0);
	assert_int_equal(r.answers, 1);
	assert_int_equal(r.answer.type, WIRE_FAIL);
	close_remote(&r);
}

static void refusal_is_told(void **state)
{
	char path[1024];
	struct wire_out out;
	struct remote r;
	fairlead_status status;

	(void)state;
	assert_int_equal(remote_open(&r, connector_path("http", path)), 0);
	wire_begin(&out);
	wire_put_str(&out, WIRE_K_CONFIG, sdk_str("{\"base_url\":\"nowhere\"}"));
	assert_int_equal(remote_call(&r, &out, WIRE_CREATE, &status), 0);
	assert_int_equal(status, FAIRLEAD_E_INVAL);
	assert_int_equal(r.ready, FAIRLEAD_E_INVAL);
	assert_int_equal(remote_close(&r), 0);
}

/* ---- bad frames ---- */

static void hostile_maps(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		int ok;
	} rows[] = {
	    {"\x80", 1, 1},
	    {"\x81\x01\xc4\x02hi", 6, 1},
	    {"\xde\x00\x01\x01\xcf\0\0\0\0\0\0\0\1", 13, 1},
	    {"", 0, 0},
	    {"\x90", 1, 0},                         /* not a map */
	    {"\x81\x01", 2, 0},                     /* cut off */
	    {"\x80\x80", 2, 0},                     /* more follows */
	    {"\xdf\xff\xff\xff\xff", 5, 0},         /* claims 4 G pairs */
	    {"\x81\x01\xdd\xff\xff\xff\xff", 7, 0}, /* claims 4 G elements */
	    {"\x81\x01\xc6\xff\xff\xff\xff", 7, 0}, /* claims 4 GiB of bytes */
	    {"\x81\x01\xc7\x01\x01\x01", 6, 0},     /* extension type */
	    {"\x81\x01\xc1", 3, 0},                 /* never used */
	};
	char deep[64], wide[WIRE_ELEMENTS_MAX + 16];

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++)
		assert_int_equal(wire_check(rows[i].bytes, rows[i].n), rows[i].ok);
	memset(deep, 0x91, sizeof deep);
	memcpy(deep, "\x81\x01", 2);
	deep[WIRE_DEPTH_MAX] = 1;
	assert_true(wire_check(deep, WIRE_DEPTH_MAX + 1));
	deep[WIRE_DEPTH_MAX] = (char)0x91;
	deep[WIRE_DEPTH_MAX + 1] = 1;
	assert_false(wire_check(deep, WIRE_DEPTH_MAX + 2));
	memset(wide, 1, sizeof wide);
	memcpy(wide, "\x81\x01\xdc\x0f\xfd", 5); /* map, key, array and its 4093 make 4096 */
	assert_true(wire_check(wide, 5 + 4093));
	assert_false(wire_check(wide, 5 + 4094));
	wide[4] = (char)0xfe;
	assert_false(wire_check(wide, 5 + 4094));
}

static void child_refuses(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
	    {"\x05\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\xdf\xff\xff\xff\xff", 21}, /* hostile map */
	    {"\xff\xff\xff\xff\1\0\0\0\1\0\0\0\0\0\0\0", 16},               /* over the limit */
	    {"\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0", 16},                       /* empty */
	    {"\1\0\0\0\x63\0\0\0\1\0\0\0\0\0\0\0\x80", 17},                 /* unknown type */
	    {"\1\0\0\0\2\0\0\0\1\0\0\0\0\0\0\0\x80", 17}, /* start without an instance */
	    {"\5\0\0\0\2\0", 6},                          /* cut off */
	};
	char path[1024];

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct remote r;

		assert_int_equal(remote_open(&r, connector_path("echo", path)), 0);
		assert_int_equal(write(r.fd, rows[i].bytes, rows[i].n), rows[i].n);
		(void)shutdown(r.fd, SHUT_WR);
		assert_int_equal(remote_close(&r), 3);
	}
}

static void dead_child_is_seen(void **state)
{
	fairlead_request req = {.method = sdk_str("GET"), .path = sdk_str("/")};
	fairlead_status status;
	struct remote r;

	(void)state;
	open_remote(&r, "http", "{\"base_url\":\"http://up\"}");
	assert_int_equal(handle_remote(&r, 5, &req), FAIRLEAD_PENDING);
	assert_int_equal(kill(r.pid, SIGKILL), 0);
	assert_int_equal(remote_simple(&r, WIRE_QUIESCE, &status), -1);
	assert_int_equal(remote_close(&r), -1);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE("echo answers the same in process and in a child", echo_same),
	    FL_CASE("the witness of ABI 1.0 answers, in process and in a child", witness_answers),
	    FL_CASE("http asks and answers the same in process and in a child", http_same),
	    FL_CASE("a cancelled request pays its one terminal call", cancelled_pays),
	    FL_CASE("a refused configuration is told across the border", refusal_is_told),
	    FL_CASE("hostile frames are refused before anything is allocated", hostile_maps),
	    FL_CASE("the child ends on frames that break the protocol", child_refuses),
	    FL_CASE("a child that dies is seen at once", dead_child_is_seen),
	};

	return cmocka_run_group_tests_name("remote", cases, NULL, NULL);
}
