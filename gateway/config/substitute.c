/* gateway/config/substitute.c - ${env:N}, ${env:N:-default}, ${file:PATH}, ${secret:NAME}
 * SPDX-License-Identifier: Apache-2.0
 *
 * Works on the text of one parsed scalar, never on the text of a file: what comes out of a variable
 * or file cannot add keys or change a type, and is not looked at again. "$${" stands for "${".
 */
#include "config.h" /* _GNU_SOURCE, for memmem() */

#include "gateway/config/tree.h"

#include <sodium.h>
#include <stdlib.h>

#include "gateway/config/format.h"

#define NAME_SHOWN 80u /* bytes of a name in a message */

struct job {
	struct fl_cfg_load *load;
	struct fl_cfg_node *node;
	enum fl_cfg_subst mode;
	struct fl_buf out;
};

static bool refuse(struct job *j, const char *code, const char *hint, const char *fmt, ...)
    FL_PRINTF(4, 5);

static bool refuse(struct job *j, const char *code, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct fl_str what = fl_arena_vprintf(&j->load->scratch, fmt, ap);

	va_end(ap);
	fl_cfg_hint(j->load, fl_cfg_bad(j->load, j->node, code, "%.*s", FL_STR_ARGS(what)), "%s", hint);
	return false;
}

static bool add_env(struct job *j, struct fl_str what)
{
	const char *mark = memmem(what.p, what.n, ":-", 2);
	struct fl_str name = mark ? fl_str_n(what.p, (size_t)(mark - what.p)) : what;

	if (name.n == 0 || memchr(name.p, '=', name.n) != NULL)
		return refuse(j, "substitution_invalid", "write ${env:NAME} or ${env:NAME:-default}",
			      "the name of the variable is missing or not valid");
	struct fl_str key = fl_arena_str(&j->load->scratch, name);
	const char *value = key.p ? getenv(key.p) : NULL;

	if (mark != NULL && (value == NULL || *value == '\0')) {
		fl_buf_add(&j->out, fl_str_n(mark + 2, what.n - name.n - 2));
		return true;
	}
	if (value == NULL)
		return refuse(j, "env_unset", "set it, or give a default: ${env:NAME:-default}",
			      "the environment variable %.*s is not set",
			      FL_STR_ARGS(fl_str_cut(name, NAME_SHOWN)));
	if (!fl_str_is_utf8(fl_str(value)))
		return refuse(j, "value_not_text", "values must be UTF-8 text",
			      "the environment variable %.*s is not text",
			      FL_STR_ARGS(fl_str_cut(name, NAME_SHOWN)));
	fl_buf_add_c(&j->out, value);
	return true;
}

