/* tests/unit/secret/test_secret.c - gateway/secret/
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/connector/host.h"
#include "gateway/secret/secret.h"

static struct fl_secrets *made(void)
{
	struct fl_secrets *s = NULL;

	assert_int_equal(fl_secrets_create(&s), 0);
	return s;
}

static void assert_secret(struct fl_secrets *s, const char *name, const char *value)
{
	fl_host_secret_fn look_up = fl_secrets_append; /* the form that the host wants */
	struct fl_buf out;

	fl_buf_init(&out, 1000);
	fl_buf_add_c(&out, "Bearer ");
	assert_int_equal(look_up(s, fl_str(name), &out), value != NULL);
	if (value)
		assert_string_equal(fl_buf_cstr(&out) + strlen("Bearer "), value);
	fl_buf_fini(&out);
}

static void finds_by_name(void **state)
{
	struct fl_secret set[] = {{FL_STR("zeta"), FL_STR("1")},
				  {FL_STR("github/token"), FL_STR("ghp_x")},
				  {FL_STR("github"), FL_STR("3")}};
	struct fl_secrets *s = made();

	(void)state;
	assert_secret(s, "zeta", NULL);
	assert_int_equal(fl_secrets_replace(s, set, FL_ARRAY_LEN(set), NULL), 0);
	assert_secret(s, "github/token", "ghp_x");
	assert_secret(s, "github", "3");
	assert_secret(s, "zeta", "1");
	assert_secret(s, "githu", NULL);
	assert_secret(s, "", NULL);
	fl_secrets_destroy(s);
}

static void replaces_as_a_set(void **state)
{
	struct fl_secret first = {FL_STR("a"), FL_STR("1")}, second = {FL_STR("b"), FL_STR("2")};
	struct fl_secrets *s = made();

	(void)state;
	assert_int_equal(fl_secrets_replace(s, &first, 1, NULL), 0);
	assert_int_equal(fl_secrets_replace(s, &second, 1, NULL), 0);
	assert_secret(s, "a", NULL);
	assert_secret(s, "b", "2");
	assert_int_equal(fl_secrets_replace(s, NULL, 0, NULL), 0);
	assert_secret(s, "b", NULL);
	fl_secrets_destroy(s);
	assert_null(fl_secrets_destroy(NULL));
}

static void refuse(struct fl_secrets *s, const struct fl_secret *set, size_t n)
{
	struct fl_error err = FL_ERROR_INIT;

	assert_int_equal(fl_secrets_replace(s, set, n, &err), -1);
	assert_string_equal(err.code, "secret_invalid");
	assert_true(err.hint[0] != '\0');
	assert_null(strstr(err.message, "value-text"));
	assert_secret(s, "kept", "old");
}

static void a_bad_set_leaves_the_old_one(void **state)
{
	static char big[FL_SECRET_VALUE_MAX + 1];
	static struct fl_secret many[FL_SECRETS_MAX + 1];
	struct fl_secret kept = {FL_STR("kept"), FL_STR("old")};
	struct fl_secret twice[] = {{FL_STR("a"), FL_STR("value-text")},
				    {FL_STR("a"), FL_STR("value-text")}};
	struct fl_secret no_name = {FL_STR(""), FL_STR("value-text")};
	struct fl_secret no_value = {FL_STR("a"), FL_STR("")};
	struct fl_secret long_name = {fl_str_n(big, FL_SECRET_NAME_MAX + 1), FL_STR("value-text")};
	struct fl_secret long_value = {FL_STR("a"), fl_str_n(big, sizeof big)};
	struct fl_secrets *s = made();

	(void)state;
	memset(big, 'n', sizeof big);
	for (size_t i = 0; i < FL_ARRAY_LEN(many); i++)
		many[i] = kept;
	assert_int_equal(fl_secrets_replace(s, &kept, 1, NULL), 0);
	refuse(s, twice, 2);
	refuse(s, &no_name, 1);
	refuse(s, &no_value, 1);
	refuse(s, &long_name, 1);
	refuse(s, &long_value, 1);
	refuse(s, many, FL_ARRAY_LEN(many));
	fl_secrets_destroy(s);
}

static void says_when_the_buffer_is_full(void **state)
{
	struct fl_secret one = {FL_STR("a"), FL_STR("0123456789")};
	struct fl_secrets *s = made();
	struct fl_buf out;

	(void)state;
	assert_int_equal(fl_secrets_replace(s, &one, 1, NULL), 0);
	fl_buf_init(&out, 5);
	assert_false(fl_secrets_append(s, FL_STR("a"), &out));
	fl_buf_fini(&out);
	fl_secrets_destroy(s);
}

static atomic_bool stop;

/* Whatever set is read, name and value belong together. */
static void *read_all_the_time(void *arg)
{
	struct fl_buf out;
	size_t wrong = 0;

	fl_buf_init(&out, 100);
	while (!atomic_load(&stop)) {
		fl_buf_clear(&out);
		if (!fl_secrets_append(arg, FL_STR("x"), &out) ||
		    (!fl_str_is(fl_buf_str(&out), "first") && !fl_str_is(fl_buf_str(&out), "next")))
			wrong++;
	}
	fl_buf_fini(&out);
	return wrong ? arg : NULL;
}

static void readers_see_whole_sets(void **state)
{
	struct fl_secret first = {FL_STR("x"), FL_STR("first")}, next = {FL_STR("x"), FL_STR("next")};
	struct fl_secrets *s = made();
	pthread_t thread;
	void *wrong;

	(void)state;
	assert_int_equal(fl_secrets_replace(s, &first, 1, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_all_the_time, s), 0);
	for (int i = 0; i < 500; i++)
		assert_int_equal(fl_secrets_replace(s, i % 2 ? &first : &next, 1, NULL), 0);
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, &wrong), 0);
	assert_null(wrong);
	fl_secrets_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("secrets: a value is found by its whole name", finds_by_name),
	    FL_CASE("secrets: a new set takes the place of the old one", replaces_as_a_set),
	    FL_CASE("secrets: a bad set is refused and the old one stays", a_bad_set_leaves_the_old_one),
	    FL_CASE("secrets: a full buffer is an error, not half a secret", says_when_the_buffer_is_full),
	    FL_CASE("secrets: readers never see a mix of two sets", readers_see_whole_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
