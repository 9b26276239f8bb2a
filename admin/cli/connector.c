/* admin/cli/connector.c - fairleadctl connector ...
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "gateway/connector/check.h"

#define PROBLEMS_BYTES_MAX ((size_t)1 << 20)

/* "/v1/connectors/ID/versions/VERSION" and `rest`; without a version, "/v1/connectors/ID". */
static int make_path(char *out, size_t size, struct fl_str id, struct fl_str version,
                     const char *rest)
{
	int n = version.n == 0 ? snprintf(out, size, "/v1/connectors/%.*s", FL_STR_ARGS(id))
	                       : snprintf(out, size, "/v1/connectors/%.*s/versions/%.*s%s",
	                                  FL_STR_ARGS(id), FL_STR_ARGS(version), rest);

	if (n > 0 && (size_t)n < size && fl_cli_is_plain(id) &&
	    (version.n == 0 || fl_cli_is_plain(version)))
		return 0;
	return fl_cli_complain(FL_CLI_USAGE,
	                       "\"%.*s\" \"%.*s\" cannot be a connector and its version",
	                       FL_STR_ARGS(id), FL_STR_ARGS(version));
}

static int call(struct fl_cli *cli, const char *method, const char *path, json_t **ret)
{
	return fl_cli_call(cli, &(struct fl_cli_request){.method = method, .path = fl_str(path)},
	                   ret);
}

static void print_list(const json_t *answer)
{
	static const struct fl_cli_column columns[] = {{"CONNECTOR", "id"},
	                                               {"ACTIVE", "active"},
	                                               {"CONFIGURED", "configured"},
	                                               {"VERSIONS", "names"},
	                                               {"USED BY", "used_by"}};
	json_t *items = json_object_get(answer, "items"), *item, *version;
	size_t i, k;

	json_array_foreach(items, i, item)
	{
		json_t *names = json_array();

		json_array_foreach(json_object_get(item, "versions"), k, version)(void)
		    json_array_append(names, json_object_get(version, "version"));
		(void)json_object_set_new(item, "names", names);
	}
	fl_cli_print_table(items, columns, FL_ARRAY_LEN(columns));
}

int fl_cli_connector_list(void *ctx, int argc, char **argv)
{
	static const struct fl_cli_view view = {.print = print_list};

	(void)argv;
	return argc == 1 ? fl_cli_show(ctx, "GET", "/v1/connectors", &view) : FL_COMMAND_USAGE;
}

/* ---- inspect ---- */

static int print_inspection(struct fl_cli *cli, const json_t *answer)
{
	static const struct fl_cli_column fields[] = {{"id", "id"},
	                                              {"version", "version"},
	                                              {"sha256", "sha256"},
	                                              {"loadable", "loadable"},
	                                              {"threading", "manifest.threading"},
	                                              {"requires", "manifest.requires"}};
	static const struct fl_cli_column faults[] = {
	    {"CODE", "code"}, {"DETAIL", "detail"}, {"HINT", "hint"}};
	const json_t *errors = json_object_get(answer, "errors");

	if (cli->is_json) {
		fl_cli_print_json(answer);
	} else {
		fl_cli_print_fields(answer, fields, FL_ARRAY_LEN(fields));
		if (json_array_size(errors) != 0)
			fl_cli_print_table(errors, faults, FL_ARRAY_LEN(faults));
	}
	return json_array_size(errors) == 0 ? 0 : FL_CLI_INVALID;
}

/* The file is not at the gateway yet: the same checks, here. */
static json_t *inspect_here(const struct fl_connector_file *parts,
                            const struct fl_problems *problems)
{
	struct fl_buf text;
	struct fl_json j;
	json_t *ret;

	fl_buf_init(&text, PROBLEMS_BYTES_MAX + FL_MANIFEST_MAX_BYTES);
	fl_json_init(&j, &text);
	fl_json_object(&j, NULL);
	if (parts->manifest != NULL) {
		fl_json_add(&j, "id", parts->manifest->id);
		fl_json_add(&j, "version", parts->manifest->version);
		fl_json_add_raw(&j, "manifest", parts->manifest_json);
	}
	fl_json_add_bool(&j, "loadable", problems->errors == 0);
	fl_json_add_problems(&j, "errors", problems, FL_JSON_ERRORS);
	fl_json_add_problems(&j, "warnings", problems, FL_JSON_WARNINGS);
	fl_json_end(&j);
	ret = json_loadb(text.p, text.len, 0, NULL);
	fl_buf_fini(&text);
	return ret;
}

static int inspect_file(struct fl_cli *cli, const char *path)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_connector_file parts;
	struct fl_problems problems;
	struct fl_arena arena;
	struct fl_str file;
	json_t *answer;
	int rc;

	if (fl_file_read(path, FL_CLI_FILE_MAX, &file, &err) < 0)
		return fl_cli_complain(FL_CLI_USAGE, "%s", err.message);
	fl_arena_init(&arena, 4096, PROBLEMS_BYTES_MAX);
	fl_problems_init(&problems, &arena);
	fl_connector_file_read(file, NULL, &parts, &problems);
	answer = inspect_here(&parts, &problems);
	rc = answer == NULL
	         ? fl_cli_complain(FL_CLI_INVALID, "%s: no manifest that can be shown", path)
	         : print_inspection(cli, answer);
	json_decref(answer);
	fl_connector_file_fini(&parts);
	fl_arena_fini(&arena);
	free((void *)(uintptr_t)file.p);
	return rc;
}

