/* tests/unit/config/load.h - loads configurations and tells what was said about them
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_TESTS_UNIT_CONFIG_LOAD_H
#define FL_TESTS_UNIT_CONFIG_LOAD_H

#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "gateway/config/limits.h"
#include "gateway/config/model.h"

#define V1 "apiVersion: fairlead/v1\n"

static struct fl_arena arena;
static struct fl_problems problems; /* of the last load */

static int setup(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 64u << 20);
	fl_problems_init(&problems, &arena);
	(void)setenv("FL_TEST_SET", "v4lue", 1);
	(void)setenv("FL_TEST_EMPTY", "", 1);
	(void)setenv("FL_TEST_BYTES", "\xff", 1);
	(void)setenv("GITHUB_TOKEN", "x", 1); /* of examples and documents */
	(void)setenv("GITHUB_WEBHOOK_SECRET", "0123456789abcdef0123456789abcdef", 1);
	(void)setenv("ORDERS_TOKEN", "x", 1);
	(void)unsetenv("FL_TEST_UNSET");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fl_arena_fini(&arena);
	return 0;
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, setup, teardown)

static inline void forget(void)
{
	fl_arena_reset(&arena);
	fl_problems_init(&problems, &arena);
}

/* Without access to files. */
static inline struct fl_config *load(struct fl_str text)
{
	forget();
	return fl_config_load_text("f", text, NULL, &problems);
}

static inline struct fl_config *load_file(const char *path)
{
	forget();
	return fl_config_load_file(path, &problems);
}

/* The code of the first problem, "" for a configuration that was accepted; frees the text. */
static inline const char *code_of(struct fl_buf *text)
{
	struct fl_config *config = load(fl_buf_str(text));
	const char *code = config ? "" : problems.first->code;

	(void)fl_config_unref(config);
	fl_buf_fini(text);
	return code;
}

static inline void begin(struct fl_buf *text)
{
	fl_buf_init(text, 64u << 20);
	fl_buf_add_c(text, V1);
}

/* For messages of failed cases: the first problem. */
static inline const char *said(void)
{
	static char text[600];
	const struct fl_problem *p = problems.first;

	if (p == NULL)
		return "nothing";
	(void)snprintf(
	    text, sizeof text, "%s:%u:%u %s %.*s: %.*s [%.*s]", p->at.file ? p->at.file : "-",
	    p->at.line, p->at.column, p->code, FL_STR_ARGS(fl_str_cut(p->pointer, 100)),
	    FL_STR_ARGS(fl_str_cut(p->detail, 200)), FL_STR_ARGS(fl_str_cut(p->hint, 200)));
	return text;
}

#endif
