/* tests/unit/pipeline/test_waiting.c - requests whose connector takes its time
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/pipeline/harness.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- answers later ---- */

static void test_later(void **state)
{
	struct fl_request *req = wait_on("/echo");
	struct fl_call_result result = fake_reply();

	(void)state;
	assert_int_equal(f.ready, 0);
	fl_loop_run_once(f.loop, 0); /* time goes on */
	fake_done(&req->call, &result);
	assert_int_equal(f.ready, 1);
	assert_int_equal(req->response.status, 200);
	fl_loop_run_once(f.loop, 0);
	finish(req);
	assert_int_equal(f.ready, 1);
	assert_int_equal(f.first.cancels, 0);
	assert_true(f.log.last.upstream_ns > 0);
	assert_int_equal(counted("echo", 2), 1);
}

static void expire(void)
{
	while (f.ready == 0)
		fl_loop_run_once(f.loop, FL_NS_PER_SEC);
}

static void test_deadline(void **state)
{
	struct fl_request *req;

	(void)state;
	f.first.owes = true;
	req = wait_on("/short");
	expire();
	assert_int_equal(f.ready, 1);
	assert_problem(req, 504, "deadline_exceeded");
	assert_int_equal(f.first.cancels, 1);
	assert_int_equal(f.first.reason, FAIRLEAD_CANCEL_DEADLINE);
	fl_pipeline_end(req, req->response.body.n, true);
	assert_int_equal(counted("short", 5), 1); /* recorded when the client has its answer */
	assert_int_equal(f.released, 0);          /* but the connector may still look at it */
	fake_paid(&req->call);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.log.lines, 1);
	assert_in_range(f.log.last.upstream_ns, FL_NS_PER_MS, 10 * FL_NS_PER_SEC);
}

static void test_deadline_paid_early(void **state)
{
	struct fl_request *req;

	(void)state;
	f.first.owes = true;
	req = wait_on("/short");
	expire();
	fake_paid(&req->call); /* before the answer went out */
	assert_int_equal(f.released, 0);
	finish(req);

	f.first.owes = false;
	req = wait_on("/short");
	expire();
	finish(req);
}

static void test_gone(void **state)
{
	struct fl_request *req;

	(void)state;
	f.first.owes = true;
	req = wait_on("/echo");
	fl_pipeline_gone(req);
	assert_int_equal(f.first.cancels, 1);
	assert_int_equal(f.first.reason, FAIRLEAD_CANCEL_CLIENT_GONE);
	fl_pipeline_gone(req); /* twice is once */
	assert_int_equal(f.first.cancels, 1);
	fl_pipeline_end(req, 0, false);
	assert_int_equal(f.released, 0);
	assert_int_equal(counted("echo", 0), 1);
	assert_int_equal(f.log.last.status, 0);
	assert_string_equal(f.log.last.error, "client_gone");
	fake_paid(&req->call);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.ready, 0);

	req = wait_on("/echo");
	fl_pipeline_gone(req);
	fake_paid(&req->call); /* before the end */
	assert_int_equal(f.released, 0);
	fl_pipeline_end(req, 0, false);
	assert_int_equal(f.released, 1);

	f.first.owes = false;
	req = wait_on("/echo");
	fl_pipeline_end(req, 0, false); /* leaving is part of ending */
	assert_int_equal(f.first.cancels, 3);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.ready, 0);
}

static void test_gone_elsewhere(void **state)
{
	struct fl_request *req = make(FL_METHOD_GET, "/echo");

	(void)state;
	fl_pipeline_gone(req); /* before the head is complete */
	fl_pipeline_end(req, 0, false);
	assert_int_equal(f.released, 1);

	req = make(FL_METHOD_GET, "/echo");
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	fl_pipeline_gone(req); /* in the middle of the body */
	fl_pipeline_end(req, 0, false);
	assert_int_equal(f.released, 1);

	req = make(FL_METHOD_GET, "/echo");
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	fl_pipeline_gone(req); /* while the answer is sent */
	fl_pipeline_end(req, 1, false);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.log.last.bytes_out, 1);
	assert_int_equal(counted("echo", 0), 2);
	assert_int_equal(f.first.cancels, 0);
}