int fl_cli_connector_inspect(void *ctx, int argc, char **argv)
{
	struct fl_cli *cli = ctx;
	char path[512];
	json_t *answer;
	int rc;

	if (argc == 2)
		return inspect_file(cli, argv[1]);
	if (argc != 3)
		return FL_COMMAND_USAGE;
	rc = make_path(path, sizeof path, fl_str(argv[1]), fl_str(argv[2]), ":inspect");
	if (rc == 0)
		rc = call(cli, "POST", path, &answer);
	if (rc != 0)
		return rc;
	rc = print_inspection(cli, answer);
	json_decref(answer);
	return rc;
}

/* ---- activate ---- */

static void print_activation(const json_t *answer)
{
	(void)printf("%s %s %s, generation %lld, in %.3f ms\n",
	             json_string_value(json_object_get(answer, "id")),
	             json_string_value(json_object_get(answer, "version")),
	             json_is_true(json_object_get(answer, "changed")) ? "is live"
	                                                              : "was live already",
	             (long long)json_integer_value(json_object_get(answer, "generation")),
	             json_number_value(json_object_get(answer, "live_in_ms")));
}

int fl_cli_connector_activate(void *ctx, int argc, char **argv)
{
	static const struct fl_cli_view view = {.print = print_activation};
	char path[512];
	int rc;

	if (argc != 3)
		return FL_COMMAND_USAGE;
	rc = make_path(path, sizeof path, fl_str(argv[1]), fl_str(argv[2]), ":activate");
	return rc != 0 ? rc : fl_cli_show(ctx, "POST", path, &view);
}

/* ---- install ---- */

struct install {
	const char *file;
	bool is_activated; /* unless --no-activate */
	struct fl_str id, version;
	json_t *uploaded, *connector, *activation;
};

static int upload(struct fl_cli *cli, struct install *in, struct fl_str bytes)
{
	char path[512];
	int rc = make_path(path, sizeof path, in->id, in->version, "");

	if (rc != 0)
		return rc;
	return fl_cli_call(cli, &(struct fl_cli_request){"PUT", fl_str(path), in->file, bytes},
	                   &in->uploaded);
}

static bool is_used(const struct install *in)
{
	return json_array_size(json_object_get(in->connector, "used_by")) != 0;
}

static void print_install(const struct install *in)
{
	(void)printf("%.*s %.*s installed, SHA-256 %s\n", FL_STR_ARGS(in->id),
	             FL_STR_ARGS(in->version),
	             json_string_value(json_object_get(in->uploaded, "sha256")));
	if (in->activation != NULL)
		print_activation(in->activation);
	else if (!is_used(in))
		(void)printf(
		    "nobody uses it yet: give it an instance and a route in the configuration, "
		    "then: fairleadctl reload\n");
	else
		(void)printf("to let it serve: fairleadctl connector activate %.*s %.*s\n",
		             FL_STR_ARGS(in->id), FL_STR_ARGS(in->version));
}

static int install(struct fl_cli *cli, struct install *in, struct fl_str bytes)
{
	char path[512];
	int rc = upload(cli, in, bytes);

	if (rc == 0)
		rc = make_path(path, sizeof path, in->id, FL_STR_NULL, "");
	if (rc == 0)
		rc = call(cli, "GET", path, &in->connector);
	if (rc == 0 && in->is_activated && is_used(in)) {
		rc = make_path(path, sizeof path, in->id, in->version, ":activate");
		if (rc == 0)
			rc = call(cli, "POST", path, &in->activation);
	}
	if (rc != 0)
		return rc;
	if (!cli->is_json)
		print_install(in);
	else
		fl_cli_print_json(in->activation != NULL ? in->activation : in->uploaded);
	return 0;
}

static int install_file(struct fl_cli *cli, struct install *in, struct fl_str bytes)
{
	struct fl_connector_file parts;
	struct fl_problems problems;
	struct fl_arena arena;
	struct fl_buf text;
	int rc;

	fl_arena_init(&arena, 4096, PROBLEMS_BYTES_MAX);
	fl_problems_init(&problems, &arena);
	fl_connector_file_read(bytes, NULL, &parts, &problems);
	if (problems.errors == 0) {
		in->id = parts.manifest->id;
		in->version = parts.manifest->version;
		rc = install(cli, in, bytes);
	} else {
		fl_buf_init(&text, PROBLEMS_BYTES_MAX);
		fl_problems_print(&problems, &text);
		rc = fl_cli_complain(FL_CLI_INVALID, "%s cannot be loaded:\n%s", in->file,
		                     fl_buf_cstr(&text));
		fl_buf_fini(&text);
	}
	fl_connector_file_fini(&parts);
	fl_arena_fini(&arena);
	return rc;
}

int fl_cli_connector_install(void *ctx, int argc, char **argv)
{
	struct fl_cli *cli = ctx;
	struct install in = {.is_activated = true};
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str bytes;
	int rc;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--no-activate") == 0)
			in.is_activated = false;
		else if (in.file == NULL && argv[i][0] != '-')
			in.file = argv[i];
		else
			return FL_COMMAND_USAGE;
	}
	if (in.file == NULL)
		return FL_COMMAND_USAGE;
	if (fl_file_read(in.file, FL_CLI_FILE_MAX, &bytes, &err) < 0)
		return fl_cli_complain(FL_CLI_USAGE, "%s", err.message);
	rc = install_file(cli, &in, bytes);
	json_decref(in.uploaded);
	json_decref(in.connector);
	json_decref(in.activation);
	free((void *)(uintptr_t)bytes.p);
	return rc;
}
