/* tests/unit/config/test_agree.c - the table of keys agrees with those of other folders
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include "gateway/auth/method.h"
#include "gateway/auth/recipe.h"
#include "gateway/config/schema.h"
#include "gateway/connector/check.h"
#include "gateway/route/table.h"
#include "gateway/secret/secret.h"

static const struct fl_cfg_key *row(const char *path)
{
	for (size_t i = 0; i < fl_cfg_keys_n; i++)
		if (strcmp(fl_cfg_keys[i].path, path) == 0)
			return &fl_cfg_keys[i];
	fail_msg("no row %s", path);
	return NULL;
}

static void other_tables(void **state)
{
	const struct fl_cfg_key *methods = row("routes.*.match.methods");
	const struct fl_cfg_key *auth = row("routes.*.auth");
	char name[FL_SECRET_NAME_MAX + 1];

	(void)state;
	assert_int_equal(FL_CFG_METHODS_N, FL_METHOD_N);
	assert_int_equal(fl_cfg_key_words(methods), FL_METHOD_N);
	for (unsigned m = 0; m < FL_METHOD_N; m++)
		assert_int_equal(
		    fl_cfg_key_word_index(methods, fl_str(fl_method_name((enum fl_method)m))), m);
	assert_true(fl_cfg_key_has_word(auth, FL_STR("none")));
	assert_true(fl_cfg_key_has_word(auth, FL_STR("api_key")));
	assert_int_equal(auth->max, FL_AUTH_ROUTE_MAX);
	assert_int_equal(fl_cfg_key_words(row("auth.*.webhook.recipe")), fl_recipes_n);
	for (size_t i = 0; i < fl_recipes_n; i++)
		assert_int_equal(fl_cfg_key_word_index(row("auth.*.webhook.recipe"),
						       fl_str(fl_recipes[i].name)), i);
	assert_int_equal(row("routes.*.match.headers")->max, FL_ROUTE_HEADERS_MAX);
	assert_int_equal(row("server.admin.max_body")->max, FL_CONNECTOR_MAX_BYTES);
	assert_int_equal(row("secrets")->max, FL_SECRETS_MAX);
	assert_int_equal(FL_CFG_VALUE_MAX, FL_SECRET_VALUE_MAX);
	memset(name, 'n', sizeof name);
	assert_true(fl_cfg_format_is_secret_name(fl_str_n(name, FL_SECRET_NAME_MAX)));
	assert_false(fl_cfg_format_is_secret_name(fl_str_n(name, FL_SECRET_NAME_MAX + 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("methods and limits agree with those of routes and secrets", other_tables),
	};

	return cmocka_run_group_tests_name("config agrees", tests, NULL, NULL);
}
