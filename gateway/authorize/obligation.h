/* gateway/authorize/obligation.h - what a policy asks for beside its decision
 * SPDX-License-Identifier: Apache-2.0
 *
 * Annotations of policies, read once when they are loaded. On a permit they must be fulfilled when
 * it allows; on a forbid they tell the caller how to become allowed.
 */
#ifndef FL_GATEWAY_AUTHORIZE_OBLIGATION_H
#define FL_GATEWAY_AUTHORIZE_OBLIGATION_H

#include "base/error.h"
#include "policy/ast.h"

enum fl_obligation_kind {
	/* of permits; the strictest of all that determine the decision holds */
	FL_OBLIGATION_RATE_LIMIT, /* @rate_limit("600/min"): count, period_ns */
	FL_OBLIGATION_TIMEOUT,    /* @timeout("2s"): number, ns */
	FL_OBLIGATION_MAX_BODY,   /* @max_body("64k"): number, bytes */
	/* of permits; all hold */
	FL_OBLIGATION_REDACT,     /* @redact("body:/a/b, header:x-y"): one entry for each; is_header, text */
	FL_OBLIGATION_HEADER_SET, /* @header_set("x-scope: partner"): name (lower case), text */
	FL_OBLIGATION_LOG,        /* @log("full") */
	/* of forbids; all are told */
	FL_OBLIGATION_ADVICE,           /* @advice("step_up:mfa"): text */
	FL_OBLIGATION_STATUS,           /* @status("402"): number, 400..499 */
	FL_OBLIGATION_REQUIRE_APPROVAL, /* @require_approval("2"): number */
	FL_OBLIGATION_KINDS
};

struct fl_obligation {
	enum fl_obligation_kind kind;
	bool is_header;
	uint64_t number;
	uint64_t period_ns;
	struct fl_str name, text;
	struct fl_position at;
};

/* Reads all annotations of a policy: obligations into *ret (in the arena), whether it is shadowed
 * into *ret_is_shadow. An annotation that is neither known here nor metadata (@id, @owner,
 * @severity, @ticket, @mode), that is malformed, or that stands on the wrong kind of policy is told,
 * with its position; @x_... are the operator's own and not looked at. False when there was one. */
bool fl_obligations_read(const struct fl_cedar_policy *policy, struct fl_arena *arena,
			 struct fl_problems *problems, const struct fl_obligation **ret,
			 size_t *ret_n, bool *ret_is_shadow);
/* Does an annotation of this name ask for something, or advise? [any] */
bool fl_obligation_is(struct fl_str name);

#endif
