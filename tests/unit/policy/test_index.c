/* tests/unit/policy/test_index.c - the index changes nothing but the time
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sets and hierarchies made from a seed; each request is decided through the index and one policy
 * after the other.
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "policy/cedar.h"
#include "tests/unit/policy/naive.h"

#define ENTITIES 30u
#define POLICIES 60u
#define ROUNDS 60u
#define REQUESTS 40u

static uint64_t seed;

/* xorshift64*: the same everywhere. */
static unsigned pick(unsigned n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * UINT64_C(2685821657736338717)) >> 33) % n;
}

static const char *const types[] = {"U", "G", "N::D"};

static void add_uid(struct fl_buf *out, unsigned i)
{
	fl_buf_printf(out, "%s::\"%u\"", types[i % 3], i);
}

/* `principal`, `principal == ...`, ... */
static void add_scope(struct fl_buf *out, const char *name)
{
	unsigned kind = pick(6);

	fl_buf_add_c(out, name);
	if (kind == 3 || kind == 4)
		fl_buf_printf(out, " is %s", types[pick(3)]);
	if (kind == 1 || kind == 5)
		fl_buf_add_c(out, kind == 1 ? " == " : " in ");
	if (kind == 4)
		fl_buf_add_c(out, " in ");
	if (kind == 1 || kind >= 4)
		add_uid(out, pick(ENTITIES + 5));
}

static void add_action(struct fl_buf *out)
{
	unsigned kind = pick(5), n = pick(4);

	fl_buf_add_c(out, "action");
	if (kind == 1 || kind == 2)
		fl_buf_printf(out, " %s Action::\"%u\"", kind == 1 ? "==" : "in", pick(8));
	if (kind < 3)
		return;
	fl_buf_add_c(out, " in [");
	for (unsigned i = 0; i < n; i++)
		fl_buf_printf(out, "Action::\"%u\",", pick(8));
	fl_buf_add_c(out, "]");
}

static struct fl_cedar_set *make_set(struct fl_arena *arena)
{
	static const char *const clauses[] = {
	    "",
	    "",
	    "",
	    " when { principal.x }",
	    " when { false }",
	    " unless { principal == resource }",
	    " when { principal in resource }",
	    " when { 1 + true }",
	};
	struct fl_cedar_set *set = fl_cedar_set_create(NULL, 16 << 20);
	struct fl_problems problems;
	struct fl_buf out;

	fl_buf_init(&out, 1 << 20);
	fl_problems_init(&problems, arena);
	for (unsigned i = 0; i < POLICIES; i++) {
		fl_buf_add_c(&out, pick(3) == 0 ? "forbid(" : "permit(");
		add_scope(&out, "principal");
		fl_buf_add_c(&out, ",");
		add_action(&out);
		fl_buf_add_c(&out, ",");
		add_scope(&out, "resource");
		fl_buf_printf(&out, ")%s;", clauses[pick(FL_ARRAY_LEN(clauses))]);
	}
	fl_buf_add_c(&out, "permit(principal in ?principal,action,resource == ?resource);");
	assert_int_equal(fl_cedar_set_add(set, fl_buf_str(&out), NULL, &problems), 0);
	for (unsigned i = 0; i < 10; i++) {
		struct fl_error err = FL_ERROR_INIT;
		char ids[3][16];
		unsigned p = pick(ENTITIES), r = pick(ENTITIES);

		(void)snprintf(ids[0], sizeof ids[0], "%u", p);
		(void)snprintf(ids[1], sizeof ids[1], "%u", r);
		(void)snprintf(ids[2], sizeof ids[2], "link%u", i);
		struct fl_cedar_uid up = fl_cedar_uid(fl_str(types[p % 3]), fl_str(ids[0]));
		struct fl_cedar_uid ur = fl_cedar_uid(fl_str(types[r % 3]), fl_str(ids[1]));

		assert_int_equal(
		    fl_cedar_set_link(set, FL_STR("policy60"), fl_str(ids[2]), &up, &ur, &err), 0);
	}
	assert_int_equal(fl_cedar_set_finish(set), 0);
	fl_buf_fini(&out);
	return set;
}

static const struct fl_cedar_uid *uid_of(struct fl_cedar_entities *es, const char *type, unsigned i)
{
	char id[16];

	(void)snprintf(id, sizeof id, "%u", i);
	return fl_cedar_entities_uid(es, fl_str(type), fl_str(id));
}

