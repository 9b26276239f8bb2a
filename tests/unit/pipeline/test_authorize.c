/* tests/unit/pipeline/test_authorize.c - the authorize stage, and what permits ask for
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/pipeline/harness.h"

#include <stdio.h>

#include "gateway/pipeline/worker.h"
#include "tests/unit/authorize/hand.h"

static struct fl_bundle *bundle;

static void publish(struct fl_config *config, struct fl_bundle *with)
{
	struct fl_instance *instances[] = {&f.first, &f.second};
	const struct fl_snapshot_parts parts = {.config = config,
	                                        .instances = instances,
	                                        .metrics = f.metrics,
	                                        .bundle = with,
	                                        .decision_log = with ? &f.log : NULL};
	struct fl_problems problems;
	struct fl_arena arena;
	struct fl_snapshot *snapshot;

	fl_arena_init(&arena, 4096, 65536);
	fl_problems_init(&problems, &arena);
	snapshot = fl_snapshot_build(&parts, &problems);
	assert_non_null(snapshot);
	assert_int_equal(fl_pipeline_publish(f.pipeline, snapshot, 0), 0);
	(void)fl_config_unref(config);
	fl_arena_fini(&arena);
}

/* Every sample-th allow is logged. */
static void serve_sampled(const char *policies, uint64_t sample)
{
	struct fl_config *config = fake_config();

	config->policies.sample = sample;
	bundle = hand_bundle(config, policies);
	publish(config, bundle);
}

static void serve(const char *policies)
{
	serve_sampled(policies, 0);
}

/* For another row. */
static void unserve(void)
{
	assert_true(fl_pipeline_publish(f.pipeline, NULL, 0) >= 0); /* the loop runs below */
	while (!fl_pipeline_wait_freed(f.pipeline, 0))
		fl_loop_run_once(f.loop, FL_NS_PER_MS);
	assert_int_equal(bundle->refs, 1);
	bundle = hand_free(bundle);
}

static int tear_down_bundle(void **state)
{
	int rc = tear_down(state);

	if (bundle)
		assert_int_equal(bundle->refs, 1); /* the snapshot gave its own back */
	bundle = hand_free(bundle);
	return rc;
}

/* From the head to the answer. */
static struct fl_request *ask_with(struct fl_request *req)
{
	if (fl_pipeline_begin(req) == FL_REQUEST_CONTINUE)
		assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	return req;
}

static struct fl_request *ask(const char *path)
{
	return ask_with(make(FL_METHOD_GET, path));
}

static uint32_t status_of(const char *path)
{
	struct fl_request *req = ask(path);
	uint32_t status = req->response.status;

	finish(req);
	return status;
}

static uint64_t decided(const char *route, enum fl_metric_decision decision)
{
	return fl_metric_route_shard(fl_metrics_route(f.metrics, fl_str(route)), 0)
	    ->decisions[decision];
}

static bool body_holds(const struct fl_request *req, const char *part)
{
	return holds(req->response.body, fl_str(part));
}

/* ---- allow and deny ---- */

static void without_policies_all_is_allowed(void **state)
{
	(void)state;
	publish(fake_config(), NULL);
	assert_int_equal(status_of("/echo"), 200);
	assert_null(f.log.last.decision);
	assert_int_equal(decided("echo", FL_METRIC_ALLOW), 0);
}

static void policies_that_are_not_there_deny(void **state)
{
	struct fl_config *config = fake_config();

	(void)state;
	config->policies.is_given = true;
	publish(config, NULL);
	assert_problem(ask("/echo"), 403, "forbidden");
	finish(&f.req);
}

static void what_is_denied_reaches_no_connector(void **state)
{
	(void)state;
	serve("permit(principal, action, resource == Gw::Route::\"item\");");
	assert_problem(ask("/echo"), 403, "forbidden");
	finish(&f.req);
	assert_int_equal(f.first.calls, 0);
	assert_string_equal(f.log.last.decision, "deny");
	assert_string_equal(f.log.last.error, "forbidden");
	assert_int_equal(decided("echo", FL_METRIC_DENY), 1);
	assert_int_equal(status_of("/v1/items/1/parts/2"), 200);
	assert_string_equal(f.log.last.decision, "allow");
	assert_int_equal(decided("item", FL_METRIC_ALLOW), 1);
}

