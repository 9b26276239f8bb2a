/* gateway/authorize/schema.c - what policies can speak of, as a Cedar schema
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything but the headers and the actions of connectors is the same for every configuration, so
 * that policies move between gateways.
 */
#include <stdlib.h>

#include "gateway/authorize/build.h"
#include "gateway/connector/manifest.h"

#define GENERATED "(schema made from the configuration)"
#define TEXT_BYTES_MAX (4u << 20) /* the library takes less, and says so */

static const char head[] =
    "// What policies can speak of. Made by fairlead from its configuration.\n"
    "\n"
    "namespace Gw {\n"
    "  entity Tenant;\n"
    "  entity Group in [Group, Tenant];\n"
    "  // Whoever calls: consumers: of the configuration. Tags are labels and claims.\n"
    "  entity Consumer in [Group, Tenant] {\n"
    "    tier: String, // \"\": none\n"
    "    suspended: Bool,\n"
    "  } tags Set<String>;\n"
    "  // A caller without credentials, on routes that let one pass.\n"
    "  entity Anonymous enum [\"anonymous\"];\n"
    "  entity Api in [Tenant];\n"
    "  entity Route in [Api, Tenant] {\n"
    "    sensitivity: Long, // 0 to 9\n"
    "    owner?: Group,\n"
    "  };\n"
    "\n"
    "  type Mtls = {\n"
    "    subject: String,\n"
    "    issuer: String,\n"
    "    san: Set<String>,\n"
    "    fp: String, // SHA-256 of the certificate\n"
    "  };\n"
    "  type Client = { ip: ipaddr, tls: Bool, mtls?: Mtls };\n"
    "  // policies.headers: of the configuration. Several of a name are joined by \", \".\n"
    "  type Headers = {";

static const char context[] = "};\n"
			      "  type Request = {\n"
			      "    method: String,\n"
			      "    host: String,\n"
			      "    contentLength: Long,\n"
			      "    targetBytes: Long,\n"
			      "    headerBytes: Long,\n"
			      "    hdr: Headers,\n"
			      "  };\n"
			      "  type Ctx = {\n"
			      "    now: datetime,\n"
			      "    client: Client,\n"
			      "    req: Request,\n"
			      "    amr: Set<String>, // how the caller proved who it is\n"
			      "  };\n"
			      "\n"
			      "  action read, write;\n";

static const char tail[] =
    "}\n"
    "\n"
    "// What connectors do by themselves.\n"
    "namespace Conn {\n"
    "  entity Trust enum [\"core\", \"signed\", \"community\"];\n"
    "  // An instance, by its name.\n"
    "  entity Connector in [Trust] {\n"
    "    connector: String, // its id\n"
    "    signer: String, // \"\": nobody\n"
    "    sha256: String, // of its file; \"\": not known\n"
    "  };\n"
    "  entity Zone;\n"
    "  entity Host in [Zone] { port: Long };\n"
    "  entity Secret in [Gw::Tenant] { owner?: Connector };\n"
    "  entity Topic;\n"
    "\n"
    "  type Ctx = {\n"
    "    now: datetime,\n"
    "    route?: Gw::Route, // of the request that it works on\n"
    "    onBehalfOf?: Gw::Consumer,\n"
    "    bytes?: Long,\n"
    "    port?: Long,\n"
    "  };\n"
    "\n"
    "  action net, data;\n"
    "  action \"http.egress\" in [net]\n"
    "    appliesTo { principal: [Connector], resource: [Host], context: Ctx };\n"
    "  action \"secret.read\" in [data]\n"
    "    appliesTo { principal: [Connector], resource: [Secret], context: Ctx };\n"
    "  action \"event.publish\", \"event.consume\" in [data]\n"
    "    appliesTo { principal: [Connector], resource: [Topic], context: Ctx };\n"
    "}\n";

/* ---- headers ---- */

static void add_headers(struct fl_buf *out, const struct fl_cfg_strings *headers)
{
	for (size_t i = 0; i < headers->n; i++) {
		fl_buf_add_c(out, i == 0 ? "\n    " : "    ");
		fl_cedar_print_string(out, headers->items[i]);
		fl_buf_add_c(out, "?: String,\n");
	}
	if (headers->n != 0)
		fl_buf_add_c(out, "  ");
}

/* ---- actions ---- */

static void add_action(struct fl_buf *out, struct fl_str name, bool is_first)
{
	fl_buf_add_c(out, is_first ? "" : ", ");
	fl_cedar_print_string(out, name);
}

static void end_actions(struct fl_buf *out, const char *group)
{
	fl_buf_printf(out,
	              " in [%s]\n"
	              "    appliesTo { principal: [Consumer, Anonymous], resource: [Route], "
	              "context: Ctx };\n",
	              group);
}

static bool is_reading(enum fl_method method)
{
	return method == FL_METHOD_GET || method == FL_METHOD_HEAD || method == FL_METHOD_OPTIONS;
}

