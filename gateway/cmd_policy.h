/* gateway/cmd_policy.h - what the commands below "fairlead policy" share
 * SPDX-License-Identifier: Apache-2.0
 *
 * One table of options for all of them; each says which it takes. Standard output is what was asked
 * for, standard error is what is wrong; exit statuses are those of gateway/cmd.h.
 */
#ifndef FL_GATEWAY_CMD_POLICY_H
#define FL_GATEWAY_CMD_POLICY_H

#include "base/command.h"
#include "base/json.h"
#include "gateway/policy_input.h"

#define FL_POLICY_OUTPUT_MAX (64u << 20) /* one output: a test, an explanation; bytes */

/* Which options a command takes. */
enum {
	FL_POLICY_OPT_JSON = 1 << 0,
	FL_POLICY_OPT_POLICIES = 1 << 1,
	FL_POLICY_OPT_SCHEMA = 1 << 2,
	FL_POLICY_OPT_DATA = 1 << 3, /* --entities, --links, --ids */
	FL_POLICY_OPT_REQUEST = 1 << 4,
	FL_POLICY_OPT_MODE = 1 << 5,
	FL_POLICY_OPT_ROOT = 1 << 6,
	FL_POLICY_OPT_CONFIG = 1 << 7,
};

struct fl_policy_options {
	struct fl_policy_files files;
	const char *requests; /* a file of one request a line; NULL: `uids` and `context` */
	const char *uids[3];  /* principal, action, resource */
	const char *context;  /* JSON or a file of it; NULL: none */
	enum fl_cedar_mode mode;
	const char *root, *config; /* NULL: not given */
	bool is_json;
	char **rest; /* what is no option */
	int n_rest;
};

/* False: something is wrong with the command line, and standard error says what. */
FL_MUST_USE bool fl_policy_options_parse(int argc, char **argv, unsigned allowed,
                                         struct fl_policy_options *ret);
/* Files of policies are named, or a configuration and nothing beside it. */
bool fl_policy_options_name_policies(const struct fl_policy_options *o);
/* False: there are FL_POLICY_FILES_MAX already; standard error says so. */
FL_MUST_USE bool fl_policy_add_path(struct fl_policy_paths *paths, const char *path);

/* Answers one request into `out`. False: `scratch`, which is the request's, is full. */
typedef bool fl_policy_request_fn(const struct fl_policy_options *o,
                                  const struct fl_policy_input *in,
                                  const struct fl_cedar_request *request, struct fl_arena *scratch,
                                  struct fl_buf *out);
/* Loads what the options name, then has each request answered; answers go to standard output one by
 * one. What is wrong with a request is told there too, as JSON ({"invalid": [...]}) or as "invalid"
 * with words on standard error, and the next one follows. Returns the exit status. Blocks. */
int fl_policy_each_request(const struct fl_policy_options *o, fl_policy_request_fn *answer);
/* Writes `out` to standard output and clears it. */
void fl_policy_put(struct fl_buf *out);
/* To standard error, one line each. */
void fl_policy_tell(const struct fl_problems *problems);

fl_command_fn fl_cmd_policy_authorize, fl_cmd_policy_check, fl_cmd_policy_explain,
    fl_cmd_policy_schema, fl_cmd_policy_test, fl_cmd_policy_validate;

/* The table for gateway/main.c. */
extern const struct fl_command fl_cmd_policy[];

#endif
