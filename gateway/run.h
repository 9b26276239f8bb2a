/* gateway/run.h - the parts of a running gateway
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_RUN_H
#define FL_GATEWAY_RUN_H

#include <limits.h>

#include "admin/api/api.h"
#include "gateway/auth/auth_key.h"
#include "gateway/auth/replay_file.h"
#include "gateway/observe/access.h"
#include "gateway/wait.h"

struct fl_run {
	const char *config_path;
	char data_dir[PATH_MAX];            /* without links and dots, once it is there */
	struct fl_config *config;           /* what it was started with */
	const struct fl_cfg_server *server; /* of that */
	unsigned workers;
	char token[FL_API_TOKEN_LEN + 1]; /* wiped once the API has it */
	struct fl_auth_key auth_key; /* wiped at the end */
	struct fl_replay *replay;
	struct fl_replay_file *deliveries;
	int lock_fd;
	struct fl_wait wait;
	struct fl_metrics *metrics;
	struct fl_secrets *secrets;
	struct fl_access_log *access;
	struct fl_host *host;
	struct fl_catalogue *catalogue;
	struct fl_pipeline *pipeline;
	struct fl_http *http;
	struct fl_control *control;
	struct fl_api *api;
	struct fl_service *service;
	bool is_serving, is_admin_up;
};

/* Says where it serves and what to type next: to people on standard error, to programs in
 * data_dir/run.json. */
FL_MUST_USE int fl_run_tell(const struct fl_run *run, struct fl_error *err);

#endif
