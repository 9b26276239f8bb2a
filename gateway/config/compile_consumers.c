/* gateway/config/compile_consumers.c - consumers and their credentials
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/compile.h"

#include <stdlib.h>

struct consumers {
	struct compile *c;
	struct fl_cfg_consumer *items;
	struct fl_map hashes; /* to the index of the consumer + 1 */
};

static int by_name(const void *a, const void *b)
{
	return fl_str_cmp(((const struct fl_cfg_label *)a)->name,
	                  ((const struct fl_cfg_label *)b)->name);
}

static void compile_labels(struct compile *c, const struct fl_cfg_node *map,
                           struct fl_cfg_consumer *to)
{
	struct fl_cfg_label *labels =
	    fl_arena_array(&c->config->arena, map ? map->n : 0, sizeof *labels);
	size_t n = 0;

	if (map == NULL || labels == NULL)
		return;
	for (const struct fl_cfg_node *node = map->first; node != NULL; node = node->next)
		labels[n++] = (struct fl_cfg_label){keep(c, node->key), keep(c, node->text)};
	qsort(labels, n, sizeof *labels, by_name);
	to->labels = labels;
	to->labels_n = n;
}

/* What a credential may be: it is one of these. */
static const char *const kinds[] = {"api_key", "basic"};

static const struct fl_cfg_node *find_kind(const struct fl_cfg_node *credential, unsigned *ret_n)
{
	const struct fl_cfg_node *node, *first = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < FL_ARRAY_LEN(kinds); i++) {
		node = fl_cfg_node_find(credential, kinds[i]);
		if (node != NULL && (*ret_n)++ == 0)
			first = node;
	}
	return first;
}

/* The map of the credential's kind; NULL, and noted: it says none, or two. */
static const struct fl_cfg_node *check_kind(struct compile *c, const struct fl_cfg_node *credential)
{
	unsigned n;
	const struct fl_cfg_node *kind = find_kind(credential, &n);

	if (n == 1 || credential->kind != FL_CFG_MAP) /* else told by check.c */
		return n == 1 ? kind : NULL;
	if (n == 0)
		fl_cfg_hint(c->load,
		            fl_cfg_bad_key(c->load, credential, "missing_key",
		                           "the key \"api_key\" is missing, or \"basic\""),
		            "for example: { hash: \"blake2b:...\" }");
	else
		fl_cfg_hint(c->load,
		            fl_cfg_bad_key(c->load, credential, "credential_kind",
		                           "it is a key and a password"),
		            "give each a credential of its own");
	return NULL;
}

/* A key says who calls, so it can be only one consumer's. */
static void check_hash(struct consumers *s, const struct fl_cfg_node *kind, struct fl_str hash,
                       size_t consumer)
{
	size_t other = (size_t)(uintptr_t)fl_map_find(&s->hashes, hash);

	if (other == 0) {
		add_name(&s->hashes, hash, consumer);
		return;
	}
	struct fl_problem *p =
	    fl_cfg_bad(s->c->load, fl_cfg_node_find(kind, "hash"), "credential_duplicate",
	               "the consumers \"%.*s\" and \"%.*s\" have the same key",
	               FL_STR_ARGS(s->items[other - 1].name), FL_STR_ARGS(s->items[consumer].name));

	fl_cfg_hint(s->c->load, p, "make one for each with fairlead key create");
}

static void compile_credential(struct consumers *s, const struct fl_cfg_raw_credential *from,
                               size_t consumer, struct fl_cfg_credential *to)
{
	const struct fl_cfg_node *kind = check_kind(s->c, from->item.node);
	struct fl_str hash = from->c.user.p != NULL ? from->basic_hash : from->c.hash;

	if (kind != NULL && hash.p != NULL)
		check_hash(s, kind, hash, consumer);
	*to = from->c;
	to->hash = keep(s->c, hash);
	to->user = keep(s->c, from->c.user);
	to->description = keep(s->c, from->c.description);
	to->at = keep_position(s->c, fl_cfg_at(from->item.node));
}

static void compile_credentials(struct consumers *s, const struct fl_cfg_items *from,
                                size_t consumer)
{
	const struct fl_cfg_raw_credential *items = from->items;
	struct fl_cfg_credential *to = fl_arena_array(&s->c->config->arena, from->n, sizeof *to);

	if (to == NULL)
		return;
	for (size_t i = 0; i < from->n; i++)
		compile_credential(s, &items[i], consumer, &to[i]);
	s->items[consumer].credentials = to;
	s->items[consumer].credentials_n = from->n;
}

void fl_cfg_compile_consumers(struct compile *c)
{
	const struct fl_cfg_raw_consumer *from = c->raw->consumers.items;
	struct consumers s = {.c = c};
	size_t n = c->raw->consumers.n;

	s.items = fl_arena_array(&c->config->arena, n, sizeof *s.items);
	for (size_t i = 0; s.items != NULL && i < n; i++) {
		struct fl_cfg_consumer *to = &s.items[i];

		*to = from[i].c;
		to->name = keep(c, from[i].item.name);
		to->groups = keep_list(c, to->groups);
		to->tenant = keep(c, to->tenant);
		to->tier = keep(c, to->tier);
		to->at = keep_position(c, fl_cfg_at_key(from[i].item.node));
		compile_labels(c, from[i].labels, to);
		compile_credentials(&s, &from[i].credentials, i);
	}
	c->config->consumers = s.items;
	c->config->consumers_n = s.items ? n : 0;
	fl_map_fini(&s.hashes);
}
