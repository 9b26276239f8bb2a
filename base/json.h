/* base/json.h - writing JSON
 * SPDX-License-Identifier: Apache-2.0
 *
 * Adds members and items to a buffer and puts the commas. The buffer latches overflow, so a writer
 * checks once at the end. Inside an object every call names a key; inside an array it is NULL.
 *
 *	struct fl_json j;
 *	fl_json_init(&j, &buf);
 *	fl_json_object(&j, NULL);
 *	fl_json_add_u64(&j, "count", 2);
 *	fl_json_array(&j, "names");
 *	fl_json_add_c(&j, NULL, "echo");
 *	fl_json_end(&j);
 *	fl_json_end(&j);		// {"count":2,"names":["echo"]}
 */
#ifndef FL_BASE_JSON_H
#define FL_BASE_JSON_H

#include "base/buf.h"
#include "base/error.h"

#define FL_JSON_DEPTH_MAX 32u /* of what is written with one fl_json */

struct fl_json {
	struct fl_buf *out;
	unsigned depth;
	bool has_items;
	char closers[FL_JSON_DEPTH_MAX];
};

void fl_json_init(struct fl_json *j, struct fl_buf *out);
void fl_json_object(struct fl_json *j, const char *key);
void fl_json_array(struct fl_json *j, const char *key);
/* Ends the innermost object or array. */
void fl_json_end(struct fl_json *j);
void fl_json_add(struct fl_json *j, const char *key, struct fl_str value);
void fl_json_add_c(struct fl_json *j, const char *key, const char *value); /* NULL: null */
void fl_json_add_u64(struct fl_json *j, const char *key, uint64_t value);
void fl_json_add_bool(struct fl_json *j, const char *key, bool value);
/* `json` is well-formed already. */
void fl_json_add_raw(struct fl_json *j, const char *key, struct fl_str json);

/* An array with one object a problem: {code, detail, pointer, hint, file, line, column}; what is
 * not known is left out. */
enum fl_json_problems { FL_JSON_ERRORS, FL_JSON_WARNINGS };
void fl_json_add_problems(struct fl_json *j, const char *key, const struct fl_problems *list,
                          enum fl_json_problems which);

#endif
