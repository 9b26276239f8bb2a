/* gateway/data_dir.h - the folder that belongs to one running gateway
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_DATA_DIR_H
#define FL_GATEWAY_DATA_DIR_H

#include "base/error.h"

/* Makes data_dir (0700), and the folders above it. Error: data_dir_unwritable. [any] */
FL_MUST_USE int fl_data_dir_make(const char *path, struct fl_error *err);
/* Makes data_dir and data_dir/connectors (0700) and takes data_dir/lock, which the kernel lets go
 * of when the process ends, however it ends. Errors: data_dir_unwritable, data_dir_in_use. [main
 * thread] */
FL_MUST_USE int fl_data_dir_take(const char *path, int *ret_lock_fd, struct fl_error *err);
/* Writes data_dir/run.json: where this process can be reached, for scripts and tests.
 * Errors: file_unwritable. */
FL_MUST_USE int fl_data_dir_tell(const char *path, struct fl_str json, struct fl_error *err);
/* Removes run.json and lets go. */
void fl_data_dir_release(const char *path, int lock_fd);

#endif
