/* tests/unit/policy/gen.c - policies, entities and requests from a seed
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/policy/gen.h"

#include <stdio.h>

enum type { BOOL, LONG, STRING, ENTITY, SET, RECORD, DECIMAL, IP, DATETIME, DURATION, TYPES };

static const char *const entity_types[] = {"U", "G", "N::D"};

/* xorshift64* */
unsigned gen_pick(struct gen *g, unsigned n)
{
	g->seed ^= g->seed >> 12;
	g->seed ^= g->seed << 25;
	g->seed ^= g->seed >> 27;
	return (unsigned)((g->seed * UINT64_C(2685821657736338717)) >> 33) % n;
}

static void add_one(struct gen *g, struct fl_buf *out, const char *const *list, unsigned n)
{
	fl_buf_add_c(out, list[gen_pick(g, n)]);
}

#define ONE_OF(g, out, ...)                                                                        \
	do {                                                                                       \
		static const char *const list[] = {__VA_ARGS__};                                   \
		add_one(g, out, list, FL_ARRAY_LEN(list));                                         \
	} while (0)

static void add_uid(struct gen *g, struct fl_buf *out)
{
	unsigned i = gen_pick(g, GEN_NAMES);

	fl_buf_printf(out, "%s::\"%u\"", entity_types[i % 3], i);
}

static void expr(struct gen *g, struct fl_buf *out, enum type type, unsigned depth);

/* `(X op Y)`, mostly with its parentheses. */
static void binary(struct gen *g, struct fl_buf *out, enum type left, const char *op,
                   enum type right, unsigned depth)
{
	fl_buf_add_c(out, "(");
	expr(g, out, left, depth);
	fl_buf_printf(out, " %s ", op);
	expr(g, out, right, depth);
	fl_buf_add_c(out, ")");
}

/* `(X).method(Y)`; right TYPES: no argument. */
static void method(struct gen *g, struct fl_buf *out, enum type left, const char *name,
                   enum type right, unsigned depth)
{
	fl_buf_add_c(out, "(");
	expr(g, out, left, depth);
	fl_buf_printf(out, ").%s(", name);
	if (right != TYPES)
		expr(g, out, right, depth);
	fl_buf_add_c(out, ")");
}

static const char *word(struct gen *g, const char *const *list, unsigned n)
{
	return list[gen_pick(g, n)];
}

