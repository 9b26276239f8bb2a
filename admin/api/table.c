/* admin/api/table.c - every operation of the admin API, once
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"

#define GET FL_METHOD_GET
#define PUT FL_METHOD_PUT
#define POST FL_METHOD_POST

/* clang-format off */
const struct fl_operation fl_operations[] = {
	{"getLive", GET, "/healthz/live", FL_OP_PUBLIC, NULL, "200", "Health",
	 "The process answers", fl_api_live},
	{"getReady", GET, "/healthz/ready", FL_OP_PUBLIC, NULL, "200 503", "Health",
	 "A configuration is compiled, listeners are bound, every worker serves", fl_api_ready},
	{"getOpenapi", GET, "/openapi.json", FL_OP_PUBLIC, NULL, "200", "Openapi",
	 "This description", fl_api_openapi},
	{"getMetrics", GET, "/metrics", 0, "metrics.read", "200", NULL,
	 "Prometheus text", fl_api_metrics},

	{"getStatus", GET, "/v1/status", 0, "status.read", "200", "Status",
	 "One page of truth", fl_api_status},
	{"getConfig", GET, "/v1/config", 0, "config.read", "200", "Config",
	 "The configuration that serves; secrets are references", fl_api_config_get},
	{"reloadConfig", POST, "/v1/config:reload", FL_OP_CONTROL, "config.write", "200 422", "Reload",
	 "Reads the file again; answered when every worker serves it", fl_api_config_reload},

	{"explain", POST, "/v1/explain", FL_OP_CONTROL | FL_OP_JSON, "policies.explain", "200 400 413 415",
	 "Explanation", "What would happen to a request, and why; changes nothing", fl_api_explain},

	{"listConnectors", GET, "/v1/connectors", FL_OP_CONTROL, "connectors.read", "200", "ConnectorList",
	 "What may run", fl_api_connectors_list},
	{"getConnector", GET, "/v1/connectors/{id}", FL_OP_CONTROL, "connectors.read", "200 404", "Connector",
	 "One connector and its versions", fl_api_connector_get},
	{"getVersion", GET, "/v1/connectors/{id}/versions/{version}", FL_OP_CONTROL, "connectors.read",
	 "200 404", "Version",
	 "A version: digest, manifest, who uses it", fl_api_version_get},
	{"putVersion", PUT, "/v1/connectors/{id}/versions/{version}", FL_OP_CONTROL | FL_OP_UPLOAD,
	 "connectors.write", "201 200 409 413 415 422", "Version",
	 "Uploads a connector; the same bytes again change nothing", fl_api_version_put},
	{"inspectVersion", POST, "/v1/connectors/{id}/versions/{version}:inspect", FL_OP_CONTROL,
	 "connectors.read", "200 404", "Inspection",
	 "What would keep it from being loaded; executes nothing", fl_api_version_inspect},
	{"activateVersion", POST, "/v1/connectors/{id}/versions/{version}:activate", FL_OP_CONTROL,
	 "connectors.activate", "200 404 422", "Activation",
	 "The hot swap: probe, create, publish, drain the old; answered when every worker serves it",
	 fl_api_version_activate},

	{"listLimits", GET, "/v1/limits", 0, "limits.read", "200", "LimitList",
	 "How many requests in how much time, and how requests fared", fl_api_limits_list},

	{"listInstances", GET, "/v1/instances", 0, "instances.read", "200", "InstanceList",
	 "Connectors with a name and a configuration", fl_api_instances_list},
	{"getInstance", GET, "/v1/instances/{name}", 0, "instances.read", "200 404", "Instance",
	 "One instance", fl_api_instance_get},
	{"listGenerations", GET, "/v1/instances/{name}/generations", 0, "instances.read", "200 404",
	 "GenerationList",
	 "Its generations, the newest first: state, in flight, owed, calls", fl_api_instance_generations},
	{"reloadInstance", POST, "/v1/instances/{name}:reload", FL_OP_CONTROL, "instances.write",
	 "200 404 422", "Renewal",
	 "A new generation with the same code and configuration", fl_api_instance_reload},
};
/* clang-format on */
const size_t fl_operations_n = FL_ARRAY_LEN(fl_operations);

/* One segment: "text", "{name}" or "{name}:verb". A parameter is not empty and has no ':'. */
static bool match_segment(struct fl_str template, struct fl_str segment, struct fl_str **param)
{
	const char *end;
	struct fl_str verb, value;

	if (template.n == 0 || template.p[0] != '{')
		return fl_str_eq(template, segment);
	end = memchr(template.p, '}', template.n);
	verb = fl_str_n(end + 1, template.n - (size_t)(end + 1 - template.p));
	if (segment.n <= verb.n)
		return false;
	value = fl_str_n(segment.p, segment.n - verb.n);
	if (memchr(value.p, ':', value.n) != NULL ||
	    !fl_str_eq(verb, fl_str_n(segment.p + value.n, verb.n)))
		return false;
	*(*param)++ = value;
	return true;
}

static bool match(struct fl_str template, struct fl_str path, struct fl_str *params)
{
	while (template.p != NULL && path.p != NULL)
		if (!match_segment(fl_str_split(template, '/', &template),
				   fl_str_split(path, '/', &path), &params))
			return false;
	return template.p == NULL && path.p == NULL;
}

const struct fl_operation *fl_operation_find(enum fl_method method, struct fl_str path,
					     struct fl_str params[FL_API_PARAMS_MAX],
					     uint32_t *ret_allowed)
{
	uint32_t allowed = 0;

	if (method == FL_METHOD_HEAD)
		method = FL_METHOD_GET;
	for (size_t i = 0; i < fl_operations_n; i++) {
		const struct fl_operation *op = &fl_operations[i];

		if (!match(fl_str(op->path), path, params))
			continue;
		if (op->method == method)
			return op;
		allowed |= 1u << op->method;
		if (op->method == FL_METHOD_GET)
			allowed |= 1u << FL_METHOD_HEAD;
	}
	*ret_allowed = allowed;
	return NULL;
}
