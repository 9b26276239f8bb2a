/* admin/control/apply.c - from a desired state to one that serves
 * SPDX-License-Identifier: Apache-2.0
 *
 *	secrets of both  ->  build beside (resolve, load, probe, create)  ->  save activations  ->
 *	publish to every worker  ->  secrets of the new one only  ->  let go of the old
 *
 * Everything up to the publishing can fail and is undone; nothing after it can.
 */
#include "admin/control/private.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

/* How long a worker may take to come round to a new snapshot. */
#define PUBLISH_TIMEOUT_NS (5 * FL_NS_PER_SEC)

static struct fl_position nowhere(void)
{
	return (struct fl_position){.file = NULL};
}

static void tell(struct fl_problems *problems, const struct fl_error *err)
{
	struct fl_problem *p =
	    fl_problems_add(problems, err->code, nowhere(), FL_STR(""), "%s", err->message);

	if (err->hint[0] != '\0')
		fl_problem_hint(problems, p, "%s", err->hint);
}

/* ---- secrets ---- */

static bool has_secret(const struct fl_config *config, struct fl_str name)
{
	for (size_t i = 0; i < config->secrets_n; i++)
		if (fl_str_eq(config->secrets[i].name, name))
			return true;
	return false;
}

/* The set becomes that of `config`, and of `also` (may be NULL) where `config` has none of that
 * name: new instances find theirs, running ones do not lose theirs. */
static int put_secrets(struct fl_control *control, const struct fl_config *config,
                       const struct fl_config *also, struct fl_problems *problems)
{
	size_t n = 0, most = config->secrets_n + (also == NULL ? 0 : also->secrets_n);
	struct fl_secret *set = calloc(most + 1, sizeof *set);
	struct fl_error err = FL_ERROR_INIT;
	int rc;

	if (set == NULL)
		return -1;
	for (; n < config->secrets_n; n++)
		set[n] = (struct fl_secret){config->secrets[n].name, config->secrets[n].value};
	for (size_t i = 0; also != NULL && i < also->secrets_n; i++)
		if (!has_secret(config, also->secrets[i].name))
			set[n++] =
			    (struct fl_secret){also->secrets[i].name, also->secrets[i].value};
	rc = fl_secrets_replace(control->parts.secrets, set, n, &err);
	free(set); /* the bytes of values are the configurations' */
	if (rc < 0)
		tell(problems, &err);
	return rc;
}

/* ---- publishing ---- */

static bool is_same(const struct fl_live *old, const struct fl_live *live)
{
	if (old == NULL || strcmp(old->config->digest, live->config->digest) != 0)
		return false;
	for (size_t i = 0; i < live->config->instances_n; i++)
		if (live->instances[i].is_new)
			return false;
	return true;
}

static struct fl_snapshot *make_snapshot(struct fl_control *control, const struct fl_live *live,
                                         struct fl_problems *problems)
{
	size_t n = live->config->instances_n;
	struct fl_instance **instances = calloc(n + 1, sizeof(struct fl_instance *));
	struct fl_snapshot *snapshot = NULL;

	for (size_t i = 0; instances != NULL && i < n; i++)
		instances[i] = live->instances[i].instance;
	if (instances != NULL)
		snapshot = fl_snapshot_build(
		    &(struct fl_snapshot_parts){.config = live->config,
		                                .instances = instances,
		                                .bundle = live->bundle,
		                                .decision_log = live->decision_log,
		                                .metrics = control->parts.metrics,
		                                .auth_key = control->parts.auth_key,
		                                .replay = control->parts.replay},
		    problems);
	free(instances);
	return snapshot;
}

static int save(struct fl_control *control, const struct fl_change *change,
                struct fl_problems *problems)
{
	struct fl_error err = FL_ERROR_INIT;

	if (!change->is_saved ||
	    fl_activations_save(control->active_path, change->activations, &err) == 0)
		return 0;
	tell(problems, &err);
	return -1;
}

static void swap_live(struct fl_control *control, struct fl_live *live)
{
	struct fl_live *old;

	(void)pthread_mutex_lock(&control->lock);
	old = control->live;
	control->live = live;
	(void)pthread_mutex_unlock(&control->lock);
	(void)fl_live_unref(old);
}

static void adopt(struct fl_control *control, struct fl_change *change, struct fl_live *live)
{
	struct fl_config *was = control->config;

	control->config = fl_config_ref(change->config);
	(void)fl_config_unref(was);
	if (change->activations != &control->activations) {
		fl_activations_fini(&control->activations);
		control->activations = *change->activations;
		*change->activations = (struct fl_activations){.n = 0};
	}
	control->revision = live->revision;
	swap_live(control, live);
}

static int publish(struct fl_control *control, struct fl_change *change, struct fl_live *live,
                   struct fl_problems *problems, struct fl_control_outcome *ret)
{
	struct fl_snapshot *snapshot = make_snapshot(control, live, problems);
	int rc;

	if (snapshot == NULL)
		return -1;
	if (!fl_live_keep_warnings(live, problems) || save(control, change, problems) < 0) {
		(void)fl_snapshot_destroy(snapshot);
		return -1;
	}
	rc = fl_pipeline_publish(control->parts.pipeline, snapshot, PUBLISH_TIMEOUT_NS);
	if (rc < 0) {
		(void)fl_snapshot_destroy(snapshot);
		return -1;
	}
	ret->is_late = rc == FL_PIPELINE_LATE;
	return 0;
}

/* Nothing became of the new ones. */
static int expect_old(struct fl_control *control)
{
	fl_pipeline_expect(control->parts.pipeline,
	                   control->live == NULL ? NULL : control->live->bundle);
	return -1;
}

static int build_and_publish(struct fl_control *control, struct fl_change *change,
                             struct fl_problems *problems, struct fl_control_outcome *ret)
{
	struct fl_live *old = control->live; /* only this thread changes it */
	bool has_new_config =
	    old == NULL || strcmp(old->config->digest, change->config->digest) != 0;
	struct fl_live_parts parts = {
	    .host = control->parts.host,
	    .catalogue = control->parts.catalogue,
	    .pipeline = control->parts.pipeline,
	    .old = old,
	    .config = change->config,
	    .activations = change->activations,
	    .renew = change->renew,
	    .revision = control->revision + (has_new_config ? 1 : 0),
	    .workers = control->parts.workers,
	};
	struct fl_live *live;

	if (fl_live_build(&parts, &live, problems) < 0)
		return expect_old(control);
	ret->is_changed = !is_same(old, live);
	ret->revision = live->revision;
	if (publish(control, change, live, problems, ret) < 0) {
		(void)fl_live_unref(live);
		return expect_old(control);
	}
	adopt(control, change, live);
	return 0;
}

int fl_control_apply(struct fl_control *control, struct fl_change *change,
                     struct fl_problems *problems, struct fl_control_outcome *ret)
{
	struct fl_config *before = fl_config_ref(control->config);
	int rc = put_secrets(control, change->config, before, problems);

	*ret = (struct fl_control_outcome){.is_changed = false};
	if (rc == 0)
		rc = build_and_publish(control, change, problems, ret);
	if (put_secrets(control, rc == 0 ? change->config : before, NULL, problems) < 0)
		fl_log(FL_LOG_WARN, "control.secrets_kept",
		       FL_LOG_C("detail", "no memory to drop old ones"));
	(void)fl_config_unref(before);
	if (rc < 0 && problems->errors == 0)
		(void)fl_problems_add(problems, "out_of_memory", nowhere(), FL_STR(""),
		                      "no memory for the change");
	return rc;
}
