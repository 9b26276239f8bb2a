/* admin/cli/cli.h - fairleadctl, the command line: a thin client of the admin API
 * SPDX-License-Identifier: Apache-2.0
 *
 * Standard output is data, standard error is words. Each command gets the struct fl_cli and returns
 * the exit status of the program, or FL_COMMAND_USAGE.
 */
#ifndef FL_ADMIN_CLI_CLI_H
#define FL_ADMIN_CLI_CLI_H

#include <jansson.h>

#include "base/command.h"
#include "base/error.h"

enum fl_cli_exit {
	FL_CLI_OK = 0,
	FL_CLI_DIFFERS = 1,
	FL_CLI_USAGE = 2,   /* wrong arguments, no such thing, not allowed */
	FL_CLI_INVALID = 3, /* the configuration or connector is refused */
	FL_CLI_CONFLICT = 4,
	FL_CLI_UNREACHABLE = 5, /* no gateway there, or it is in trouble */
};

#define FL_CLI_SERVER_DEFAULT "http://127.0.0.1:8901"
#define FL_CLI_FILE_MAX ((size_t)64 << 20)

struct fl_cli {
	const char *server;     /* "http://host:port", "unix:/path" */
	const char *token_file; /* NULL: none; on a Unix socket the gateway may know the user */
	char token[128];        /* read from there by the first request */
	bool is_json, is_verbose;
};

struct fl_cli_request {
	const char *method;
	struct fl_str path;
	const char *file;   /* where the body of an upload came from, for -v */
	struct fl_str body; /* of an upload; without `file`: JSON, or empty */
};

/* Asks the gateway. 0 and *ret (the caller's), or an exit status after the refusal was told on
 * standard error. */
FL_MUST_USE int fl_cli_call(struct fl_cli *cli, const struct fl_cli_request *request, json_t **ret);
/* Is there something, and does nothing of it need an escape in a URL's path? */
bool fl_cli_is_plain(struct fl_str part);
/* "fairleadctl: ..." on standard error; returns `status`. */
int fl_cli_complain(int status, const char *fmt, ...) FL_PRINTF(2, 3);

/* ---- output ---- */

void fl_cli_print_json(const json_t *value);
/* "title: key, key, ..." of a table's column and the member that it shows; a member may be "a.b".
 */
struct fl_cli_column {
	const char *title, *member;
};
/* Rows under titles, columns as wide as they must be. Control characters are shown as "?". */
void fl_cli_print_table(const json_t *rows, const struct fl_cli_column *columns, size_t n);
/* One "title  value" line for each column. */
void fl_cli_print_fields(const json_t *object, const struct fl_cli_column *columns, size_t n);

/* How an answer is shown to people: what `print` prints, or a table of its "items". */
struct fl_cli_view {
	void (*print)(const json_t *answer);
	const struct fl_cli_column *columns;
	size_t columns_n;
};
/* Asks the gateway and prints the answer, as JSON or as `view` says; returns the exit status. */
FL_MUST_USE int fl_cli_show(struct fl_cli *cli, const char *method, const char *path,
                            const struct fl_cli_view *view);

/* ---- commands ---- */

fl_command_fn fl_cli_status, fl_cli_reload, fl_cli_explain;
fl_command_fn fl_cli_connector_list, fl_cli_connector_inspect, fl_cli_connector_install,
    fl_cli_connector_activate;
fl_command_fn fl_cli_limit_list;
fl_command_fn fl_cli_instance_list, fl_cli_instance_generations, fl_cli_instance_reload;

#endif