static void bool_expr(struct gen *g, struct fl_buf *out, unsigned depth)
{
	static const char *const logic[] = {"&&", "||"}, *const equal[] = {"==", "!="};
	static const char *const order[] = {"<", "<=", ">", ">="};
	static const char *const sets[] = {"containsAll", "containsAny"};
	static const char *const decimals[] = {"lessThan", "lessThanOrEqual", "greaterThan",
	                                       "greaterThanOrEqual"};
	static const char *const ips[] = {"isIpv4", "isIpv6", "isLoopback", "isMulticast"};
	enum type any = (enum type)gen_pick(g, TYPES);

	switch (depth == 0 ? 0 : gen_pick(g, 18)) {
	case 0:
		ONE_OF(g, out, "true", "false", "principal.b", "context.b", "resource.b");
		break;
	case 1:
	case 2:
		binary(g, out, BOOL, word(g, logic, 2), BOOL, depth - 1);
		break;
	case 3:
		fl_buf_add_c(out, "!(");
		expr(g, out, BOOL, depth - 1);
		fl_buf_add_c(out, ")");
		break;
	case 4:
	case 5:
		binary(g, out, any, word(g, equal, 2), any, depth - 1);
		break;
	case 6:
		any = gen_pick(g, 2) == 0 ? LONG : gen_pick(g, 2) == 0 ? DATETIME : DURATION;
		binary(g, out, any, word(g, order, 4), any, depth - 1);
		break;
	case 7:
		binary(g, out, ENTITY, "in", ENTITY, depth - 1);
		break;
	case 8:
		binary(g, out, ENTITY, "in", SET, depth - 1);
		break;
	case 9:
		fl_buf_add_c(out, "((");
		expr(g, out, ENTITY, depth - 1);
		fl_buf_printf(out, ") is %s", entity_types[gen_pick(g, 3)]);
		if (gen_pick(g, 2) == 0) {
			fl_buf_add_c(out, " in ");
			expr(g, out, ENTITY, depth - 1);
		}
		fl_buf_add_c(out, ")");
		break;
	case 10:
		fl_buf_add_c(out, "((");
		expr(g, out, gen_pick(g, 2) == 0 ? ENTITY : RECORD, depth - 1);
		fl_buf_add_c(out, ") has ");
		ONE_OF(g, out, "n", "a", "e.n", "r.a", "\"x y\"", "e.e.n", "zz", "r.a.b");
		fl_buf_add_c(out, ")");
		break;
	case 11:
		fl_buf_add_c(out, "((");
		expr(g, out, STRING, depth - 1);
		fl_buf_add_c(out, ") like ");
		ONE_OF(g, out, "\"*\"", "\"a*\"", "\"*b\"", "\"a*b\"", "\"\"", "\"\\**\"",
		       "\"*a*b*\"", "\"a\\*b\"", "\"**\"", "\"*\\0\"", "\"ab*ab\"");
		fl_buf_add_c(out, ")");
		break;
	case 12:
		method(g, out, SET, "contains", any, depth - 1);
		break;
	case 13:
		method(g, out, SET, word(g, sets, 2), SET, depth - 1);
		break;
	case 14:
		method(g, out, SET, "isEmpty", TYPES, depth - 1);
		break;
	case 15:
		method(g, out, ENTITY, "hasTag", STRING, depth - 1);
		break;
	case 16:
		method(g, out, DECIMAL, word(g, decimals, 4), DECIMAL, depth - 1);
		break;
	default:
		if (gen_pick(g, 2) == 0)
			method(g, out, IP, "isInRange", IP, depth - 1);
		else
			method(g, out, IP, word(g, ips, 4), TYPES, depth - 1);
	}
}

static void long_expr(struct gen *g, struct fl_buf *out, unsigned depth)
{
	static const char *const arithmetic[] = {"+", "-", "*"};
	static const char *const units[] = {"toMilliseconds", "toSeconds", "toMinutes", "toHours",
	                                    "toDays"};

	switch (depth == 0 ? 0 : gen_pick(g, 5)) {
	case 1:
	case 2:
		binary(g, out, LONG, word(g, arithmetic, 3), LONG, depth - 1);
		break;
	case 3:
		fl_buf_add_c(out, "-(");
		expr(g, out, LONG, depth - 1);
		fl_buf_add_c(out, ")");
		break;
	case 4:
		method(g, out, DURATION, word(g, units, 5), TYPES, depth - 1);
		break;
	default:
		ONE_OF(g, out, "0", "1", "-1", "7", "principal.n", "resource.n", "context.n",
		       "principal.e.n", "principal.r.a", "9223372036854775807",
		       "-9223372036854775808", "4611686018427387904", "3037000500");
	}
}

static void set_expr(struct gen *g, struct fl_buf *out, unsigned depth)
{
	unsigned n = depth == 0 ? 0 : gen_pick(g, 4);
	enum type of = gen_pick(g, 2) == 0 ? ENTITY : LONG;

	if (gen_pick(g, 3) == 0) {
		ONE_OF(g, out, "principal.s", "context.s", "resource.s", "principal.getTag(\"t\")");
		return;
	}
	fl_buf_add_c(out, "[");
	for (unsigned i = 0; i < n; i++) {
		expr(g, out, gen_pick(g, 10) == 0 ? (enum type)gen_pick(g, TYPES) : of, depth - 1);
		fl_buf_add_c(out, i + 1 < n ? ", " : "");
	}
	fl_buf_add_c(out, "]");
}

static void record_expr(struct gen *g, struct fl_buf *out, unsigned depth)
{
	if (depth == 0 || gen_pick(g, 3) == 0) {
		ONE_OF(g, out, "principal.r", "context", "{}", "{a: 1}", "{\"x y\": 1, a: 2}");
		return;
	}
	fl_buf_add_c(out, "{a: ");
	expr(g, out, LONG, depth - 1);
	fl_buf_add_c(out, ", e: ");
	expr(g, out, (enum type)gen_pick(g, TYPES), depth - 1);
	fl_buf_add_c(out, "}");
}

