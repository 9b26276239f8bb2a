/* gateway/connector/manifest.c - what a connector says about itself
 * SPDX-License-Identifier: Apache-2.0
 *
 * One table of members per kind of object; a reader per kind of value. The texts of schemas are
 * kept as compact JSON for whoever compiles them.
 */
#include "gateway/connector/manifest.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/connector/pointer.h"
#include "gateway/connector/semver.h"

#include <fairlead/plugin.h>

#define ARENA_MAX ((size_t)8 << 20) /* texts once more, and the problems' */
#define UNKNOWN_MAX 100u

struct reader {
	struct fl_manifest *m;
	struct fl_problems *problems;
	struct fl_pointer at;
	struct fl_str *unknown; /* UNKNOWN_MAX */
};

/* Reads a value that is there into `to`. */
struct member;
typedef void (*read_fn)(struct reader *r, const json_t *value, void *to,
                        const struct member *member);
struct member {
	const char *name;
	read_fn read;
	size_t offset; /* in the struct that is filled */
	size_t max;    /* bytes of a text, items of a list, or the greatest number */
	bool is_mandatory;
};

static void bad(struct reader *r, const char *code, const char *hint, const char *detail)
{
	fl_problem_hint(r->problems,
	                fl_problems_add(r->problems, code, (struct fl_position){0},
	                                fl_pointer_str(&r->at), "manifest%.*s: %s",
	                                FL_STR_ARGS(fl_pointer_str(&r->at)), detail),
	                "%s", hint);
}

static void bad_type(struct reader *r, const char *wanted)
{
	bad(r, "manifest_type", "see fairlead-connector(7)", wanted);
}

/* ---- values ---- */

static struct fl_str text_of(const json_t *value)
{
	return fl_str_n(json_string_value(value), json_string_length(value));
}

static void read_text(struct reader *r, const json_t *value, void *to, const struct member *member)
{
	if (!json_is_string(value))
		bad_type(r, "must be a string");
	else if (json_string_length(value) > member->max)
		bad(r, "manifest_limit", "make it shorter", "is too long");
	else
		*(struct fl_str *)to = fl_arena_str(&r->m->arena, text_of(value));
}

static void read_number(struct reader *r, const json_t *value, void *to,
                        const struct member *member)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		bad_type(r, "must be a whole number, 0 or more");
	else if ((uint64_t)json_integer_value(value) > member->max)
		bad(r, "manifest_limit", "make it smaller", "is too large");
	else
		*(uint64_t *)to = (uint64_t)json_integer_value(value);
}

static void read_bool(struct reader *r, const json_t *value, void *to, const struct member *member)
{
	(void)member;
	if (!json_is_boolean(value))
		bad_type(r, "must be true or false");
	else
		*(bool *)to = json_is_true(value);
}

static struct fl_str dump(struct reader *r, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	struct fl_str copy = fl_arena_str(&r->m->arena, fl_str(text));

	free(text);
	return copy;
}

static void read_schema(struct reader *r, const json_t *value, void *to,
                        const struct member *member)
{
	(void)member;
	if (!json_is_object(value) && !json_is_boolean(value))
		bad_type(r, "must be a JSON Schema: an object, true or false");
	else
		*(struct fl_str *)to = dump(r, value);
}

static void read_webhooks(struct reader *r, const json_t *value, void *to,
                          const struct member *member)
{
	(void)member;
	if (!json_is_array(value))
		bad_type(r, "must be a list");
	else
		*(struct fl_str *)to = dump(r, value);
}

