/* gateway/authorize/translate.c - what the language library says, in the gateway's words
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/authorize/build.h"

static const struct {
	const char *from, *to;
	const char *hint; /* NULL: the text says all */
} rows[] = {
    {"policy_syntax", "policy_syntax", NULL},
    {"policy_limit", "policy_limit", "split it"},
    {"json_syntax", "policy_entities", NULL},
    {"json_limit", "policy_entities", NULL},
    {"entities_invalid", "policy_entities", NULL},
    {"entities_duplicate", "policy_entities", "define each entity once"},
    {"policy_entity_taken", "policy_entity_taken", NULL},
    {"entities_cycle", "policy_entities", "an entity cannot be in itself"},
    {"entities_limit", "policy_entities", NULL},
    {"entities_memory", "policy_entities", NULL},
    /* of policy/validate.h */
    {"unrecognized_entity_type", "policy_unknown_type",
     "types of your own belong into policies.schema; those of the gateway begin with Gw:: or "
     "Conn::"},
    {"unrecognized_action_id", "policy_unknown_action",
     "there are Gw::Action::\"GET\" and the other methods, \"read\", \"write\", and "
     "\"connector/action\" of routes with decide_by: action"},
    {"invalid_enum_entity", "policy_unknown_entity", NULL},
    {"no_applicable_action", "policy_no_action",
     "it could never apply: look at the types of its principal, action and resource"},
    {"unexpected_type", "policy_type", NULL},
    {"incompatible_types", "policy_type", NULL},
    {"unknown_attribute", "policy_unknown_attribute",
     "`resource is Gw::Route` in the scope leaves the deeds of connectors out, which have another "
     "context; headers must be listed in policies.headers"},
    {"unsafe_optional_attribute", "policy_unsafe_attribute",
     "ask first whether it is there: `x has a && x.a == ...`"},
    {"unsafe_tag", "policy_unsafe_tag",
     "ask first whether it is there: `x.hasTag(\"t\") && x.getTag(\"t\")...`"},
    {"no_tags", "policy_type", NULL},
    {"wrong_number_of_arguments", "policy_arguments", NULL},
    {"bad_extension_literal", "policy_literal", NULL},
    {"non_literal_constructor", "policy_literal", "write the value as a literal"},
    {"empty_set", "policy_empty_set", "use isEmpty(), or a set that is not empty"},
    {"limit", "policy_limit", "split it"},
    {"policy_duplicate", "policy_duplicate_id", NULL},
    {"impossible_policy", "policy_impossible", "it decides nothing: remove or correct it"},
};

void fl_bundle_translate(struct fl_problems *problems, struct fl_problem **since)
{
	for (struct fl_problem *p = *since; p != NULL; p = p->next) {
		size_t i = 0;

		while (i < FL_ARRAY_LEN(rows) && strcmp(rows[i].from, p->code) != 0)
			i++;
		p->code = i == FL_ARRAY_LEN(rows) ? "policy_invalid" : rows[i].to;
		p->pointer = FL_STR(""); /* the library's is not one into the configuration */
		if (i < FL_ARRAY_LEN(rows) && rows[i].hint != NULL && p->hint.n == 0)
			fl_problem_hint(problems, p, "%s", rows[i].hint);
	}
}

static void rename_all(struct fl_problem **since, const char *code)
{
	for (struct fl_problem *p = *since; p != NULL; p = p->next)
		p->code = code;
}

void fl_bundle_translate_schema(struct fl_problem **since)
{
	rename_all(since, "policy_schema"); /* the parser's own are those of policies */
}

void fl_bundle_translate_links(struct fl_problem **since)
{
	rename_all(since, "policy_link");
}
