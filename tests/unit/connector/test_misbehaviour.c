/* tests/unit/connector/test_misbehaviour.c - the host survives every connector, and says what is
 * wrong SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/connector/world.h"

#include <stdlib.h>

/* Connectors that hang keep a thread for ever; this says how many a test has left behind. */
static uint64_t zombies(void)
{
	struct fl_host_counts counts;

	fl_host_counts(w.host, &counts);
	return counts.zombies;
}

/* Another instance of the same code still serves. */
static void assert_still_serves(const char *name)
{
	struct fl_instance *instance = world_create(name, "good", NULL);
	char text[64];

	if (!instance)
		fail_msg("%s: %s", name, world_error.message);
	assert_int_equal(world_ask(instance, "hello", text), FL_CALL_REPLIED);
	assert_string_equal(text, "hello");
	world_drop(instance);
}

/* ---- coming up ---- */

static void test_coming_up(void **state)
{
	static const struct {
		const char *mode, *code, *says;
		unsigned zombies;
	} cases[] = {
	    {"create_refuses", "instance_create_refused", "the colour is wrong", 0},
	    {"create_hangs", "instance_create_timeout", "create()", 1},
	    {"start_fails", "instance_start_failed", "start()", 0},
	    {"start_hangs", "instance_start_timeout", "start()", 1},
	    {"not_ready", "instance_not_ready", "no route to the database", 0},
	    {"never_ready", "instance_ready_timeout", "did not say that it is ready", 0},
	};
	uint64_t expected = 0;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		assert_null(world_create("mock-parallel", cases[i].mode, NULL));
		assert_string_equal(world_error.code, cases[i].code);
		assert_non_null(strstr(world_error.message, cases[i].says));
		assert_non_null(strstr(world_error.message, "mock-parallel"));
		assert_true(world_error.hint[0] != '\0');
		assert_true(fl_host_wait_idle(w.host, 20 * FL_NS_PER_SEC));
		expected += cases[i].zombies;
		assert_int_equal(zombies(), expected);
		assert_still_serves("mock-parallel");
	}
}

static void test_probe(void **state)
{
	static const struct {
		const char *config, *code;
	} cases[] = {
	    {"{\"mode\":\"good\"}", NULL},
	    {"{\"mode\":\"not_ready\"}", NULL}, /* is not started */
	    {"{\"mode\":\"create_refuses\"}", "instance_create_refused"},
	    {"{\"mode\":\"create_hangs\"}", "instance_create_timeout"},
	    {"{\"mode\":\"destroy_hangs\"}", "instance_destroy_timeout"},
	};
	struct fl_module *module = world_load("mock-parallel");

	(void)state;
	assert_non_null(module);
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		const struct fl_instance_spec spec = {.name = FL_STR("probed"),
		                                      .config_json = fl_str(cases[i].config)};
		struct fl_error err = FL_ERROR_INIT;

		assert_int_equal(fl_instance_probe(w.host, module, &spec, &err),
		                 cases[i].code ? -1 : 0);
		if (cases[i].code) {
			assert_string_equal(err.code, cases[i].code);
			assert_true(err.hint[0] != '\0');
		}
	}
	module = fl_module_unref(module);
	assert_int_equal(zombies(), 2);
}

static void test_ready_later(void **state)
{
	struct fl_instance *instance = world_create("mock-parallel", "ready_later", NULL);

	(void)state;
	assert_non_null(instance);
	world_drop(instance);
}

/* The connector aborts if it is. */
static void test_event_in_start(void **state)
{
	static const char *const names[] = {"mock-parallel", "mock-serial", "mock-sharded"};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(names); i++) {
		struct fl_instance *instance = world_create(names[i], "event_in_start", NULL);

		assert_non_null(instance);
		world_drop(instance);
	}
}

/* ---- answering ---- */