/* "500ms", "30s", "2m", "1h" */
static void read_timeout(struct reader *r, const json_t *value, void *to,
                         const struct member *member)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {{"ms", FL_NS_PER_MS},
	             {"s", FL_NS_PER_SEC},
	             {"m", 60 * FL_NS_PER_SEC},
	             {"h", 3600 * FL_NS_PER_SEC}};
	struct fl_str text, number;
	uint64_t n;

	(void)member;
	text = json_is_string(value) ? text_of(value) : FL_STR("");
	for (number = text; number.n > 0 && number.p[number.n - 1] > '9'; number.n--)
		;
	for (size_t i = 0; i < FL_ARRAY_LEN(units); i++)
		if (fl_str_is(fl_str_n(text.p + number.n, text.n - number.n), units[i].unit) &&
		    fl_str_to_u64(number, &n) && n >= 1 &&
		    n <= 3600 * FL_NS_PER_SEC / units[i].ns) {
			*(uint64_t *)to = n * units[i].ns;
			return;
		}
	bad(r, "manifest_value", "such as \"30s\", at most one hour",
	    "must be a number with ms, s, m or h");
}

/* ---- lists ---- */

/* An array of zeroed items of `bytes` for a list, or NULL when it is none, or too long. */
static void *list_items(struct reader *r, const json_t *value, size_t max, size_t bytes)
{
	if (!json_is_array(value)) {
		bad_type(r, "must be a list");
		return NULL;
	}
	if (json_array_size(value) > max) {
		bad(r, "manifest_limit", "leave some out", "has too many items");
		return NULL;
	}
	return fl_arena_array(&r->m->arena, json_array_size(value) + 1, bytes);
}

static void read_texts(struct reader *r, const json_t *value, void *to, const struct member *member)
{
	struct fl_manifest_strings *list = to;
	const struct member item = {.max = 512};
	struct fl_str *items = list_items(r, value, member->max, sizeof *items);

	if (items == NULL)
		return;
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = fl_pointer_push_index(&r->at, i);

		read_text(r, json_array_get(value, i), &items[i], &item);
		fl_pointer_pop(&r->at, mark);
	}
	list->items = items;
	list->n = json_array_size(value);
}

/* "name/revision" each */
static void read_extensions(struct reader *r, const json_t *value, void *to,
                            const struct member *member)
{
	const struct fl_manifest_strings *list = to;

	read_texts(r, value, to, member);
	for (size_t i = 0; i < list->n; i++) {
		size_t mark = fl_pointer_push_index(&r->at, i);
		struct fl_str revision, name = fl_str_split(list->items[i], '/', &revision);
		uint64_t n;

		if (list->items[i].p != NULL && (name.n == 0 || !fl_str_to_u64(revision, &n)))
			bad(r, "manifest_value", "such as \"fairlead.http/1\"",
			    "must be a name, \"/\" and a revision");
		fl_pointer_pop(&r->at, mark);
	}
}

static void read_numbers(struct reader *r, const json_t *value, void *to,
                         const struct member *member)
{
	const struct member item = {.max = INT64_MAX};
	uint64_t *items = list_items(r, value, member->max, sizeof *items);

	(void)to;
	if (items == NULL)
		return;
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = fl_pointer_push_index(&r->at, i);

		read_number(r, json_array_get(value, i), &items[i], &item);
		fl_pointer_pop(&r->at, mark);
	}
	r->m->state_accepts = items;
	r->m->state_accepts_n = json_array_size(value);
}

/* One of `n` names: its index, or -1 with a problem. */
static int read_choice(struct reader *r, const json_t *value, const char *const *names, size_t n,
                       const char *hint)
{
	for (size_t i = 0; json_is_string(value) && i < n; i++)
		if (fl_str_is(text_of(value), names[i]))
			return (int)i;
	bad(r, "manifest_value", hint, "is none of the values that are known");
	return -1;
}

static void read_threading(struct reader *r, const json_t *value, void *to,
                           const struct member *member)
{
	static const char *const names[] = {"serial", "sharded", "parallel"};
	int i = read_choice(r, value, names, FL_ARRAY_LEN(names),
	                    "\"serial\", \"sharded\" or \"parallel\"");

	(void)member;
	if (i >= 0)
		*(enum fl_manifest_threading *)to = (enum fl_manifest_threading)i;
}