/* Parents have higher numbers; some entities and some parents are absent. */
static struct fl_cedar_entities *make_entities(const struct fl_cedar_uid **uids,
                                               const struct fl_cedar_uid **actions)
{
	struct fl_cedar_entities *es = fl_cedar_entities_create(16 << 20);
	struct fl_error err = FL_ERROR_INIT;

	for (unsigned i = 0; i < ENTITIES + 5; i++)
		uids[i] = uid_of(es, types[i % 3], i);
	for (unsigned i = 0; i < 8; i++)
		actions[i] = uid_of(es, "Action", i);
	for (unsigned i = 0; i < ENTITIES; i++) {
		const struct fl_cedar_uid *parents[2] = {uids[i + 1 + pick(5)],
		                                         uids[i + 1 + pick(3)]};

		if (pick(6) != 0)
			assert_int_equal(fl_cedar_entities_add(es, uids[i], fl_cedar_record_empty(),
			                                       parents, pick(3),
			                                       fl_cedar_record_empty(), &err),
			                 0);
	}
	for (unsigned i = 0; i < 7; i++) {
		const struct fl_cedar_uid *parents[] = {actions[i + 1]};

		assert_int_equal(fl_cedar_entities_add(es, actions[i], fl_cedar_record_empty(),
		                                       parents, pick(2), fl_cedar_record_empty(),
		                                       &err),
		                 0);
	}
	assert_int_equal(fl_cedar_entities_finish(es, &err), 0);
	return es;
}

static void compare(const struct fl_cedar_answer *a, const struct fl_cedar_answer *b)
{
	assert_int_equal(a->is_allowed, b->is_allowed);
	assert_int_equal(a->n_reasons, b->n_reasons);
	assert_int_equal(a->n_errors, b->n_errors);
	for (size_t i = 0; i < a->n_reasons; i++)
		assert_ptr_equal(a->reasons[i], b->reasons[i]);
	for (size_t i = 0; i < a->n_errors; i++) {
		assert_ptr_equal(a->errors[i].row, b->errors[i].row);
		assert_int_equal(a->errors[i].fault.kind, b->errors[i].fault.kind);
	}
}

static void decide(const struct fl_cedar_set *set, const struct fl_cedar_request *request,
                   struct fl_arena *arena, size_t *seen)
{
	struct fl_cedar_answer full, linear, fast;

	fl_arena_reset(arena);
	assert_int_equal(fl_cedar_authorize(set, request, FL_CEDAR_LINEAR, arena, &linear), 0);
	assert_int_equal(fl_cedar_authorize(set, request, FL_CEDAR_FULL, arena, &full), 0);
	assert_int_equal(fl_cedar_authorize(set, request, FL_CEDAR_FAST, arena, &fast), 0);
	compare(&full, &linear);
	assert_null(naive_differs(set, request, &full, arena));
	assert_int_equal(fast.is_allowed, linear.is_allowed);
	assert_int_equal(fast.n_reasons, linear.n_reasons > 0);
	seen[0] += linear.is_allowed;
	seen[1] += !linear.is_allowed && linear.n_reasons > 0;
	seen[2] += linear.n_reasons == 0;
	seen[3] += linear.n_errors > 0;
}

static void test_random(void **state)
{
	struct fl_arena arena, scratch;
	size_t seen[4] = {0};

	(void)state;
	seed = UINT64_C(0x5eed5eed5eed5eed);
	fl_arena_init(&arena, 4096, 64 << 20);
	fl_arena_init(&scratch, 65536, 16 << 20);
	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct fl_cedar_uid *uids[ENTITIES + 5], *actions[8];
		struct fl_cedar_set *set = make_set(&arena);
		struct fl_cedar_entities *es = make_entities(uids, actions);

		for (unsigned i = 0; i < REQUESTS; i++) {
			struct fl_cedar_request request = {
			    .principal = uids[pick(ENTITIES + 5)],
			    .action = actions[pick(8)],
			    .resource = uids[pick(ENTITIES + 5)],
			    .context = fl_cedar_record_empty(),
			    .entities = pick(20) == 0 ? NULL : es,
			};

			decide(set, &request, &scratch, seen);
		}
		(void)fl_cedar_entities_destroy(es);
		(void)fl_cedar_set_destroy(set);
		fl_arena_reset(&arena);
	}
	/* All kinds of answers came up. */
	for (size_t i = 0; i < 4; i++)
		assert_true(seen[i] > ROUNDS * REQUESTS / 50);
	fl_arena_fini(&arena);
	fl_arena_fini(&scratch);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE("index and linear search give the same answers", test_random),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