static const struct {
	const char *mode;
	enum fl_call_kind kind;
	uint32_t status;      /* when replied */
	fairlead_status code; /* when not */
	const char *text;     /* the body, or what the log gets */
	unsigned violations;  /* counted against it */
} answers[] = {
    {"good", FL_CALL_REPLIED, 200, 0, "hello", 0},
    {"reply_twice", FL_CALL_REPLIED, 200, 0, "first", 1},
    {"no_reply", FL_CALL_BROKEN, 0, FAIRLEAD_E_INTERNAL, "handle() returned", 1},
    {"forge", FL_CALL_REPLIED, 200, 0, "mine", 5},
    {"zero_response", FL_CALL_BROKEN, 0, FAIRLEAD_E_INVAL, "struct_size", 1},
    {"bad_header", FL_CALL_BROKEN, 0, FAIRLEAD_E_INVAL, "header value", 1},
    {"huge_body", FL_CALL_BROKEN, 0, FAIRLEAD_E_TOO_LARGE, "max_response_bytes", 1},
    {"fails", FL_CALL_FAILED, 0, FAIRLEAD_E_TIMEOUT, "too slow", 0},
    {"refuses", FL_CALL_FAILED, 0, FAIRLEAD_E_AGAIN, "", 0},
    {"logs", FL_CALL_REPLIED, 200, 0, "logged", 0},
    {"timer", FL_CALL_REPLIED, 200, 0, "done", 0},
    {"timer_cancel", FL_CALL_REPLIED, 200, 0, "cancelled", 0},
    {"timer_leak", FL_CALL_REPLIED, 200, 0, "set", 0},
    {"timers_many", FL_CALL_REPLIED, 200, 0, "E05", 0},
    {"exec", FL_CALL_REPLIED, 200, 0, "done", 0},
    {"exec_reply", FL_CALL_REPLIED, 200, 0, "from the pool", 0},
    {"exec_timer", FL_CALL_REPLIED, 200, 0, "cancelled", 0},
    {"kv", FL_CALL_REPLIED, 200, 0, "hello", 0},
    {"metric", FL_CALL_REPLIED, 200, 0, "counted", 0},
};

static void check_call(struct fl_instance *instance, size_t i)
{
	struct world_call c;
	struct fl_str said;

	world_start(&c, instance, "hello");
	world_wait(&c);
	assert_int_equal(c.call.result.kind, answers[i].kind);
	if (answers[i].kind == FL_CALL_REPLIED)
		assert_int_equal(c.call.result.http_status, answers[i].status);
	else
		assert_int_equal(c.call.result.status, answers[i].code);
	said = answers[i].kind == FL_CALL_REPLIED ? c.call.result.body : c.call.result.detail;
	said = fl_arena_str(&c.arena, said);
	assert_non_null(strstr(said.n ? said.p : "", answers[i].text));
	world_finish(&c);
}

/* Twice: on a thread of its own the first handle() has returned when the second one answers. */
static void check_answer(const char *name, size_t i)
{
	struct fl_instance *instance = world_create(name, answers[i].mode, NULL);
	unsigned violations = answers[i].violations;
	struct fl_instance_info info;

	if (!instance)
		fail_msg("%s: %s", answers[i].mode, world_error.message);
	check_call(instance, i);
	check_call(instance, i);
	assert_true(world_info(answers[i].mode, &info));
	assert_in_range(info.contract_violations_total,
	                info.is_inline ? 2 * violations : violations, 2 * violations);
	assert_int_equal(info.calls_total, 2);
	assert_int_equal(info.owed, 0);
	world_drop(instance);
	assert_false(world_info(answers[i].mode, &info));
}

static void check_answers(const char *name)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(answers); i++)
		check_answer(name, i);
	assert_int_equal(zombies(), 0);
}

static void test_answers_parallel(void **state)
{
	(void)state;
	check_answers("mock-parallel");
}

static void test_answers_serial(void **state)
{
	(void)state;
	check_answers("mock-serial");
}

static void test_answers_sharded(void **state)
{
	(void)state;
	check_answers("mock-sharded");
}

static void test_log_is_limited(void **state)
{
	struct fl_instance *instance = world_create("mock-parallel", "logs", NULL);
	struct fl_instance_info info;
	char text[64];

	(void)state;
	assert_non_null(instance);
	for (int i = 0; i < 3; i++)
		(void)world_ask(instance, "", text);
	assert_true(world_info("logs", &info));
	assert_true(info.log_dropped_total >= 50);
	world_drop(instance);
}

/* ---- not answering ---- */

/* `is_told`: certainly; one that still waits for the executor is withdrawn without a word. */
static void check_late(const char *name, bool is_told)
{
	struct fl_instance *instance = world_create(name, "late", NULL);
	struct fl_instance_info info;
	struct world_call c;

	assert_non_null(instance);
	world_start(&c, instance, "hello");
	assert_int_equal(c.rc, FL_CALL_PENDING);
	assert_true(world_cancel(&c, FAIRLEAD_CANCEL_DEADLINE));
	world_wait_paid(&c); /* it answers when it is told */
	assert_false(c.is_done);
	assert_true(world_info("late", &info));
	assert_in_range(info.late_replies_total, is_told, 1);
	assert_int_equal(info.contract_violations_total, 0);
	assert_int_equal(info.cancelled_total, 1);
	world_drop(instance);
	world_finish(&c);
}

static void test_late(void **state)
{
	(void)state;
	check_late("mock-parallel", true);
	check_late("mock-serial", false);
	check_late("mock-sharded", true);
}

static void test_never_cancelled(void **state)
{
	struct fl_instance *instance = world_create("mock-parallel", "never", NULL);
	struct fl_instance_info info;
	struct world_call c;

	(void)state;
	assert_non_null(instance);
	world_start(&c, instance, "hello");
	assert_true(world_cancel(&c, FAIRLEAD_CANCEL_CLIENT_GONE));
	assert_true(world_info("never", &info));
	assert_int_equal(info.owed, 1);
	assert_int_equal(info.in_flight, 0);
	world_drop(instance); /* the drain limit settles it */
	world_wait_paid(&c);
	assert_false(c.is_done);
	world_finish(&c);
	assert_int_equal(zombies(), 0);
}

