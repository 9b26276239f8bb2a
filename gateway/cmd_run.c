/* gateway/cmd_run.c - fairlead run: puts the parts together, and takes them apart again
 * SPDX-License-Identifier: Apache-2.0
 *
 * start: configuration, data folder, metrics, access log, secrets, pipeline, connector host,
 *        listeners and workers, control thread (the first configuration goes live), admin API
 * stop:  no new connections, drain, close, control thread (instances retire), host, workers, ...
 *
 * Every part accepts being stopped before it was started, so the way back is one and the same.
 */
#include "config.h" /* _GNU_SOURCE, for sched_getaffinity() */

#include "gateway/cmd.h"

#include <getopt.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin/api/api.h"
#include "admin/control/control.h"
#include "base/clock.h"
#include "base/log.h"
#include "gateway/data_dir.h"
#include "gateway/http/http.h"
#include "gateway/http/service.h"
#include "gateway/notify.h"
#include "gateway/observe/access.h"
#include "gateway/run.h"
#include "gateway/wait.h"

#define PROBLEMS_BYTES_MAX (1u << 20)
#define WORKERS_MAX 256u
#define ACCESS_RING_BYTES (1u << 20) /* a worker's lines until the writer comes: 4,000 or so */
#define ADMIN_CONNECTIONS_MAX 64u
#define RETIRE_TIMEOUT_NS (5 * FL_NS_PER_SEC) /* nobody waits for an answer any more */

struct options {
	const char *config_path;
	bool is_watched;
};

static int complain_of(int option)
{
	if (option == 'l')
		(void)fprintf(stderr, "fairlead: --log-level takes debug, info, warn or error\n");
	return FL_COMMAND_USAGE;
}

static int parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
	                                      {"watch", no_argument, NULL, 'w'},
	                                      {"log-level", required_argument, NULL, 'l'},
	                                      {NULL, 0, NULL, 0}};
	enum fl_log_level level;
	int c;

	*ret = (struct options){.config_path = "fairlead.yaml"};
	while ((c = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
		if (c == 'c')
			ret->config_path = optarg;
		else if (c == 'w')
			ret->is_watched = true;
		else if (c == 'l' && fl_log_level_parse(fl_str(optarg), &level))
			fl_log_set_level(level);
		else
			return complain_of(c);
	}
	return optind == argc ? 0 : FL_COMMAND_USAGE;
}

/* ---- start ---- */

/* All problems to standard error, for people. */
static int fail_config(const struct fl_problems *problems)
{
	struct fl_buf text;

	fl_buf_init(&text, PROBLEMS_BYTES_MAX);
	fl_problems_print(problems, &text);
	(void)fprintf(stderr, "%s", fl_buf_cstr(&text));
	fl_buf_fini(&text);
	return FL_CMD_EXIT_CONFIG;
}

static int fail(const struct fl_error *err)
{
	(void)fprintf(stderr, "fairlead: %s [%s]%s%s%s\n", err->message, err->code,
	              err->hint[0] == '\0' ? "" : " (", err->hint, err->hint[0] == '\0' ? "" : ")");
	return FL_CMD_EXIT_FAILED;
}

static int load_config(struct fl_run *run, struct fl_problems *problems)
{
	run->config = fl_config_load_file(run->config_path, problems);
	if (run->config == NULL)
		return fail_config(problems);
	run->server = &run->config->server;
	return 0;
}

