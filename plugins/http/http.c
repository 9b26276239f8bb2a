/* plugins/http/http.c - forwards requests to an upstream
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keeps nothing per request: the event of the host's HTTP operation names the request it was for.
 * So it is "parallel", and a request costs no allocation and no lock here.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include <fairlead/ext/http.h>
#include <fairlead/note.h>
#include <fairlead/sdk/reply.h>

#include "plugins/http/config.h"

FAIRLEAD_NOTE(FAIRLEAD_CONNECTOR_ID, FAIRLEAD_CONNECTOR_VERSION);

#define URL_MAX 8192u        /* of fairlead.http/1 */
#define HEADERS_OUT_MAX 100u /* of fairlead.http/1 */
#define HEADERS_BACK_MAX 64u /* of reply() */
#define FORWARDED_FOR_MAX 1024u

struct fairlead_inst { /* immutable after create(), but for `next` */
	sdk_self self;
	const fairlead_http *http;
	struct http_config config;
	atomic_uint next; /* place in config.order */
	char text[];      /* strings of the configuration */
};

/* What goes to the upstream; lives on the stack of handle(). */
struct outgoing {
	sdk_text url, forwarded_for;
	size_t headers_n;
	fairlead_str proto, host; /* as an earlier, trusted proxy told */
	fairlead_kv headers[HEADERS_OUT_MAX];
	char url_memory[URL_MAX], forwarded_for_memory[FORWARDED_FOR_MAX];
};

