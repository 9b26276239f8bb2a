/* admin/control/private.h - what the files of the control thread share
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_ADMIN_CONTROL_PRIVATE_H
#define FL_ADMIN_CONTROL_PRIVATE_H

#include <pthread.h>

#include "admin/control/control.h"

struct fl_control {
	/* constant after create */
	struct fl_control_parts parts;
	char *config_path, *active_path;
	/* control thread; before start and after stop: the caller's */
	struct fl_config *config; /* of the live set; the first one before there is one */
	struct fl_activations activations;
	uint64_t revision;
	pthread_t thread;
	bool is_running;
	/* guarded by lock */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct fl_control_job *first, **tail;
	size_t waiting;
	bool is_closed;
	struct fl_live *live;
	struct {
		uint64_t at_wall_ns, ok_total, failed_total;
		bool is_ok;
		struct fl_buf errors_json;
	} last;
};

/* What a change of the live set starts from. */
struct fl_change {
	struct fl_config *config;
	struct fl_activations *activations; /* taken over on success */
	struct fl_str renew;
	bool is_saved; /* `activations` differ from the file */
};

/* Builds, saves, publishes; all or nothing. 0 or -1. [control] */
FL_MUST_USE int fl_control_apply(struct fl_control *control, struct fl_change *change,
                                 struct fl_problems *problems, struct fl_control_outcome *ret);

#endif
