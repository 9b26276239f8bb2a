/* policy/json.h - an exact JSON reader
 * SPDX-License-Identifier: Apache-2.0
 *
 * RFC 8259, and stricter where the language needs it: integers stay exact, a number that is no
 * 64-bit integer in plain digits keeps a kind of its own, a key that is twice in an object is
 * refused, as are unpaired surrogates and nesting of FL_CEDAR_JSON_DEPTH_MAX levels or more.
 */
#ifndef FL_POLICY_JSON_H
#define FL_POLICY_JSON_H

#include "base/error.h"
#include "policy/limits.h"

enum fl_cedar_json_kind {
	FL_CEDAR_JSON_NULL,
	FL_CEDAR_JSON_BOOL,
	FL_CEDAR_JSON_LONG,
	FL_CEDAR_JSON_NUMBER, /* 1.0, 1e3, -0, beyond 64 bits: its text */
	FL_CEDAR_JSON_STRING,
	FL_CEDAR_JSON_ARRAY,
	FL_CEDAR_JSON_OBJECT
};

struct fl_cedar_json {
	uint8_t kind; /* enum fl_cedar_json_kind */
	uint32_t n;   /* bytes, items or members */
	uint32_t at;  /* where it starts in the text */
	uint32_t end; /* and where it ends */
	union {
		bool boolean;
		int64_t number;
		const char *text;
		const struct fl_cedar_json *items;
		const struct fl_cedar_json_member *members; /* in the order written */
	} u;
};

struct fl_cedar_json_member {
	struct fl_str key;
	uint32_t at; /* of the key */
	struct fl_cedar_json value;
};

/* Reads the whole text. Strings without escapes are slices of it. FL_CEDAR_E_SYNTAX (`problems`
 * says where), FL_CEDAR_E_DUPLICATE, FL_CEDAR_E_LIMIT, FL_CEDAR_E_MEMORY. `file` is for messages.
 * [any] */
int fl_cedar_json_parse(struct fl_arena *arena, struct fl_str text, const char *file,
                        struct fl_cedar_json *ret, struct fl_problems *problems);
/* The member's value, or NULL; also when `json` is no object. */
const struct fl_cedar_json *fl_cedar_json_find(const struct fl_cedar_json *json, const char *key);
/* The text of a string; {NULL, 0} for anything else, and for NULL. */
struct fl_str fl_cedar_json_str(const struct fl_cedar_json *json);
/* Where byte `at` of the text stands. */
struct fl_position fl_cedar_json_position(struct fl_str text, const char *file, uint32_t at);
/* "an object", "a string", ... */
const char *fl_cedar_json_describe(const struct fl_cedar_json *json);

#endif
