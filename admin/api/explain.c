/* admin/api/explain.c - what would happen to a request, and why
 * SPDX-License-Identifier: Apache-2.0
 *
 * The route, the principal and every policy that could have had a say. Nothing is sent, counted or
 * logged.
 */
#include "admin/api/explain.h"

#include "base/clock.h"
#include "gateway/pipeline/rehearse.h"
#include "policy/explain.h"

#define SCRATCH_BYTES_MAX ((size_t)16 << 20)

struct explanation {
	struct fl_api_call *call;
	const struct fl_live *live;
	struct fl_explain_ask ask;
	struct fl_rehearsed found;
	struct fl_arena scratch;
	bool is_decided; /* it came to the policies */
	struct fl_cedar_request request;
	struct fl_decision decision;
	struct fl_cedar_explanation active, shadow;
};

static bool find_header(const void *ctx, struct fl_str lower_name, struct fl_str *ret)
{
	const struct fl_explain_ask *ask = ctx;

	for (size_t i = 0; i < ask->headers_n; i++)
		if (fl_str_eq(ask->headers[i].name, lower_name)) {
			*ret = ask->headers[i].value;
			return true;
		}
	return false;
}

/* ---- asking ---- */

static bool rehearse(struct explanation *x)
{
	return fl_rehearse(x->live->config,
	                   &(struct fl_rehearsal){.method = x->ask.method,
	                                          .host = x->ask.host,
	                                          .path = x->ask.path,
	                                          .consumer = x->ask.consumer,
	                                          .header = find_header,
	                                          .ctx = &x->ask},
	                   &x->scratch, &x->found);
}

static bool ask_policies(struct explanation *x)
{
	const struct fl_bundle *bundle = x->live->bundle;
	const struct fl_decide_request request = {
	    .principal = &x->found.principal,
	    .route = (size_t)(x->found.route - x->live->config->routes),
	    .method = x->ask.method,
	    .wall_ns = fl_clock_wall_ns(),
	    .client = x->ask.client,
	    .is_tls = x->ask.is_tls,
	    .method_name = fl_str(fl_method_name(x->ask.method)),
	    .host = x->ask.host,
	    .content_length = x->ask.content_length,
	    .target_bytes = x->ask.target_bytes,
	    .header_bytes = x->ask.head_bytes,
	    .header = find_header,
	    .ctx = &x->ask,
	};

	if (!fl_decide_make_request(bundle, &request, &x->scratch, &x->request))
		return false;
	fl_decide(bundle, &request, FL_CEDAR_FULL, &x->scratch, &x->decision);
	x->is_decided = true;
	return fl_cedar_explain(bundle->active.set, &x->request, &x->scratch, &x->active) == 0 &&
	       (bundle->shadow.set == NULL ||
	        fl_cedar_explain(bundle->shadow.set, &x->request, &x->scratch, &x->shadow) == 0);
}

static bool ask(struct explanation *x)
{
	if (!rehearse(x))
		return false;
	return x->found.refused != NULL || x->live->bundle == NULL || ask_policies(x);
}

static const char *decision_of(const struct explanation *x)
{
	if (x->found.refused != NULL)
		return "refused";
	return !x->is_decided || x->decision.is_allowed ? "allow" : "deny";
}

/* ---- for people ---- */

static void say_uid(struct fl_buf *out, const struct fl_cedar_uid *uid)
{
	struct fl_buf text;

	fl_buf_init(&text, 4096);
	fl_cedar_print_uid(&text, uid);
	fl_buf_add_printable(out, fl_buf_str(&text));
	fl_buf_fini(&text);
}

static void say_obligations(struct fl_buf *out, const struct fl_cedar_row *row)
{
	for (size_t i = 0; i < row->policy->n_annotations; i++) {
		const struct fl_cedar_annotation *a = &row->policy->annotations[i];

		if (!fl_obligation_is(a->key))
			continue;
		fl_buf_add_c(out, "  ");
		fl_buf_add_printable(out, row->id);
		fl_buf_printf(out, " %s @%.*s(\"", row->policy->is_forbid ? "says" : "asks for",
		              FL_STR_ARGS(a->key));
		fl_buf_add_printable(out, a->value);
		fl_buf_add_c(out, "\")\n");
	}
}

/* Without the first line: what they would decide by themselves means nothing. */
static void say_shadow(const struct explanation *x, struct fl_buf *out)
{
	struct fl_buf text;
	struct fl_str rest;

	fl_buf_init(&text, FL_API_BODY_MAX / 4);
	fl_cedar_explanation_print(&text, &x->shadow);
	(void)fl_str_split(fl_buf_str(&text), '\n', &rest);
	fl_buf_add(out, rest);
	fl_buf_fini(&text);
}

static void say_policies(const struct explanation *x, struct fl_buf *out)
{
	say_uid(out, x->request.principal);
	fl_buf_add_c(out, "\naction     ");
	say_uid(out, x->request.action);
	fl_buf_add_c(out, "\n\n");
	if (x->decision.is_failed_closed)
		fl_buf_add_c(out, "deny: a forbid below could not be evaluated, and "
		                  "policies.on_forbid_error is deny; without it:\n");
	fl_cedar_explanation_print(out, &x->active);
	for (size_t i = 0; i < x->active.answer.n_reasons; i++)
		say_obligations(out, x->active.answer.reasons[i]);
	if (x->live->bundle->shadow.set == NULL)
		return;
	fl_buf_add_c(out, "\nshadowed policies, which decide nothing:\n");
	say_shadow(x, out);
}

