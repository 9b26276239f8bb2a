/* gateway/cmd_key.c - fairlead key: new API keys, and hashes of those that there are
 * SPDX-License-Identifier: Apache-2.0
 *
 * Works on the configuration's data_dir, whether a gateway runs on it or not.
 */
#include "gateway/cmd.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>

#include "base/buf.h"
#include "gateway/auth/api_key.h"
#include "gateway/config/model.h"
#include "gateway/data_dir.h"

#define PROBLEM_BYTES (1u << 20)

static int parse_options(int argc, char **argv, const char **ret_path)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
	                                      {NULL, 0, NULL, 0}};
	int c;

	*ret_path = "fairlead.yaml";
	while ((c = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
		if (c != 'c')
			return FL_COMMAND_USAGE;
		*ret_path = optarg;
	}
	return optind == argc ? 0 : FL_COMMAND_USAGE;
}

/* ---- what is done with data_dir/auth.key ---- */

typedef int (*work_fn)(const struct fl_auth_key *auth_key);

static void print_hash(const struct fl_auth_key *auth_key, struct fl_str key)
{
	unsigned char hash[FL_API_KEY_HASH_BYTES];
	char text[FL_API_KEY_HASH_TEXT_LEN + 1];

	fl_api_key_hash(auth_key, key, hash);
	fl_api_key_hash_text(auth_key, hash, text);
	(void)printf("hash: \"%s\"\n", text);
}

static int create(const struct fl_auth_key *auth_key)
{
	unsigned char random[FL_API_KEY_RANDOM_BYTES];
	char key[FL_API_KEY_LEN + 1];

	randombytes_buf(random, sizeof random);
	fl_api_key_make(random, key);
	(void)printf("key: %s\n", key);
	print_hash(auth_key, fl_str_n(key, FL_API_KEY_LEN));
	(void)fprintf(stderr,
	              "The key is shown this once and stored nowhere: give it to the caller.\n"
	              "The hash goes into the configuration:\n"
	              "  consumers: { NAME: { credentials: [{ api_key: { hash: ... } }] } }\n");
	sodium_memzero(random, sizeof random);
	sodium_memzero(key, sizeof key);
	return 0;
}

/* One line of standard input: arguments of a command are for all to see. */
static int hash(const struct fl_auth_key *auth_key)
{
	char line[FL_API_KEY_LEN + 3] = "";
	bool is_key = fgets(line, sizeof line, stdin) != NULL;

	line[strcspn(line, "\r\n")] = '\0';
	is_key = is_key && fl_api_key_is_whole(fl_str(line));
	if (is_key)
		print_hash(auth_key, fl_str(line));
	else
		(void)fprintf(stderr,
		              "fairlead key hash: standard input holds no API key, or one that was "
		              "mistyped; a key has %u characters and begins with "
		              "\"" FL_API_KEY_PREFIX "\"\n",
		              FL_API_KEY_LEN);
	sodium_memzero(line, sizeof line);
	return is_key ? 0 : FL_CMD_EXIT_FAILED;
}

static int work_in(const char *data_dir, work_fn work)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_auth_key auth_key;
	int rc;

	if (fl_data_dir_make(data_dir, &err) < 0 ||
	    fl_auth_key_load(data_dir, &auth_key, &err) < 0) {
		(void)fprintf(stderr, "fairlead key: %s [%s]%s%s%s\n", err.message, err.code,
		              err.hint[0] == '\0' ? "" : " (", err.hint,
		              err.hint[0] == '\0' ? "" : ")");
		return FL_CMD_EXIT_FAILED;
	}
	rc = work(&auth_key);
	sodium_memzero(&auth_key, sizeof auth_key);
	return rc == 0 && fflush(stdout) != 0 ? FL_CMD_EXIT_FAILED : rc;
}

/* ---- the configuration ---- */

static void print_problems(const struct fl_problems *problems)
{
	struct fl_buf out;

	fl_buf_init(&out, PROBLEM_BYTES);
	fl_problems_print(problems, &out);
	(void)fprintf(stderr, "%s", fl_buf_cstr(&out));
	fl_buf_fini(&out);
}

static int run(int argc, char **argv, work_fn work)
{
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_config *config;
	const char *path;
	int rc = parse_options(argc, argv, &path);

	if (rc != 0)
		return rc;
	fl_arena_init(&arena, 4096, PROBLEM_BYTES);
	fl_problems_init(&problems, &arena);
	config = fl_config_load_file(path, &problems);
	if (config != NULL) {
		rc = work_in(config->server.data_dir.p, work);
	} else {
		print_problems(&problems);
		rc = FL_CMD_EXIT_CONFIG;
	}
	(void)fl_config_unref(config);
	fl_arena_fini(&arena);
	return rc;
}

int fl_cmd_key_create(void *ctx, int argc, char **argv)
{
	(void)ctx;
	return run(argc, argv, create);
}

int fl_cmd_key_hash(void *ctx, int argc, char **argv)
{
	(void)ctx;
	return run(argc, argv, hash);
}
