/* gateway/connector/shelf.h - private: the connector files that the catalogue knows
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each file is read once and again only when it is another one (device, inode, size, time). Files
 * that cannot be connectors are passed over with a line in the log: the folder may be anybody's.
 */
#ifndef FL_GATEWAY_CONNECTOR_SHELF_H
#define FL_GATEWAY_CONNECTOR_SHELF_H

#include <sys/stat.h>

#include "gateway/connector/catalogue.h"

struct fl_shelf_file {
	struct fl_shelf_file *next;
	struct fl_arena arena; /* what `entry` points to */
	struct fl_catalogue_entry entry;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
	bool is_seen; /* by the scan that is under way */
};

struct fl_shelf_folder { /* a folder of shipped connectors */
	char *path;
	struct timespec changed; /* of the folder, when it was read */
	uint64_t read_at_ns;     /* wall clock; 0: not yet */
};

struct fl_shelf {
	struct fl_shelf_file *files;
	struct fl_shelf_folder *folders;
	size_t folders_n;
	char *uploads; /* data_dir/connectors */
};

/* Reads what is uploaded. Folders of shipped connectors are read by fl_shelf_refresh(). */
void fl_shelf_read_uploads(struct fl_shelf *shelf);
/* Looks whether folders of shipped connectors changed, and reads those that did. */
void fl_shelf_refresh(struct fl_shelf *shelf);
/* The file at `path`, read if it is new or another one. NULL with err: connector_unreadable, or
 * what is wrong with it. */
struct fl_shelf_file *fl_shelf_take(struct fl_shelf *shelf, const char *path,
                                    enum fl_catalogue_origin origin, struct fl_error *err);
/* Forgets one file (and does not remove it). */
void fl_shelf_forget(struct fl_shelf *shelf, struct fl_shelf_file *file);
void fl_shelf_fini(struct fl_shelf *shelf);

#endif