static void what_no_route_takes_is_not_decided(void **state)
{
	(void)state;
	serve("");
	assert_int_equal(status_of("/nowhere"), 404);
	assert_null(f.log.last.decision);
}

static void a_deny_tells_advice_once_and_no_id(void **state)
{
	struct fl_request *req;

	(void)state;
	serve("@id(\"z1\") @advice(\"ask \\\"ann\\\"\") @require_approval(\"1\") "
	      "forbid(principal, action, resource);"
	      "@id(\"z2\") @advice(\"ask \\\"ann\\\"\") @status(\"451\") "
	      "forbid(principal, action, resource);"
	      "@id(\"z3\") @advice(\"b\") @status(\"402\") @require_approval(\"3\") "
	      "forbid(principal, action, resource);");
	req = ask("/echo");
	assert_problem(req, 451, "forbidden");
	assert_true(
	    body_holds(req, ",\"advice\":[\"ask \\\"ann\\\"\",\"b\"],\"approvals_required\":3}\n"));
	/* no hexadecimal digits: the body holds the request id */
	assert_false(body_holds(req, "z1") || body_holds(req, "z2") || body_holds(req, "z3"));
	finish(req);
}

static void a_forbid_that_fails_is_counted_apart(void **state)
{
	(void)state;
	serve("permit(principal, action, resource);"
	      "forbid(principal, action, resource) when { principal.none };");
	assert_problem(ask("/echo"), 403, "forbidden");
	finish(&f.req);
	assert_int_equal(decided("echo", FL_METRIC_DENY_ERROR), 1);
	assert_non_null(strstr(f.log.decision, "\"decision\":\"deny_error\""));
}

/* Whatever the request's memory is, a request that is not allowed never gets through. */
static void too_little_memory_never_allows(void **state)
{
	unsigned denied = 0;

	(void)state;
	serve("permit(principal, action, resource);"
	      "@advice(\"a\") forbid(principal, action, resource == Gw::Route::\"echo\");");
	for (size_t bytes = 0; bytes < 8192; bytes += 64) {
		fl_arena_fini(&f.req.arena);
		fl_arena_init(&f.req.arena, 64, bytes);
		(void)ask("/echo");
		denied += f.req.response.status == 403;
		assert_true(f.req.response.status == 403 || f.req.response.status == 500);
		finish(&f.req);
	}
	assert_true(denied > 0);
	assert_int_equal(f.first.calls, 0);
}

/* ---- what policies see ---- */

static void policies_see_the_head(void **state)
{
	static const fairlead_kv headers[] = {
	    HEADER("x-tenant", "a"),
	    HEADER("accept", "*/*"),
	    HEADER("x-tenant", "b"),
	};
	struct fl_request *req;

	(void)state;
	serve("permit(principal, action == Gw::Action::\"POST\", resource) when {"
	      "context.req.hdr == {\"x-tenant\": \"a, b\"} && context.req.contentLength == 7 &&"
	      "context.req.targetBytes == 5 && context.req.headerBytes == 90 &&"
	      "context.req.host == \"api.example\" && context.client.tls };");
	req = make(FL_METHOD_POST, "/echo");
	req->headers = headers;
	req->headers_n = FL_ARRAY_LEN(headers);
	req->content_length = 7;
	req->target_bytes = 5;
	req->head_bytes = 90;
	req->scheme = FL_STR("https");
	assert_int_equal(ask_with(req)->response.status, 200);
	finish(req);
}

static void a_body_in_chunks_counts_as_the_largest(void **state)
{
	struct fl_request *req;

	(void)state;
	serve("permit(principal, action, resource) when { context.req.contentLength == 100 };");
	req = make(FL_METHOD_POST, "/echo");
	req->content_length = UINT64_MAX;
	assert_int_equal(ask_with(req)->response.status, 200);
	finish(req);
}

