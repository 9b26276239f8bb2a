/* gateway/cmd_key.c - fairlead key create: a new API key
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

static void print_key(const struct fl_auth_key *auth_key)
{
	unsigned char random[FL_API_KEY_RANDOM_BYTES], hash[FL_API_KEY_HASH_BYTES];
	char key[FL_API_KEY_LEN + 1], text[FL_API_KEY_HASH_TEXT_LEN + 1];

	randombytes_buf(random, sizeof random);
	fl_api_key_make(random, key);
	fl_api_key_hash(auth_key, fl_str_n(key, FL_API_KEY_LEN), hash);
	fl_api_key_hash_text(auth_key, hash, text);
	(void)printf("key: %s\nhash: \"%s\"\n", key, text);
	(void)fprintf(stderr,
	              "The key is shown this once and stored nowhere: give it to the caller.\n"
	              "The hash goes into the configuration:\n"
	              "  consumers: { NAME: { credentials: [{ api_key: { hash: ... } }] } }\n");
	sodium_memzero(random, sizeof random);
	sodium_memzero(key, sizeof key);
}

static int create(const char *data_dir)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_auth_key auth_key;

	if (fl_data_dir_make(data_dir, &err) < 0 ||
	    fl_auth_key_load(data_dir, &auth_key, &err) < 0) {
		(void)fprintf(stderr, "fairlead key create: %s [%s]%s%s%s\n", err.message, err.code,
		              err.hint[0] == '\0' ? "" : " (", err.hint,
		              err.hint[0] == '\0' ? "" : ")");
		return FL_CMD_EXIT_FAILED;
	}
	print_key(&auth_key);
	sodium_memzero(&auth_key, sizeof auth_key);
	return fflush(stdout) == 0 ? 0 : FL_CMD_EXIT_FAILED;
}

static void print_problems(const struct fl_problems *problems)
{
	struct fl_buf out;

	fl_buf_init(&out, PROBLEM_BYTES);
	fl_problems_print(problems, &out);
	(void)fprintf(stderr, "%s", fl_buf_cstr(&out));
	fl_buf_fini(&out);
}

int fl_cmd_key_create(void *ctx, int argc, char **argv)
{
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_config *config;
	const char *path;
	int rc = parse_options(argc, argv, &path);

	(void)ctx;
	if (rc != 0)
		return rc;
	fl_arena_init(&arena, 4096, PROBLEM_BYTES);
	fl_problems_init(&problems, &arena);
	config = fl_config_load_file(path, &problems);
	if (config != NULL) {
		rc = create(config->server.data_dir.p);
	} else {
		print_problems(&problems);
		rc = FL_CMD_EXIT_CONFIG;
	}
	(void)fl_config_unref(config);
	fl_arena_fini(&arena);
	return rc;
}
