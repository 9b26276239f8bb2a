/* gateway/pipeline/authenticate.c - the stage that says who calls
 * SPDX-License-Identifier: Apache-2.0
 *
 * Any one proof that the route takes suffices; one that is wrong is no harm beside one that is
 * right. All are looked at, whatever the first of them says, since what is a credential must not go
 * on.
 *
 * On a route that takes API keys X-API-Key is a credential, and so is any "Authorization: Bearer"
 * where there is no X-API-Key; with both, Authorization is the upstream's affair unless it holds a
 * key, too. What was taken for a credential goes no further: not to policies, not to the connector.
 * Nor do these two fields where one of our keys is in them, on any route. What is wrong with a
 * credential is not told: unknown, expired and mistyped ones get the same answer. Who guesses is
 * slowed: guess.h.
 */
#include "config.h" /* _GNU_SOURCE, for memmem() */

#include "gateway/auth/credentials.h"
#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/guess.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

static bool is_key_field(const fairlead_kv *field)
{
	return field->k.n == 9 && memcmp(field->k.p, "x-api-key", 9) == 0;
}

static bool is_authorization(const fairlead_kv *field)
{
	return field->k.n == 13 && memcmp(field->k.p, "authorization", 13) == 0;
}

static bool has_key_field(const struct fl_request *req)
{
	for (size_t i = 0; i < req->headers_n; i++)
		if (is_key_field(&req->headers[i]))
			return true;
	return false;
}

/* One of our keys, in a scheme that is not ours or with something around it. */
static bool is_misplaced(const fairlead_kv *field)
{
	static const struct fl_str prefix = FL_STR_INIT(FL_API_KEY_PREFIX);

	return is_authorization(field) && field->v.n > 0 &&
	       memmem(field->v.p, field->v.n, prefix.p, prefix.n) != NULL;
}

/* Is there a credential in the field? `takes` says whether the route takes keys, `has_key` whether
 * X-API-Key counts. */
static bool offers(const fairlead_kv *field, bool takes, bool has_key, struct fl_str *ret)
{
	struct fl_str value = fl_str_from(field->v);

	if (is_key_field(field))
		has_key = false;
	else if (!fl_auth_bearer(field, &value))
		return false;
	*ret = value;
	return (takes && !has_key) || fl_api_key_is_alike(value);
}

/* "Basic", of "Basic QTpC" */
static bool has_scheme(struct fl_str value, const char *scheme)
{
	const struct fl_str name = fl_str(scheme);

	return value.n > name.n && fl_str_eq_nocase(fl_str_n(value.p, name.n), name) &&
	       (value.p[name.n] == ' ' || value.p[name.n] == '\t');
}

/* Is it an Authorization that a method of the route reads? */
static bool is_read(const struct fl_request *req, const fairlead_kv *field)
{
	const struct fl_auth_list *list = req->route->methods;

	for (size_t i = 0; list && is_authorization(field) && i < list->n; i++)
		if (has_scheme(fl_str_from(field->v), list->items[i]->kind->scheme))
			return true;
	return false;
}

/* Does the request bring a key, a token or a password that the route takes? */
static bool brings_guess(const struct fl_request *req)
{
	const bool takes = req->route->auth & FL_CFG_AUTH_API_KEY;
	const bool has_key = takes && has_key_field(req);
	struct fl_str value;

	for (size_t i = 0; i < req->headers_n; i++)
		if ((takes && offers(&req->headers[i], takes, has_key, &value)) ||
		    is_read(req, &req->headers[i]))
			return true;
	return false;
}

/* ---- what was found ---- */

struct findings {
	bool is_offered; /* some credential is there */
	bool is_answered;
	bool is_guess;                 /* something is there that could be guessed at */
	uint32_t failed;               /* bits of guess.h */
	uint8_t unproved;              /* bits: methods that wait for the body */
	struct fl_principal principal; /* of the first that accepted; method NULL: none did */
	const char *why;               /* the last refusal */
};

static void begin_attempt(struct fl_request *req, struct fl_auth_attempt *ret)
{
	FL_ASSERT(req->headers_n <= FL_AUTH_HEADERS_MAX);
	*ret = (struct fl_auth_attempt){
	    .headers = req->headers,
	    .headers_n = req->headers_n,
	    .method = req->method_name,
	    .path = req->raw_path,
	    .query = req->query,
	    .host = req->host,
	    .scheme = req->scheme,
	    .client = req->client,
	    .body = req->body,
	    .wall_ns = fl_worker_wall_ns(req->worker, fl_loop_now_ns(req->worker->loop)),
	    .arena = &req->arena,
	    .tokens = req->worker->tokens,
	};
}

static void look_for_keys(const struct fl_request *req, struct fl_auth_attempt *attempt,
                          struct findings *found)
{
	const bool takes = req->route->auth & FL_CFG_AUTH_API_KEY;
	const bool has_key = takes && has_key_field(req);
	struct fl_str value, key = FL_STR_NULL;
	unsigned n = 0;

	for (size_t i = 0; i < req->headers_n; i++) {
		if (!offers(&req->headers[i], takes, has_key, &value)) {
			if (is_misplaced(&req->headers[i]))
				fl_auth_hide(attempt, i);
			continue;
		}
		fl_auth_hide(attempt, i);
		key = value;
		n++;
	}
	if (!takes || n == 0)
		return;
	found->is_offered = true;
	if (n == 1) /* two of them: who is it? */
		found->principal.consumer =
		    fl_credentials_find(req->snapshot->credentials, key, attempt->wall_ns);
	if (found->principal.consumer)
		found->principal.method = "api_key";
	else
		found->failed |= FL_GUESS_API_KEY;
}