static void extension_expr(struct gen *g, struct fl_buf *out, enum type type, unsigned depth)
{
	if (depth > 0 && type == DATETIME && gen_pick(g, 3) == 0) {
		if (gen_pick(g, 2) == 0)
			method(g, out, DATETIME, "toDate", TYPES, depth - 1);
		else
			method(g, out, DATETIME, "offset", DURATION, depth - 1);
	} else if (depth > 0 && type == DURATION && gen_pick(g, 3) == 0) {
		if (gen_pick(g, 2) == 0)
			method(g, out, DATETIME, "toTime", TYPES, depth - 1);
		else
			method(g, out, DATETIME, "durationSince", DATETIME, depth - 1);
	} else if (type == DECIMAL) {
		ONE_OF(g, out, "decimal(\"1.5\")", "decimal(\"-0.5\")", "principal.d",
		       "decimal(\"922337203685477.5807\")", "decimal(\"01.50\")", "decimal(\"1\")");
	} else if (type == IP) {
		ONE_OF(g, out, "ip(\"10.0.0.1\")", "ip(\"10.0.0.0/8\")", "ip(\"::1\")",
		       "ip(\"ff02::/16\")", "ip(\"127.0.0.1/7\")", "context.ip",
		       "ip(\"0.0.0.0/0\")", "ip(\"::/0\")", "ip(\"224.0.0.0/4\")",
		       "ip(\"10.0.0.1/8\")", "ip(\"x\")");
	} else if (type == DATETIME) {
		ONE_OF(g, out, "datetime(\"2024-01-01\")", "datetime(\"1969-12-31T23:00:00Z\")",
		       "context.t", "datetime(\"1970-01-01\")", "datetime(\"2024-02-30\")",
		       "datetime(\"0000-01-01T00:00:00.001+2359\")");
	} else {
		ONE_OF(g, out, "duration(\"1d\")", "duration(\"-1h30m\")", "duration(\"0ms\")",
		       "duration(\"9223372036854775807ms\")",
		       "duration(\"-9223372036854775808ms\")", "duration(\"90061s\")",
		       "duration(\"1x\")");
	}
}

static void expr(struct gen *g, struct fl_buf *out, enum type type, unsigned depth)
{
	if (g->breaks > 0 && gen_pick(g, 100) < g->breaks)
		type = (enum type)gen_pick(g, TYPES);
	if (depth > 0 && gen_pick(g, 15) == 0) {
		fl_buf_add_c(out, "(if ");
		expr(g, out, BOOL, depth - 1);
		fl_buf_add_c(out, " then ");
		expr(g, out, type, depth - 1);
		fl_buf_add_c(out, " else ");
		expr(g, out, type, depth - 1);
		fl_buf_add_c(out, ")");
		return;
	}
	switch (type) {
	case BOOL:
		bool_expr(g, out, depth);
		break;
	case LONG:
		long_expr(g, out, depth);
		break;
	case STRING:
		ONE_OF(g, out, "\"\"", "\"a\"", "\"ab\"", "\"a*b\"", "\"t\"", "\"abab\"", "\"\\0\"",
		       "principal.o", "resource.o", "context[\"x y\"]");
		break;
	case ENTITY:
		if (gen_pick(g, 3) == 0)
			add_uid(g, out);
		else
			ONE_OF(g, out, "principal", "resource", "action", "principal.e",
			       "context.e", "principal.e.e");
		break;
	case SET:
		set_expr(g, out, depth);
		break;
	case RECORD:
		record_expr(g, out, depth);
		break;
	case DECIMAL:
	case IP:
	case DATETIME:
	case DURATION:
	case TYPES:
		extension_expr(g, out, type, depth);
	}
}

void gen_expr(struct gen *g, struct fl_buf *out)
{
	g->breaks = gen_pick(g, 5) == 0 ? 8 : 0;
	expr(g, out, (enum type)gen_pick(g, TYPES), 1 + gen_pick(g, 4));
}

