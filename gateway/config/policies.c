/* gateway/config/policies.c - the files that policies: names
 * SPDX-License-Identifier: Apache-2.0
 *
 * They are read with the configuration and kept as text, so that whatever is made of them later
 * needs no file, and a changed policy is a changed configuration.
 */
#include "gateway/config/glob.h"
#include "gateway/config/schema.h"

#include "policy/limits.h"

struct reading {
	struct fl_cfg_load *load;
	struct fl_config *config;
	struct fl_cfg_text *texts; /* room for FL_CFG_POLICY_FILES_MAX */
	size_t n, max_bytes;       /* of one file */
	size_t left;               /* bytes of all files */
};

static bool is_there(const struct reading *r, struct fl_str path)
{
	for (size_t i = 0; i < r->n; i++)
		if (fl_str_eq(r->texts[i].path, path))
			return true;
	return false;
}

static void refuse(struct reading *r, const struct fl_cfg_node *item, const char *code,
                   struct fl_str name, const char *what, const char *hint)
{
	struct fl_problem *p = fl_cfg_bad(r->load, item, code, "%.*s%s", FL_STR_ARGS(name), what);

	if (hint[0] != '\0')
		fl_cfg_hint(r->load, p, "%s", hint);
}

static void read_one(void *ctx, struct fl_cfg_node *item, struct fl_str path)
{
	struct reading *r = ctx;
	struct fl_str shown = fl_cfg_shown_name(r->load, item, path), text;
	struct fl_error err = FL_ERROR_INIT;
	size_t most = r->left < r->max_bytes ? r->left : r->max_bytes;

	if (shown.p == NULL)
		return;
	if (is_there(r, shown)) {
		refuse(r, item, "include_repeated", shown, " is included already",
		       "include each file once");
	} else if (r->n == FL_CFG_POLICY_FILES_MAX) {
		refuse(r, item, "too_many_files", shown, " is one file too many",
		       "at most 1000 of a kind; join some");
	} else if (fl_cfg_read(&r->config->arena, path.p, most, &text, &err) != 0) {
		refuse(r, item, err.code, fl_str(err.message), "", err.hint);
	} else {
		r->texts[r->n++] = (struct fl_cfg_text){shown, text};
		r->left -= text.n;
	}
}

/* What the key `name` below policies: names. */
static void read_kind(struct reading *r, const char *name, size_t max_bytes,
                      struct fl_cfg_texts *ret)
{
	const struct fl_cfg_node *list =
	    fl_cfg_node_find(fl_cfg_node_find(r->load->root, "policies"), name);

	r->n = 0;
	r->max_bytes = max_bytes;
	if (list == NULL || list->kind != FL_CFG_LIST)
		return; /* check.c tells the type */
	for (struct fl_cfg_node *item = list->first; item != NULL; item = item->next)
		if (item->kind == FL_CFG_STRING && item->text.n != 0 &&
		    fl_cfg_each_file(r->load, item, read_one, r) == 0)
			refuse(r, item, "file_unreadable", item->text, ": no file matches",
			       "relative paths start at the folder of the file that names them");
	struct fl_cfg_text *kept = fl_arena_array(&r->config->arena, r->n, sizeof *kept);

	for (size_t i = 0; kept != NULL && i < r->n; i++)
		kept[i] = (struct fl_cfg_text){fl_arena_str(&r->config->arena, r->texts[i].path),
		                               r->texts[i].text};
	*ret = (struct fl_cfg_texts){kept, kept ? r->n : 0};
}

void fl_cfg_read_policies(struct fl_cfg_load *load, struct fl_config *config)
{
	struct reading r = {.load = load, .config = config, .left = FL_CFG_POLICY_BYTES_MAX};
	struct fl_cfg_policies *to = &config->policies;

	r.texts = fl_arena_array(&load->scratch, FL_CFG_POLICY_FILES_MAX, sizeof *r.texts);
	if (r.texts == NULL)
		return;
	read_kind(&r, "include", FL_CEDAR_TEXT_BYTES_MAX, &to->policies);
	read_kind(&r, "links", FL_CFG_ENTITIES_BYTES_MAX, &to->links);
	read_kind(&r, "schema", FL_CEDAR_TEXT_BYTES_MAX, &to->schemas);
	read_kind(&r, "entities", FL_CFG_ENTITIES_BYTES_MAX, &to->entities);
}