static void note(const struct fl_authenticator *a, unsigned bit, enum fl_auth_verdict verdict,
                 struct fl_auth_attempt *attempt, struct findings *found)
{
	found->is_offered |= verdict != FL_AUTH_NOT_OFFERED;
	found->is_answered |= verdict == FL_AUTH_ANSWER;
	if (verdict == FL_AUTH_NEEDS_BODY)
		found->unproved |= (uint8_t)bit;
	else if (verdict == FL_AUTH_REFUSED) {
		found->why = attempt->why;
		found->failed |= FL_GUESS_KIND(a->config->kind);
	} else if (verdict == FL_AUTH_ACCEPTED && !found->principal.method) {
		found->principal = attempt->principal;
		found->principal.method = a->kind->name;
	}
	attempt->principal = (struct fl_principal){.consumer = NULL};
}

static void ask_methods(const struct fl_auth_list *list, struct fl_auth_attempt *attempt,
                        struct findings *found)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct fl_authenticator *a = list->items[i];

		note(a, 1u << i, a->kind->look(a->state, attempt), attempt, found);
	}
}

/* The fields without those that are credentials. */
static bool drop(struct fl_request *req, const struct fl_auth_attempt *attempt)
{
	fairlead_kv *kept;
	size_t n = 0;

	if ((attempt->hidden[0] | attempt->hidden[1]) == 0)
		return true;
	kept = fl_arena_alloc(&req->arena, (req->headers_n + 1) * sizeof *kept);
	if (kept == NULL)
		return false;
	for (size_t i = 0; i < req->headers_n; i++)
		if (!fl_auth_is_hidden(attempt, i))
			kept[n++] = req->headers[i];
	req->headers = kept;
	req->headers_n = n;
	return true;
}

/* ---- what comes of it ---- */

static enum fl_request_verdict refuse(struct fl_request *req, enum fl_problem_id id)
{
	struct fl_problem_type problem = *fl_problem_type(id);

	if (req->route->methods)
		problem.challenge = id == FL_PROBLEM_CREDENTIALS_INVALID
		                        ? req->route->methods->challenge_wrong
		                        : req->route->methods->challenge;
	return fl_stage_refuse(req, &problem);
}

static enum fl_request_verdict answer(struct fl_request *req, const struct fl_auth_answer *from)
{
	struct fl_header *headers =
	    fl_arena_alloc(&req->arena, (from->headers_n + 1) * sizeof *headers);

	if (headers == NULL)
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_MEMORY));
	for (size_t i = 0; i < from->headers_n; i++)
		headers[i] = (struct fl_header){fl_str_from(from->headers[i].k),
		                                fl_str_from(from->headers[i].v)};
	headers[from->headers_n] = (struct fl_header){FL_STR("x-request-id"), req->request_id};
	req->response = (struct fl_response){
	    .status = from->status,
	    .headers = headers,
	    .headers_n = from->headers_n + 1,
	    .body = from->body,
	};
	req->is_answered = true;
	return FL_REQUEST_RESPOND;
}

static enum fl_request_verdict conclude(struct fl_request *req,
                                        const struct fl_auth_attempt *attempt,
                                        const struct findings *found)
{
	req->auth_refused = found->why;
	req->principal = found->principal;
	req->unproved = found->principal.method ? 0 : found->unproved;
	if (!found->principal.method && found->is_offered)
		fl_guess_failed(req, found->failed, found->is_guess);
	if (found->principal.method)
		return FL_REQUEST_CONTINUE;
	if (found->is_answered)
		return answer(req, &attempt->answer);
	if (req->unproved != 0)
		return FL_REQUEST_CONTINUE;
	if (found->is_offered)
		return refuse(req, FL_PROBLEM_CREDENTIALS_INVALID);
	return req->route->auth & FL_CFG_AUTH_NONE ? FL_REQUEST_CONTINUE
	                                           : refuse(req, FL_PROBLEM_CREDENTIALS_MISSING);
}

/* ---- the stages ---- */

enum fl_request_verdict fl_stage_authenticate(struct fl_request *req)
{
	struct findings found = {.is_guess = brings_guess(req)};
	struct fl_auth_attempt attempt;

	if (found.is_guess && fl_guess_admit(req) != FL_REQUEST_CONTINUE)
		return FL_REQUEST_RESPOND;
	begin_attempt(req, &attempt);
	look_for_keys(req, &attempt, &found);
	if (req->route->methods)
		ask_methods(req->route->methods, &attempt, &found);
	if (!drop(req, &attempt))
		return fl_stage_refuse(req, fl_problem_type(FL_PROBLEM_MEMORY));
	return conclude(req, &attempt, &found);
}

/* Those that said that they need the body are asked again: nothing else was right. */
enum fl_request_verdict fl_stage_verify(struct fl_request *req)
{
	const struct fl_auth_list *list = req->route->methods;
	struct findings found = {.is_offered = true};
	struct fl_auth_attempt attempt;

	if (req->unproved == 0)
		return FL_REQUEST_CONTINUE;
	begin_attempt(req, &attempt);
	for (size_t i = 0; i < list->n && !found.principal.method && !found.is_answered; i++) {
		const struct fl_authenticator *a = list->items[i];

		if (req->unproved & 1u << i)
			note(a, 0, a->kind->check_body(a->state, &attempt), &attempt, &found);
	}
	return conclude(req, &attempt, &found);
}

/* Senders send again what was not taken. That is the same delivery, and no copy that somebody made.
 */
enum fl_request_verdict fl_stage_settle(struct fl_request *req)
{
	const uint32_t status = req->was_sent ? req->response.status : 0;

	if (req->principal.has_delivery && (status < 200 || status > 299))
		fl_replay_leave(req->snapshot->replay, &req->principal.delivery);
	return FL_REQUEST_CONTINUE;
}