/* ---- rates ---- */

static uint32_t status_from(const char *client)
{
	struct fl_request *req = make(FL_METHOD_GET, "/echo");
	uint32_t status;

	req->client = fl_str(client);
	status = ask_with(req)->response.status;
	finish(req);
	return status;
}

static void strangers_are_counted_by_their_address(void **state)
{
	(void)state;
	serve("@rate_limit(\"1/d\") permit(principal, action, resource);");
	assert_int_equal(status_from("192.0.2.1"), 200);
	assert_int_equal(status_from("192.0.2.1"), 429);
	assert_int_equal(status_from("192.0.2.2"), 200);
	assert_int_equal(status_from("2001:db8::1"), 200);
	assert_int_equal(status_from("2001:db8::ffff"), 429); /* the same /64 */
	assert_string_equal(f.log.last.decision, "rate_limited");
	assert_string_equal(f.log.last.error, "rate_limited");
	assert_int_equal(status_from("2001:db8:0:1::1"), 200);
	assert_int_equal(decided("echo", FL_METRIC_RATE_LIMITED), 2);
}

static void the_wait_is_told_in_seconds_rounded_up(void **state)
{
	struct fl_request *req;

	(void)state;
	serve("@rate_limit(\"2/s\") permit(principal, action, resource);");
	(void)status_of("/echo");
	(void)status_of("/echo");
	req = ask("/echo");
	assert_problem(req, 429, "rate_limited");
	assert_str(fake_header(&req->response, "retry-after", NULL), "1");
	finish(req);
}

static void each_policy_counts_by_itself_and_all_must_hold(void **state)
{
	(void)state;
	serve("@rate_limit(\"3/d\") permit(principal, action, resource);"
	      "@rate_limit(\"1/d\") permit(principal, action, resource == Gw::Route::\"echo\");");
	assert_int_equal(status_of("/echo"), 200);
	assert_int_equal(status_of("/echo"), 429); /* charged to the first, refused by the second */
	assert_int_equal(status_of("/any/x"), 200);
	assert_int_equal(status_of("/any/x"), 429);
}

/* ---- time, size, headers ---- */

static void the_strictest_time_and_size_hold(void **state)
{
	struct fl_request *req;

	(void)state;
	serve("@timeout(\"3s\") @max_body(\"50\") permit(principal, action, resource);"
	      "@timeout(\"4s\") @max_body(\"60\") permit(principal, action, resource);");
	req = make(FL_METHOD_GET, "/echo");
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_int_equal(req->max_body_bytes, 50);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	assert_int_equal(req->call.view.deadline_ns - req->dispatched_ns, 3 * FL_NS_PER_SEC);
	finish(req);
	req = make(FL_METHOD_GET, "/short"); /* the route allows less */
	(void)ask_with(req);
	assert_int_equal(req->call.view.deadline_ns - req->dispatched_ns, FL_NS_PER_MS);
	finish(req);
}

static void headers_that_are_set_replace(void **state)
{
	static const fairlead_kv headers[] = {
	    HEADER("x-scope", "admin"),
	    HEADER("accept", "*/*"),
	    HEADER("x-scope", "root"),
	};
	struct fl_request *req;

	(void)state;
	serve("@header_set(\"x-scope: one\") permit(principal, action, resource);"
	      "@header_set(\"x-scope: two\") permit(principal, action, resource);");
	req = make(FL_METHOD_GET, "/echo");
	req->headers = headers;
	req->headers_n = FL_ARRAY_LEN(headers);
	(void)ask_with(req);
	assert_int_equal(req->call.view.headers_n, 3);
	assert_kv(&req->call.view.headers[0], "accept", "*/*");
	assert_kv(&req->call.view.headers[1], "x-scope", "two"); /* the last one */
	finish(req);
}

/* ---- redaction ---- */

