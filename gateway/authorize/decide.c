/* gateway/authorize/decide.c - may this principal do this with that?
 * SPDX-License-Identifier: Apache-2.0
 *
 * FL_CEDAR_FAST stops at the first permit that is satisfied, after all forbids were looked at. That
 * is enough where permits ask for nothing: an allow by it has seen every forbid, also those that
 * fail, and a deny because nothing permits has seen every policy. Only a deny by a forbid may have
 * more reasons than it found; then all are collected, as each tells its advice.
 */
#include "gateway/authorize/decide.h"

#include "gateway/authorize/ask.h"
#include "gateway/authorize/context.h"

#define CONSUMER FL_STR("Gw::Consumer")

/* ---- before the first decision ---- */

static bool has_duties(const struct fl_bundle_set *set)
{
	for (size_t i = 0; i < set->policies_n; i++)
		if (!set->policies[i].is_forbid && set->policies[i].obligations_n > 0)
			return true;
	return false;
}

static bool is_of_connectors(const struct fl_cedar_scope *scope)
{
	const struct fl_str space = FL_STR("Conn::");

	for (size_t i = 0; i < scope->n_uids; i++)
		if (fl_str_starts(scope->uids[i]->type, space))
			return true;
	return fl_str_starts(scope->type, space);
}

static bool names_connectors(const struct fl_bundle_set *set)
{
	const struct fl_cedar_row *row;

	for (size_t i = 0; set->set && (row = fl_cedar_set_row(set->set, i)); i++)
		if (is_of_connectors(&row->policy->principal) ||
		    is_of_connectors(&row->policy->action) ||
		    is_of_connectors(&row->policy->resource) ||
		    (row->principal && fl_str_starts(row->principal->type, FL_STR("Conn::"))) ||
		    (row->resource && fl_str_starts(row->resource->type, FL_STR("Conn::"))))
			return true;
	return false;
}

bool fl_decide_prepare(struct fl_bundle *bundle)
{
	bundle->active.names_connectors = names_connectors(&bundle->active);
	bundle->active.has_duties = has_duties(&bundle->active);
	bundle->shadow.has_duties = false; /* nobody fulfils them */
	bundle->context = fl_context_prepare(&bundle->config->policies.headers, &bundle->arena);
	return bundle->context != NULL;
}

/* ---- the question ---- */

/* What the operator says of a consumer goes before what a token says: a claim of the name of a
 * label is not seen. */
static bool add_claims(const struct fl_principal *principal, struct fl_cedar_value labels,
                       struct fl_arena *scratch, struct fl_cedar_value *ret)
{
	size_t n = 0, most = labels.n + principal->claims_n;
	struct fl_cedar_field *tags = fl_arena_alloc(scratch, most * sizeof *tags);

	if (!tags)
		return false;
	for (; n < labels.n; n++)
		tags[n] = labels.u.fields[n];
	for (size_t i = 0; i < principal->claims_n; i++) {
		const struct fl_claim *claim = &principal->claims[i];
		struct fl_cedar_name name = fl_cedar_name(claim->name);
		struct fl_cedar_value *values =
		    fl_arena_alloc(scratch, (claim->values_n + 1) * sizeof *values);

		if (!values)
			return false;
		if (fl_cedar_record_find(labels, name))
			continue;
		for (size_t k = 0; k < claim->values_n; k++)
			values[k] = fl_cedar_string(claim->values[k]);
		tags[n++] =
		    (struct fl_cedar_field){name, fl_cedar_set_make(values, claim->values_n)};
	}
	return fl_cedar_record_make(tags, n, ret, NULL) == 0;
}

/* The consumer with its claims, for this request only. False also when a claim is there twice. */
static bool derive(const struct fl_bundle *bundle, const struct fl_principal *principal,
                   struct fl_arena *scratch, struct fl_cedar_request *rq)
{
	const struct fl_cedar_entity *known =
	    fl_cedar_entities_find(bundle->entities, rq->principal);
	struct fl_cedar_entity *own = fl_arena_alloc(scratch, sizeof *own);
	const struct fl_cedar_entity **list = fl_arena_alloc(scratch, sizeof(*list));
	struct fl_cedar_value tags;