static unsigned count_workers(const struct fl_cfg_server *server)
{
	cpu_set_t cpus;
	uint64_t n = server->workers;

	if (n == 0)
		n = sched_getaffinity(0, sizeof cpus, &cpus) < 0 ? 1 : (uint64_t)CPU_COUNT(&cpus);
	return n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

/* A gateway is mostly descriptors: take what the system allows. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int prepare(struct fl_run *run, const struct options *options, struct fl_error *err)
{
	run->workers = count_workers(run->server);
	raise_descriptor_limit();
	if (sodium_init() < 0)
		return fl_error_set(err, "no_random", "no source of random numbers");
	if (fl_wait_open(&run->wait, options->is_watched ? run->config_path : NULL, err) < 0)
		return -1;
	if (fl_data_dir_take(run->server->data_dir.p, &run->lock_fd, err) < 0)
		return -1;
	if (realpath(run->server->data_dir.p, run->data_dir) == NULL)
		return fl_error_set(err, "data_dir_unwritable", "%s is gone",
		                    run->server->data_dir.p);
	if (fl_auth_key_load(run->data_dir, &run->auth_key, err) < 0 ||
	    fl_replay_create(&run->auth_key, &run->replay, err) < 0 ||
	    fl_replay_file_open(run->data_dir, run->replay, &run->deliveries, err) < 0)
		return -1;
	return fl_api_token_load(run->data_dir, run->token, err);
}

static int start_parts(struct fl_run *run, struct fl_error *err)
{
	struct fl_host_config host = {.state_dir = run->data_dir, .workers = run->workers};

	if (fl_metrics_create(run->workers, &run->metrics) < 0 ||
	    fl_secrets_create(&run->secrets) < 0)
		return fl_error_set(err, "out_of_memory", "no memory to start");
	if (fl_access_log_open(run->server->access_log.p, run->workers, ACCESS_RING_BYTES,
	                       &run->access, err) < 0)
		return -1;
	if (fl_pipeline_create(&(struct fl_pipeline_config){.workers = run->workers,
	                                                    .metrics = run->metrics,
	                                                    .access_log = run->access,
	                                                    .auth_failures =
	                                                        run->server->limits.auth_failures},
	                       &run->pipeline) < 0)
		return fl_error_set(err, "out_of_memory", "no memory to start");
	host.metrics = run->metrics;
	host.secret = fl_secrets_append;
	host.secret_ctx = run->secrets;
	host.may = fl_pipeline_may;
	host.may_ctx = run->pipeline;
	if (fl_host_create(&host, &run->host, err) < 0)
		return -1;
	if (fl_catalogue_open(run->data_dir, &run->server->connector_dirs, &run->catalogue, err) <
	    0)
		return -1;
	return 0;
}

static int make_workers(struct fl_run *run, struct fl_error *err)
{
	return fl_http_create(&(struct fl_http_config){.server = run->server,
	                                               .workers = run->workers,
	                                               .pipeline = run->pipeline},
	                      &run->http, err);
}

/* From here on the host may wait for what it asks of a worker: they must run. */
static int start_workers(struct fl_run *run, struct fl_error *err)
{
	for (unsigned i = 0; i < run->workers; i++)
		fl_host_attach_worker(run->host, i, fl_http_loop(run->http, i),
		                      fl_http_outbound(run->http, i));
	if (fl_http_start(run->http, err) < 0)
		return -1;
	run->is_serving = true;
	return 0;
}

static int make_control(struct fl_run *run, struct fl_error *err)
{
	return fl_control_create(&(struct fl_control_parts){.config_path = run->config_path,
	                                                    .config = run->config,
	                                                    .host = run->host,
	                                                    .pipeline = run->pipeline,
	                                                    .catalogue = run->catalogue,
	                                                    .secrets = run->secrets,
	                                                    .metrics = run->metrics,
	                                                    .auth_key = &run->auth_key,
	                                                    .replay = run->replay,
	                                                    .data_dir = run->data_dir,
	                                                    .workers = run->workers},
	                         &run->control, err);
}

static int make_admin(struct fl_run *run, struct fl_error *err)
{
	int rc = fl_api_create(&(struct fl_api_parts){.control = run->control,
	                                              .host = run->host,
	                                              .pipeline = run->pipeline,
	                                              .http = run->http,
	                                              .metrics = run->metrics,
	                                              .access_log = run->access,
	                                              .config_path = run->config_path,
	                                              .token = run->token,
	                                              .workers = run->workers},
	                       &run->api, err);

	sodium_memzero(run->token, sizeof run->token);
	if (rc < 0)
		return -1;
	return fl_service_create(
	    &(struct fl_service_config){.listen = &run->server->admin_listen,
	                                .max_body_bytes = run->server->admin_max_body_bytes,
	                                .max_connections = ADMIN_CONNECTIONS_MAX,
	                                .handler = fl_api_handle,
	                                .ctx = run->api},
	    &run->service, err);
}

static void watch_texts(struct fl_run *run, const struct fl_cfg_texts *texts)
{
	struct fl_error err = FL_ERROR_INIT;

	for (size_t i = 0; i < texts->n; i++)
		if (fl_wait_watch_beside(&run->wait, texts->items[i].path.p, &err) < 0) {
			fl_log(FL_LOG_WARN, "watch.failed", FL_LOG_C("detail", err.message),
			       FL_LOG_C("hint", err.hint));
			return;
		}
}

/* With --watch: changes of the files that policies: names are seen from now on. [any] */
static void watch_policies(struct fl_run *run)
{
	struct fl_live *live = fl_control_live(run->control);

	if (live == NULL)
		return;
	watch_texts(run, &live->config->policies.policies);
	watch_texts(run, &live->config->policies.links);
	watch_texts(run, &live->config->policies.schemas);
	watch_texts(run, &live->config->policies.entities);
	(void)fl_live_unref(live);
}

static int start(struct fl_run *run, const struct options *options, struct fl_problems *problems)
{
	struct fl_error err = FL_ERROR_INIT;
	int rc = load_config(run, problems);

	if (rc != 0)
		return rc;
	if (prepare(run, options, &err) < 0 || start_parts(run, &err) < 0 ||
	    make_workers(run, &err) < 0 || make_control(run, &err) < 0 || make_admin(run, &err) < 0)
		return fail(&err);
	/* Instances may use the network while they start, so the workers run by now; until the
	 * first configuration is live they answer 503. */
	if (start_workers(run, &err) < 0)
		return fail(&err);
	if (fl_control_start(run->control, problems) < 0)
		return fail_config(problems);
	if (problems->warnings != 0) /* of all that made it live */
		(void)fail_config(problems);
	if (fl_service_start(run->service, &err) < 0)
		return fail(&err);
	run->is_admin_up = true;
	watch_policies(run);
	fl_api_set_ready(run->api, true);
	return fl_run_tell(run, &err) < 0 ? fail(&err) : 0;
}

/* ---- serve ---- */

struct reload_job {
	struct fl_control_job job;
	struct fl_run *run;
};

static void run_reload(struct fl_control *control, struct fl_control_job *job, bool is_stopping)
{
	struct fl_control_outcome outcome;
	struct fl_problems problems;
	struct fl_arena arena;

	struct fl_run *run = FL_CONTAINER_OF(job, struct reload_job, job)->run;

	free(FL_CONTAINER_OF(job, struct reload_job, job));
	if (is_stopping)
		return;
	fl_arena_init(&arena, 4096, PROBLEMS_BYTES_MAX);
	fl_problems_init(&problems, &arena);
	fl_notify_reloading();
	if (fl_control_reload(control, &problems, &outcome) != 0)
		fl_log(FL_LOG_WARN, "config.kept",
		       FL_LOG_C("detail", "the old one goes on serving"));
	watch_policies(run);
	fl_notify_ready();
	fl_arena_fini(&arena);
}

static void ask_for_reload(struct fl_run *run)
{
	struct reload_job *job = calloc(1, sizeof *job);

	if (job == NULL)
		return;
	job->job.run = run_reload;
	job->run = run;
	if (!fl_control_post(run->control, &job->job))
		free(job); /* others wait already: one of them reads what we would */
}

/* After rotation. */
static void reopen_logs(struct fl_run *run)
{
	struct fl_live *live = fl_control_live(run->control);

	fl_access_log_reopen(run->access);
	if (live != NULL)
		fl_access_log_reopen(live->decision_log);
	(void)fl_live_unref(live);
}

static void serve(struct fl_run *run)
{
	fl_notify_ready();
	for (;;) {
		switch (fl_wait_next(&run->wait)) {
		case FL_WAIT_STOP:
			return;
		case FL_WAIT_HANGUP:
			reopen_logs(run);
			ask_for_reload(run);
			break;
		case FL_WAIT_CHANGED:
			ask_for_reload(run);
			break;
		}
	}
}

/* ---- stop ---- */

static void drain(struct fl_run *run)
{
	uint64_t begin = fl_clock_mono_ns();
	bool is_drained;

	fl_notify_stopping();
	fl_log(FL_LOG_INFO, "gateway.stopping",
	       FL_LOG_U64("limit_ms", run->server->limits.drain_timeout_ns / FL_NS_PER_MS));
	fl_api_set_ready(run->api, false);
	fl_http_quiesce(run->http);
	is_drained = fl_http_wait_drained(run->http, run->server->limits.drain_timeout_ns);
	fl_log(is_drained ? FL_LOG_INFO : FL_LOG_WARN, "gateway.drained",
	       FL_LOG_C("whole", is_drained ? "yes" : "no"),
	       FL_LOG_U64("ms", (fl_clock_mono_ns() - begin) / FL_NS_PER_MS));
}

/* A connector that would not stop still runs on threads of its own and uses what would be taken
 * away below: then the process ends as it is. Everything that counts is on the disk. */
static void end_with_connectors(struct fl_run *run, int exit_status)
{
	struct fl_host_counts counts;
	bool is_idle = fl_pipeline_wait_freed(run->pipeline, RETIRE_TIMEOUT_NS) &&
	               fl_host_wait_idle(run->host, RETIRE_TIMEOUT_NS);

	fl_host_counts(run->host, &counts);
	if (is_idle && counts.zombies == 0)
		return;
	fl_log(FL_LOG_WARN, "gateway.connectors_left", FL_LOG_U64("zombies", counts.zombies),
	       FL_LOG_C("detail", "not all would stop; report it to their authors"));
	(void)fl_access_log_close(run->access);
	fl_data_dir_release(run->data_dir, run->lock_fd);
	_exit(exit_status);
}

static void stop(struct fl_run *run, int exit_status)
{
	if (run->is_serving)
		fl_http_close(run->http);
	if (run->control != NULL)
		fl_control_stop(run->control);
	if (run->is_admin_up)
		fl_service_stop(run->service);
	run->service = fl_service_destroy(run->service);
	if (run->pipeline != NULL)
		end_with_connectors(run, exit_status);
	run->host = fl_host_destroy(run->host);
	if (run->is_serving)
		fl_http_stop(run->http);
	run->http = fl_http_destroy(run->http);
	run->api = fl_api_destroy(run->api);
	run->control = fl_control_destroy(run->control);
	run->pipeline = fl_pipeline_destroy(run->pipeline);
	run->catalogue = fl_catalogue_close(run->catalogue);
	run->access = fl_access_log_close(run->access);
	run->metrics = fl_metrics_destroy(run->metrics);
	run->secrets = fl_secrets_destroy(run->secrets);
	run->config = fl_config_unref(run->config);
	run->deliveries = fl_replay_file_close(run->deliveries);
	run->replay = fl_replay_destroy(run->replay);
	sodium_memzero(&run->auth_key, sizeof run->auth_key);
	if (run->lock_fd >= 0)
		fl_data_dir_release(run->data_dir, run->lock_fd);
	fl_wait_close(&run->wait);
}

int fl_cmd_run(void *ctx, int argc, char **argv)
{
	struct fl_run run = {.lock_fd = -1, .wait = {.signal_fd = -1, .inotify_fd = -1}};
	struct fl_problems problems;
	struct fl_arena arena;
	struct options options;
	int rc = parse_options(argc, argv, &options);

	(void)ctx;
	if (rc != 0)
		return rc;
	fl_log_set_text(isatty(STDERR_FILENO) != 0);
	run.config_path = options.config_path;
	fl_arena_init(&arena, 4096, PROBLEMS_BYTES_MAX);
	fl_problems_init(&problems, &arena);
	rc = start(&run, &options, &problems);
	if (rc == 0) {
		serve(&run);
		drain(&run);
	}
	stop(&run, rc);
	fl_arena_fini(&arena);
	return rc;
}
