/* tests/unit/policy/test_explain.c - why a request is allowed or denied
 * SPDX-License-Identifier: Apache-2.0
 *
 * Policies as text, the explanation as text: what people read is what is compared.
 */
#include "tests/unit/test.h"

#include <string.h>

#include "policy/explain.h"

#define ENTITIES                                                                                   \
	"[{\"uid\":{\"type\":\"User\",\"id\":\"ann\"},\"attrs\":{\"tier\":\"free\",\"age\":17,"    \
	"\"top\":9223372036854775807},\"parents\":[{\"type\":\"Group\",\"id\":\"staff\"}]}]"

struct fixture {
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_cedar_set *set;
	struct fl_cedar_entities *entities;
	struct fl_cedar_uid uids[3];
	struct fl_cedar_request request;
	struct fl_cedar_explanation why;
	struct fl_buf out;
};

static void load(struct fixture *f, const char *policies)
{
	struct fl_error err = FL_ERROR_INIT;

	fl_arena_init(&f->arena, 4096, 1 << 20);
	fl_problems_init(&f->problems, &f->arena);
	fl_buf_init(&f->out, 1 << 20);
	f->set = fl_cedar_set_create(NULL, 8 << 20);
	assert_int_equal(fl_cedar_set_add(f->set, fl_str(policies), "p", &f->problems), 0);
	assert_int_equal(fl_cedar_set_finish(f->set), 0);
	f->entities = fl_cedar_entities_create(1 << 20);
	assert_int_equal(
	    fl_cedar_entities_read(f->entities, fl_str(ENTITIES), NULL, NULL, &f->problems), 0);
	assert_int_equal(fl_cedar_entities_finish(f->entities, &err), 0);
	f->uids[0] = fl_cedar_uid(FL_STR("User"), FL_STR("ann"));
	f->uids[1] = fl_cedar_uid(FL_STR("Action"), FL_STR("read"));
	f->uids[2] = fl_cedar_uid(FL_STR("Doc"), FL_STR("plan"));
	f->request = (struct fl_cedar_request){.principal = &f->uids[0],
	                                       .action = &f->uids[1],
	                                       .resource = &f->uids[2],
	                                       .context = fl_cedar_record_empty(),
	                                       .entities = f->entities};
}

static void unload(struct fixture *f)
{
	(void)fl_cedar_set_destroy(f->set);
	(void)fl_cedar_entities_destroy(f->entities);
	fl_arena_fini(&f->arena);
	fl_buf_fini(&f->out);
}

static void expect(const char *policies, const char *text)
{
	struct fixture f;

	load(&f, policies);
	assert_int_equal(fl_cedar_explain(f.set, &f.request, &f.arena, &f.why), 0);
	fl_cedar_explanation_print(&f.out, &f.why);
	assert_string_equal(fl_buf_cstr(&f.out), text);
	unload(&f);
}

static void test_scope(void **state)
{
	(void)state;
	expect("permit(principal is Group, action, resource);",
	       "deny: no policy permits\n"
	       "  and 1 policy that cannot concern this request\n");
	/* an index that goes by the entity cannot tell its type */
	expect("permit(principal is Group in Group::\"staff\", action, resource);",
	       "deny: no policy permits\n"
	       "  policy0  permit  p:1:1  out of scope\n"
	       "    `principal is Group in Group::\"staff\"` does not hold (p:1:8)\n");
	expect("permit(principal, action, resource is Doc in Doc::\"plan\");",
	       "allow: permitted by policy0\n"
	       "  policy0  permit  p:1:1  satisfied\n");
	expect("permit(principal, action,\n resource is Page in Doc::\"plan\");",
	       "deny: no policy permits\n"
	       "  policy0  permit  p:1:1  out of scope\n"
	       "    `resource is Page in Doc::\"plan\"` does not hold (p:2:2)\n");
}

