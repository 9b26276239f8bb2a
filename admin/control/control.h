/* admin/control/control.h - the control thread: applies configurations and activations
 * SPDX-License-Identifier: Apache-2.0
 *
 * One thread changes what serves; everybody else asks it by a job. A change is built beside what
 * serves and published when it is whole, or leaves everything as it was. Reading
 * (fl_control_live()) waits for nobody.
 *
 *	create -> start (applies the first configuration) -> (jobs) -> stop -> destroy
 */
#ifndef FL_ADMIN_CONTROL_CONTROL_H
#define FL_ADMIN_CONTROL_CONTROL_H

#include "admin/control/live.h"
#include "gateway/pipeline/pipeline.h"
#include "gateway/secret/secret.h"

#define FL_CONTROL_JOBS_MAX 256u /* waiting; more are refused */

struct fl_control;

struct fl_control_parts { /* all borrowed until destroy, but `config`: a reference is taken */
	const char *config_path; /* read again by a reload */
	struct fl_config *config;
	struct fl_host *host;
	struct fl_pipeline *pipeline;
	struct fl_catalogue *catalogue;
	struct fl_secrets *secrets;
	struct fl_metrics *metrics;
	const struct fl_auth_key *auth_key; /* NULL: no caller can be known */
	struct fl_replay *replay; /* NULL: deliveries of webhooks may come twice */
	const char *data_dir;
	unsigned workers;
};

FL_MUST_USE int fl_control_create(const struct fl_control_parts *parts, struct fl_control **ret,
                                  struct fl_error *err);
/* Applies the first configuration on the calling thread, then starts the control thread. -1 with
 * problems: nothing serves. */
FL_MUST_USE int fl_control_start(struct fl_control *control, struct fl_problems *problems);
/* Runs what is queued with `is_stopping`, joins the thread, takes the snapshot away and lets go of
 * every instance. */
void fl_control_stop(struct fl_control *control);
/* Accepts NULL. */
struct fl_control *fl_control_destroy(struct fl_control *control);

/* ---- jobs ---- */

/* Belongs to the control thread from post until `run` is called, which may free it. When
 * `is_stopping` only the calls tagged [any] may be used. Embed it. */
struct fl_control_job {
	struct fl_control_job *next;
	void (*run)(struct fl_control *control, struct fl_control_job *job, bool is_stopping);
};

/* False: too many wait, or the control thread stops; the job is still the caller's. [any] */
FL_MUST_USE bool fl_control_post(struct fl_control *control, struct fl_control_job *job);
size_t fl_control_jobs_waiting(struct fl_control *control); /* [any] */

/* ---- changes: [control]; what went wrong is in `problems` ---- */

enum {
	FL_CONTROL_E_INVALID = 1,   /* it does not compile, load or start: nothing changed */
	FL_CONTROL_E_NOT_FOUND = 2, /* no such connector, version or instance */
};

struct fl_control_outcome {
	bool is_changed; /* false: what serves is the same as before */
	bool is_late;    /* published, but a worker had not said so in time */
	uint64_t revision;
};

/* Reads the file again. */
FL_MUST_USE int fl_control_reload(struct fl_control *control, struct fl_problems *problems,
                                  struct fl_control_outcome *ret);
/* Makes a version of a connector the one that serves. A connector without instances is only
 * remembered. Versions are full ("1.2.0"), not ranges. */
FL_MUST_USE int fl_control_activate(struct fl_control *control, struct fl_str id,
                                    struct fl_str version, struct fl_problems *problems,
                                    struct fl_control_outcome *ret);
/* A new generation of one instance, with the same module and configuration. */
FL_MUST_USE int fl_control_renew(struct fl_control *control, struct fl_str instance,
                                 struct fl_problems *problems, struct fl_control_outcome *ret);
struct fl_catalogue *fl_control_catalogue(struct fl_control *control);

/* ---- reading: [any] ---- */

/* What serves, with a reference for the caller; NULL before start and after stop. */
struct fl_live *fl_control_live(struct fl_control *control);

struct fl_control_reload_info {
	uint64_t at_wall_ns; /* 0: never tried */
	bool is_ok;
	uint64_t ok_total, failed_total;
	struct fl_str errors_json; /* in the arena; an array, empty when it was ok */
};
void fl_control_last_reload(struct fl_control *control, struct fl_arena *arena,
                            struct fl_control_reload_info *ret);

#endif
