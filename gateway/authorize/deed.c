/* gateway/authorize/deed.c - may a connector do this by itself?
 * SPDX-License-Identifier: Apache-2.0
 *
 * Connectors, secrets, routes and consumers are in the bundle. Hosts are made for the question:
 * there is no end of them.
 *
 * Policies that speak of requests only leave connectors to their grants: what none permits is
 * denied here once some policy names a type of Conn in its scope. A forbid that applies holds in
 * any case.
 */
#include "base/clock.h"
#include "gateway/authorize/ask.h"

#define ZONE FL_STR("Conn::Zone")
#define INTERNAL FL_STR("internal")

#define CONTEXT_MAX 5u

/* ---- hosts ---- */

static bool is_address(struct fl_str host)
{
	bool has_letter = false;

	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] == ':')
			return true;
		has_letter = has_letter || host.p[i] < '.' || host.p[i] > '9' || host.p[i] == '/';
	}
	return !has_letter;
}

struct zones {
	struct fl_arena *scratch;
	const struct fl_cedar_uid **list;
	size_t n, cap;
};

static bool add_zone(struct zones *z, struct fl_str name)
{
	struct fl_cedar_uid *uid = fl_arena_alloc(z->scratch, sizeof *uid);

	if (uid == NULL)
		return false;
	FL_ASSERT(z->n < z->cap);
	*uid = fl_cedar_uid(ZONE, name);
	z->list[z->n++] = uid;
	return true;
}

/* The host itself and the domains above it; an address is in no domain. */
static bool add_domains(struct zones *z, struct fl_str host)
{
	bool has_more = !is_address(host);

	if (!add_zone(z, host))
		return false;
	for (size_t i = 0; has_more && i + 1 < host.n; i++)
		if (host.p[i] == '.' && !add_zone(z, fl_str_n(host.p + i + 1, host.n - i - 1)))
			return false;
	return true;
}

static size_t count_dots(struct fl_str host)
{
	size_t n = 0;

	for (size_t i = 0; i < host.n; i++)
		n += host.p[i] == '.';
	return n;
}

/* `known`: what the operator says of the host, or NULL. */
static bool make_zones(const struct fl_decide_deed *deed, const struct fl_cedar_entity *known,
                       struct fl_arena *scratch, struct zones *ret)
{
	size_t more = known != NULL ? known->n_parents : 0;
	struct zones z = {.scratch = scratch, .cap = count_dots(deed->host) + more + 2};

	z.list = fl_arena_alloc(scratch, z.cap * sizeof(*z.list));
	if (z.list == NULL || !add_domains(&z, deed->host) ||
	    (deed->is_internal && !add_zone(&z, INTERNAL)))
		return false;
	for (size_t i = 0; i < more; i++)
		z.list[z.n++] = known->parents[i];
	*ret = z;
	return true;
}

/* Conn::Host::"api.example.com:443" */
static const struct fl_cedar_uid *name_host(const struct fl_decide_deed *deed,
                                            struct fl_arena *scratch)
{
	struct fl_cedar_uid *uid = fl_arena_alloc(scratch, sizeof *uid);
	struct fl_str name = fl_arena_printf(
	    scratch, memchr(deed->host.p, ':', deed->host.n) ? "[%.*s]:%u" : "%.*s:%u",
	    FL_STR_ARGS(deed->host), (unsigned)deed->port);

	if (uid == NULL || name.p == NULL)
		return NULL;
	*uid = fl_cedar_uid(FL_STR("Conn::Host"), name);
	return uid;
}

static bool make_host(const struct fl_bundle *bundle, const struct fl_decide_deed *deed,
                      struct fl_arena *scratch, struct fl_cedar_request *rq)
{
	const struct fl_cedar_uid *uid = name_host(deed, scratch);
	struct fl_cedar_field *port = fl_arena_alloc(scratch, sizeof *port);
	struct fl_cedar_entity *own = fl_arena_alloc(scratch, sizeof *own);
	const struct fl_cedar_entity **list = fl_arena_alloc(scratch, sizeof(*list));
	struct fl_cedar_value attrs;
	struct zones zones;

	if (uid == NULL || port == NULL || own == NULL || list == NULL ||
	    !make_zones(deed, fl_cedar_entities_find(bundle->entities, uid), scratch, &zones))
		return false;
	*port = (struct fl_cedar_field){fl_cedar_name(FL_STR("port")), fl_cedar_long(deed->port)};
	if (fl_cedar_record_make(port, 1, &attrs, NULL) != 0 ||
	    fl_cedar_entities_derive(bundle->entities, uid, attrs, zones.list, zones.n,
	                             fl_cedar_record_empty(), scratch, own) != 0)
		return false;
	*list = own;
	rq->own = list;
	rq->n_own = 1;
	rq->resource = uid;
	rq->action = bundle->egress;
	return true;
}