static void read_retry(struct reader *r, const json_t *value, void *to, const struct member *member)
{
	static const char *const names[] = {"unsafe", "idempotent", "safe"};
	int i = read_choice(r, value, names, FL_ARRAY_LEN(names),
	                    "\"safe\", \"idempotent\" or \"unsafe\"");

	(void)member;
	if (i >= 0)
		*(enum fl_manifest_retry *)to = (enum fl_manifest_retry)i;
}

static void read_modes(struct reader *r, const json_t *value, void *to, const struct member *member)
{
	static const char *const names[] = {"inproc", "worker"};

	(void)to;
	(void)member;
	r->m->may_inproc = r->m->may_worker = false;
	if (!json_is_array(value) || json_array_size(value) == 0) {
		bad_type(r, "must be a list of at least one mode");
		return;
	}
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = fl_pointer_push_index(&r->at, i);
		int mode = read_choice(r, json_array_get(value, i), names, FL_ARRAY_LEN(names),
		                       "\"inproc\" or \"worker\"");

		fl_pointer_pop(&r->at, mark);
		r->m->may_inproc = r->m->may_inproc || mode == 0;
		r->m->may_worker = r->m->may_worker || mode == 1;
	}
}

/* ---- objects ---- */

static const struct member *find_member(const struct member *members, struct fl_str name)
{
	for (; members->name != NULL; members++)
		if (fl_str_is(name, members->name))
			return members;
	return NULL;
}

static void note_unknown(struct reader *r)
{
	if (r->m->unknown.n < UNKNOWN_MAX)
		r->unknown[r->m->unknown.n++] = fl_arena_str(&r->m->arena, fl_pointer_str(&r->at));
}

static void read_object(struct reader *r, const json_t *object, void *base,
                        const struct member *members)
{
	void *iter;

	if (!json_is_object(object)) {
		bad_type(r, "must be an object");
		return;
	}
	/* jansson's iterators take no const object; nothing is changed. */
	for (iter = json_object_iter((json_t *)(uintptr_t)object); iter != NULL;
	     iter = json_object_iter_next((json_t *)(uintptr_t)object, iter)) {
		struct fl_str name = fl_str(json_object_iter_key(iter));
		const struct member *member = find_member(members, name);
		size_t mark = fl_pointer_push(&r->at, name);

		if (member == NULL)
			note_unknown(r);
		else
			member->read(r, json_object_iter_value(iter), (char *)base + member->offset,
			             member);
		fl_pointer_pop(&r->at, mark);
	}
	for (; members->name != NULL; members++)
		if (members->is_mandatory && json_object_get(object, members->name) == NULL) {
			size_t mark = fl_pointer_push(&r->at, fl_str(members->name));

			bad(r, "manifest_missing", "see fairlead-connector(7)", "is missing");
			fl_pointer_pop(&r->at, mark);
		}
}

#define AT(type, field) offsetof(struct type, field)
#define IN_M(field) AT(fl_manifest, field)

static void read_abi(struct reader *r, const json_t *value, void *to, const struct member *member)
{
	static const struct member members[] = {
	    {"major", read_number, IN_M(abi_major), UINT32_MAX, true},
	    {"min_minor", read_number, IN_M(abi_min_minor), UINT32_MAX, false},
	    {.name = NULL},
	};

	(void)to;
	(void)member;
	read_object(r, value, r->m, members);
}

static void read_permissions(struct reader *r, const json_t *value, void *to,
                             const struct member *member)
{
	static const struct member members[] = {
	    {"egress", read_texts, IN_M(permissions.egress), FL_MANIFEST_LIST_MAX, false},
	    {"secrets", read_texts, IN_M(permissions.secrets), FL_MANIFEST_LIST_MAX, false},
	    {"kv_quota", read_number, IN_M(permissions.kv_quota), INT64_MAX, false},
	    {"threads", read_bool, IN_M(permissions.threads), 0, false},
	    {"exec_workers", read_number, IN_M(permissions.exec_workers), 1024, false},
	    {.name = NULL},
	};

	(void)to;
	(void)member;
	read_object(r, value, r->m, members);
}