static void add_methods(struct fl_buf *out, bool reads)
{
	bool is_first = true;

	fl_buf_add_c(out, "  action ");
	for (int m = 0; m < FL_METHOD_N; m++) {
		if (is_reading((enum fl_method)m) != reads)
			continue;
		add_action(out, fl_str(fl_method_name((enum fl_method)m)), is_first);
		is_first = false;
	}
	end_actions(out, reads ? "read" : "write");
}

struct fl_str fl_bundle_action_name(const struct fl_config *config,
                                    const struct fl_cfg_route *route, struct fl_arena *arena)
{
	size_t connector = config->instances[route->instance].connector;

	return fl_arena_printf(arena, "%.*s/%.*s", FL_STR_ARGS(config->connectors[connector].id),
	                       FL_STR_ARGS(route->action));
}

struct action {
	struct fl_str name;
	bool reads; /* its manifest says that it changes nothing */
};

static bool action_reads(const struct fl_config *config,
                         const struct fl_bundle_connector *connectors,
                         const struct fl_cfg_route *route)
{
	size_t connector = config->instances[route->instance].connector;
	const struct fl_manifest *manifest =
	    connectors == NULL ? NULL : connectors[connector].manifest;
	int i = manifest == NULL ? -1 : fl_manifest_action_index(manifest, route->action);

	return i >= 0 && manifest->actions[i].retry == FL_RETRY_SAFE;
}

static int by_name(const void *a, const void *b)
{
	return fl_str_cmp(((const struct action *)a)->name, ((const struct action *)b)->name);
}

/* The actions of routes that are decided by action, each once, in order; NULL: no memory. */
static struct action *list_actions(const struct fl_config *config,
                                   const struct fl_bundle_connector *connectors,
                                   struct fl_arena *arena, size_t *ret_n)
{
	struct action *list = fl_arena_array(arena, config->routes_n + 1, sizeof *list);
	size_t n = 0, kept = 0;

	for (size_t i = 0; list != NULL && i < config->routes_n; i++)
		if (config->routes[i].is_decided_by_action)
			list[n++] = (struct action){
			    fl_bundle_action_name(config, &config->routes[i], arena),
			    action_reads(config, connectors, &config->routes[i]),
			};
	if (list == NULL || fl_arena_is_overflown(arena))
		return NULL;
	qsort(list, n, sizeof *list, by_name);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !fl_str_eq(list[kept - 1].name, list[i].name))
			list[kept++] = list[i];
	*ret_n = kept;
	return list;
}

static void add_actions(struct fl_buf *out, const struct fl_config *config,
                        const struct fl_bundle_connector *connectors)
{
	struct fl_arena arena;
	struct action *list;
	size_t n = 0;

	fl_arena_init(&arena, 4096, FL_BUNDLE_SCHEMA_BYTES_MAX);
	list = list_actions(config, connectors, &arena, &n);
	for (size_t i = 0; list != NULL && i < n; i++) {
		fl_buf_add_c(out, "  action ");
		add_action(out, list[i].name, true);
		end_actions(out, list[i].reads ? "read" : "write");
	}
	fl_arena_fini(&arena);
}

void fl_bundle_schema_text(const struct fl_config *config,
                           const struct fl_bundle_connector *connectors, struct fl_buf *out)
{
	fl_buf_add_c(out, head);
	add_headers(out, &config->policies.headers);
	fl_buf_add_c(out, context);
	add_methods(out, true);
	add_methods(out, false);
	add_actions(out, config, connectors);
	fl_buf_add_c(out, tail);
}

/* ---- the whole ---- */

static bool add_generated(struct fl_bundle_build *b)
{
	struct fl_buf text;
	int r;

	fl_buf_init(&text, TEXT_BYTES_MAX);
	fl_bundle_schema_text(b->config, b->connectors, &text);
	r = fl_buf_is_overflown(&text)
	        ? FL_CEDAR_E_MEMORY
	        : fl_cedar_schema_add(b->bundle->schema, fl_buf_str(&text), GENERATED, b->problems);
	fl_buf_fini(&text);
	return r == 0;
}

bool fl_bundle_make_schema(struct fl_bundle_build *b)
{
	const struct fl_cfg_texts *own = &b->config->policies.schemas;
	struct fl_problem **since = b->problems->tail;
	bool ok;

	b->bundle->schema = fl_cedar_schema_create(FL_BUNDLE_SCHEMA_BYTES_MAX);
	ok = b->bundle->schema != NULL && add_generated(b);
	for (size_t i = 0; ok && i < own->n; i++)
		ok = fl_cedar_schema_add(b->bundle->schema, own->items[i].text,
		                         own->items[i].path.p, b->problems) == 0;
	ok = ok && fl_cedar_schema_finish(b->bundle->schema, b->problems) == 0;
	fl_bundle_translate_schema(since);
	return ok;
}
