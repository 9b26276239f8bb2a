/* policy/example.c - deciding with Cedar, in one page
 * SPDX-License-Identifier: Apache-2.0
 *
 * Build: cc example.c -lfairlead-cedar -lbase -lsodium. Prints "allow" and the policy that did it.
 */
#include <stdio.h>

#include "policy/cedar.h"

static const char policies[] =
    "permit (principal in Group::\"staff\", action == Action::\"read\", resource)\n"
    "when { context.ip.isInRange(ip(\"10.0.0.0/8\")) };\n"
    "forbid (principal, action, resource) when { resource has secret && resource.secret };\n";

static const char entities[] = "[{\"uid\": {\"type\": \"User\", \"id\": \"ann\"}, \"attrs\": {},"
			       "  \"parents\": [{\"type\": \"Group\", \"id\": \"staff\"}]}]";

int main(void)
{
	struct fl_arena arena; /* messages, the request, the answer */
	struct fl_problems problems;
	struct fl_error err = FL_ERROR_INIT;
	struct fl_cedar_set *set = fl_cedar_set_create(NULL, 1 << 20);
	struct fl_cedar_entities *store = fl_cedar_entities_create(1 << 20);
	struct fl_cedar_uid ann = fl_cedar_uid(FL_STR("User"), FL_STR("ann"));
	struct fl_cedar_uid act = fl_cedar_uid(FL_STR("Action"), FL_STR("read"));
	struct fl_cedar_uid doc = fl_cedar_uid(FL_STR("Doc"), FL_STR("plan.txt"));
	struct fl_cedar_field ip = {.name = fl_cedar_name(FL_STR("ip"))};
	struct fl_cedar_request request = {
	    .principal = &ann, .action = &act, .resource = &doc, .entities = store};
	struct fl_cedar_answer answer = {.is_allowed = false};

	fl_arena_init(&arena, 4096, 1 << 20);
	fl_problems_init(&problems, &arena);
	bool is_ready =
	    fl_cedar_set_add(set, fl_str(policies), "example.cedar", &problems) == 0 &&
	    fl_cedar_set_finish(set) == 0 &&
	    fl_cedar_entities_read(store, fl_str(entities), NULL, NULL, &problems) == 0 &&
	    fl_cedar_entities_finish(store, &err) == 0 &&
	    fl_cedar_ext_parse(FL_CEDAR_IP, FL_STR("10.1.2.3"), &arena, &ip.value) == 0 &&
	    fl_cedar_record_make(&ip, 1, &request.context, NULL) == 0 &&
	    fl_cedar_authorize(set, &request, FL_CEDAR_FULL, &arena, &answer) == 0;

	for (const struct fl_problem *p = problems.first; p != NULL; p = p->next)
		(void)fprintf(stderr, "%u:%u: %.*s\n", p->at.line, p->at.column,
		              FL_STR_ARGS(p->detail));
	(void)printf("%s\n", answer.is_allowed ? "allow" : "deny");
	for (size_t i = 0; i < answer.n_reasons; i++)
		(void)printf("%.*s\n", FL_STR_ARGS(answer.reasons[i]->id));
	(void)fl_cedar_set_destroy(set);
	(void)fl_cedar_entities_destroy(store);
	fl_arena_fini(&arena);
	return is_ready && answer.is_allowed ? 0 : 1;
}
