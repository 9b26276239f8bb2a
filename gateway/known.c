/* gateway/known.c - what is known of a configuration's connectors without loading them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/known.h"

#include <stdlib.h>
#include <unistd.h>

#define PROBLEM_BYTES (8u << 20) /* of one manifest */

static void tell(struct fl_problems *problems, const struct fl_cfg_connector *wanted,
                 const struct fl_error *err)
{
	struct fl_str pointer =
	    fl_arena_printf(problems->arena, "/connectors/%.*s", FL_STR_ARGS(wanted->id));
	struct fl_problem *p =
	    fl_problems_add(problems, err->code, wanted->at, pointer, "%s", err->message);

	if (err->hint[0] != '\0')
		fl_problem_hint(problems, p, "%s", err->hint);
}

/* Problems of the file itself are told when it is inspected or loaded; here its actions count. */
static struct fl_manifest *read_manifest(struct fl_str json)
{
	struct fl_arena arena;
	struct fl_problems ignored;
	struct fl_manifest *manifest;

	fl_arena_init(&arena, 1024, PROBLEM_BYTES);
	fl_problems_init(&ignored, &arena);
	manifest = fl_manifest_parse(json, &ignored);
	fl_arena_fini(&arena);
	return manifest;
}

static void find_connector(struct fl_known *k, const struct fl_config *config, size_t i,
                           struct fl_problems *problems)
{
	const struct fl_cfg_connector *wanted = &config->connectors[i];
	const struct fl_catalogue_want want = {wanted->id, wanted->version, wanted->sha256,
	                                       wanted->file};
	struct fl_error err = FL_ERROR_INIT;
	struct fl_catalogue_entry entry;
	struct fl_arena arena;

	fl_arena_init(&arena, 1024, 2u * FL_MANIFEST_MAX_BYTES);
	if (fl_catalogue_resolve(k->catalogue, &want, &arena, &entry, &err) == 0) {
		k->manifests[i] = read_manifest(entry.manifest_json);
		k->connectors[i] = (struct fl_bundle_connector){
		    .manifest = k->manifests[i],
		    .sha256 = fl_arena_str(problems->arena, entry.sha256),
		    .is_shipped = entry.origin == FL_CATALOGUE_SHIPPED,
		};
	} else {
		tell(problems, wanted, &err);
	}
	fl_arena_fini(&arena);
}

/* Uploads are looked at where there are some. */
static int open_catalogue(struct fl_known *k, const struct fl_cfg_server *server,
                          struct fl_arena *arena, struct fl_error *err)
{
	struct fl_str path =
	    fl_arena_printf(arena, "%.*s/connectors", FL_STR_ARGS(server->data_dir));
	bool has_uploads = path.p && access(path.p, R_OK | X_OK) == 0;

	return fl_catalogue_open(has_uploads ? server->data_dir.p : NULL, &server->connector_dirs,
	                         &k->catalogue, err);
}

int fl_known_init(struct fl_known *known, const struct fl_config *config,
                  struct fl_problems *problems, struct fl_error *err)
{
	size_t n = config->connectors_n;

	*known = (struct fl_known){
	    .n = n,
	    .manifests = calloc(n + 1, sizeof(struct fl_manifest *)),
	    .connectors = calloc(n + 1, sizeof *known->connectors),
	};
	if (!known->manifests || !known->connectors)
		return fl_error_set(err, "no_memory", "out of memory");
	if (open_catalogue(known, &config->server, problems->arena, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		find_connector(known, config, i, problems);
	return 0;
}

void fl_known_fini(struct fl_known *known)
{
	for (size_t i = 0; known->manifests && i < known->n; i++)
		(void)fl_manifest_destroy(known->manifests[i]);
	free(known->manifests);
	free(known->connectors);
	if (known->catalogue)
		(void)fl_catalogue_close(known->catalogue);
	*known = (struct fl_known){.n = 0};
}