static void test_drain(void **state)
{
	struct fl_request *req;

	(void)state;
	f.first.owes = true;
	req = wait_on("/echo");
	fl_pipeline_drain(req);
	assert_int_equal(f.ready, 0); /* not from inside */
	assert_int_equal(f.first.reason, FAIRLEAD_CANCEL_DRAIN);
	fl_pipeline_drain(req); /* twice is once */
	fl_loop_run_once(f.loop, 0);
	assert_int_equal(f.ready, 1);
	fl_loop_run_once(f.loop, 0);
	assert_int_equal(f.ready, 1);
	assert_int_equal(f.first.cancels, 1);
	assert_problem(req, 503, "shutting_down");
	assert_true(req->response.must_close);
	fl_pipeline_end(req, req->response.body.n, true);
	fake_paid(&req->call);
	assert_int_equal(f.released, 1);
}

static void test_drain_then_gone(void **state)
{
	struct fl_request *req = wait_on("/echo");

	(void)state;
	fl_pipeline_drain(req);
	fl_pipeline_gone(req);
	fl_loop_run_once(f.loop, 0);
	assert_int_equal(f.ready, 0);
	fl_pipeline_end(req, 0, false);
	assert_int_equal(f.released, 1);
	assert_int_equal(f.first.cancels, 1);
	assert_string_equal(f.log.last.error, "shutting_down");
}

static void test_drain_elsewhere(void **state)
{
	struct fl_request *req = make(FL_METHOD_GET, "/echo");

	(void)state;
	fl_pipeline_drain(req);
	assert_int_equal(fl_pipeline_begin(req), FL_REQUEST_CONTINUE);
	fl_pipeline_drain(req);
	assert_int_equal(fl_pipeline_dispatch(req), FL_REQUEST_RESPOND);
	fl_pipeline_drain(req);
	assert_int_equal(req->response.status, 200);
	finish(req);
	fl_loop_run_once(f.loop, 0);
	assert_int_equal(f.ready, 0);
}

/* ---- broken rules of our own ---- */

static void end_twice(void)
{
	struct fl_request *req = make(FL_METHOD_GET, "/nowhere");

	(void)fl_pipeline_begin(req);
	fl_pipeline_end(req, 0, false);
	fl_pipeline_end(req, 0, false);
}

static void dispatch_before_begin(void)
{
	(void)fl_pipeline_dispatch(make(FL_METHOD_GET, "/echo"));
}

static void done_after_cancel(void)
{
	struct fl_request *req = wait_on("/echo");
	struct fl_call_result result = fake_reply();

	fl_pipeline_gone(req);
	fake_done(&req->call, &result);
}

static void paid_without_debt(void)
{
	fake_paid(&wait_on("/echo")->call);
}

static void refuse_while_waiting(void)
{
	fl_pipeline_refuse(wait_on("/echo"), 400, "x", "x");
}

static void body_over_the_limit(void)
{
	static const char body[101];
	struct fl_request *req = make(FL_METHOD_POST, "/echo");

	(void)fl_pipeline_begin(req);
	req->body = fl_str_n(body, sizeof body);
	(void)fl_pipeline_dispatch(req);
}

static void test_asserts(void **state)
{
	static void (*const faults[])(void) = {
	    end_twice,         dispatch_before_begin, done_after_cancel,
	    paid_without_debt, refuse_while_waiting,  body_over_the_limit,
	};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(faults); i++) {
		static const struct rlimit no_core;
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			(void)setrlimit(RLIMIT_CORE, &no_core);
			(void)signal(SIGABRT, SIG_DFL); /* the test framework catches it */
			(void)close(STDERR_FILENO);
			faults[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("a late answer is announced once", test_later),
	    CASE("the deadline answers at once, the request stays until the debt is paid",
	         test_deadline),
	    CASE("a debt paid before the answer went out releases at the end",
	         test_deadline_paid_early),
	    CASE("a client that leaves cancels the call", test_gone),
	    CASE("a client may leave at any time", test_gone_elsewhere),
	    CASE("a drain answers 503 in the next round, once", test_drain),
	    CASE("a client may leave between drain and answer", test_drain_then_gone),
	    CASE("a drain lets alone what does not wait", test_drain_elsewhere),
	    CASE("a transport or host that breaks the rules is stopped", test_asserts),
	};

	return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