static void check_never_drained_call(const char *name, const char *mode)
{
	struct fl_instance *instance = world_create(name, mode, NULL);
	struct world_call c;

	assert_non_null(instance);
	world_start(&c, instance, "hello");
	world_drop(instance); /* somebody waits still: the drain limit answers */
	world_wait(&c);
	assert_int_equal(c.call.result.kind, FL_CALL_FAILED);
	assert_int_equal(c.call.result.status, FAIRLEAD_E_CANCELLED);
	world_finish(&c);
	assert_int_equal(zombies(), 0);
}

static void test_never(void **state)
{
	(void)state;
	check_never_drained_call("mock-parallel", "never");
	check_never_drained_call("mock-serial", "never");
	check_never_drained_call("mock-parallel", "keeps"); /* and looks at it in destroy() */
	check_never_drained_call("mock-serial", "keeps");
}

static void one_at_a_time(struct fl_instance_spec *spec)
{
	spec->max_concurrent = 1;
}

static void test_busy(void **state)
{
	struct fl_instance *instance = world_create("mock-parallel", "never", one_at_a_time);
	struct world_call first, second;

	(void)state;
	assert_non_null(instance);
	world_start(&first, instance, "hello");
	assert_int_equal(first.rc, FL_CALL_PENDING);
	world_start(&second, instance, "hello");
	assert_int_equal(second.rc, FL_CALL_E_BUSY);
	world_drop(instance);
	world_wait(&first);
	world_finish(&first);
	world_finish(&second);
}

/* ---- hanging ---- */

static void test_handle_hangs(void **state)
{
	struct fl_instance *instance = world_create("mock-serial", "handle_hangs", NULL);
	struct fl_instance_info info;
	struct world_call c, queued, late;

	(void)state;
	assert_non_null(instance);
	world_start(&c, instance, "hello");
	world_start(&queued, instance, "hello");
	world_wait(&c); /* the watchdog settles it, and what waits behind it */
	assert_int_equal(c.call.result.kind, FL_CALL_BROKEN);
	world_wait(&queued);
	assert_int_equal(queued.call.result.kind, FL_CALL_BROKEN);
	assert_true(world_info("handle_hangs", &info));
	assert_int_equal(info.state, FL_INSTANCE_FAULTED);
	world_start(&late, instance, "hello");
	assert_int_equal(late.rc, FL_CALL_E_FAULTED);
	assert_still_serves("mock-serial");
	world_drop(instance);
	assert_int_equal(zombies(), 1);
	world_finish(&c);
	world_finish(&queued);
	world_finish(&late);
}

static void test_going_down(void **state)
{
	static const struct {
		const char *mode;
		unsigned zombies;
	} cases[] = {
	    {"never_drained", 0}, {"quiesce_hangs", 1}, {"stop_hangs", 1}, {"destroy_hangs", 1}};
	uint64_t expected = 0;

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_instance *instance = world_create("mock-parallel", cases[i].mode, NULL);
		struct fl_instance_info info;

		assert_non_null(instance);
		world_drop(instance);
		expected += cases[i].zombies;
		assert_int_equal(zombies(), expected);
		if (cases[i].zombies) {
			assert_true(world_info(cases[i].mode, &info));
			assert_int_equal(info.state, FL_INSTANCE_ZOMBIE);
		}
		assert_still_serves("mock-parallel");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, world_setup, world_teardown)
	    CASE("one that does not come up leaves nothing behind", test_coming_up),
	    CASE("a probe creates and destroys, and starts nothing", test_probe),
	    CASE("one may get ready after start() returned", test_ready_later),
	    CASE("no event is delivered beside start()", test_event_in_start),
	    CASE("answers of a parallel connector, on the worker's thread", test_answers_parallel),
	    CASE("answers of a serial connector, on a thread of its own", test_answers_serial),
	    CASE("answers of a sharded connector", test_answers_sharded),
	    CASE("a flood of log lines is cut", test_log_is_limited),
	    CASE("a late answer pays and is not a broken contract", test_late),
	    CASE("what is cancelled and never answered is settled at the drain limit",
	         test_never_cancelled),
	    CASE("what is waited for and never answered is ended at the drain limit", test_never),
	    CASE("one call more than may run at once is refused", test_busy),
	    CASE("a hanging handle() faults the instance and settles what it owes",
	         test_handle_hangs),
	    CASE("one that will not stop becomes a zombie and is never fatal", test_going_down),
	};

	return cmocka_run_group_tests_name("misbehaviour", tests, NULL, NULL);
}
