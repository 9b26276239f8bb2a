/* gateway/authorize/mute.c - instances that want the network and that no policy lets out
 * SPDX-License-Identifier: Apache-2.0
 *
 * Once a policy names connectors, what none permits is denied to all of them: better said when the
 * policies are loaded than by the first request that fails.
 * Only scopes are looked at, so what is told is certain.
 */
#include <stdlib.h>

#include "gateway/authorize/build.h"
#include "gateway/connector/manifest.h"

#define HTTP FL_STR("fairlead.http/1")
#define SCRATCH_BYTES 65536u

struct mute {
	const struct fl_bundle *bundle;
	const struct fl_cedar_row **permits; /* of http.egress */
	size_t permits_n;
	struct fl_arena scratch;
};

static bool matches(struct mute *m, const struct fl_cedar_row *row, enum fl_cedar_var part,
                    const struct fl_cedar_uid *instance)
{
	const struct fl_cedar_request rq = {
	    .principal = instance,
	    .action = m->bundle->egress,
	    .resource = m->bundle->anonymous, /* not asked about */
	    .context = fl_cedar_record_empty(),
	    .entities = m->bundle->entities,
	};
	struct fl_cedar_eval ev;

	fl_arena_reset(&m->scratch);
	fl_cedar_eval_init(&ev, &rq, &m->scratch);
	return fl_cedar_row_matches(row, &ev, part);
}

/* Could a host be such a resource? */
static bool takes_hosts(const struct fl_cedar_scope *scope)
{
	const struct fl_str host = FL_STR("Conn::Host"), zone = FL_STR("Conn::Zone");
	struct fl_str type = scope->type;

	if (scope->kind == FL_CEDAR_SCOPE_ANY ||
	    (scope->is_slot && scope->kind != FL_CEDAR_SCOPE_IS_IN))
		return true;
	if (scope->kind == FL_CEDAR_SCOPE_EQ || scope->kind == FL_CEDAR_SCOPE_IN)
		type = scope->uids[0]->type;
	return fl_str_eq(type, host) || (scope->kind == FL_CEDAR_SCOPE_IN && fl_str_eq(type, zone));
}

static bool find_permits(struct mute *m)
{
	const struct fl_cedar_set *set = m->bundle->active.set;
	const struct fl_cedar_row *row;
	size_t n = 0;

	while (set != NULL && fl_cedar_set_row(set, n) != NULL)
		n++;
	m->permits = calloc(n + 1, sizeof(*m->permits));
	if (m->permits == NULL)
		return false;
	for (size_t i = 0; i < n && (row = fl_cedar_set_row(set, i)) != NULL; i++)
		if (!row->policy->is_forbid && takes_hosts(&row->policy->resource) &&
		    matches(m, row, FL_CEDAR_ACTION, m->bundle->anonymous))
			m->permits[m->permits_n++] = row;
	return true;
}

static bool is_mute(struct mute *m, const struct fl_cedar_uid *instance)
{
	for (size_t i = 0; i < m->permits_n; i++)
		if (matches(m, m->permits[i], FL_CEDAR_PRINCIPAL, instance))
			return false;
	return true;
}

static void tell(struct fl_problems *problems, const struct fl_cfg_instance *instance)
{
	struct fl_problem *p = fl_problems_add(
	    problems, "policy_no_egress", instance->at,
	    fl_arena_printf(problems->arena, "/instances/%.*s", FL_STR_ARGS(instance->name)),
	    "no policy lets the instance \"%.*s\" send requests", FL_STR_ARGS(instance->name));

	fl_problem_hint(problems, p,
	                "permit (principal == Conn::Connector::\"%.*s\", action in "
	                "Conn::Action::\"net\", resource);",
	                FL_STR_ARGS(instance->name));
	fl_problem_warn(problems, p);
}

void fl_bundle_tell_mute(struct fl_bundle_build *b)
{
	const struct fl_config *config = b->config;
	struct mute m = {.bundle = b->bundle};

	if (b->connectors == NULL || !b->bundle->active.names_connectors)
		return;
	fl_arena_init(&m.scratch, SCRATCH_BYTES, SCRATCH_BYTES);
	bool has_permits = find_permits(&m);

	for (size_t i = 0; has_permits && i < config->instances_n; i++) {
		const struct fl_manifest *manifest =
		    b->connectors[config->instances[i].connector].manifest;

		if (manifest != NULL && fl_manifest_asks_for(manifest, HTTP) &&
		    is_mute(&m, b->bundle->connectors[i]))
			tell(b->problems, &config->instances[i]);
	}
	fl_arena_fini(&m.scratch);
	free(m.permits);
}