static void read_state(struct reader *r, const json_t *value, void *to, const struct member *member)
{
	static const struct member members[] = {
	    {"schema", read_number, IN_M(state_schema), INT64_MAX, true},
	    {"accepts", read_numbers, 0, FL_MANIFEST_LIST_MAX, false},
	    {.name = NULL},
	};

	(void)to;
	(void)member;
	read_object(r, value, r->m, members);
}

static void read_limits(struct reader *r, const json_t *value, void *to,
                        const struct member *member)
{
	static const struct member members[] = {
	    {"mem", read_number, IN_M(limit_mem), INT64_MAX, false},
	    {"cpu_ms", read_number, IN_M(limit_cpu_ms), INT64_MAX, false},
	    {"fds", read_number, IN_M(limit_fds), INT64_MAX, false},
	    {.name = NULL},
	};

	(void)to;
	(void)member;
	read_object(r, value, r->m, members);
}

/* Letters, digits and "._-", and not a "." or "-" first; `first_only` lower case for metrics. */
static bool is_name(struct fl_str s, const char *others, bool has_upper)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool is_letter =
		    (c >= 'a' && c <= 'z') || (has_upper && c >= 'A' && c <= 'Z') || c == '_';

		if (!is_letter &&
		    (i == 0 || !((c >= '0' && c <= '9') || strchr(others, c) != NULL)))
			return false;
	}
	return s.n != 0;
}

static void read_action(struct reader *r, const json_t *value, struct fl_manifest_action *action)
{
	static const struct member members[] = {
	    {"name", read_text, AT(fl_manifest_action, name), 128, true},
	    {"title", read_text, AT(fl_manifest_action, title), 256, false},
	    {"description", read_text, AT(fl_manifest_action, description), 8192, false},
	    {"input", read_schema, AT(fl_manifest_action, input_json), 0, false},
	    {"output", read_schema, AT(fl_manifest_action, output_json), 0, false},
	    {"retry", read_retry, AT(fl_manifest_action, retry), 0, false},
	    {"timeout", read_timeout, AT(fl_manifest_action, timeout_ns), 0, false},
	    {.name = NULL},
	};

	read_object(r, value, action, members);
	if (action->name.p != NULL && !is_name(action->name, ".-", true))
		bad(r, "manifest_value", "letters, digits, \"_\", \"-\" and \".\"",
		    "the name begins with no letter or has other characters");
}

static void read_actions(struct reader *r, const json_t *value, void *to,
                         const struct member *member)
{
	struct fl_manifest_action *actions = list_items(r, value, member->max, sizeof *actions);

	(void)to;
	if (actions == NULL)
		return;
	r->m->actions = actions;
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = fl_pointer_push_index(&r->at, i);

		read_action(r, json_array_get(value, i), &actions[i]);
		if (actions[i].name.n != 0 && fl_manifest_action_index(r->m, actions[i].name) >= 0)
			bad(r, "manifest_duplicate", "give each action a name of its own",
			    "the same name was there before");
		r->m->actions_n = i + 1;
		fl_pointer_pop(&r->at, mark);
	}
}

static void read_events(struct reader *r, const json_t *value, void *to,
                        const struct member *member)
{
	static const struct member members[] = {
	    {"type", read_text, AT(fl_manifest_event, type), 256, true},
	    {"schema", read_schema, AT(fl_manifest_event, schema_json), 0, false},
	    {.name = NULL},
	};
	struct fl_manifest_event *events = list_items(r, value, member->max, sizeof *events);

	(void)to;
	if (events == NULL)
		return;
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = fl_pointer_push_index(&r->at, i);

		read_object(r, json_array_get(value, i), &events[i], members);
		fl_pointer_pop(&r->at, mark);
	}
	r->m->events = events;
	r->m->events_n = json_array_size(value);
}