static void say(const struct explanation *x, struct fl_buf *out)
{
	const struct fl_problem_type *refused = x->found.refused;

	fl_buf_printf(out, "request    %s ", fl_method_name(x->ask.method));
	fl_buf_add_printable(out, x->ask.url);
	if (x->found.route != NULL)
		fl_buf_printf(out, "\nroute      %.*s", FL_STR_ARGS(x->found.route->name));
	if (refused != NULL) {
		fl_buf_printf(out, "\n\nrefused: %u %s\n  %s\n", refused->status, refused->code,
		              refused->detail);
		return;
	}
	fl_buf_add_c(out, "\nprincipal  ");
	if (x->is_decided)
		say_policies(x, out);
	else
		fl_buf_printf(out,
		              "%.*s\n\nallow: no policies are configured, so every authenticated "
		              "request is allowed\n",
		              FL_STR_ARGS(x->found.principal.consumer == NULL
		                              ? FL_STR("nobody")
		                              : x->found.principal.consumer->name));
}

/* ---- for programs ---- */

static void add_uid(struct fl_json *j, const char *key, const struct fl_cedar_uid *uid)
{
	struct fl_buf text;

	fl_buf_init(&text, 4096);
	fl_cedar_print_uid(&text, uid);
	fl_json_add(j, key, fl_buf_str(&text));
	fl_buf_fini(&text);
}

static void add_route(const struct explanation *x, struct fl_json *j)
{
	const struct fl_cfg_route *route = x->found.route;

	if (route == NULL) {
		fl_json_add_c(j, "route", NULL);
		return;
	}
	fl_json_object(j, "route");
	fl_json_add(j, "name", route->name);
	fl_json_add(j, "instance", x->live->config->instances[route->instance].name);
	fl_json_add(j, "action", route->action);
	fl_json_end(j);
}

static void add_refused(const struct fl_problem_type *refused, struct fl_json *j)
{
	if (refused == NULL) {
		fl_json_add_c(j, "refused", NULL);
		return;
	}
	fl_json_object(j, "refused");
	fl_json_add_u64(j, "status", refused->status);
	fl_json_add_c(j, "code", refused->code);
	fl_json_add_c(j, "detail", refused->detail);
	fl_json_end(j);
}

static void add_obligations(const struct fl_cedar_policy *policy, struct fl_json *j)
{
	fl_json_array(j, "obligations");
	for (size_t i = 0; i < policy->n_annotations; i++) {
		if (!fl_obligation_is(policy->annotations[i].key))
			continue;
		fl_json_object(j, NULL);
		fl_json_add(j, "name", policy->annotations[i].key);
		fl_json_add(j, "value", policy->annotations[i].value);
		fl_json_end(j);
	}
	fl_json_end(j);
}

static void add_determining(const struct explanation *x, struct fl_json *j)
{
	fl_json_array(j, "determining");
	for (size_t i = 0; i < x->active.answer.n_reasons; i++) {
		const struct fl_cedar_row *row = x->active.answer.reasons[i];

		fl_json_object(j, NULL);
		fl_json_add(j, "policy", row->id);
		fl_json_add_c(j, "effect", row->policy->is_forbid ? "forbid" : "permit");
		fl_json_add_c(j, "file", row->policy->file);
		fl_json_add_u64(j, "line", row->policy->span.line);
		add_obligations(row->policy, j);
		fl_json_end(j);
	}
	fl_json_end(j);
}

static void add_policies(const struct explanation *x, struct fl_json *j)
{
	add_uid(j, "principal", x->request.principal);
	add_uid(j, "action", x->request.action);
	add_uid(j, "resource", x->request.resource);
	fl_json_add_bool(j, "failed_closed", x->decision.is_failed_closed);
	add_determining(x, j);
	fl_cedar_explanation_json(j, "active", &x->active);
	if (x->live->bundle->shadow.set != NULL)
		fl_cedar_explanation_json(j, "shadow", &x->shadow);
}

static void add(const struct explanation *x, struct fl_json *j)
{
	struct fl_buf text;

	fl_json_add_c(j, "decision", decision_of(x));
	fl_json_add_bool(j, "has_policies", x->live->bundle != NULL);
	add_refused(x->found.refused, j);
	add_route(x, j);
	if (x->is_decided)
		add_policies(x, j);
	fl_buf_init(&text, FL_API_BODY_MAX / 4);
	say(x, &text);
	fl_json_add(j, "text", fl_buf_str(&text));
	fl_buf_fini(&text);
}

void fl_api_explain(struct fl_api_call *call)
{
	struct fl_live *live = fl_api_serving(call);
	struct explanation *x = fl_arena_zalloc(call->http->arena, sizeof *x);
	struct fl_json j;

	if (live == NULL)
		return;
	if (x == NULL) {
		fl_api_problem(call, 503, "out_of_memory", NULL, "no memory for the answer");
		(void)fl_live_unref(live);
		return;
	}
	x->call = call;
	x->live = live;
	fl_arena_init(&x->scratch, 65536, SCRATCH_BYTES_MAX);
	if (fl_explain_read(call, live->config, &x->ask)) {
		if (ask(x)) {
			fl_api_object(call, 200, &j);
			add(x, &j);
			fl_json_end(&j);
		} else {
			fl_api_problem(call, 503, "out_of_memory", NULL,
			               "explaining takes more than %zu bytes", SCRATCH_BYTES_MAX);
		}
	}
	fl_arena_fini(&x->scratch);
	(void)fl_live_unref(live);
}
