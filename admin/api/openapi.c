/* admin/api/openapi.c - OpenAPI 3.1, made of the table of operations
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"

#include <stdio.h>
#include <strings.h>

static void add_ref(struct fl_json *j, const char *key, const char *kind, const char *name)
{
	char ref[120];

	(void)snprintf(ref, sizeof ref, "#/components/%s/%s", kind, name);
	fl_json_object(j, key);
	fl_json_add_c(j, "$ref", ref);
	fl_json_end(j);
}

static void add_content(struct fl_json *j, const char *type, const char *schema)
{
	fl_json_object(j, "content");
	fl_json_object(j, type);
	if (schema != NULL)
		add_ref(j, "schema", "schemas", schema);
	fl_json_end(j);
	fl_json_end(j);
}

static void add_parameters(struct fl_json *j, const char *path)
{
	fl_json_array(j, "parameters");
	for (const char *at = strchr(path, '{'); at != NULL; at = strchr(at, '{')) {
		const char *end = strchr(at, '}');

		fl_json_object(j, NULL);
		fl_json_add(j, "name", fl_str_n(at + 1, (size_t)(end - at) - 1));
		fl_json_add_c(j, "in", "path");
		fl_json_add_bool(j, "required", true);
		fl_json_object(j, "schema");
		fl_json_add_c(j, "type", "string");
		fl_json_end(j);
		fl_json_end(j);
		at = end;
	}
	fl_json_end(j);
}

/* 2xx carry the operation's schema, everything else a problem. */
static void add_responses(struct fl_json *j, const struct fl_operation *op)
{
	struct fl_str rest = fl_str(op->statuses);

	fl_json_object(j, "responses");
	while (rest.p != NULL) {
		struct fl_str status = fl_str_split(rest, ' ', &rest);
		char key[4] = "";

		(void)snprintf(key, sizeof key, "%.*s", FL_STR_ARGS(status));
		if (key[0] != '2') {
			add_ref(j, key, "responses", "Problem");
			continue;
		}
		fl_json_object(j, key);
		fl_json_add_c(j, "description", op->summary);
		add_content(j, op->schema == NULL ? "text/plain" : "application/json", op->schema);
		fl_json_end(j);
	}
	add_ref(j, "default", "responses", "Problem");
	fl_json_end(j);
}

static void add_operation(struct fl_json *j, const struct fl_operation *op)
{
	char method[16] = "";
	const char *name = fl_method_name(op->method);

	for (size_t i = 0; name[i] != '\0' && i + 1 < sizeof method; i++)
		method[i] = (char)(name[i] | 0x20);
	fl_json_object(j, method);
	fl_json_add_c(j, "operationId", op->id);
	fl_json_add_c(j, "summary", op->summary);
	if (op->permission != NULL)
		fl_json_add_c(j, "x-fairlead-permission", op->permission);
	fl_json_array(j, "security");
	if ((op->flags & FL_OP_PUBLIC) == 0)
		fl_json_add_raw(j, NULL, FL_STR("{\"token\":[]}"));
	fl_json_end(j);
	add_parameters(j, op->path);
	if ((op->flags & FL_OP_UPLOAD) != 0) {
		fl_json_object(j, "requestBody");
		fl_json_add_bool(j, "required", true);
		add_content(j, "application/octet-stream", NULL);
		fl_json_end(j);
	}
	if ((op->flags & FL_OP_JSON) != 0) {
		fl_json_object(j, "requestBody");
		fl_json_add_bool(j, "required", true);
		add_content(j, "application/json", "ExplainRequest");
		fl_json_end(j);
	}
	add_responses(j, op);
	fl_json_end(j);
}

static void add_paths(struct fl_json *j)
{
	fl_json_object(j, "paths");
	for (size_t i = 0; i < fl_operations_n; i++) {
		const char *path = fl_operations[i].path;
		bool is_first = true;

		for (size_t k = 0; k < i; k++)
			is_first = is_first && strcmp(fl_operations[k].path, path) != 0;
		if (!is_first)
			continue;
		fl_json_object(j, path);
		for (size_t k = i; k < fl_operations_n; k++)
			if (strcmp(fl_operations[k].path, path) == 0)
				add_operation(j, &fl_operations[k]);
		fl_json_end(j);
	}
	fl_json_end(j);
}

static void add_components(struct fl_json *j)
{
	fl_json_object(j, "components");
	fl_json_add_raw(j, "securitySchemes",
	                FL_STR("{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}}"));
	fl_json_object(j, "responses");
	fl_json_object(j, "Problem");
	fl_json_add_c(j, "description", "What is wrong and how to mend it (RFC 9457)");
	add_content(j, "application/problem+json", "Problem");
	fl_json_end(j);
	fl_json_end(j);
	fl_json_object(j, "schemas");
	for (size_t i = 0; i < fl_api_schemas_n; i++)
		fl_json_add_raw(j, fl_api_schemas[i].name, fl_str(fl_api_schemas[i].json));
	fl_json_end(j);
	fl_json_end(j);
}

void fl_api_openapi(struct fl_api_call *call)
{
	struct fl_json j;

	fl_api_object(call, 200, &j);
	fl_json_add_c(&j, "openapi", "3.1.0");
	fl_json_object(&j, "info");
	fl_json_add_c(&j, "title", "fairlead admin API");
	fl_json_add_c(&j, "version", FL_VERSION);
	fl_json_add_raw(&j, "license",
	                FL_STR("{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}"));
	fl_json_end(&j);
	add_paths(&j);
	add_components(&j);
	fl_json_end(&j);
}
