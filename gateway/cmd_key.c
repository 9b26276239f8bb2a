/* gateway/cmd_key.c - fairlead key: new API keys and passwords, and hashes of those that there are
 * SPDX-License-Identifier: Apache-2.0
 *
 * Works on the configuration's data_dir, whether a gateway runs on it or not.
 */
#include "gateway/cmd.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>

#include "base/buf.h"
#include "gateway/auth/basic.h"
#include "gateway/config/model.h"
#include "gateway/data_dir.h"

#define PROBLEM_BYTES (1u << 20)

struct options {
	const char *path;
	struct fl_str user; /* of HTTP Basic; {NULL,0}: an API key */
};

static int parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
	                                      {"basic", required_argument, NULL, 'b'},
	                                      {NULL, 0, NULL, 0}};
	int c;

	*ret = (struct options){.path = "fairlead.yaml"};
	while ((c = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
		if (c == 'c')
			ret->path = optarg;
		else if (c == 'b')
			ret->user = fl_str(optarg);
		else
			return FL_COMMAND_USAGE;
	}
	if (ret->user.p != NULL && !fl_basic_is_user(ret->user)) {
		(void)fprintf(stderr,
		              "fairlead key: a user has 1 to %u bytes of UTF-8, and no \":\"\n",
		              FL_BASIC_USER_MAX);
		return FL_COMMAND_USAGE;
	}
	return optind == argc ? 0 : FL_COMMAND_USAGE;
}

/* ---- what is done with data_dir/auth.key ---- */

typedef int (*work_fn)(const struct fl_auth_key *auth_key, struct fl_str user);

/* Of the key, or of "USER:KEY". */
static void print_hash(const struct fl_auth_key *auth_key, struct fl_str user, struct fl_str key)
{
	unsigned char hash[FL_API_KEY_HASH_BYTES];
	char text[FL_API_KEY_HASH_TEXT_LEN + 1], pair[FL_BASIC_PAIR_MAX + 1];
	int n = user.p == NULL ? snprintf(pair, sizeof pair, "%.*s", FL_STR_ARGS(key))
			       : snprintf(pair, sizeof pair, "%.*s:%.*s", FL_STR_ARGS(user),
					  FL_STR_ARGS(key));

	FL_ASSERT(n > 0 && (size_t)n < sizeof pair);
	fl_api_key_hash(auth_key, fl_str_n(pair, (size_t)n), hash);
	fl_api_key_hash_text(auth_key, hash, text);
	(void)printf("hash: \"%s\"\n", text);
	sodium_memzero(pair, sizeof pair);
}

static int create(const struct fl_auth_key *auth_key, struct fl_str user)
{
	const bool is_key = user.p == NULL;
	unsigned char random[FL_API_KEY_RANDOM_BYTES];
	char key[FL_API_KEY_LEN + 1];

	randombytes_buf(random, sizeof random);
	fl_api_key_make(random, key);
	(void)printf("%s: %s\n", is_key ? "key" : "password", key);
	print_hash(auth_key, user, fl_str_n(key, FL_API_KEY_LEN));
	(void)fprintf(stderr,
	              "The %s is shown this once and stored nowhere: give it to the caller.\n"
	              "The hash goes into the configuration:\n"
	              "  consumers: { NAME: { credentials: [{ %s hash: ... } }] } }\n",
	              is_key ? "key" : "password", is_key ? "api_key: {" : "basic: { user: ...,");
	sodium_memzero(random, sizeof random);
	sodium_memzero(key, sizeof key);
	return 0;
}

/* One line of standard input: arguments of a command are for all to see. */
static int hash(const struct fl_auth_key *auth_key, struct fl_str user)
{
	char line[FL_API_KEY_LEN + 3] = "";
	bool is_key = fgets(line, sizeof line, stdin) != NULL;

	line[strcspn(line, "\r\n")] = '\0';
	is_key = is_key && fl_api_key_is_whole(fl_str(line));
	if (is_key)
		print_hash(auth_key, user, fl_str(line));
	else
		(void)fprintf(stderr,
		              "fairlead key hash: standard input holds no API key, or one that was "
		              "mistyped; a key has %u characters and begins with "
		              "\"" FL_API_KEY_PREFIX "\"\n",
		              FL_API_KEY_LEN);
	sodium_memzero(line, sizeof line);
	return is_key ? 0 : FL_CMD_EXIT_FAILED;
}

static int work_in(const char *data_dir, struct fl_str user, work_fn work)
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
	rc = work(&auth_key, user);
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
	struct options options;
	int rc = parse_options(argc, argv, &options);

	if (rc != 0)
		return rc;
	fl_arena_init(&arena, 4096, PROBLEM_BYTES);
	fl_problems_init(&problems, &arena);
	config = fl_config_load_file(options.path, &problems);
	if (config != NULL) {
		rc = work_in(config->server.data_dir.p, options.user, work);
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
