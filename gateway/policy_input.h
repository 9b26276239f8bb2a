/* gateway/policy_input.h - what the offline policy tools work on
 * SPDX-License-Identifier: Apache-2.0
 *
 * Policies, a schema, entities and requests, read from files and from standard input, or those of a
 * configuration. All that is wrong goes to `problems`, with file, line and column; nothing is
 * printed here.
 *
 *	struct fl_policy_input in;
 *
 *	fl_policy_input_init(&in);
 *	if (fl_policy_input_load(&in, &files))
 *		...in.set, in.schema, in.entities...
 *	status = fl_policy_input_status(&in);
 *	fl_policy_input_fini(&in);
 */
#ifndef FL_GATEWAY_POLICY_INPUT_H
#define FL_GATEWAY_POLICY_INPUT_H

#include "policy/cedar.h"

struct fl_bundle;

/* Policies and schemas are bounded by the library: FL_CEDAR_TEXT_BYTES_MAX, 1 MiB each. */
#define FL_POLICY_JSON_MAX (16u << 20)   /* a file of entities or links, a test; bytes */
#define FL_POLICY_REQUEST_MAX (1u << 20) /* one request, one line; bytes */
#define FL_POLICY_STORE_MAX (256u << 20) /* of all that is held of one of these; bytes */
#define FL_POLICY_FILES_MAX 100u         /* of one kind */

struct fl_policy_paths {
	const char *at[FL_POLICY_FILES_MAX]; /* "-": standard input */
	size_t n;
};

struct fl_policy_files {
	const char *root; /* what names are relative to; NULL: the folder we are in */
	struct fl_policy_paths policies, schemas, entities, links;
	bool uses_ids; /* a policy is called as its @id says, not policyN */
};

struct fl_policy_input {
	struct fl_arena arena; /* of texts and messages */
	struct fl_problems problems;
	struct fl_cedar_set *set;
	struct fl_cedar_schema *schema; /* NULL: none */
	struct fl_cedar_entities *entities;
	struct fl_bundle *bundle; /* NULL, or the three above are its */
	bool is_stdin_used;
	bool is_refused; /* by the machine: a file that cannot be read, no memory */
};

/* Allocates nothing yet. */
void fl_policy_input_init(struct fl_policy_input *in);
void fl_policy_input_fini(struct fl_policy_input *in);
/* Reads all, once: policies are linked and finished, entities read as the schema says, its actions
 * added to them, and all entities checked. Not validated: that is fl_cedar_validate(). False: there
 * are problems; what could be read is there nevertheless, but not finished. Blocks. */
bool fl_policy_input_load(struct fl_policy_input *in, const struct fl_policy_files *files);
/* In place of that: what the gateway makes of a configuration's `policies`, with the schema and the
 * entities that it makes of the rest. `set` is NULL when none of them is in force. False: there are
 * problems. Blocks. */
bool fl_policy_input_config(struct fl_policy_input *in, const char *path);
/* The exit status: 0, FL_CMD_EXIT_FAILED, FL_CMD_EXIT_CONFIG. */
int fl_policy_input_status(const struct fl_policy_input *in);
/* A problem without a place in a text. Returns false. */
bool fl_policy_input_fail(struct fl_policy_input *in, const char *code, const char *file,
                          const char *message);
/* The text of a file below `root` (may be NULL), in the arena. False: a problem says why. Blocks.
 */
bool fl_policy_input_text(struct fl_policy_input *in, const char *root, const char *path,
                          size_t max_bytes, struct fl_str *ret);

/* Reads one request as the official tests write it: an object of `principal`, `action`, `resource`
 * (each {type, id}) and perhaps `context`; of the members of tests (description, decision, reason,
 * errors) nothing is looked at, others are refused. With a schema the request is checked against it
 * unless `validateRequest` is false. False: source->problems says why. *ret lives in `arena`. */
bool fl_policy_request_read(const struct fl_policy_input *in, const struct fl_cedar_json *json,
                            const struct fl_cedar_json_source *source, struct fl_arena *arena,
                            struct fl_cedar_request *ret);
/* The same of names as the command line has them: `User::"ann"`. `context` is the text of a JSON
 * object, or empty. Messages name the option. */
bool fl_policy_request_make(struct fl_policy_input *in, const char *const uids[3],
                            struct fl_str context, struct fl_cedar_request *ret);

#endif