/* ---- Policies ---- */

static void side(struct gen *g, struct fl_buf *out, const char *name)
{
	unsigned kind = gen_pick(g, 9);

	fl_buf_add_c(out, name);
	if (kind == 1 || kind == 2)
		fl_buf_printf(out, " is %s", entity_types[gen_pick(g, 3)]);
	if (kind >= 2 && kind <= 4) {
		fl_buf_add_c(out, kind == 4 ? " == " : " in ");
		add_uid(g, out);
	}
}

static void action(struct gen *g, struct fl_buf *out)
{
	unsigned kind = gen_pick(g, 6), n = gen_pick(g, 4);

	fl_buf_add_c(out, ", action");
	if (kind == 1 || kind == 2)
		fl_buf_printf(out, " %s Action::\"%u\"", kind == 1 ? "==" : "in",
		              gen_pick(g, GEN_ACTIONS));
	if (kind == 3) {
		fl_buf_add_c(out, " in [");
		for (unsigned i = 0; i < n; i++)
			fl_buf_printf(out, "Action::\"%u\",", gen_pick(g, GEN_ACTIONS));
		fl_buf_add_c(out, "]");
	}
	fl_buf_add_c(out, ", ");
}

/* A condition that fits; smaller ones are tried until one does. */
static void condition(struct gen *g, char *room)
{
	struct fl_buf out;
	unsigned depth = 1 + gen_pick(g, 4);

	fl_buf_init(&out, GEN_TEXT - 1);
	do {
		fl_buf_clear(&out);
		expr(g, &out, BOOL, depth);
		depth = depth > 1 ? depth - 1 : 1;
	} while (fl_buf_is_overflown(&out));
	memcpy(room, fl_buf_cstr(&out), out.len + 1);
	fl_buf_fini(&out);
}

void gen_policy(struct gen *g, struct gen_policy *ret)
{
	struct fl_buf out;

	fl_buf_init(&out, sizeof ret->scope - 1);
	g->breaks = gen_pick(g, 5) == 0 ? 8 : 0;
	fl_buf_add_c(&out, gen_pick(g, 3) == 0 ? "forbid(" : "permit(");
	side(g, &out, "principal");
	action(g, &out);
	side(g, &out, "resource");
	fl_buf_add_c(&out, ")");
	memcpy(ret->scope, fl_buf_cstr(&out), out.len + 1);
	fl_buf_fini(&out);
	ret->n_clauses = gen_pick(g, GEN_CLAUSES + 1);
	for (unsigned i = 0; i < ret->n_clauses; i++) {
		ret->clauses[i].is_unless = gen_pick(g, 3) == 0;
		condition(g, ret->clauses[i].a);
		condition(g, ret->clauses[i].b);
	}
}

/* ---- Entities and requests ---- */

static void add_parents(struct gen *g, struct fl_buf *out, const char *type, unsigned i, unsigned n)
{
	unsigned count = gen_pick(g, 3);

	fl_buf_add_c(out, ",\"parents\":[");
	for (unsigned k = 0; k < count && i + 1 < n; k++) {
		unsigned up = i + 1 + gen_pick(g, n - i - 1);

		fl_buf_printf(out, "%s{\"type\":\"%s\",\"id\":\"%u\"}", k > 0 ? "," : "",
		              type == NULL ? entity_types[up % 3] : type, up);
	}
	fl_buf_add_c(out, "]}");
}

static void add_entity(struct gen *g, struct fl_buf *out, unsigned i)
{
	unsigned e = gen_pick(g, GEN_NAMES);

	fl_buf_printf(out, "{\"uid\":{\"type\":\"%s\",\"id\":\"%u\"},\"attrs\":{\"b\":%s,\"n\":%d,",
	              entity_types[i % 3], i, gen_pick(g, 2) == 0 ? "true" : "false",
	              (int)gen_pick(g, 9) - 3);
	fl_buf_printf(out, "\"e\":{\"__entity\":{\"type\":\"%s\",\"id\":\"%u\"}},",
	              entity_types[e % 3], e);
	fl_buf_printf(out, "\"s\":[%u,%u,7],\"r\":{\"a\":%u},", gen_pick(g, 3), gen_pick(g, 3),
	              gen_pick(g, 3));
	if (gen_pick(g, 2) == 0)
		fl_buf_add_c(out, "\"o\":\"ab\",");
	fl_buf_add_c(out, "\"d\":{\"__extn\":{\"fn\":\"decimal\",\"arg\":\"1.5\"}}}");
	if (gen_pick(g, 2) == 0)
		fl_buf_printf(out, ",\"tags\":{\"t\":[%u,1],\"ab\":[]}", gen_pick(g, 3));
	add_parents(g, out, NULL, i, GEN_NAMES);
}

