/* tests/unit/pipeline/test_snapshot.c - compiling a configuration
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include "gateway/pipeline/compiled.h"
#include "tests/unit/pipeline/fake.h"

struct fixture {
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_metrics *metrics;
	struct fl_config *config;
	struct fl_instance first, second;
	struct fl_instance *instances[2];
	struct fl_cfg_route routes[2];
};

static struct fixture f;

static int set_up(void **state)
{
	(void)state;
	memset(&f, 0, sizeof f);
	fl_arena_init(&f.arena, 4096, 65536);
	fl_problems_init(&f.problems, &f.arena);
	if (fl_metrics_create(1, &f.metrics) != 0)
		return -1;
	f.config = fake_config();
	f.first = fake_instance("first");
	f.second = fake_instance("second");
	f.instances[0] = &f.first;
	f.instances[1] = &f.second;
	f.routes[0] = f.config->routes[0];
	f.routes[1] = f.config->routes[1];
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	f.config = fl_config_unref(f.config);
	f.metrics = fl_metrics_destroy(f.metrics);
	fl_arena_fini(&f.arena);
	assert_int_equal(f.first.refs, 1);
	assert_int_equal(f.second.refs, 1);
	assert_int_equal(fake_configs_alive(), 0);
	return 0;
}

static struct fl_snapshot *build(void)
{
	const struct fl_snapshot_parts parts = {
	    .config = f.config, .instances = f.instances, .metrics = f.metrics};

	return fl_snapshot_build(&parts, &f.problems);
}

static void use_routes(size_t n)
{
	f.config->routes = f.routes;
	f.config->routes_n = n;
}

static void test_holds(void **state)
{
	struct fl_snapshot *snapshot = build();

	(void)state;
	assert_non_null(snapshot);
	assert_int_equal(f.problems.errors, 0);
	assert_ptr_equal(fl_snapshot_config(snapshot), f.config);
	assert_int_equal(f.config->refs, 2);
	assert_int_equal(f.first.refs, 2);
	assert_int_equal(f.second.refs, 2);
	assert_null(fl_snapshot_destroy(snapshot));
	assert_null(fl_snapshot_destroy(NULL));
}

static void test_unrouted(void **state)
{
	struct fl_snapshot *snapshot;

	(void)state;
	use_routes(2);
	f.instances[1] = NULL;
	snapshot = build();
	assert_non_null(snapshot);
	(void)fl_snapshot_destroy(snapshot);

	use_routes(0); /* nothing at all */
	f.instances[0] = NULL;
	snapshot = build();
	assert_non_null(snapshot);
	(void)fl_snapshot_destroy(snapshot);
}

static void assert_problem(const struct fl_problem *problem, const char *pointer,
                           const char *detail, const char *hint)
{
	assert_non_null(problem);
	assert_string_equal(problem->code, "action_unknown");
	assert_false(problem->is_warning);
	assert_string_equal(problem->at.file, "gateway.yaml");
	assert_true(fl_str_is(problem->pointer, pointer));
	if (!fl_str_is(problem->detail, detail) || !fl_str_is(problem->hint, hint))
		fail_msg("%.*s (%.*s)", FL_STR_ARGS(problem->detail), FL_STR_ARGS(problem->hint));
}

static void test_actions(void **state)
{
	(void)state;
	use_routes(2);
	f.routes[0].action = FL_STR("repyl");
	f.routes[0].at = (struct fl_position){"gateway.yaml", 7, 3};
	f.routes[1].action = FL_STR("something-else");
	f.routes[1].at = (struct fl_position){"gateway.yaml", 9, 3};
	assert_null(build());
	assert_int_equal(f.problems.errors, 2); /* all at once */
	assert_problem(
	    f.problems.first, "/routes/echo/to/action",
	    "route \"echo\": connector fake (instance \"first\") has no action \"repyl\"",
	    "did you mean \"reply\"?");
	assert_problem(f.problems.first->next, "/routes/item/to/action",
	               "route \"item\": connector fake (instance \"first\") has no action "
	               "\"something-else\"",
	               "it has: reply, forward");
}

static void test_paths(void **state)
{
	static const struct {
		const char *path, *hint; /* NULL: fine */
		bool allow_encoded_slash;
	} cases[] = {
	    {"/caf%C3%A9/{id}", NULL, false},
	    {"/a%2Fb", NULL, true},
	    {"/a%2Fb", "set allow_encoded_slash on the route", false},
	    {"/a%00", "The path holds an escaped control byte (%00 to %1F, %7F).", false},
	    {"/%C0%AF", "The escaped bytes of the path are not well-formed UTF-8.", true},
	    {"/a%2F../{b}",
	     "The path holds \".\" or \"..\" as a segment. Send the path that it leads to.", true},
	};

	(void)state;
	use_routes(1);
	for (size_t i = 0; i < FL_ARRAY_LEN(cases); i++) {
		struct fl_snapshot *snapshot;

		fl_problems_init(&f.problems, &f.arena);
		f.routes[0].path = fl_str(cases[i].path);
		f.routes[0].allow_encoded_slash = cases[i].allow_encoded_slash;
		snapshot = build();
		assert_int_equal(snapshot == NULL, cases[i].hint != NULL);
		if (cases[i].hint) {
			assert_int_equal(f.problems.errors, 1);
			assert_string_equal(f.problems.first->code, "route_path_refused");
			assert_true(
			    fl_str_is(f.problems.first->pointer, "/routes/echo/match/path"));
			assert_true(fl_str_is(f.problems.first->hint, cases[i].hint));
		}
		(void)fl_snapshot_destroy(snapshot);
	}
}

static void test_table(void **state)
{
	(void)state;
	use_routes(2);
	f.routes[1].path = f.routes[0].path;
	assert_null(build());
	assert_int_equal(f.problems.errors, 1);
	assert_string_equal(f.problems.first->code, "route_ambiguous");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE_SETUP("a snapshot holds its configuration and instances", test_holds, set_up,
	                  tear_down),
	    FL_CASE_SETUP("instances that no route leads to may be absent", test_unrouted, set_up,
	                  tear_down),
	    FL_CASE_SETUP("unknown actions are told at once, with the nearest or all", test_actions,
	                  set_up, tear_down),
	    FL_CASE_SETUP("a route whose requests would all be refused is an error", test_paths,
	                  set_up, tear_down),
	    FL_CASE_SETUP("what the table refuses is told", test_table, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