/* Editors and echo end a file with a line feed that nobody means to be part of the value. */
static struct fl_str without_last_newline(struct fl_str s)
{
	if (s.n == 0 || s.p[s.n - 1] != '\n')
		return s;
	s.n--;
	if (s.n != 0 && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

static bool add_file(struct job *j, struct fl_str what)
{
	const char *dir = j->node->file->dir;
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str bytes;

	if (what.n == 0)
		return refuse(j, "substitution_invalid", "write ${file:PATH}", "the path is missing");
	if (dir == NULL)
		return refuse(j, "file_denied", "use ${env:NAME}, or load the configuration from a file",
			      "files may not be read from here");
	struct fl_str path = fl_cfg_join(&j->load->scratch, dir, what);

	if (path.p == NULL)
		return false;
	if (fl_cfg_read(&j->load->scratch, path.p, FL_CFG_VALUE_MAX, &bytes, &err) != 0)
		return refuse(j, err.code, err.hint, "%s", err.message);
	if (!fl_str_is_utf8(bytes) || (bytes.n != 0 && memchr(bytes.p, '\0', bytes.n) != NULL))
		return refuse(j, "value_not_text", "values must be UTF-8 text", "%s is not text", path.p);
	fl_buf_add(&j->out, without_last_newline(bytes));
	return true;
}

static bool add_secret(struct job *j, struct fl_str whole, struct fl_str name)
{
	if (j->mode != FL_CFG_SUBST_CONNECTOR)
		return refuse(j, "secret_misplaced",
			      "${secret:} is for the config: of an instance; here use ${env:} or ${file:}",
			      "a secret may not be used here");
	if (!fl_cfg_format_is_secret_name(name))
		return refuse(j, "substitution_invalid", "write ${secret:NAME}, as in secrets:",
			      "\"%.*s\" is not the name of a secret",
			      FL_STR_ARGS(fl_str_cut(name, NAME_SHOWN)));
	fl_buf_add(&j->out, whole);
	return true;
}

/* `whole` is "${...}". */
static bool add_reference(struct job *j, struct fl_str whole)
{
	struct fl_str inner = fl_str_n(whole.p + 2, whole.n - 3), rest;
	struct fl_str scheme = fl_str_split(inner, ':', &rest);

	if (rest.p != NULL && fl_str_is(scheme, "env"))
		return add_env(j, rest);
	if (rest.p != NULL && fl_str_is(scheme, "file"))
		return add_file(j, rest);
	if (rest.p != NULL && fl_str_is(scheme, "secret"))
		return add_secret(j, whole, rest);
	return refuse(j, "substitution_invalid",
		      "there are ${env:NAME}, ${env:NAME:-default}, ${file:PATH}, ${secret:NAME}; "
		      "write $${ for the characters themselves",
		      "\"%.*s\" is not a substitution", FL_STR_ARGS(fl_str_cut(whole, NAME_SHOWN)));
}

static bool expand(struct job *j, struct fl_str s)
{
	while (s.n != 0) {
		const char *at = memmem(s.p, s.n, "${", 2);
		size_t plain = at ? (size_t)(at - s.p) : s.n;

		if (at != NULL && plain != 0 && at[-1] == '$') { /* "$${" */
			fl_buf_add(&j->out, fl_str_n(s.p, plain - 1));
			fl_buf_add_c(&j->out, "${");
			s = fl_str_n(at + 2, s.n - plain - 2);
			continue;
		}
		fl_buf_add(&j->out, fl_str_n(s.p, plain));
		if (at == NULL)
			break;
		s = fl_str_n(at, s.n - plain);
		const char *end = memchr(s.p, '}', s.n);

		if (end == NULL)
			return refuse(j, "substitution_invalid",
				      "close it with }, or write $${ for the characters themselves",
				      "\"${\" is not closed");
		size_t len = (size_t)(end - s.p) + 1;

		if (!add_reference(j, fl_str_n(s.p, len)))
			return false;
		s = fl_str_n(s.p + len, s.n - len);
	}
	return true;
}

bool fl_cfg_substitute(struct fl_cfg_load *load, struct fl_cfg_node *node, enum fl_cfg_subst mode)
{
	struct job j = {.load = load, .node = node, .mode = mode};

	if (node->kind != FL_CFG_STRING || node->written.p != NULL || node->text.n == 0 ||
	    memmem(node->text.p, node->text.n, "${", 2) == NULL)
		return true;
	fl_buf_init(&j.out, FL_CFG_BYTES_MAX);
	/* Growing would leave a copy of what may be a secret behind in freed memory. */
	(void)fl_buf_reserve(&j.out, node->text.n + FL_CFG_VALUE_MAX);
	bool ok = expand(&j, node->text);

	if (ok && fl_buf_is_overflown(&j.out))
		ok = refuse(&j, "value_too_long", "refer to fewer or smaller files",
			    "the value is longer than %u bytes", FL_CFG_BYTES_MAX);
	if (ok) {
		node->written = node->text;
		node->text = fl_arena_str(&load->scratch, fl_buf_str(&j.out));
		ok = node->text.p != NULL;
	}
	if (j.out.p != NULL)
		sodium_memzero(j.out.p, j.out.cap);
	fl_buf_fini(&j.out);
	return ok;
}

void fl_cfg_each_secret(struct fl_str s, fl_cfg_secret_fn fn, void *ctx)
{
	static const struct fl_str open = FL_STR_INIT("${secret:");

	while (s.n != 0) {
		const char *at = memmem(s.p, s.n, open.p, open.n);
		const char *end = at ? memchr(at, '}', s.n - (size_t)(at - s.p)) : NULL;

		if (end == NULL)
			return;
		fn(ctx, fl_str_n(at + open.n, (size_t)(end - at) - open.n));
		s = fl_str_n(end + 1, s.n - (size_t)(end + 1 - s.p));
	}
}
