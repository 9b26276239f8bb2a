/* tests/fuzz/cedar_ext.c - the text of extension values: the first byte says of which type
 * SPDX-License-Identifier: Apache-2.0
 *
 * A value prints as an expression that is the same value; its methods answer as a second
 * implementation does.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "policy/cedar.h"
#include "tests/unit/policy/naive.h"

/* Expressions over a value; @ stands for it. */
static const char *const uses[4][4] = {
    {"@.lessThan(decimal(\"0.5\"))", "@ == @", "@.greaterThanOrEqual(@)", "[@, 1].contains(@)"},
    {"@.isLoopback()", "@.isMulticast()", "@.isInRange(ip(\"10.0.0.0/8\"))",
     "ip(\"ff00::/8\").isInRange(@)"},
    {"@.toDate()", "@.toTime()", "@.offset(duration(\"-1ms\"))",
     "@.durationSince(datetime(\"0000-01-01\"))"},
    {"@.toDays() + @.toHours() * @.toMinutes()", "@.toSeconds()", "@.toMilliseconds()",
     "@ < duration(\"1d\")"},
};

static void check_use(const char *use, struct fl_str value, struct fl_arena *arena)
{
	const struct fl_cedar_uid e = fl_cedar_uid(FL_STR("E"), FL_STR(""));
	struct fl_cedar_request request = {
	    .principal = &e, .action = &e, .resource = &e, .context = fl_cedar_record_empty()};
	struct fl_cedar_value ours, theirs;
	struct fl_problems problems;
	struct fl_cedar_eval ev;
	struct fl_cedar_expr *x;
	struct fl_buf text;

	fl_problems_init(&problems, arena);
	fl_buf_init(&text, 1 << 20);
	for (; *use != '\0'; use++) {
		if (*use == '@')
			fl_buf_add(&text, value);
		else
			fl_buf_add_char(&text, *use);
	}
	if (fl_cedar_parse_expr(arena, fl_buf_str(&text), NULL, &x, &problems) != 0)
		abort();
	fl_cedar_eval_init(&ev, &request, arena);
	bool is_ours = fl_cedar_eval(&ev, x, &ours);

	if (is_ours != naive_eval(&request, x, arena, &theirs) ||
	    (is_ours && !naive_eq(ours, theirs)))
		abort();
	fl_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum fl_cedar_kind kinds[] = {FL_CEDAR_DECIMAL, FL_CEDAR_IP, FL_CEDAR_DATETIME,
	                                           FL_CEDAR_DURATION};
	struct fl_arena arena;
	struct fl_cedar_value v;
	struct fl_buf printed;

	if (size == 0)
		return 0;
	size_t which = data[0] % FL_ARRAY_LEN(kinds);

	fl_arena_init(&arena, 4096, 16 << 20);
	fl_buf_init(&printed, 1 << 16);
	if (fl_cedar_ext_parse(kinds[which], fl_str_n((const char *)data + 1, size - 1), &arena,
	                       &v) == 0) {
		fl_cedar_value_print(&printed, v);
		check_use("@ == @", fl_buf_str(&printed), &arena);
		for (size_t i = 0; i < FL_ARRAY_LEN(uses[which]); i++)
			check_use(uses[which][i], fl_buf_str(&printed), &arena);
	}
	fl_buf_fini(&printed);
	fl_arena_fini(&arena);
	return 0;
}