static void read_metric_type(struct reader *r, const json_t *value, void *to,
                             const struct member *member)
{
	static const char *const names[] = {"counter", "gauge"};

	(void)member;
	*(bool *)to =
	    read_choice(r, value, names, FL_ARRAY_LEN(names), "\"counter\" or \"gauge\"") == 1;
}

static void read_metric(struct reader *r, const json_t *value, struct fl_manifest_metric *metrics,
                        size_t i)
{
	static const struct member members[] = {
	    {"name", read_text, AT(fl_manifest_metric, name),
	     FL_MANIFEST_METRIC_NAME_MAX, true},
	    {"type", read_metric_type, AT(fl_manifest_metric, is_gauge), 0, true},
	    {"help", read_text, AT(fl_manifest_metric, help), 512, false},
	    {.name = NULL},
	};

	read_object(r, value, &metrics[i], members);
	if (metrics[i].name.p != NULL && !is_name(metrics[i].name, "", false))
		bad(r, "manifest_value", "lower-case letters, digits and \"_\"",
		    "the name has other characters");
	for (size_t k = 0; k < i; k++)
		if (metrics[i].name.n != 0 && fl_str_eq(metrics[k].name, metrics[i].name))
			bad(r, "manifest_duplicate", "give each metric a name of its own",
			    "the same name was there before");
}

static void read_metrics(struct reader *r, const json_t *value, void *to,
                         const struct member *member)
{
	struct fl_manifest_metric *metrics = list_items(r, value, member->max, sizeof *metrics);

	(void)to;
	if (metrics == NULL)
		return;
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = fl_pointer_push_index(&r->at, i);

		read_metric(r, json_array_get(value, i), metrics, i);
		fl_pointer_pop(&r->at, mark);
	}
	r->m->metrics = metrics;
	r->m->metrics_n = json_array_size(value);
}

/* ---- the whole ---- */

static const struct member top[] = {
    {"id", read_text, IN_M(id), FL_MANIFEST_ID_MAX, true},
    {"version", read_text, IN_M(version), FL_MANIFEST_VERSION_MAX, true},
    {"abi", read_abi, 0, 0, true},
    {"requires", read_extensions, IN_M(required), FL_MANIFEST_LIST_MAX, false},
    {"optional", read_extensions, IN_M(optional), FL_MANIFEST_LIST_MAX, false},
    {"threading", read_threading, IN_M(threading), 0, false},
    {"modes", read_modes, 0, 0, false},
    {"max_instances", read_number, IN_M(max_instances), UINT32_MAX, false},
    {"config_schema", read_schema, IN_M(config_schema_json), 0, false},
    {"actions", read_actions, 0, FL_MANIFEST_ACTIONS_MAX, false},
    {"events", read_events, 0, FL_MANIFEST_LIST_MAX, false},
    {"webhooks", read_webhooks, IN_M(webhooks_json), 0, false},
    {"permissions", read_permissions, 0, 0, false},
    {"metrics", read_metrics, 0, FL_MANIFEST_METRICS_MAX, false},
    {"state", read_state, 0, 0, false},
    {"limits", read_limits, 0, 0, false},
    {"maintainer", read_text, IN_M(maintainer), 512, false},
    {"license", read_text, IN_M(license), 512, false},
    {"source", read_text, IN_M(source), 2048, false},
    {"docs", read_text, IN_M(docs), 2048, false},
    {.name = NULL},
};