static fairlead_status create(const fairlead_host *host, const fairlead_create *args,
                              fairlead_inst **out)
{
	fairlead_inst *inst = malloc(sizeof *inst + args->config_json.n);
	fairlead_status status = FAIRLEAD_OK;
	sdk_config c;

	if (inst == NULL)
		return FAIRLEAD_E_INTERNAL;
	inst->self = (sdk_self){host, args->self};
	inst->http = host->get_ext(args->self, FAIRLEAD_EXT_HTTP);
	atomic_init(&inst->next, 0);
	if (!http_config_read(&inst->config, args->config_json, inst->text, &c))
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

/* ---- the request ---- */

static const struct http_target *choose_target(fairlead_inst *inst)
{
	const struct http_config *config = &inst->config;
	unsigned next;

	if (config->order_n == 1)
		return &config->targets[config->order[0]];
	next = atomic_fetch_add_explicit(&inst->next, 1, memory_order_relaxed);
	return &config->targets[config->order[next % config->order_n]];
}

/* `path` without the prefix, if it ends where a segment does. */
static fairlead_str without_prefix(fairlead_str path, fairlead_str prefix)
{
	if (!sdk_str_starts(path, prefix) || (path.n > prefix.n && path.p[prefix.n] != '/'))
		return path;
	return sdk_str_n(path.p + prefix.n, path.n - prefix.n);
}

static void add_url(struct outgoing *o, fairlead_inst *inst, const fairlead_request *req)
{
	const struct http_config *config = &inst->config;
	fairlead_str path = without_prefix(req->path, config->strip_prefix);

	sdk_add(&o->url, choose_target(inst)->url);
	if (config->pieces_n == 0) {
		sdk_add(&o->url, config->prefix);
		if (path.n == 0)
			sdk_add_c(&o->url, "/");
		sdk_add(&o->url, path);
	}
	for (size_t i = 0; i < config->pieces_n; i++) {
		const struct http_piece *piece = &config->pieces[i];

		if (!piece->is_param) {
			sdk_add(&o->url, piece->text);
			continue;
		}
		for (size_t k = 0; k < req->params_n; k++)
			if (sdk_str_eq(req->params[k].k, piece->text))
				sdk_add(&o->url, req->params[k].v);
	}
	if (req->query.n != 0) {
		sdk_add_c(&o->url, "?");
		sdk_add(&o->url, req->query);
	}
}

static int add_header(struct outgoing *o, fairlead_str name, fairlead_str value)
{
	if (o->headers_n == HEADERS_OUT_MAX)
		return 0;
	o->headers[o->headers_n++] = sdk_kv(name, value);
	return 1;
}

/* A field that is not copied: remember what an earlier proxy said, if we go on telling it. */
static void note_forwarded(struct outgoing *o, const fairlead_kv *header)
{
	if (sdk_str_is(header->k, http_own_names[HTTP_OWN_FORWARDED_FOR])) {
		if (o->forwarded_for.n != 0)
			sdk_add_c(&o->forwarded_for, ", ");
		sdk_add(&o->forwarded_for, header->v);
	} else if (sdk_str_is(header->k, http_own_names[HTTP_OWN_FORWARDED_PROTO])) {
		o->proto = header->v;
	} else if (sdk_str_is(header->k, http_own_names[HTTP_OWN_FORWARDED_HOST])) {
		o->host = header->v;
	}
}

/* What a gateway tells about the caller, unless the configuration speaks of it itself. */
static int add_own(struct outgoing *o, const struct http_config *config,
                   const fairlead_request *req)
{
	fairlead_str values[HTTP_OWN_COUNT] = {{NULL, 0}};
	int has_caller = FAIRLEAD_HAS(req, fairlead_request, host);

	if (has_caller && req->client.n != 0) {
		if (o->forwarded_for.n != 0)
			sdk_add_c(&o->forwarded_for, ", ");
		sdk_add(&o->forwarded_for, req->client);
	}
	if (o->forwarded_for.is_full)
		return 0;
	values[HTTP_OWN_FORWARDED_FOR] = sdk_text_str(&o->forwarded_for);
	values[HTTP_OWN_FORWARDED_PROTO] = o->proto.n == 0 && has_caller ? req->scheme : o->proto;
	values[HTTP_OWN_FORWARDED_HOST] = o->host.n == 0 && has_caller ? req->host : o->host;
	values[HTTP_OWN_HOST] = config->pass_host && has_caller ? req->host : sdk_str("");
	values[HTTP_OWN_TRACEPARENT] = req->traceparent;
	for (size_t i = 0; i < HTTP_OWN_COUNT; i++)
		if (config->is_own[i] && values[i].n != 0 &&
		    !add_header(o, sdk_str(http_own_names[i]), values[i]))
			return 0;
	return 1;
}

static int add_headers(struct outgoing *o, const struct http_config *config,
                       const fairlead_request *req)
{
	const struct http_edit *edit = &config->request;

	for (size_t i = 0; i < req->headers_n; i++) {
		const fairlead_kv *header = &req->headers[i];

		if (http_drops_has(&edit->drops, header->k))
			note_forwarded(o, header);
		else if (!add_header(o, header->k, header->v))
			return 0;
	}
	for (size_t i = 0; i < edit->set_n; i++)
		if (!add_header(o, edit->set[i].k, edit->set[i].v))
			return 0;
	return add_own(o, config, req);
}

static fairlead_status handle(fairlead_inst *inst, const fairlead_request *req)
{
	struct outgoing o;
	fairlead_http_request send = {.struct_size = sizeof send};
	fairlead_status status;
	fairlead_id op;

	o.url = sdk_text_in(o.url_memory, sizeof o.url_memory);
	o.forwarded_for = sdk_text_in(o.forwarded_for_memory, sizeof o.forwarded_for_memory);
	o.headers_n = 0;
	o.proto = o.host = sdk_str_n(NULL, 0);
	add_url(&o, inst, req);
	if (o.url.is_full)
		return sdk_reply_text(inst->self, req->id, 414, "The address is too long.\n");
	if (!add_headers(&o, &inst->config, req))
		return sdk_reply_text(inst->self, req->id, 431, "Too many header fields.\n");
	send.method = req->method;
	send.url = sdk_text_str(&o.url);
	send.headers = o.headers;
	send.headers_n = o.headers_n;
	send.body = req->body;
	send.timeout_ms = inst->config.timeout_ms;
	status = inst->http->send(inst->self.id, req->id, &send, &op);
	if (status == FAIRLEAD_PENDING)
		return FAIRLEAD_PENDING;
	return sdk_fail(inst->self, req->id, status < 0 ? status : FAIRLEAD_E_INTERNAL,
	                "the host did not start the request to the upstream");
}

/* ---- the answer ---- */

static void fail_upstream(fairlead_inst *inst, const fairlead_event *event)
{
	fairlead_status status = event->status;

	/* The upstream's fault, never the caller's: no 400, no 413. */
	if (status != FAIRLEAD_E_TIMEOUT && status != FAIRLEAD_E_AGAIN &&
	    status != FAIRLEAD_E_DENIED && status != FAIRLEAD_E_CANCELLED)
		status = FAIRLEAD_E_UPSTREAM;
	(void)sdk_fail(
	    inst->self, event->req, status,
	    event->status == FAIRLEAD_E_TIMEOUT     ? "the upstream did not answer in time"
	    : event->status == FAIRLEAD_E_TOO_LARGE ? "the upstream's answer is over the limit"
	    : event->status == FAIRLEAD_E_DENIED    ? "the upstream's address is not allowed"
						    : "the upstream failed");
}

static void on_event(fairlead_inst *inst, const fairlead_event *event)
{
	const fairlead_http_response *r = event->payload;
	const struct http_edit *edit = &inst->config.response;
	fairlead_kv headers[HEADERS_BACK_MAX];
	size_t n = 0;

	if (event->kind != FAIRLEAD_EVENT_HTTP)
		return;
	if (event->status < 0 || r == NULL) {
		fail_upstream(inst, event);
		return;
	}
	if (r->http_status < 200 || r->http_status > 599) {
		(void)sdk_fail(inst->self, event->req, FAIRLEAD_E_UPSTREAM,
		               "the upstream's status is none that can be passed on");
		return;
	}
	for (size_t i = 0; i < r->headers_n + edit->set_n; i++) {
		const fairlead_kv *header =
		    i < r->headers_n ? &r->headers[i] : &edit->set[i - r->headers_n];

		if (i < r->headers_n && http_drops_has(&edit->drops, header->k))
			continue;
		if (n == HEADERS_BACK_MAX) {
			(void)sdk_fail(inst->self, event->req, FAIRLEAD_E_UPSTREAM,
			               "the upstream's answer has more than 64 header fields");
			return;
		}
		headers[n++] = *header;
	}
	(void)sdk_reply(inst->self, event->req, r->http_status, headers, n, r->body);
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
