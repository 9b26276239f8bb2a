/* admin/api/api.h - the admin REST API
 * SPDX-License-Identifier: Apache-2.0
 *
 * One table of operations (table.c): it routes, says who may, and is what /openapi.json is made of.
 * Reads are answered on the service thread from what others publish; what touches the disk or
 * changes something runs as a job of the control thread and is answered from there.
 */
#ifndef FL_ADMIN_API_API_H
#define FL_ADMIN_API_API_H

#include "admin/control/control.h"
#include "gateway/http/http.h"
#include "gateway/http/service.h"
#include "gateway/observe/access.h"

#define FL_API_TOKEN_LEN 64u /* hex digits of 32 random bytes */

struct fl_api;

struct fl_api_parts { /* all borrowed until destroy */
	struct fl_control *control;
	struct fl_host *host;
	struct fl_pipeline *pipeline;
	struct fl_http *http; /* may be NULL */
	struct fl_metrics *metrics;
	struct fl_access_log *access_log; /* may be NULL */
	const char *config_path;
	const char *token; /* copied */
	unsigned workers;
};

/* Reads data_dir/admin.token, or makes one: 0600, FL_API_TOKEN_LEN digits and a newline. Errors:
 * token_unreadable, token_exposed (others may read it), file_unwritable. [control], blocks */
FL_MUST_USE int fl_api_token_load(const char *data_dir, char ret[FL_API_TOKEN_LEN + 1],
                                  struct fl_error *err);

/* Also registers the metrics of the control plane, before anybody reads them. */
FL_MUST_USE int fl_api_create(const struct fl_api_parts *parts, struct fl_api **ret,
                              struct fl_error *err);
/* No call is under way. Accepts NULL. */
struct fl_api *fl_api_destroy(struct fl_api *api);
/* An fl_service_handler_fn; `api` is the struct fl_api. [service thread] */
void fl_api_handle(void *api, struct fl_service_call *call);
/* Does the gateway take requests? What /healthz/ready says. [any] */
void fl_api_set_ready(struct fl_api *api, bool is_ready);

#endif
