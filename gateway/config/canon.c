/* gateway/config/canon.c - canonical JSON and the digest of a configuration
 * SPDX-License-Identifier: Apache-2.0
 *
 * The same content gives the same bytes: keys are sorted, there are no blanks, numbers have one form.
 */
#include "gateway/config/schema.h"

#include <sodium.h>
#include <stdlib.h>

#include "gateway/config/value.h"

/* What is written so far goes into the hash when it is longer than this. */
#define FLUSH_BYTES (256u << 10)

struct canon {
	struct fl_cfg_load *load;
	struct fl_buf *out;
	crypto_generichash_state *hash; /* NULL: all stays in `out` */
	bool as_written; /* inside secrets:, or everywhere for an export */
	bool is_export, is_secret; /* a secret that stands in the file is not told */
};

static int by_key(const void *a, const void *b)
{
	return fl_str_cmp((*(const struct fl_cfg_node *const *)a)->key,
			  (*(const struct fl_cfg_node *const *)b)->key);
}

static void flush(struct canon *c, size_t at_least)
{
	if (c->hash == NULL || c->out->len < at_least)
		return;
	(void)crypto_generichash_update(c->hash, (const unsigned char *)c->out->p, c->out->len);
	fl_buf_clear(c->out);
}

static bool add_node(struct canon *c, const struct fl_cfg_node *node);

static bool add_map(struct canon *c, const struct fl_cfg_node *map)
{
	const struct fl_cfg_node **sorted =
	    fl_arena_array(&c->load->scratch, map->n + 1u, sizeof *sorted);
	bool was_written = c->as_written, was_secret = c->is_secret, ok = true;
	size_t n = 0;

	if (sorted == NULL)
		return false;
	for (const struct fl_cfg_node *child = map->first; child != NULL; child = child->next)
		sorted[n++] = child;
	qsort(sorted, n, sizeof *sorted, by_key);
	fl_buf_add_char(c->out, '{');
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			fl_buf_add_char(c->out, ',');
		fl_buf_add_json(c->out, sorted[i]->key);
		fl_buf_add_char(c->out, ':');
		c->is_secret = was_secret || (!map->parent && fl_str_is(sorted[i]->key, "secrets"));
		c->as_written = was_written || c->is_secret;
		ok = add_node(c, sorted[i]) && ok;
	}
	c->as_written = was_written;
	c->is_secret = was_secret;
	fl_buf_add_char(c->out, '}');
	return ok;
}

static bool add_list(struct canon *c, const struct fl_cfg_node *list)
{
	bool ok = true;

	fl_buf_add_char(c->out, '[');
	for (const struct fl_cfg_node *child = list->first; child != NULL; child = child->next) {
		if (child != list->first)
			fl_buf_add_char(c->out, ',');
		ok = add_node(c, child) && ok;
	}
	fl_buf_add_char(c->out, ']');
	return ok;
}

static bool add_number(struct canon *c, const struct fl_cfg_node *node)
{
	if (fl_cfg_value_add_number(c->out, node->kind, node->text))
		return true;
	struct fl_problem *p = fl_cfg_bad(c->load, node, "number_too_large",
					  "the number %.*s cannot be held", FL_STR_ARGS(node->text));

	fl_cfg_hint(c->load, p, "whole numbers have 64 bits; quote it if it is meant as a string");
	return false;
}

static void add_string(struct canon *c, const struct fl_cfg_node *node)
{
	if (c->as_written && node->written.p)
		fl_buf_add_json(c->out, node->written);
	else if (c->is_export && c->is_secret)
		fl_buf_add_c(c->out, "\"(written in the file)\"");
	else
		fl_buf_add_json(c->out, node->text);
}

static bool add_node(struct canon *c, const struct fl_cfg_node *node)
{
	flush(c, FLUSH_BYTES);
	switch ((enum fl_cfg_kind)node->kind) {
	case FL_CFG_MAP:
		return add_map(c, node);
	case FL_CFG_LIST:
		return add_list(c, node);
	case FL_CFG_STRING:
		add_string(c, node);
		return true;
	case FL_CFG_INT:
	case FL_CFG_FLOAT:
		return add_number(c, node);
	case FL_CFG_BOOL:
		fl_buf_add(c->out, node->text);
		return true;
	case FL_CFG_NULL:
		break;
	}
	fl_buf_add_c(c->out, "null");
	return true;
}

bool fl_cfg_canon(struct fl_cfg_load *load, const struct fl_cfg_node *node, struct fl_buf *out)
{
	struct canon c = {.load = load, .out = out};

	return add_node(&c, node);
}

bool fl_cfg_export(struct fl_cfg_load *load, const struct fl_cfg_node *root, struct fl_arena *arena,
		   struct fl_str *ret)
{
	struct fl_buf out;
	struct canon c = {.load = load, .out = &out, .as_written = true, .is_export = true};

	fl_buf_init(&out, 16u * FL_CFG_BYTES_MAX);
	bool ok = add_node(&c, root) && !fl_buf_is_overflown(&out);

	if (ok)
		*ret = fl_arena_str(arena, fl_buf_str(&out));
	fl_buf_fini(&out);
	return ok && ret->p != NULL;
}

static void add_texts(crypto_generichash_state *hash, const struct fl_cfg_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++) {
		const struct fl_str parts[] = {texts->items[i].path, texts->items[i].text};

		for (size_t k = 0; k < FL_ARRAY_LEN(parts); k++) {
			(void)crypto_generichash_update(hash, (const void *)&parts[k].n,
							sizeof parts[k].n);
			(void)crypto_generichash_update(hash, (const void *)parts[k].p, parts[k].n);
		}
	}
}

bool fl_cfg_digest(struct fl_cfg_load *load, const struct fl_cfg_node *root,
		   const struct fl_cfg_policies *policies, char ret[65])
{
	crypto_generichash_state hash;
	unsigned char bytes[32];
	struct fl_buf out;
	struct canon c = {.load = load, .out = &out, .hash = &hash};

	(void)crypto_generichash_init(&hash, NULL, 0, sizeof bytes);
	fl_buf_init(&out, 16u * FL_CFG_BYTES_MAX); /* one string, escaped, is the most */
	bool ok = add_node(&c, root) && !fl_buf_is_overflown(&out);

	flush(&c, 0);
	add_texts(&hash, &policies->policies);
	add_texts(&hash, &policies->links);
	add_texts(&hash, &policies->schemas);
	add_texts(&hash, &policies->entities);
	(void)crypto_generichash_final(&hash, bytes, sizeof bytes);
	(void)sodium_bin2hex(ret, 65, bytes, sizeof bytes);
	if (out.p != NULL)
		sodium_memzero(out.p, out.cap);
	fl_buf_fini(&out);
	return ok;
}