	FL_ASSERT(known != NULL);
	if (!own || !list || !add_claims(principal, known->tags, scratch, &tags) ||
	    fl_cedar_entities_derive(bundle->entities, known->uid, known->attrs, known->parents,
	                             known->n_parents, tags, scratch, own) != 0)
		return false;
	*list = own;
	rq->own = list;
	rq->n_own = 1;
	return true;
}

/* By name: a bundle may be older than the configuration that the consumer is of, if nothing that it
 * was made from has changed. */
static bool name_principal(const struct fl_bundle *bundle, const struct fl_principal *principal,
                           struct fl_arena *scratch, struct fl_cedar_request *rq)
{
	struct fl_cedar_uid *uid;

	rq->principal = bundle->anonymous;
	if (!principal->consumer)
		return true;
	uid = fl_arena_alloc(scratch, sizeof *uid);
	if (!uid)
		return false;
	*uid = fl_cedar_uid(CONSUMER, principal->consumer->name);
	rq->principal = uid;
	return principal->claims_n == 0 || derive(bundle, principal, scratch, rq);
}

bool fl_decide_make_request(const struct fl_bundle *bundle, const struct fl_decide_request *request,
                            struct fl_arena *scratch, struct fl_cedar_request *ret)
{
	struct fl_cedar_request rq = {.entities = bundle->entities};

	FL_ASSERT(request->route < bundle->config->routes_n && request->method < FL_METHOD_N);
	rq.resource = bundle->routes[request->route];
	rq.action = bundle->route_actions[request->route];
	if (!rq.action)
		rq.action = bundle->methods[request->method];
	if (!rq.action || !name_principal(bundle, request->principal, scratch, &rq) ||
	    !fl_context_make(bundle->context, request, scratch, &rq.context))
		return false;
	*ret = rq;
	return true;
}

/* ---- the answer ---- */

static void ask(const struct fl_bundle_set *set, const struct fl_cedar_request *rq,
                enum fl_cedar_mode mode, struct fl_arena *scratch, struct fl_cedar_answer *ret)
{
	*ret = (struct fl_cedar_answer){.is_allowed = false};
	if (!set->set)
		return;
	if (mode == FL_CEDAR_FAST && set->has_duties)
		mode = FL_CEDAR_FULL;
	/* When the arena is full the answer is a deny, and the arena remembers. */
	(void)!fl_cedar_authorize(set->set, rq, mode, scratch, ret);
	if (mode == FL_CEDAR_FAST && !ret->is_allowed && ret->n_reasons > 0)
		(void)!fl_cedar_authorize(set->set, rq, FL_CEDAR_FULL, scratch, ret);
}

static bool has_failed_forbid(const struct fl_cedar_answer *answer)
{
	for (size_t i = 0; i < answer->n_errors; i++)
		if (answer->errors[i].row->policy->is_forbid)
			return true;
	return false;
}

bool fl_decide_is_forbidden(const struct fl_bundle *bundle, const struct fl_decision *decision)
{
	const struct fl_cedar_answer *answer = &decision->answer;

	return (!answer->is_allowed && answer->n_reasons > 0) ||
	       (!bundle->config->policies.skips_failed_forbids && has_failed_forbid(answer));
}

void fl_decide_ask(const struct fl_bundle *bundle, const struct fl_cedar_request *rq,
                   enum fl_cedar_mode mode, struct fl_arena *scratch, struct fl_decision *ret)
{
	ask(&bundle->active, rq, mode, scratch, &ret->answer);
	ret->is_failed_closed = ret->answer.is_allowed &&
	                        !bundle->config->policies.skips_failed_forbids &&
	                        has_failed_forbid(&ret->answer);
	ret->is_allowed = ret->answer.is_allowed && !ret->is_failed_closed;
	ask(&bundle->shadow, rq, mode, scratch, &ret->shadow);
}

void fl_decide(const struct fl_bundle *bundle, const struct fl_decide_request *request,
               enum fl_cedar_mode mode, struct fl_arena *scratch, struct fl_decision *ret)
{
	struct fl_cedar_request rq;

	*ret = (struct fl_decision){.is_allowed = false};
	if (fl_decide_make_request(bundle, request, scratch, &rq))
		fl_decide_ask(bundle, &rq, mode, scratch, ret);
}
