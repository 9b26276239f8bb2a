/* admin/control/control.c - the control thread: its queue, its start and its end
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/control/private.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#define LAST_PUBLISH_TIMEOUT_NS (5 * FL_NS_PER_SEC)

static char *join(const char *dir, const char *name)
{
	size_t a = strlen(dir), b = strlen(name);
	char *path = malloc(a + b + 2);

	if (path == NULL)
		return NULL;
	memcpy(path, dir, a);
	path[a] = '/';
	memcpy(path + a + 1, name, b + 1);
	return path;
}

int fl_control_create(const struct fl_control_parts *parts, struct fl_control **ret,
                      struct fl_error *err)
{
	struct fl_control *c = calloc(1, sizeof *c);

	if (c == NULL)
		return fl_error_set(err, "out_of_memory", "no memory for the control thread");
	c->parts = *parts;
	c->tail = &c->first;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->wake, NULL);
	c->config = fl_config_ref(parts->config);
	(void)fl_config_ref(parts->config); /* parts.config: what the server was started with */
	c->config_path = strdup(parts->config_path);
	c->active_path = join(parts->data_dir, "connectors/active.json");
	if (c->config_path == NULL || c->active_path == NULL) {
		(void)fl_control_destroy(c);
		return fl_error_set(err, "out_of_memory", "no memory for the control thread");
	}
	if (fl_activations_load(c->active_path, &c->activations, err) < 0) {
		(void)fl_control_destroy(c);
		return -1;
	}
	*ret = c;
	return 0;
}

struct fl_control *fl_control_destroy(struct fl_control *c)
{
	if (c == NULL)
		return NULL;
	FL_ASSERT(!c->is_running && c->first == NULL && c->live == NULL);
	(void)fl_config_unref(c->config);
	(void)fl_config_unref(c->parts.config);
	fl_activations_fini(&c->activations);
	fl_buf_fini(&c->last.errors_json);
	(void)pthread_cond_destroy(&c->wake);
	(void)pthread_mutex_destroy(&c->lock);
	free(c->config_path);
	free(c->active_path);
	free(c);
	return NULL;
}

/* ---- the queue ---- */

bool fl_control_post(struct fl_control *c, struct fl_control_job *job)
{
	bool is_taken;

	(void)pthread_mutex_lock(&c->lock);
	is_taken = !c->is_closed && c->waiting < FL_CONTROL_JOBS_MAX;
	if (is_taken) {
		job->next = NULL;
		*c->tail = job;
		c->tail = &job->next;
		c->waiting++;
		(void)pthread_cond_signal(&c->wake);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return is_taken;
}

size_t fl_control_jobs_waiting(struct fl_control *c)
{
	size_t n;

	(void)pthread_mutex_lock(&c->lock);
	n = c->waiting;
	(void)pthread_mutex_unlock(&c->lock);
	return n;
}

/* Waits for a job; NULL when the queue is closed and empty. */
static struct fl_control_job *take(struct fl_control *c, bool *ret_is_stopping)
{
	struct fl_control_job *job;

	(void)pthread_mutex_lock(&c->lock);
	while (c->first == NULL && !c->is_closed)
		(void)pthread_cond_wait(&c->wake, &c->lock);
	job = c->first;
	if (job != NULL) {
		c->first = job->next;
		if (c->first == NULL)
			c->tail = &c->first;
		c->waiting--;
	}
	*ret_is_stopping = c->is_closed;
	(void)pthread_mutex_unlock(&c->lock);
	return job;
}

static void *run(void *ctx)
{
	struct fl_control *c = ctx;
	struct fl_control_job *job;
	bool is_stopping;

	while ((job = take(c, &is_stopping)) != NULL)
		job->run(c, job, is_stopping);
	return NULL;
}

/* ---- start and stop ---- */

int fl_control_start(struct fl_control *c, struct fl_problems *problems)
{
	struct fl_change change = {.config = c->config, .activations = &c->activations};
	struct fl_control_outcome outcome;

	change.is_saved = fl_activations_prune(&c->activations, c->config);
	if (fl_control_apply(c, &change, problems, &outcome) < 0)
		return -1;
	if (fl_thread_create(&c->thread, "fl-control", run, c) < 0) {
		(void)fl_problems_add(problems, "out_of_memory", (struct fl_position){.file = NULL},
		                      FL_STR(""), "cannot start the control thread");
		return -1;
	}
	c->is_running = true;
	return 0;
}

void fl_control_stop(struct fl_control *c)
{
	struct fl_live *live;

	(void)pthread_mutex_lock(&c->lock);
	c->is_closed = true;
	(void)pthread_cond_signal(&c->wake);
	(void)pthread_mutex_unlock(&c->lock);
	if (c->is_running)
		(void)pthread_join(c->thread, NULL);
	c->is_running = false;
	if (fl_pipeline_publish(c->parts.pipeline, NULL, LAST_PUBLISH_TIMEOUT_NS) != 0)
		fl_log(FL_LOG_WARN, "control.worker_late", FL_LOG_C("while", "stopping"));
	(void)pthread_mutex_lock(&c->lock);
	live = c->live;
	c->live = NULL;
	(void)pthread_mutex_unlock(&c->lock);
	(void)fl_live_unref(live);
}

/* ---- reading ---- */

struct fl_catalogue *fl_control_catalogue(struct fl_control *c)
{
	return c->parts.catalogue;
}

struct fl_live *fl_control_live(struct fl_control *c)
{
	struct fl_live *live;

	(void)pthread_mutex_lock(&c->lock);
	live = c->live == NULL ? NULL : fl_live_ref(c->live);
	(void)pthread_mutex_unlock(&c->lock);
	return live;
}

void fl_control_last_reload(struct fl_control *c, struct fl_arena *arena,
                            struct fl_control_reload_info *ret)
{
	(void)pthread_mutex_lock(&c->lock);
	*ret = (struct fl_control_reload_info){
	    .at_wall_ns = c->last.at_wall_ns,
	    .is_ok = c->last.is_ok,
	    .ok_total = c->last.ok_total,
	    .failed_total = c->last.failed_total,
	    .errors_json = c->last.errors_json.len == 0
	                       ? FL_STR("[]")
	                       : fl_arena_str(arena, fl_buf_str(&c->last.errors_json)),
	};
	(void)pthread_mutex_unlock(&c->lock);
}
