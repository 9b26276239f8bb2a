/* gateway/pipeline/authenticate.c - the stage that says who calls
 * SPDX-License-Identifier: Apache-2.0
 *
 * On a route that takes API keys X-API-Key is a credential, and so is any "Authorization: Bearer"
 * where there is no X-API-Key; with both, Authorization is the upstream's affair unless it holds a
 * key, too. What was taken for a credential goes no further: not to policies, not to the connector.
 * Nor does anything that begins as our keys do, on any route. What is wrong with a credential is
 * not told: unknown, expired and mistyped ones get the same answer.
 */
#include "gateway/auth/credentials.h"
#include "gateway/pipeline/compiled.h"
#include "gateway/pipeline/stage.h"
#include "gateway/pipeline/worker.h"

/* "Bearer TOKEN" */
static bool take_bearer(struct fl_str value, struct fl_str *ret)
{
	static const struct fl_str scheme = FL_STR_INIT("bearer");
	const size_t n = scheme.n;

	if (value.n <= n || !fl_str_eq_nocase(fl_str_n(value.p, n), scheme) ||
	    (value.p[n] != ' ' && value.p[n] != '\t'))
		return false;
	*ret = fl_str_trim(fl_str_n(value.p + n, value.n - n));
	return true;
}

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

/* Is there a credential in the field? `takes` says whether the route takes keys, `has_key` whether
 * X-API-Key counts. */
static bool offers(const fairlead_kv *field, bool takes, bool has_key, struct fl_str *ret)
{
	struct fl_str value = fl_str_from(field->v);

	if (is_key_field(field))
		has_key = false;
	else if (!is_authorization(field) || !take_bearer(value, &value))
		return false;
	*ret = value;
	return (takes && !has_key) || fl_api_key_is_alike(value);
}

static unsigned look(const struct fl_request *req, bool takes, bool has_key, struct fl_str *ret)
{
	struct fl_str value;
	unsigned n = 0;

	for (size_t i = 0; i < req->headers_n; i++) {
		if (!offers(&req->headers[i], takes, has_key, &value))
			continue;
		*ret = value;
		n++;
	}
	return n;
}

/* The fields without those that offer a credential. */
static bool drop(struct fl_request *req, bool takes, bool has_key)
{
	fairlead_kv *kept = fl_arena_alloc(&req->arena, (req->headers_n + 1) * sizeof *kept);
	struct fl_str ignored;
	size_t n = 0;

	if (kept == NULL)
		return false;
	for (size_t i = 0; i < req->headers_n; i++)
		if (!offers(&req->headers[i], takes, has_key, &ignored))
			kept[n++] = req->headers[i];
	req->headers = kept;
	req->headers_n = n;
	return true;
}

static enum fl_request_verdict refuse(struct fl_request *req, enum fl_problem_id problem)
{
	return fl_stage_refuse(req, fl_problem_type(problem));
}

enum fl_request_verdict fl_stage_authenticate(struct fl_request *req)
{
	const uint32_t auth = req->route->auth;
	bool takes = auth & FL_CFG_AUTH_API_KEY, has_key = takes && has_key_field(req);
	struct fl_str key = FL_STR_NULL;
	unsigned n = look(req, takes, has_key, &key);

	req->principal.method = FL_CFG_AUTH_NONE;
	if (n != 0 && !drop(req, takes, has_key))
		return refuse(req, FL_PROBLEM_MEMORY);
	if (!takes || (n == 0 && auth & FL_CFG_AUTH_NONE))
		return FL_REQUEST_CONTINUE;
	if (n == 0)
		return refuse(req, FL_PROBLEM_CREDENTIALS_MISSING);
	if (n == 1) /* two of them: who is it? */
		req->principal.consumer =
		    fl_credentials_find(req->snapshot->credentials, key,
		                        fl_worker_wall_ns(req->worker, req->started_ns));
	if (req->principal.consumer == NULL)
		return refuse(req, FL_PROBLEM_CREDENTIALS_INVALID);
	req->principal.method = FL_CFG_AUTH_API_KEY;
	return FL_REQUEST_CONTINUE;
}
