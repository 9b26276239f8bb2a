/* plugins/github/github.c - GitHub: webhooks as CloudEvents, and calls of its API
 * SPDX-License-Identifier: Apache-2.0
 */
#include "plugins/github/github.h"

#include <stdlib.h>

#include <fairlead/note.h>
#include <fairlead/sdk/config.h>

FAIRLEAD_NOTE(FAIRLEAD_CONNECTOR_ID, FAIRLEAD_CONNECTOR_VERSION);

/* ---- configuration ---- */

static int read_url(sdk_config *c, fairlead_str *url)
{
	if (!sdk_config_string(c, url))
		return 0;
	if (url->n > 1024 || (!sdk_str_starts(*url, sdk_str("http://")) &&
	                      !sdk_str_starts(*url, sdk_str("https://"))))
		return sdk_config_bad(
		    c, "must begin with http:// or https:// and be at most 1024 bytes long");
	for (size_t i = 0; i < url->n; i++)
		if ((unsigned char)url->p[i] <= ' ' || (unsigned char)url->p[i] >= 0x7f)
			return sdk_config_bad(c, "holds a blank or a character beyond ASCII");
	return 1;
}

static int read_base(sdk_config *c, fairlead_str *url)
{
	if (!read_url(c, url))
		return 0;
	if (memchr(url->p, '?', url->n) != NULL || memchr(url->p, '#', url->n) != NULL)
		return sdk_config_bad(c, "a base has no query or fragment");
	while (url->p[url->n - 1] == '/')
		url->n--;
	return 1;
}

static int read_sink(sdk_config *c)
{
	return read_url(c, &((fairlead_inst *)c->target)->sink);
}

static int read_api(sdk_config *c)
{
	return read_base(c, &((fairlead_inst *)c->target)->api);
}

static int read_web(sdk_config *c)
{
	return read_base(c, &((fairlead_inst *)c->target)->web);
}

static int read_token(sdk_config *c)
{
	fairlead_str token = {NULL, 0}, *authorization = &((fairlead_inst *)c->target)->authorization;
	size_t start = c->strings.n;

	sdk_add_c(&c->strings, "Bearer ");
	if (!sdk_config_string(c, &token))
		return 0;
	if (token.n == 0 || token.n > 1024)
		return sdk_config_bad(c, "a token of 1 to 1024 bytes, best as \"${secret:NAME}\"");
	for (size_t i = 0; i < token.n; i++)
		if ((unsigned char)token.p[i] <= ' ' || (unsigned char)token.p[i] >= 0x7f)
			return sdk_config_bad(c, "holds a blank or a character beyond ASCII");
	*authorization = sdk_str_n(c->strings.p + start, c->strings.n - start);
	return 1;
}

static int read_timeout(sdk_config *c)
{
	return sdk_config_duration_ms(c, &((fairlead_inst *)c->target)->timeout_ms);
}

/* What the token needs beyond its own text. */
#define EXTRA_BYTES sizeof("Bearer ")

static int read_config(fairlead_inst *inst, fairlead_str json, sdk_config *c)
{
	static const sdk_config_key keys[] = {
	    {"sink", read_sink}, {"api", read_api},         {"token", read_token},
	    {"web", read_web},   {"timeout", read_timeout},
	};

	inst->api = sdk_str("https://api.github.com");
	inst->web = sdk_str("https://github.com");
	sdk_config_over(c, json, inst, inst->text, json.n + EXTRA_BYTES);
	return sdk_config_keys(c, keys, sizeof keys / sizeof keys[0]) && sdk_config_done(c);
}

static fairlead_status create(const fairlead_host *host, const fairlead_create *args,
                              fairlead_inst **out)
{
	fairlead_inst *inst = calloc(1, sizeof *inst + args->config_json.n + EXTRA_BYTES);
	fairlead_status status = FAIRLEAD_OK;
	sdk_config c;

	if (inst == NULL)
		return FAIRLEAD_E_INTERNAL;
	inst->self = (sdk_self){host, args->self};
	inst->http = host->get_ext(args->self, FAIRLEAD_EXT_HTTP);
	if (!read_config(inst, args->config_json, &c))
		status = sdk_refuse(host, args->self, FAIRLEAD_E_INVAL, sdk_text_str(&c.why));
	else if (inst->http == NULL)
		status = sdk_refuse(host, args->self, FAIRLEAD_E_UNSUPPORTED,
		                    sdk_str("fairlead.http/1 is not granted to this instance"));
	if (status != FAIRLEAD_OK) {
		free(inst);
		return status;
	}
	*out = inst;
	return FAIRLEAD_OK;
}

static void destroy(fairlead_inst *inst)
{
	free(inst);
}

/* ---- API calls under way ---- */

/* Ids are spread by a multiplication; each looks at a window of slots from its own on. */
#define CALLS_WINDOW 64u

static size_t calls_slot(fairlead_id req, size_t i)
{
	return (size_t)((req * UINT64_C(0x9e3779b97f4a7c15) >> 32) + i) & (GITHUB_CALLS_MAX - 1);
}

int github_calls_put(fairlead_inst *inst, fairlead_id req)
{
	for (size_t i = 0; i < CALLS_WINDOW; i++) {
		fairlead_id none = 0;

		if (atomic_compare_exchange_strong(&inst->calls[calls_slot(req, i)], &none, req))
			return 1;
	}
	return 0;
}

int github_calls_take(fairlead_inst *inst, fairlead_id req)
{
	for (size_t i = 0; i < CALLS_WINDOW; i++) {
		fairlead_id expected = req;

		if (atomic_compare_exchange_strong(&inst->calls[calls_slot(req, i)], &expected, 0))
			return 1;
	}
	return 0;
}

/* ---- requests and events ---- */

static fairlead_status handle(fairlead_inst *inst, const fairlead_request *req)
{
	if (sdk_str_is(req->action, "receive"))
		return github_receive(inst, req);
	if (github_is_action(req->action))
		return github_action(inst, req);
	return sdk_fail(inst->self, req->id, FAIRLEAD_E_UNSUPPORTED, "no such action");
}

static void on_event(fairlead_inst *inst, const fairlead_event *event)
{
	int is_action;

	if (event->kind != FAIRLEAD_EVENT_HTTP)
		return;
	is_action = github_calls_take(inst, event->req);
	if (event->status < 0 || event->payload == NULL) {
		/* The peer's fault, never the caller's: no 400, no 413. */
		int is_plain = event->status == FAIRLEAD_E_TIMEOUT ||
		               event->status == FAIRLEAD_E_AGAIN ||
		               event->status == FAIRLEAD_E_DENIED;

		(void)sdk_fail(inst->self, event->req,
		               is_plain ? event->status : FAIRLEAD_E_UPSTREAM,
		               is_action ? "the API of GitHub failed" : "the sink failed");
	} else if (is_action) {
		github_action_done(inst, event->req, event->payload);
	} else {
		github_receive_done(inst, event->req, event->payload);
	}
}

const fairlead_plugin *fairlead_plugin_entry_v1(void)
{
	static const fairlead_plugin plugin = {
	    .struct_size = sizeof plugin,
	    .abi_minor = FAIRLEAD_ABI_MINOR,
	    .id = FAIRLEAD_CONNECTOR_ID,
	    .version = FAIRLEAD_CONNECTOR_VERSION,
	    .create = create,
	    .handle = handle,
	    .on_event = on_event,
	    .destroy = destroy,
	};

	return &plugin;
}