static void test_operand(void **state)
{
	(void)state;
	expect("permit(principal, action, resource)\n"
	       "when { principal has tier && principal.tier == \"gold\" && principal.age > 18 };",
	       "deny: no policy permits\n"
	       "  policy0  permit  p:1:1  not satisfied\n"
	       "    when, clause 1: `principal.tier == \"gold\"` is false (p:2:30)\n"
	       "      `principal.tier` is \"free\"\n");
	/* all operands of an || are false: none of them alone is the reason */
	expect("permit(principal, action, resource)\n"
	       "when { true } when { principal has x || context has y };",
	       "deny: no policy permits\n"
	       "  policy0  permit  p:1:1  not satisfied\n"
	       "    when, clause 2: `principal has x || context has y` is false (p:2:22)\n");
	/* what must be false is looked for where it is true */
	expect("forbid(principal, action, resource)\n"
	       "unless { context has x || !(principal.age >= 18 && context has z) };",
	       "deny: no policy permits\n"
	       "  policy0  forbid  p:1:1  not satisfied\n"
	       "    unless, clause 1: `principal.age >= 18` is false (p:2:29)\n"
	       "      `principal.age` is 17\n");
	expect("permit(principal, action, resource) when { if true then false else true };",
	       "deny: no policy permits\n"
	       "  policy0  permit  p:1:1  not satisfied\n"
	       "    when, clause 1: `if true then false else true` is false (p:1:44)\n");
}

static void test_error(void **state)
{
	(void)state;
	expect(
	    "forbid(principal, action, resource) when { principal.age > 1 && 1 + principal.top > 1 "
	    "};\npermit(principal, action, resource) when { ip(\"x\").isIpv4() };\n"
	    "permit(principal, action, resource) when { principal.tier };\n",
	    "deny: no policy permits\n"
	    "  policy0  forbid  p:1:1  error, so it does not count\n"
	    "    when, clause 1: `1 + principal.top` failed (p:1:65)\n"
	    "      the result does not fit a Long\n"
	    "  policy1  permit  p:2:1  error, so it does not count\n"
	    "    when, clause 1: `ip(\"x\")` failed (p:2:44)\n"
	    "      `ip` failed: the text is not of this type\n"
	    "  policy2  permit  p:3:1  error, so it does not count\n"
	    "    when, clause 1: `principal.tier` failed (p:3:44)\n"
	    "      expected a Bool, got String \"free\"\n");
}

static void test_decision(void **state)
{
	(void)state;
	expect("permit(principal, action, resource);\n"
	       "forbid(principal in Group::\"staff\", action, resource);\n"
	       "forbid(principal, action in [Action::\"read\", Action::\"read\"], resource);\n"
	       "forbid(principal in Group::\"other\", action, resource);\n"
	       "permit(principal, action == Action::\"write\", resource);\n",
	       "deny: forbidden by policy1, policy2\n"
	       "  policy0  permit  p:1:1  satisfied\n"
	       "  policy1  forbid  p:2:1  satisfied\n"
	       "  policy2  forbid  p:3:1  satisfied\n"
	       "  and 2 policies that cannot concern this request\n");
}

