/* gateway/authorize/decide.h - may this principal do this with that?
 * SPDX-License-Identifier: Apache-2.0
 *
 * The hot path: no lock, no system call; memory comes from the caller's arena only.
 */
#ifndef FL_GATEWAY_AUTHORIZE_DECIDE_H
#define FL_GATEWAY_AUTHORIZE_DECIDE_H

#include "gateway/auth/principal.h"
#include "gateway/authorize/bundle.h"

struct fl_decide_header {
	struct fl_str name, value; /* name in lower case */
};

/* A request to the data plane, as policies see it. All is borrowed. */
struct fl_decide_request {
	const struct fl_principal *principal;
	size_t route; /* index into config->routes */
	enum fl_method method;
	uint64_t wall_ns;
	struct fl_str client; /* address as text */
	bool is_tls;
	struct fl_str method_name, host;
	uint64_t content_length; /* with chunks: what the route allows at most */
	uint64_t target_bytes, header_bytes;
	/* Value of a header field, several joined by ", "; false: not there. */
	bool (*header)(const void *ctx, struct fl_str lower_name, struct fl_str *ret);
	const void *ctx;
};

struct fl_decision {
	bool is_allowed;
	bool is_failed_closed; /* a forbid could not be evaluated, and on_forbid_error is deny */
	struct fl_cedar_answer answer; /* of the active policies */
	struct fl_cedar_answer shadow; /* of the shadowed ones; empty when there are none */
};

/* The last step of making a bundle: what is the same for all decisions, in its arena. False: that is
 * full. [control] */
FL_MUST_USE bool fl_decide_prepare(struct fl_bundle *bundle);

/* Decides with `mode`: FL_CEDAR_FULL for explanations and logs, else FL_CEDAR_FAST, which is taken only
 * where no obligation and no advice is lost by it: a deny always comes with all its reasons. An
 * arena that is full gives a deny. [any] */
void fl_decide(const struct fl_bundle *bundle, const struct fl_decide_request *request,
	       enum fl_cedar_mode mode, struct fl_arena *scratch, struct fl_decision *ret);
/* The Cedar request that fl_decide() asks with, for explanations; its parts live in `scratch`. */
bool fl_decide_make_request(const struct fl_bundle *bundle, const struct fl_decide_request *request,
			    struct fl_arena *scratch, struct fl_cedar_request *ret);

/* What a connector is about to do by itself. Things are named as in the configuration; a name that the
 * bundle does not know has no attributes and is in nothing. All is borrowed. */
enum fl_deed_kind { FL_DEED_EGRESS, FL_DEED_SECRET };
struct fl_decide_deed {
	enum fl_deed_kind kind;
	struct fl_str instance;
	struct fl_str host; /* egress: lower case, without brackets and without a dot at its end */
	uint16_t port;
	bool is_internal; /* the host is an address, or a name, that is not public as it is written */
	struct fl_str secret;
	/* of the request that it works on; p is NULL: there is none, or it is over */
	struct fl_str route, consumer;
	uint64_t wall_ns;
	uint64_t bytes; /* of the body that would be sent */
};
/* May it? As fl_decide(), but no obligation of a permit other than @log can be fulfilled here: one that
 * determines the decision turns it into a deny. The host is in a Conn::Zone of its own name, in those
 * of all domains above it, and in what the operator's entities say. [any] */
void fl_decide_deed(const struct fl_bundle *bundle, const struct fl_decide_deed *deed,
		    struct fl_arena *scratch, struct fl_decision *ret);

#endif
