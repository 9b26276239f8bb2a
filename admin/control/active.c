/* admin/control/active.c - which connector versions were activated by hand
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/control/active.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

/* 1,024 rows of the longest names stay well below it. */
#define FILE_MAX_BYTES (1u << 20)

static void hash_str(crypto_generichash_state *state, struct fl_str s)
{
	uint64_t n = s.n;

	(void)crypto_generichash_update(state, (const unsigned char *)&n, sizeof n);
	if (s.n != 0)
		(void)crypto_generichash_update(state, (const unsigned char *)s.p, s.n);
}

void fl_activation_entry(const struct fl_cfg_connector *connector, char ret[65])
{
	crypto_generichash_state state;
	unsigned char digest[32];

	(void)crypto_generichash_init(&state, NULL, 0, sizeof digest);
	hash_str(&state, connector->version);
	hash_str(&state, connector->sha256);
	hash_str(&state, connector->file);
	(void)crypto_generichash_final(&state, digest, sizeof digest);
	(void)sodium_bin2hex(ret, 65, digest, sizeof digest);
}

int fl_activations_copy(const struct fl_activations *from, struct fl_activations *ret)
{
	struct fl_activations copy = {.n = from->n};

	if (from->n != 0) {
		copy.items = calloc(from->n, sizeof *copy.items);
		if (copy.items == NULL)
			return -ENOMEM;
		memcpy(copy.items, from->items, from->n * sizeof *copy.items);
	}
	*ret = copy;
	return 0;
}

void fl_activations_fini(struct fl_activations *list)
{
	free(list->items);
	*list = (struct fl_activations){.n = 0};
}

static struct fl_activation *find(const struct fl_activations *list, struct fl_str id)
{
	for (size_t i = 0; i < list->n; i++)
		if (fl_str_is(id, list->items[i].id))
			return &list->items[i];
	return NULL;
}

const struct fl_activation *fl_activations_find(const struct fl_activations *list, struct fl_str id)
{
	return find(list, id);
}

int fl_activations_put(struct fl_activations *list, const struct fl_activation *item)
{
	struct fl_activation *at = find(list, fl_str(item->id));

	if (at == NULL) {
		if (list->n >= FL_ACTIVATIONS_MAX)
			return -E2BIG;
		at = realloc(list->items, (list->n + 1) * sizeof *at);
		if (at == NULL)
			return -ENOMEM;
		list->items = at;
		at += list->n++;
	}
	*at = *item;
	return 0;
}

static bool still_holds(const struct fl_activation *item, const struct fl_config *config)
{
	char entry[65];

	for (size_t i = 0; i < config->connectors_n; i++) {
		if (!fl_str_is(config->connectors[i].id, item->id))
			continue;
		fl_activation_entry(&config->connectors[i], entry);
		return strcmp(entry, item->entry) == 0;
	}
	return false;
}

bool fl_activations_prune(struct fl_activations *list, const struct fl_config *config)
{
	size_t kept = 0, before = list->n;

	for (size_t i = 0; i < before; i++)
		if (still_holds(&list->items[i], config))
			list->items[kept++] = list->items[i];
	list->n = kept;
	return kept != before;
}

/* ---- the file ---- */

static bool take_text(const json_t *row, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(row, key));
	size_t n = json_string_length(json_object_get(row, key));

	if (text == NULL || n == 0 || n >= size || strlen(text) != n)
		return false;
	memcpy(out, text, n + 1);
	return true;
}

static bool take_row(const json_t *row, struct fl_activation *ret)
{
	*ret = (struct fl_activation){.id = ""};
	return take_text(row, "id", ret->id, sizeof ret->id) &&
	       take_text(row, "version", ret->version, sizeof ret->version) &&
	       take_text(row, "sha256", ret->sha256, sizeof ret->sha256) &&
	       take_text(row, "entry", ret->entry, sizeof ret->entry);
}

static int parse(const char *path, const json_t *root, struct fl_activations *ret,
                 struct fl_error *err)
{
	const json_t *rows = json_object_get(root, "activations");
	struct fl_activation item;

	if (!json_is_array(rows) || json_array_size(rows) > FL_ACTIVATIONS_MAX)
		return fl_error_set(err, "activations_unreadable",
		                    "%s does not hold a list of activations", path);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		if (!take_row(json_array_get(rows, i), &item))
			return fl_error_set(err, "activations_unreadable",
			                    "%s: activation %zu is not readable", path, i + 1);
		if (fl_activations_put(ret, &item) < 0)
			return fl_error_set(err, "out_of_memory", "no memory for %s", path);
	}
	return 0;
}

static int read_file(const char *path, struct fl_activations *ret, struct fl_error *err)
{
	struct fl_str text;
	json_error_t why;
	json_t *root;
	int rc;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (fl_file_read(path, FILE_MAX_BYTES, &text, err) < 0)
		return -1;
	root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
	free((char *)(uintptr_t)text.p);
	if (root == NULL)
		return fl_error_set(err, "activations_unreadable", "%s:%d: %s", path, why.line,
		                    why.text);
	rc = parse(path, root, ret, err);
	json_decref(root);
	return rc;
}

int fl_activations_load(const char *path, struct fl_activations *ret, struct fl_error *err)
{
	struct fl_activations list = {.n = 0};

	if (read_file(path, &list, err) < 0) {
		fl_activations_fini(&list);
		fl_error_hint(err, "remove the file to go back to the versions that the "
		                   "configuration asks for");
		return -1;
	}
	*ret = list;
	return 0;
}

static void print(const struct fl_activations *list, struct fl_buf *out)
{
	struct fl_json j;

	fl_json_init(&j, out);
	fl_json_object(&j, NULL);
	fl_json_array(&j, "activations");
	for (size_t i = 0; i < list->n; i++) {
		fl_json_object(&j, NULL);
		fl_json_add_c(&j, "id", list->items[i].id);
		fl_json_add_c(&j, "version", list->items[i].version);
		fl_json_add_c(&j, "sha256", list->items[i].sha256);
		fl_json_add_c(&j, "entry", list->items[i].entry);
		fl_json_end(&j);
	}
	fl_json_end(&j);
	fl_json_end(&j);
	fl_buf_add_char(out, '\n');
}

int fl_activations_save(const char *path, const struct fl_activations *list, struct fl_error *err)
{
	struct fl_buf text;
	int rc;

	fl_buf_init(&text, FILE_MAX_BYTES);
	print(list, &text);
	rc = fl_buf_is_overflown(&text)
	         ? fl_error_set(err, "out_of_memory", "no memory to write %s", path)
	         : fl_file_replace(path, fl_buf_str(&text), 0600, err);
	fl_buf_fini(&text);
	if (rc < 0)
		fl_error_hint(err, "free the disk, or let the gateway write there");
	return rc;
}
