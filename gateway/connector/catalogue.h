/* gateway/connector/catalogue.h - which connectors and versions there are, and where their files
 * lie SPDX-License-Identifier: Apache-2.0
 *
 * Three sources: shipped connectors (server.connector_dirs), uploaded ones
 * (data_dir/connectors/ID/VERSION/SHA256.so), and files that the configuration names. Nothing is
 * mapped or run: id, version and all else come from the manifest in the file. A folder is read
 * again only when it changed, so resolving costs no disk in the usual case. All [control]; may
 * block on the disk.
 */
#ifndef FL_GATEWAY_CONNECTOR_CATALOGUE_H
#define FL_GATEWAY_CONNECTOR_CATALOGUE_H

#include "gateway/config/model.h"
#include "gateway/connector/manifest.h"

struct fl_catalogue;

enum fl_catalogue_origin { FL_CATALOGUE_SHIPPED, FL_CATALOGUE_UPLOADED, FL_CATALOGUE_FILE };

struct fl_catalogue_entry {
	struct fl_str id, version, sha256; /* hex */
	struct fl_str path;                /* with a NUL */
	struct fl_str manifest_json;       /* as it stands in the file */
	enum fl_catalogue_origin origin;
};

/* Makes data_dir/connectors (0700); NULL: no uploads, nothing is made. A shipped folder that is not
 * there is passed over. Errors: catalogue_unwritable. */
FL_MUST_USE int fl_catalogue_open(const char *data_dir, const struct fl_cfg_strings *connector_dirs,
                                  struct fl_catalogue **ret, struct fl_error *err);
struct fl_catalogue *fl_catalogue_close(struct fl_catalogue *catalogue); /* accepts NULL */

struct fl_catalogue_want {
	struct fl_str id;
	struct fl_str version; /* "1.2.0"; "1.x", "1.2.x"; "": the newest that is no pre-release */
	struct fl_str sha256; /* "": any; the same version uploaded and shipped: the uploaded one */
	struct fl_str file;   /* "": look it up */
};
/* Finds the newest version that is wanted. `*ret` lives in `arena`. Errors, with what there is in
 * the hint: connector_unknown, connector_version_unknown, connector_digest (sha256 differs),
 * connector_mismatch (the file has another id or version), connector_unreadable. */
FL_MUST_USE int fl_catalogue_resolve(struct fl_catalogue *catalogue,
                                     const struct fl_catalogue_want *want, struct fl_arena *arena,
                                     struct fl_catalogue_entry *ret, struct fl_error *err);

/* Every version that is shipped or uploaded, by id, then from new to old; those of one id unless
 * `id` is empty. Borrowed for the callback, which may not change the catalogue. */
typedef void (*fl_catalogue_fn)(void *ctx, const struct fl_catalogue_entry *entry);
void fl_catalogue_each(struct fl_catalogue *catalogue, struct fl_str id, fl_catalogue_fn fn,
                       void *ctx);

enum {
	FL_CATALOGUE_ADDED = 0,
	FL_CATALOGUE_SAME = 1, /* the same bytes are there, shipped or uploaded */
	FL_CATALOGUE_E_TAKEN =
	    2, /* that version is there with other bytes, and may not be replaced */
};
/* Adds an upload: whole on the disk (fsync, rename) or not at all. The file must be loadable as far
 * as can be seen without running it, and its manifest must say `id` and `version`. One that is
 * uploaded is replaced when `may_replace`; one that is shipped never is. -1 with problems
 * (connector_mismatch, elf_*, manifest_*, ..., catalogue_unwritable). `*ret` (unless -1) lives in
 * `arena`. */
FL_MUST_USE int fl_catalogue_put(struct fl_catalogue *catalogue, struct fl_str id,
                                 struct fl_str version, struct fl_str bytes, bool may_replace,
                                 struct fl_arena *arena, struct fl_catalogue_entry *ret,
                                 struct fl_problems *problems);

#endif
