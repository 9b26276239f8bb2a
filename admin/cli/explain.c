/* admin/cli/explain.c - fairleadctl explain: what would happen to a request, and why
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

/* "GET http://host/path", or the URL alone. */
static int take_target(json_t *body, const char *text)
{
	struct fl_str url, method = fl_str_split(fl_str(text), ' ', &url);

	if (json_object_get(body, "url") != NULL)
		return FL_COMMAND_USAGE;
	if (url.p == NULL) {
		url = method;
		method = FL_STR("GET");
	}
	url = fl_str_trim(url);
	(void)json_object_set_new(body, "method", json_stringn(method.p, method.n));
	(void)json_object_set_new(body, "url", json_stringn(url.p, url.n));
	return 0;
}

static int take_header(json_t *body, const char *text)
{
	struct fl_str value, name = fl_str_trim(fl_str_split(fl_str(text), ':', &value));
	json_t *headers = json_object_get(body, "headers");
	char key[256];

	if (value.p == NULL || name.n == 0 || name.n >= sizeof key)
		return fl_cli_complain(FL_CLI_USAGE, "-H takes 'NAME: VALUE', not \"%s\"", text);
	if (headers == NULL) {
		headers = json_object();
		(void)json_object_set_new(body, "headers", headers);
	}
	value = fl_str_trim(value);
	(void)snprintf(key, sizeof key, "%.*s", FL_STR_ARGS(name));
	(void)json_object_set_new(headers, key, json_stringn(value.p, value.n));
	return 0;
}

static int take_option(json_t *body, const char *name, const char *value)
{
	if (strcmp(name, "-H") == 0)
		return take_header(body, value);
	if (strcmp(name, "--consumer") == 0)
		return json_object_set_new(body, "consumer", json_string(value));
	if (strcmp(name, "--client") == 0)
		return json_object_set_new(body, "client", json_string(value));
	return FL_COMMAND_USAGE;
}

static int take_arguments(json_t *body, int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc && rc == 0; i++) {
		if (argv[i][0] != '-')
			rc = take_target(body, argv[i]);
		else
			rc = i + 1 == argc ? FL_COMMAND_USAGE
			                   : take_option(body, argv[i], argv[i + 1]);
		i += argv[i][0] == '-';
	}
	return rc != 0 || json_object_get(body, "url") != NULL ? rc : FL_COMMAND_USAGE;
}

static void print_text(const char *text)
{
	(void)fputs(text == NULL ? "" : text, stdout);
}

static int ask(struct fl_cli *cli, const json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	json_t *answer;
	int rc;

	if (text == NULL)
		return fl_cli_complain(FL_CLI_USAGE, "the request is not UTF-8");
	rc = fl_cli_call(cli,
	                 &(struct fl_cli_request){
			     .method = "POST", .path = FL_STR("/v1/explain"), .body = fl_str(text)},
	                 &answer);
	free(text);
	if (rc != 0)
		return rc;
	if (cli->is_json)
		fl_cli_print_json(answer);
	else
		print_text(json_string_value(json_object_get(answer, "text")));
	json_decref(answer);
	return 0;
}

int fl_cli_explain(void *ctx, int argc, char **argv)
{
	json_t *body = json_object();
	int rc = take_arguments(body, argc, argv);

	if (rc == 0)
		rc = ask(ctx, body);
	json_decref(body);
	return rc;
}