static void check_top(struct reader *r)
{
	struct fl_manifest *m = r->m;
	struct fl_semver version;

	if (m->id.p != NULL && !fl_manifest_is_id(m->id))
		bad(r, "manifest_value", "such as \"com.example.greet\"",
		    "\"id\" must be lower-case letters, digits, \"-\" and \"_\" in parts joined by "
		    "dots, each beginning with a letter");
	if (m->version.p != NULL && !fl_semver_parse(m->version, &version))
		bad(r, "manifest_value", "such as \"1.0.0\"",
		    "\"version\" must be a semantic version");
	if (m->abi_major != 0 && m->abi_major != FAIRLEAD_ABI_MAJOR)
		bad(r, "abi_major", "\"abi\": {\"major\": 1, \"min_minor\": 0}",
		    "\"abi\" asks for another major version than 1");
	if (fl_arena_is_overflown(&m->arena))
		bad(r, "manifest_too_large", "make texts and schemas shorter",
		    "needs too much memory");
}

static json_t *load(struct fl_str json, struct fl_problems *problems)
{
	struct reader r = {.problems = problems};
	json_error_t error;
	json_t *root;

	if (json.n > FL_MANIFEST_MAX_BYTES) {
		bad(&r, "manifest_too_large", "make texts and schemas shorter", "is over 1 MiB");
		return NULL;
	}
	root = json_loadb(json.p == NULL ? "" : json.p, json.n, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(root))
		return root;
	if (root != NULL)
		bad(&r, "manifest_json", "it begins with {", "is not a JSON object");
	else
		fl_problem_hint(problems,
		                fl_problems_add(problems, "manifest_json",
		                                (struct fl_position){NULL, (uint32_t)error.line,
		                                                     (uint32_t)error.column},
		                                FL_STR_NULL, "manifest: line %d: %s", error.line,
		                                error.text),
		                "the manifest is one JSON object in UTF-8");
	json_decref(root);
	return NULL;
}

struct fl_manifest *fl_manifest_parse(struct fl_str json, struct fl_problems *problems)
{
	struct fl_str unknown[UNKNOWN_MAX], *copy;
	struct reader r = {.problems = problems, .unknown = unknown};
	json_t *root = load(json, problems);

	if (root == NULL)
		return NULL;
	r.m = calloc(1, sizeof *r.m);
	if (r.m == NULL) {
		bad(&r, "manifest_memory", "free some memory", "there is no memory to read it");
		json_decref(root);
		return NULL;
	}
	fl_arena_init(&r.m->arena, 4096, ARENA_MAX);
	r.m->may_inproc = r.m->may_worker = true;
	read_object(&r, root, r.m, top);
	copy = fl_arena_array(&r.m->arena, r.m->unknown.n, sizeof *copy);
	if (copy != NULL && r.m->unknown.n != 0)
		memcpy(copy, unknown, r.m->unknown.n * sizeof *copy);
	else
		r.m->unknown.n = 0;
	r.m->unknown.items = copy;
	check_top(&r);
	json_decref(root);
	return r.m;
}

struct fl_manifest *fl_manifest_destroy(struct fl_manifest *m)
{
	if (m != NULL)
		fl_arena_fini(&m->arena);
	free(m);
	return NULL;
}

int fl_manifest_action_index(const struct fl_manifest *m, struct fl_str name)
{
	for (size_t i = 0; i < m->actions_n; i++)
		if (fl_str_eq(m->actions[i].name, name))
			return (int)i;
	return -1;
}

static bool has(const struct fl_manifest_strings *list, struct fl_str text)
{
	for (size_t i = 0; i < list->n; i++)
		if (fl_str_eq(list->items[i], text))
			return true;
	return false;
}

bool fl_manifest_asks_for(const struct fl_manifest *m, struct fl_str extension)
{
	return has(&m->required, extension) || has(&m->optional, extension);
}

bool fl_manifest_is_id(struct fl_str id)
{
	bool is_first = true;

	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];
		bool is_letter = c >= 'a' && c <= 'z';
		bool is_other = (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';

		if (!is_letter && (is_first || !is_other))
			return false;
		is_first = c == '.';
	}
	return id.n != 0 && id.n <= FL_MANIFEST_ID_MAX && !is_first;
}
