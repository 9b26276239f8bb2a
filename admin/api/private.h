/* admin/api/private.h - what the files of the admin API share
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_ADMIN_API_PRIVATE_H
#define FL_ADMIN_API_PRIVATE_H

#include "admin/api/api.h"
#include "base/json.h"

#define FL_API_PARAMS_MAX 2u
#define FL_API_HEADERS_MAX 8u
#define FL_API_JSON_MAX (64u << 10)  /* of a question */
#define FL_API_BODY_MAX (64u << 20) /* of an answer: 10,000 routes are about 2 MiB */

struct fl_api {
	struct fl_api_parts parts;
	char token[FL_API_TOKEN_LEN + 1];
	uint64_t started_wall_ns, started_mono_ns;
	_Atomic bool is_ready;
	_Atomic uint64_t requests_total, auth_failures_total;
};

struct fl_api_call;
/* Fills the answer. On the service thread or, with FL_OP_CONTROL, on the control thread; then it
 * may block. */
typedef void (*fl_operation_fn)(struct fl_api_call *call);

enum {
	FL_OP_PUBLIC = 1,  /* no token */
	FL_OP_CONTROL = 2, /* runs as a job of the control thread */
	FL_OP_UPLOAD = 4,  /* takes a body: application/octet-stream */
	FL_OP_JSON = 8,    /* takes a body: application/json, at most FL_API_JSON_MAX */
};

struct fl_operation {
	const char *id;
	enum fl_method method;
	const char *path; /* "/v1/things/{name}:verb" */
	unsigned flags;
	const char *permission; /* what an administrator is asked for; NULL: nothing */
	const char
	    *statuses; /* of its own answers, with a blank between; the first is the usual one */
	const char *schema; /* of the usual answer, in schema.c; NULL: not JSON */
	const char *summary;
	fl_operation_fn handle;
};

extern const struct fl_operation fl_operations[];
extern const size_t fl_operations_n;

/* NULL when nothing has this path and method; *ret_allowed: the methods the path has (bits). */
const struct fl_operation *fl_operation_find(enum fl_method method, struct fl_str path,
                                             struct fl_str params[FL_API_PARAMS_MAX],
                                             uint32_t *ret_allowed);

struct fl_api_call { /* in the arena of the service's call */
	struct fl_control_job job;
	struct fl_api *api;
	struct fl_service_call *http;
	const struct fl_operation *operation;    /* NULL: none matched */
	struct fl_str params[FL_API_PARAMS_MAX]; /* in the order of the path */
	uint64_t begin_ns;
	char request_id[33];
	/* the answer */
	uint32_t status;
	const char *content_type;
	struct fl_buf body;
	struct fl_header headers[FL_API_HEADERS_MAX];
	size_t headers_n;
};

/* ---- answers ---- */

void fl_api_header(struct fl_api_call *call, const char *lower_name, struct fl_str value);
/* Begins an answer in JSON; one value is written to *ret. */
void fl_api_begin(struct fl_api_call *call, uint32_t status, struct fl_json *ret);
/* The same with an object; write to *ret and end it with fl_json_end(). */
void fl_api_object(struct fl_api_call *call, uint32_t status, struct fl_json *ret);
/* application/problem+json (RFC 9457). `hint` may be NULL. */
void fl_api_problem(struct fl_api_call *call, uint32_t status, const char *code, const char *hint,
                    const char *fmt, ...) FL_PRINTF(5, 6);
/* The same, of `err`. */
void fl_api_error(struct fl_api_call *call, uint32_t status, const struct fl_error *err);
/* The same, with all errors of the list in errors[]; code and detail are those of the first. */
void fl_api_problems(struct fl_api_call *call, uint32_t status, const struct fl_problems *list);
/* What serves, with a reference for the caller; NULL: the refusal (503) is filled in. */
struct fl_live *fl_api_serving(struct fl_api_call *call);
/* "2026-11-24T11:17:43.123Z", or null for 0. */
void fl_api_add_time(struct fl_json *j, const char *key, uint64_t wall_ns);
/* Milliseconds with three decimals. */
void fl_api_add_ms(struct fl_json *j, const char *key, uint64_t ns);

/* ---- who may (auth.c) ---- */

/* Host, Origin and token; false: the refusal is filled in. */
bool fl_api_admit(struct fl_api_call *call);

/* ---- operations ---- */

void fl_api_openapi(struct fl_api_call *call); /* openapi.c */
void fl_api_live(struct fl_api_call *call);    /* status.c */
void fl_api_ready(struct fl_api_call *call);
void fl_api_metrics(struct fl_api_call *call);
void fl_api_status(struct fl_api_call *call);
void fl_api_config_get(struct fl_api_call *call); /* config.c */
void fl_api_config_reload(struct fl_api_call *call);
void fl_api_connectors_list(struct fl_api_call *call); /* connectors.c */
void fl_api_connector_get(struct fl_api_call *call);
void fl_api_version_get(struct fl_api_call *call); /* versions.c */
void fl_api_version_put(struct fl_api_call *call);
void fl_api_version_inspect(struct fl_api_call *call);
void fl_api_version_activate(struct fl_api_call *call);
void fl_api_explain(struct fl_api_call *call);        /* explain.c */
void fl_api_limits_list(struct fl_api_call *call);    /* limits.c */
void fl_api_instances_list(struct fl_api_call *call); /* instances.c */
void fl_api_instance_get(struct fl_api_call *call);
void fl_api_instance_generations(struct fl_api_call *call);
void fl_api_instance_reload(struct fl_api_call *call);

/* What the host says about instances, copied into the call's arena. */
struct fl_api_instances {
	struct fl_instance_info *items;
	size_t n;
};
/* An object for one version of a connector. */
void fl_api_add_version(struct fl_json *j, const struct fl_live *live,
                        const struct fl_catalogue_entry *entry, bool has_manifest);
void fl_api_instances(struct fl_api_call *call, struct fl_api_instances *ret);
/* The newest generation of a name that is not on its way out, or NULL. */
const struct fl_instance_info *fl_api_newest(const struct fl_api_instances *all,
                                             struct fl_str name);

/* ---- metrics (metrics.c) ---- */

FL_MUST_USE int fl_api_register_metrics(struct fl_api *api);

/* ---- documentation (schema.c) ---- */

struct fl_api_schema {
	const char *name, *json;
};
extern const struct fl_api_schema fl_api_schemas[];
extern const size_t fl_api_schemas_n;

#endif
