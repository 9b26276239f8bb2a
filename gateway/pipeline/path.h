/* gateway/pipeline/path.h - the one form of a path
 * SPDX-License-Identifier: Apache-2.0
 *
 * Router, policy, connector and log see the same bytes, and no later reader can read them another
 * way. Of the path of a request target (RFC 3986 section 3.3):
 *
 *	unreserved bytes stand for themselves ("%7E" becomes "~"); all other escapes stay, in upper
 *	case; what may not stand raw but has one meaning only (" < > [ ] ^ ` { | }) is escaped
 *
 *	refused: raw control bytes, blanks, bytes above 126, "#", "?", "\" and ";"; escapes of control
 *	bytes (with %00) and of "\"; escapes that are cut off, or are not UTF-8 (with overlong forms);
 *	empty segments; "." and ".." as a segment, however they were written
 *
 * Escapes are undone once: "%252e" stays. An escaped "/" stays as "%2F" and is reported: it is data
 * only for routes that allow it. For dot segments it counts as a "/" even then.
 *
 * canonical(canonical(x)) == canonical(x).
 */
#ifndef FL_GATEWAY_PIPELINE_PATH_H
#define FL_GATEWAY_PIPELINE_PATH_H

#include "base/arena.h"
#include "gateway/pipeline/problem.h"

enum fl_path_fault {
	FL_PATH_OK = 0,
	FL_PATH_E_MEMORY,
	FL_PATH_E_RELATIVE, /* does not begin with "/" */
	FL_PATH_E_CHARACTER,
	FL_PATH_E_SEMICOLON,
	FL_PATH_E_BACKSLASH, /* raw or escaped */
	FL_PATH_E_ESCAPE, /* "%" without two hexadecimal digits */
	FL_PATH_E_CONTROL, /* escaped NUL, control byte, DEL */
	FL_PATH_E_UTF8,
	FL_PATH_E_EMPTY_SEGMENT,
	FL_PATH_E_DOT_SEGMENT,
	FL_PATH_FAULTS,
};

struct fl_path {
	struct fl_str text; /* `raw` itself when that was canonical, else in the arena */
	bool has_encoded_slash;
};

/* FL_PATH_OK and *ret, or what is wrong. One pass; allocates only when something has to change. */
FL_MUST_USE enum fl_path_fault fl_path_canonical(struct fl_arena *arena, struct fl_str raw,
						 struct fl_path *ret);
/* What to answer to a fault: status 400 and a code "path_*". */
const struct fl_problem_type *fl_path_problem(enum fl_path_fault fault);

#endif