void gen_entities(struct gen *g, struct fl_buf *out)
{
	const char *comma = "";

	fl_buf_add_c(out, "[");
	for (unsigned i = 0; i < GEN_NAMES; i++) {
		if (gen_pick(g, 8) == 0)
			continue;
		fl_buf_add_c(out, comma);
		add_entity(g, out, i);
		comma = ",";
	}
	for (unsigned i = 0; i + 1 < GEN_ACTIONS; i++) {
		fl_buf_printf(out, "%s{\"uid\":{\"type\":\"Action\",\"id\":\"%u\"},\"attrs\":{}",
		              comma, i);
		add_parents(g, out, "Action", i, GEN_ACTIONS);
		comma = ",";
	}
	fl_buf_add_c(out, "]");
}

static const struct fl_cedar_uid *make_uid(struct fl_arena *arena, const char *type, unsigned i)
{
	char id[16];
	int n = snprintf(id, sizeof id, "%u", i);

	return fl_cedar_uid_make(arena, fl_str(type), fl_str_n(id, (size_t)n));
}

static void make_context(struct gen *g, struct fl_arena *arena, struct fl_cedar_value *ret)
{
	static const char *const names[] = {"b", "n", "x y", "s", "e", "ip", "t"};
	struct fl_cedar_field *fields = fl_arena_array(arena, FL_ARRAY_LEN(names), sizeof *fields);
	struct fl_cedar_value *items = fl_arena_array(arena, 3, sizeof *items);
	unsigned e = gen_pick(g, GEN_NAMES);

	FL_ASSERT(fields != NULL && items != NULL);
	for (unsigned i = 0; i < 3; i++)
		items[i] = fl_cedar_long(gen_pick(g, 3));
	fields[0].value = fl_cedar_bool(gen_pick(g, 2) == 0);
	fields[1].value = fl_cedar_long((int64_t)gen_pick(g, 9) - 3);
	fields[2].value = fl_cedar_string(gen_pick(g, 2) == 0 ? FL_STR("ab") : FL_STR("a*b"));
	fields[3].value = fl_cedar_set_make(items, gen_pick(g, 4));
	fields[4].value = fl_cedar_entity(make_uid(arena, entity_types[e % 3], e));
	int r = fl_cedar_ext_parse(FL_CEDAR_IP, FL_STR("10.1.2.3"), arena, &fields[5].value);

	fields[6].value = fl_cedar_number(FL_CEDAR_DATETIME, (int64_t)gen_pick(g, 1000) - 500);
	for (size_t i = 0; i < FL_ARRAY_LEN(names); i++)
		fields[i].name = fl_cedar_name(fl_str(names[i]));
	/* The last may be absent. */
	if (r == 0)
		r = fl_cedar_record_make(fields, FL_ARRAY_LEN(names) - gen_pick(g, 2), ret, NULL);
	FL_ASSERT(r == 0);
}

void gen_request(struct gen *g, const struct fl_cedar_entities *entities, struct fl_arena *arena,
                 struct fl_cedar_request *ret)
{
	unsigned p = gen_pick(g, GEN_NAMES), r = gen_pick(g, GEN_NAMES);

	*ret = (struct fl_cedar_request){
	    .principal = make_uid(arena, entity_types[p % 3], p),
	    .action = make_uid(arena, "Action", gen_pick(g, GEN_ACTIONS)),
	    .resource = make_uid(arena, entity_types[r % 3], r),
	    .entities = entities,
	};
	make_context(g, arena, &ret->context);
}