static const fairlead_kv json_headers[] = {
    HEADER("content-type", "application/vnd.api+json; charset=utf-8"),
    HEADER("etag", "\"1\""),
    HEADER("x-internal", "7"),
    HEADER("x-internal", "8"),
};
static const fairlead_kv text_headers[] = {HEADER("content-type", "text/json-ish")};
static const fairlead_kv packed_headers[] = {
    HEADER("content-type", "application/json"),
    HEADER("content-encoding", "gzip"),
};
static const fairlead_kv two_types[] = {
    HEADER("content-type", "application/json"),
    HEADER("content-type", "application/json"),
};

static const fairlead_kv part_headers[] = {
    HEADER("content-type", "application/json"),
    HEADER("content-range", "bytes 7-9/20"),
};

static struct fl_request *ask_reply_of(uint32_t status, const fairlead_kv *headers, size_t n,
                                       const char *body)
{
	f.first.result = (struct fl_call_result){.kind = FL_CALL_REPLIED,
	                                         .http_status = status,
	                                         .headers = headers,
	                                         .headers_n = n,
	                                         .body = fl_str(body)};
	return ask("/echo");
}

static struct fl_request *ask_reply(const fairlead_kv *headers, size_t n, const char *body)
{
	return ask_reply_of(200, headers, n, body);
}

static const char redacting[] =
    "@redact(\"body:/ssn, header:x-internal\") permit(principal, action, resource);";

static void what_is_redacted_is_not_in_the_answer(void **state)
{
	struct fl_request *req;

	(void)state;
	serve(redacting);
	req = ask_reply(json_headers, FL_ARRAY_LEN(json_headers), "{\"ssn\":1,\"a\":[2]}");
	assert_int_equal(req->response.status, 200);
	assert_str(req->response.body, "{\"a\":[2]}");
	assert_int_equal(req->response.headers_n, 2); /* its type, and the request id */
	assert_null(fake_header(&req->response, "x-internal", NULL).p);
	assert_null(fake_header(&req->response, "etag", NULL).p);
	finish(req);
	assert_int_equal(decided("echo", FL_METRIC_ALLOW), 1);
}

static void an_answer_without_a_body_has_nothing_to_redact(void **state)
{
	struct fl_request *req;

	(void)state;
	serve(redacting);
	req = ask_reply(text_headers, 1, "");
	assert_int_equal(req->response.status, 200);
	finish(req);
}

static void what_cannot_be_redacted_is_withheld(void **state)
{
	static const struct {
		const fairlead_kv *headers;
		size_t n;
		const char *body;
	} rows[] = {
	    {text_headers, 1, "{\"ssn\":1}"},
	    {packed_headers, 2, "{\"ssn\":1}"},
	    {two_types, 2, "{\"ssn\":1}"},
	    {NULL, 0, "{\"ssn\":1}"},
	    {json_headers, 1, "{\"ssn\":1"},
	    {json_headers, 1, "ssn=1"},
	    {json_headers, 1, "{\"ssn\":1,\"ssn\":2}"},
	};

	(void)state;
	serve(redacting);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct fl_request *req = ask_reply(rows[i].headers, rows[i].n, rows[i].body);

		assert_problem(req, 403, "obligation_unfulfilled");
		assert_false(body_holds(req, "ssn"));
		finish(req);
		assert_non_null(strstr(f.log.decision, "\"decision\":\"unfulfilled\""));
	}
	assert_int_equal(decided("echo", FL_METRIC_UNFULFILLED), FL_ARRAY_LEN(rows));
}

/* The part that the caller chose is JSON by itself, and no pointer leads there any more. */
static void a_part_cannot_be_redacted(void **state)
{
	static const struct {
		uint32_t status;
		size_t headers_n;
	} rows[] = {{206, 2}, {206, 1}, {200, 2}, {226, 1}};

	(void)state;
	serve(redacting);
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct fl_request *req =
		    ask_reply_of(rows[i].status, part_headers, rows[i].headers_n, "\"078-05\"");

		assert_problem(req, 403, "obligation_unfulfilled");
		assert_false(body_holds(req, "078-05"));
		finish(req);
	}
}

