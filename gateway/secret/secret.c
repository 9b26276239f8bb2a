/* gateway/secret/secret.c - named secrets in guarded memory
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/secret/secret.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

/* One guarded block: the table, sorted by name, then the bytes that it points to. */
struct secret_set {
	size_t n;
	struct fl_secret entries[];
};

struct fl_secrets {
	pthread_rwlock_t lock; /* guards `set`: readers hold it while they copy a value */
	struct secret_set *set; /* NULL: empty */
};

int fl_secrets_create(struct fl_secrets **ret)
{
	struct fl_secrets *s;

	if (sodium_init() < 0)
		return -EIO;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	if (pthread_rwlock_init(&s->lock, NULL) != 0) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

struct fl_secrets *fl_secrets_destroy(struct fl_secrets *s)
{
	if (!s)
		return NULL;
	sodium_free(s->set);
	(void)pthread_rwlock_destroy(&s->lock);
	free(s);
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return fl_str_cmp(((const struct fl_secret *)a)->name, ((const struct fl_secret *)b)->name);
}

static int refuse(struct fl_error *err, const char *what, struct fl_str name)
{
	(void)fl_error_set(err, "secret_invalid", "secret \"%.*s\": %s", FL_STR_ARGS(name), what);
	fl_error_hint(err, "at most %u secrets; names of 1 to %u bytes, each once; values of 1 to %u "
			   "bytes", FL_SECRETS_MAX, FL_SECRET_NAME_MAX, FL_SECRET_VALUE_MAX);
	return -1;
}

/* Adds up what the set needs; the limits make an overflow impossible. */
static int check_set(const struct fl_secret *set, size_t n, size_t *ret_bytes, struct fl_error *err)
{
	size_t bytes = sizeof(struct secret_set) + n * sizeof(struct fl_secret);

	if (n > FL_SECRETS_MAX)
		return refuse(err, "one too many", set[FL_SECRETS_MAX].name);
	for (size_t i = 0; i < n; i++) {
		if (set[i].name.n == 0)
			return refuse(err, "no name", set[i].name);
		if (set[i].name.n > FL_SECRET_NAME_MAX)
			return refuse(err, "the name is too long", set[i].name);
		if (set[i].value.n == 0)
			return refuse(err, "the value is empty", set[i].name);
		if (set[i].value.n > FL_SECRET_VALUE_MAX)
			return refuse(err, "the value is too long", set[i].name);
		bytes += set[i].name.n + set[i].value.n;
	}
	*ret_bytes = bytes;
	return 0;
}

static struct fl_str copy_to(char **at, struct fl_str s)
{
	struct fl_str copy = {*at, s.n};

	memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}

static int check_unique(const struct secret_set *set, struct fl_error *err)
{
	for (size_t i = 1; i < set->n; i++)
		if (fl_str_eq(set->entries[i - 1].name, set->entries[i].name))
			return refuse(err, "it is there twice", set->entries[i].name);
	return 0;
}

static int build_set(const struct fl_secret *from, size_t n, struct secret_set **ret,
		     struct fl_error *err)
{
	struct secret_set *set;
	size_t bytes;
	char *at;

	if (check_set(from, n, &bytes, err) != 0)
		return -1;
	/* sodium_malloc puts the block's end against a guard page; a multiple of 16 keeps its
	 * beginning aligned. */
	set = sodium_malloc((bytes + 15u) & ~(size_t)15u);
	if (!set) {
		(void)fl_error_set(err, "secret_memory", "no guarded memory for %zu secrets", n);
		fl_error_hint(err, "raise the memory limit of the process");
		return -1;
	}
	set->n = n;
	at = (char *)&set->entries[n];
	for (size_t i = 0; i < n; i++) {
		set->entries[i].name = copy_to(&at, from[i].name);
		set->entries[i].value = copy_to(&at, from[i].value);
	}
	qsort(set->entries, n, sizeof set->entries[0], by_name);
	if (check_unique(set, err) != 0) {
		sodium_free(set);
		return -1;
	}
	(void)sodium_mprotect_readonly(set); /* hardening only: the set is good without it */
	*ret = set;
	return 0;
}

int fl_secrets_replace(struct fl_secrets *s, const struct fl_secret *from, size_t n,
		       struct fl_error *err)
{
	struct secret_set *set = NULL, *old;

	if (n > 0 && build_set(from, n, &set, err) != 0)
		return -1;
	(void)pthread_rwlock_wrlock(&s->lock);
	old = s->set;
	s->set = set;
	(void)pthread_rwlock_unlock(&s->lock);
	sodium_free(old);
	return 0;
}

bool fl_secrets_append(void *secrets, struct fl_str name, struct fl_buf *out)
{
	struct fl_secrets *s = secrets;
	struct fl_secret key = {.name = name}, *found = NULL;

	(void)pthread_rwlock_rdlock(&s->lock);
	if (s->set)
		found = bsearch(&key, s->set->entries, s->set->n, sizeof key, by_name);
	if (found)
		fl_buf_add(out, found->value);
	(void)pthread_rwlock_unlock(&s->lock);
	return found && !fl_buf_is_overflown(out);
}
