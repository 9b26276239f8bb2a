/* base/file.h - whole files
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_BASE_FILE_H
#define FL_BASE_FILE_H

#include <sys/types.h>

#include "base/error.h"

/* Reads a regular file of at most `max_bytes`. *ret is the caller's to free, with a NUL behind it.
 * Codes: file_unreadable, file_too_large. Blocks. */
FL_MUST_USE int fl_file_read(const char *path, size_t max_bytes, struct fl_str *ret,
                             struct fl_error *err);
/* The same of a pipe or whatever `fd` is, up to its end; `name` is for messages. `fd` stays open. */
FL_MUST_USE int fl_file_read_stream(int fd, const char *name, size_t max_bytes, struct fl_str *ret,
                                    struct fl_error *err);
/* Writes `path`.new, then renames it: readers find the old file or the new one, whole, also after a
 * power cut. Once it returns 0 it is the new one that they find then. On failure (file_unwritable)
 * the old one stays. Blocks. */
FL_MUST_USE int fl_file_replace(const char *path, struct fl_str bytes, mode_t mode,
                                struct fl_error *err);
/* Puts on the disk that a file or folder of this name was made, renamed or removed. Blocks. */
void fl_file_sync_folder_of(const char *path);

#endif