static void test_json(void **state)
{
	struct fixture f;
	struct fl_json j;

	(void)state;
	load(&f, "permit(principal, action, resource) unless { principal.age == 17 };\n"
	         "permit(principal, action, resource) when { principal[\"no\\u{1}\\n\"] };\n"
	         "permit(principal is Group in Group::\"staff\", action, resource);\n"
	         "permit(principal, action, resource);\n"
	         "permit(principal == User::\"bob\", action, resource);\n");
	assert_int_equal(fl_cedar_explain(f.set, &f.request, &f.arena, &f.why), 0);
	fl_json_init(&j, &f.out);
	fl_cedar_explanation_json(&j, NULL, &f.why);
	assert_string_equal(
	    fl_buf_cstr(&f.out),
	    "{\"decision\":\"allow\",\"reason\":[\"policy3\"],\"errors\":[\"policy1\"],"
	    "\"policies\":["
	    "{\"policy\":\"policy0\",\"effect\":\"permit\",\"verdict\":\"not_satisfied\",\"file\":"
	    "\"p\",\"line\":1,\"column\":1,"
	    "\"clause\":{\"index\":0,\"kind\":\"unless\",\"line\":1,\"column\":37},\"part\":{"
	    "\"text\":\"principal.age == 17\","
	    "\"is_true\":true,\"line\":1,\"column\":46},\"values\":[{\"text\":\"principal.age\","
	    "\"value\":\"17\"}]},"
	    "{\"policy\":\"policy1\",\"effect\":\"permit\",\"verdict\":\"error\",\"file\":\"p\","
	    "\"line\":2,\"column\":1,"
	    "\"clause\":{\"index\":0,\"kind\":\"when\",\"line\":2,\"column\":37},\"part\":{"
	    "\"text\":\"principal[\\\"no\\\\x01\\\\n\\\"]\","
	    "\"line\":2,\"column\":44},\"message\":\"the entity User::\\\"ann\\\" has no attribute "
	    "\\\"no\\\\x01\\\\n\\\"\"},"
	    "{\"policy\":\"policy2\",\"effect\":\"permit\",\"verdict\":\"out_of_scope\",\"file\":"
	    "\"p\",\"line\":3,\"column\":1,"
	    "\"scope\":{\"text\":\"principal is Group in "
	    "Group::\\\"staff\\\"\",\"line\":3,\"column\":8}},"
	    "{\"policy\":\"policy3\",\"effect\":\"permit\",\"verdict\":\"satisfied\",\"file\":"
	    "\"p\",\"line\":4,\"column\":1}],\"not_concerned\":1}");
	unload(&f);
}

static void test_control_characters(void **state)
{
	(void)state;
	expect("permit(principal, action, resource) when { \"\\u{1b}[2J\\u{9b}\" == \"\\0\" };",
	       "deny: no policy permits\n"
	       "  policy0  permit  p:1:1  not satisfied\n"
	       "    when, clause 1: `\"\\x1b[2J\\x9b\" == \"\\0\"` is false (p:1:44)\n");
}

static void test_long_piece_is_cut(void **state)
{
	static char policy[10000];
	struct fixture f;
	struct fl_buf text;

	(void)state;
	fl_buf_init(&text, sizeof policy);
	fl_buf_add_c(&text, "permit(principal, action, resource) when { \"\" == \"");
	for (unsigned i = 0; i < 9000; i++)
		fl_buf_add_c(&text, "\x01"); /* one byte is four when printed */
	fl_buf_add_c(&text, "\" };");
	load(&f, fl_buf_cstr(&text));
	assert_int_equal(fl_cedar_explain(f.set, &f.request, &f.arena, &f.why), 0);
	fl_cedar_explanation_print(&f.out, &f.why);
	assert_in_range(f.out.len, 16000, 17000);
	assert_non_null(strstr(fl_buf_cstr(&f.out), "...` is false (p:1:44)\n"));
	fl_buf_fini(&text);
	unload(&f);
}

static void test_arena_is_full(void **state)
{
	struct fixture f;
	struct fl_arena tight;
	int r = FL_CEDAR_E_MEMORY;

	(void)state;
	load(&f, "permit(principal, action, resource) when { [principal.age, 2].contains(1) };\n"
	         "permit(principal, action, resource);\n");
	for (size_t max = 0; r != 0; max += 16) { /* every allocation fails once */
		f.why.n_steps = 77;
		fl_arena_init(&tight, 16, max);
		r = fl_cedar_explain(f.set, &f.request, &tight, &f.why);
		if (r != 0) {
			assert_int_equal(r, FL_CEDAR_E_MEMORY);
			assert_int_equal(f.why.n_steps, 77);
		}
		fl_arena_fini(&tight);
		assert_in_range(max, 0, 100000);
	}
	unload(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("a policy out of scope names the constraint that does not hold", test_scope),
	    FL_CASE("the smallest part that turned a policy down is told with its values",
	            test_operand),
	    FL_CASE("a policy that failed says where and why", test_error),
	    FL_CASE("reasons are in order, each policy once, others are counted", test_decision),
	    FL_CASE("as JSON each verdict has its members", test_json),
	    FL_CASE("control characters do not reach the terminal", test_control_characters),
	    FL_CASE("a long piece is cut", test_long_piece_is_cut),
	    FL_CASE("a full arena leaves nothing half said", test_arena_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