static void what_is_redacted_is_asked_for_as_a_whole(void **state)
{
	static const fairlead_kv headers[] = {
	    HEADER("range", "bytes=7-9"),    HEADER("accept-encoding", "gzip"),
	    HEADER("if-range", "\"1\""),     HEADER("a-im", "vcdiff"),
	    HEADER("accept-encoding", "br"), HEADER("accept", "*/*"),
	};
	static const struct {
		const char *policy;
		size_t n; /* with the request id */
	} rows[] = {
	    {redacting, 3},
	    {"@redact(\"body:/ssn\") @header_set(\"accept-encoding: gzip\")"
	     "permit(principal, action, resource);",
	     3},
	    {"@redact(\"header:x-internal\") permit(principal, action, resource);", 7},
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		serve(rows[i].policy);
		struct fl_request *req = make(FL_METHOD_GET, "/echo");

		req->headers = headers;
		req->headers_n = FL_ARRAY_LEN(headers);
		(void)ask_with(req);
		assert_int_equal(req->call.view.headers_n, rows[i].n);
		if (rows[i].n == 3) {
			assert_kv(&req->call.view.headers[0], "accept", "*/*");
			assert_kv(&req->call.view.headers[1], "accept-encoding", "identity");
		}
		finish(req);
		unserve();
	}
}

static void too_little_memory_never_gives_the_whole_answer(void **state)
{
	unsigned whole = 0;

	(void)state;
	serve(redacting);
	for (size_t bytes = 0; bytes < 16384; bytes += 64) {
		fl_arena_fini(&f.req.arena);
		fl_arena_init(&f.req.arena, 64, bytes);
		(void)ask_reply(json_headers, FL_ARRAY_LEN(json_headers), "{\"ssn\":1,\"a\":[2]}");
		assert_false(body_holds(&f.req, "ssn"));
		whole += f.req.response.status == 200;
		finish(&f.req);
	}
	assert_true(whole > 0);
}

/* ---- shadow, log ---- */

static uint64_t shadowed(enum fl_shadow outcome)
{
	return f.worker->policies.shadow[outcome];
}

static void shadows_are_counted_as_if_both_sets_were_one(void **state)
{
	static const struct {
		const char *active, *shadow;
		enum fl_shadow outcome;
	} rows[] = {
	    {"permit", "permit", FL_SHADOW_SAME}, {"permit", "forbid", FL_SHADOW_TO_DENY},
	    {"forbid", "permit", FL_SHADOW_SAME}, {"forbid", "forbid", FL_SHADOW_SAME},
	    {"", "permit", FL_SHADOW_TO_ALLOW},   {"", "forbid", FL_SHADOW_SAME},
	};
	char text[256];

	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		(void)snprintf(
		    text, sizeof text, "%s%s @mode(\"shadow\") %s(principal, action, resource);",
		    rows[i].active, rows[i].active[0] ? "(principal, action, resource);" : "",
		    rows[i].shadow);
		serve(text);
		assert_int_equal(status_of("/echo"),
		                 strcmp(rows[i].active, "permit") == 0 ? 200 : 403);
		for (unsigned k = 0; k < FL_SHADOWS; k++)
			assert_int_equal(shadowed((enum fl_shadow)k), k == rows[i].outcome);
		if (i + 1 < FL_ARRAY_LEN(rows)) {
			assert_int_equal(tear_down_bundle(state), 0);
			assert_int_equal(set_up_empty(state), 0);
		}
	}
}

static void a_shadow_that_fails_is_an_error(void **state)
{
	(void)state;
	serve("permit(principal, action, resource);"
	      "@mode(\"shadow\") permit(principal, action, resource) when { principal.none };");
	assert_int_equal(status_of("/echo"), 200);
	assert_int_equal(shadowed(FL_SHADOW_ERROR), 1);
	assert_int_equal(f.worker->policies.errors, 1);
}

static void a_failed_forbid_denies_with_the_shadows_too(void **state)
{
	(void)state;
	serve("permit(principal, action, resource);"
	      "forbid(principal, action, resource) when { principal.none };"
	      "@mode(\"shadow\") permit(principal, action, resource);");
	assert_int_equal(status_of("/echo"), 403);
	assert_int_equal(shadowed(FL_SHADOW_SAME), 1);
}