/* ---- the rest ---- */

static const struct fl_cedar_uid *name(struct fl_arena *scratch, const char *type, struct fl_str id)
{
	struct fl_cedar_uid *uid = fl_arena_alloc(scratch, sizeof *uid);

	if (uid != NULL)
		*uid = fl_cedar_uid(fl_str(type), id);
	return uid;
}

/* Adds the field, unless there is nothing to name. */
static bool add_name(struct fl_cedar_field *fields, size_t *n, const char *key, const char *type,
                     struct fl_str id, struct fl_arena *scratch)
{
	const struct fl_cedar_uid *uid;

	if (id.p == NULL)
		return true;
	uid = name(scratch, type, id);
	if (uid == NULL)
		return false;
	fields[(*n)++] = (struct fl_cedar_field){fl_cedar_name(fl_str(key)), fl_cedar_entity(uid)};
	return true;
}

static void add_number(struct fl_cedar_field *fields, size_t *n, const char *key, uint64_t number)
{
	int64_t value = number > INT64_MAX ? INT64_MAX : (int64_t)number;

	fields[(*n)++] = (struct fl_cedar_field){fl_cedar_name(fl_str(key)), fl_cedar_long(value)};
}

static bool make_context(const struct fl_decide_deed *deed, struct fl_arena *scratch,
                         struct fl_cedar_value *ret)
{
	struct fl_cedar_field *fields = fl_arena_alloc(scratch, CONTEXT_MAX * sizeof *fields);
	size_t n = 0;

	if (fields == NULL)
		return false;
	fields[n++] = (struct fl_cedar_field){
	    fl_cedar_name(FL_STR("now")),
	    fl_cedar_number(FL_CEDAR_DATETIME, (int64_t)(deed->wall_ns / FL_NS_PER_MS))};
	if (!add_name(fields, &n, "route", "Gw::Route", deed->route, scratch) ||
	    !add_name(fields, &n, "onBehalfOf", "Gw::Consumer", deed->consumer, scratch))
		return false;
	if (deed->kind == FL_DEED_EGRESS) {
		add_number(fields, &n, "bytes", deed->bytes);
		add_number(fields, &n, "port", deed->port);
	}
	return fl_cedar_record_make(fields, n, ret, NULL) == 0;
}

static bool make_request(const struct fl_bundle *bundle, const struct fl_decide_deed *deed,
                         struct fl_arena *scratch, struct fl_cedar_request *ret)
{
	struct fl_cedar_request rq = {.entities = bundle->entities};

	rq.principal = name(scratch, "Conn::Connector", deed->instance);
	if (rq.principal == NULL || !make_context(deed, scratch, &rq.context))
		return false;
	if (deed->kind == FL_DEED_EGRESS) {
		if (!make_host(bundle, deed, scratch, &rq))
			return false;
	} else {
		rq.action = bundle->secret_read;
		rq.resource = name(scratch, "Conn::Secret", deed->secret);
		if (rq.resource == NULL)
			return false;
	}
	*ret = rq;
	return true;
}

/* Something is asked for that nobody does here. */
static bool has_duty(const struct fl_bundle_set *set, const struct fl_cedar_answer *answer)
{
	for (size_t i = 0; i < answer->n_reasons; i++) {
		const struct fl_bundle_policy *policy = &set->policies[answer->reasons[i]->index];

		for (size_t k = 0; k < policy->obligations_n; k++)
			if (policy->obligations[k].kind != FL_OBLIGATION_LOG)
				return true;
	}
	return false;
}

void fl_decide_deed(const struct fl_bundle *bundle, const struct fl_decide_deed *deed,
                    struct fl_arena *scratch, struct fl_decision *ret)
{
	struct fl_cedar_request rq;

	*ret = (struct fl_decision){.is_allowed = false};
	if (!make_request(bundle, deed, scratch, &rq))
		return;
	fl_decide_ask(bundle, &rq, FL_CEDAR_FAST, scratch, ret);
	if (!bundle->active.names_connectors)
		ret->is_allowed = !fl_arena_is_overflown(scratch) &&
				  !fl_decide_is_forbidden(bundle, ret);
	else if (ret->is_allowed && has_duty(&bundle->active, &ret->answer))
		ret->is_allowed = false;
}