static void one_of_so_many_allows_is_logged_whole(void **state)
{
	unsigned logged = 0;

	(void)state;
	serve_sampled("@id(\"a\") permit(principal, action, resource);"
	              "@id(\"b\") permit(principal, action, resource);",
	              3);
	for (unsigned i = 0; i < 9; i++) {
		f.log.decision[0] = '\0';
		(void)status_of("/echo");
		logged += f.log.decision[0] != '\0';
		if (i == 0)
			assert_non_null(strstr(f.log.decision, "\"reasons\":[\"a\",\"b\"]"));
	}
	assert_int_equal(logged, 3);
}

static void what_asks_to_be_logged_is_logged_with_its_context(void **state)
{
	(void)state;
	serve("@log(\"full\") permit(principal, action, resource);");
	(void)status_of("/echo");
	assert_non_null(strstr(
	    f.log.decision, "\"principal\":\"Gw::Anonymous::\\\"anonymous\\\"\",\"action\":"
			    "\"Gw::Action::\\\"GET\\\"\",\"resource\":\"Gw::Route::\\\"echo\\\"\","
			    "\"decision\":\"allow\",\"reasons\":[\"policy0\"],\"context\":{"
			    "\"client\":{\"ip\":\"192.0.2.7\",\"tls\":false},"));
}

#undef CASE
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up_empty, tear_down_bundle)

int main(void)
{
	const struct CMUnitTest cases[] = {
	    CASE("without policies all is allowed", without_policies_all_is_allowed),
	    CASE("policies that are not there deny", policies_that_are_not_there_deny),
	    CASE("what is denied reaches no connector", what_is_denied_reaches_no_connector),
	    CASE("what no route takes is not decided", what_no_route_takes_is_not_decided),
	    CASE("a deny tells advice once, and no id", a_deny_tells_advice_once_and_no_id),
	    CASE("a forbid that fails is counted apart", a_forbid_that_fails_is_counted_apart),
	    CASE("too little memory never allows", too_little_memory_never_allows),
	    CASE("policies see the head", policies_see_the_head),
	    CASE("a body in chunks counts as the largest", a_body_in_chunks_counts_as_the_largest),
	    CASE("strangers are counted by their address", strangers_are_counted_by_their_address),
	    CASE("the wait is told in seconds, rounded up", the_wait_is_told_in_seconds_rounded_up),
	    CASE("each policy counts by itself, and all must hold",
	         each_policy_counts_by_itself_and_all_must_hold),
	    CASE("the strictest time and size hold", the_strictest_time_and_size_hold),
	    CASE("headers that are set replace", headers_that_are_set_replace),
	    CASE("what is redacted is not in the answer", what_is_redacted_is_not_in_the_answer),
	    CASE("an answer without a body has nothing to redact",
	         an_answer_without_a_body_has_nothing_to_redact),
	    CASE("what cannot be redacted is withheld", what_cannot_be_redacted_is_withheld),
	    CASE("a part cannot be redacted", a_part_cannot_be_redacted),
	    CASE("what is redacted is asked for as a whole",
	         what_is_redacted_is_asked_for_as_a_whole),
	    CASE("too little memory never gives the whole answer",
	         too_little_memory_never_gives_the_whole_answer),
	    CASE("shadows are counted as if both sets were one",
	         shadows_are_counted_as_if_both_sets_were_one),
	    CASE("a shadow that fails is an error", a_shadow_that_fails_is_an_error),
	    CASE("a failed forbid denies with the shadows, too",
	         a_failed_forbid_denies_with_the_shadows_too),
	    CASE("one of so many allows is logged whole", one_of_so_many_allows_is_logged_whole),
	    CASE("what asks to be logged is logged with its context",
	         what_asks_to_be_logged_is_logged_with_its_context),
	};

	return cmocka_run_group_tests_name("pipeline/authorize", cases, NULL, NULL);
}
