/* tests/unit/admin/test_control.c - admin/control: what a change does, and what a failed one leaves
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/folder.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/control/control.h"
#include "base/file.h"
#include "base/log.h"
#include "tests/unit/admin/fake.h"

#define HEAD "apiVersion: fairlead/v1\nserver: { data_dir: /nowhere }\n"
#define ROUTE(name, instance)                                                                      \
	"  " name ": { match: { path: /" name " }, to: { instance: " instance                      \
	", action: reply } }\n"
#define TWO                                                                                        \
	HEAD "instances:\n  a: { connector: echo }\n  b: { connector: echo }\nroutes:\n" ROUTE(    \
	    "ra", "a") ROUTE("rb", "b")

struct fixture {
	char dir[FOLDER_PATH_MAX], config_path[FOLDER_PATH_MAX + 16],
	    active_path[FOLDER_PATH_MAX + 32];
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_secrets *secrets;
	struct fl_metrics *metrics;
	struct fl_control *control;
	struct fl_control_outcome outcome;
};

static void write_config(struct fixture *f, const char *text)
{
	assert_int_equal(fl_file_replace(f->config_path, fl_str(text), 0600, NULL), 0);
}

static struct fl_config *load(struct fixture *f)
{
	struct fl_config *config = fl_config_load_file(f->config_path, &f->problems);

	assert_non_null(config);
	return config;
}

static int start_with(struct fixture *f, const char *text)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_config *config;

	write_config(f, text);
	config = load(f);
	assert_int_equal(fl_control_create(&(struct fl_control_parts){.config_path = f->config_path,
	                                                              .config = config,
	                                                              .host = fake_host(),
	                                                              .pipeline = fake_pipeline(),
	                                                              .catalogue = fake_catalogue(),
	                                                              .secrets = f->secrets,
	                                                              .metrics = f->metrics,
	                                                              .data_dir = f->dir},
	                                   &f->control, &err),
	                 0);
	(void)fl_config_unref(config);
	return fl_control_start(f->control, &f->problems);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	fake = (struct fake){.newest = "1.0.0"};
	folder_make(f->dir, "control");
	(void)snprintf(f->config_path, sizeof f->config_path, "%s/fairlead.yaml", f->dir);
	(void)snprintf(f->active_path, sizeof f->active_path, "%s/connectors", f->dir);
	assert_int_equal(mkdir(f->active_path, 0700), 0);
	(void)snprintf(f->active_path, sizeof f->active_path, "%s/connectors/active.json", f->dir);
	fl_arena_init(&f->arena, 1024, 1 << 22);
	fl_problems_init(&f->problems, &f->arena);
	assert_int_equal(fl_secrets_create(&f->secrets), 0);
	assert_int_equal(fl_metrics_create(1, &f->metrics), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->control != NULL)
		fl_control_stop(f->control);
	f->control = fl_control_destroy(f->control);
	assert_int_equal(fake.instances_alive, 0);
	assert_int_equal(fake.modules_alive, 0);
	assert_null(fake.published);
	f->secrets = fl_secrets_destroy(f->secrets);
	f->metrics = fl_metrics_destroy(f->metrics);
	fl_arena_fini(&f->arena);
	(void)unlink(f->config_path);
	(void)unlink(f->active_path);
	assert_int_equal(folder_drop(f->dir), 1); /* connectors/, and nothing else */
	free(f);
	return 0;
}

/* Runs on the test's thread what otherwise a job does: nobody else asks for changes here. */
static int reload(struct fixture *f, const char *text)
{
	write_config(f, text);
	fl_problems_init(&f->problems, &f->arena);
	return fl_control_reload(f->control, &f->problems, &f->outcome);
}

static int activate(struct fixture *f, const char *id, const char *version)
{
	fl_problems_init(&f->problems, &f->arena);
	return fl_control_activate(f->control, fl_str(id), fl_str(version), &f->problems,
	                           &f->outcome);
}

static const char *active(struct fixture *f, const char *id)
{
	struct fl_live *live = fl_control_live(f->control);
	const struct fl_live_connector *c = fl_live_connector(live, fl_str(id));
	const char *version = fl_arena_str(&f->arena, c->found.version).p;

	(void)fl_live_unref(live);
	return version;
}

/* ---- cases ---- */

static void starts(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start_with(f, TWO), 0);
	assert_int_equal(fake.loads, 1);
	assert_int_equal(fake.probes, 2);
	assert_int_equal(fake.creates, 2);
	assert_int_equal(fake.publications, 1);
	assert_string_equal(active(f, "echo"), "1.0.0");
}

static void refuses_start(void **state)
{
	struct fixture *f = *state;

	fake.refuses_create = "b";
	assert_int_equal(start_with(f, TWO), -1);
	assert_int_equal(f->problems.errors, 1);
	assert_string_equal(f->problems.first->code, "instance_not_ready");
	assert_int_equal(fake.instances_alive, 0);
	assert_int_equal(fake.publications, 0);
	assert_null(fl_control_live(f->control));
}

static void same_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start_with(f, TWO), 0);
	assert_int_equal(reload(f, TWO), 0);
	assert_false(f->outcome.is_changed);
	assert_int_equal(f->outcome.revision, 1);
	assert_int_equal(fake.creates, 2);
	assert_int_equal(fake.loads, 1);
}

static void one_changes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start_with(f, TWO), 0);
	assert_int_equal(reload(f, HEAD "instances:\n  a: { connector: echo }\n"
	                                "  b: { connector: echo, timeout: 7s }\nroutes:\n" ROUTE(
					    "ra", "a") ROUTE("rb", "b")),
	                 0);
	assert_true(f->outcome.is_changed);
	assert_int_equal(f->outcome.revision, 2);
	assert_int_equal(fake.creates, 3);
	assert_int_equal(fake.loads, 1); /* configuration alone loads no code */
	assert_int_equal(fake.instances_alive, 2);
}

static void routes_only(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start_with(f, TWO), 0);
	assert_int_equal(reload(f, TWO ROUTE("rc", "a")), 0);
	assert_true(f->outcome.is_changed);
	assert_int_equal(fake.creates, 2);
}

static void broken_file(void **state)
{
	struct fixture *f = *state;
	struct fl_control_reload_info last;
	struct fl_snapshot *before;

	assert_int_equal(start_with(f, TWO), 0);
	before = fake.published;
	assert_int_equal(reload(f, TWO "bogus: 1\n"), FL_CONTROL_E_INVALID);
	assert_ptr_equal(fake.published, before);
	fl_control_last_reload(f->control, &f->arena, &last);
	assert_false(last.is_ok);
	assert_int_equal(last.failed_total, 1);
	assert_non_null(strstr(last.errors_json.p, "bogus"));
	assert_int_equal(reload(f, TWO), 0);
	fl_control_last_reload(f->control, &f->arena, &last);
	assert_true(last.is_ok);
	assert_string_equal(last.errors_json.p, "[]");
}

static void rollback(void **state)
{
	static const struct {
		const char *refuses_probe, *refuses_create, *unloadable;
		bool has_no_memory;
	} rows[] = {
	    {.refuses_probe = "c"},
	    {.refuses_create = "c"},
	    {.unloadable = "2.0.0"},
	    {.has_no_memory = true},
	};
	struct fixture *f = *state;
	struct fl_snapshot *before;

	assert_int_equal(start_with(f, TWO), 0);
	before = fake.published;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		fake.refuses_probe = rows[i].refuses_probe;
		fake.refuses_create = rows[i].refuses_create;
		fake.unloadable = rows[i].unloadable;
		fake.has_no_memory = rows[i].has_no_memory;
		assert_int_equal(reload(f, HEAD
		                        "connectors: { other: { version: \"2.0.0\" } }\n"
		                        "instances:\n  a: { connector: echo }\n"
		                        "  c: { connector: other }\nroutes:\n" ROUTE("ra", "a")),
		                 FL_CONTROL_E_INVALID);
		assert_true(f->problems.errors > 0);
		assert_ptr_equal(fake.published, before);
		assert_int_equal(fake.instances_alive, 2);
		assert_int_equal(fake.modules_alive, 1);
	}
	fake.has_no_memory = false;
	assert_int_equal(reload(f, TWO), 0);
	assert_false(f->outcome.is_changed);
}

static void all_at_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start_with(f, TWO), 0);
	fake.refuses_probe = "b";
	assert_int_equal(reload(f, HEAD "instances:\n  a: { connector: missing }\n"
	                                "  b: { connector: echo, timeout: 9s }\nroutes: {}\n"),
	                 FL_CONTROL_E_INVALID);
	assert_int_equal(f->problems.errors, 1); /* what cannot be loaded cannot be probed */
	assert_string_equal(f->problems.first->code, "connector_unknown");
	assert_true(f->problems.first->at.line > 0 || f->problems.first->pointer.n > 0);
	assert_int_equal(reload(f, HEAD
	                        "instances:\n  b: { connector: echo, config: { base_url: 1 } }\n"
	                        "  c: { connector: echo }\nroutes:\n" ROUTE("rb", "b")),
	                 FL_CONTROL_E_INVALID);
	assert_string_equal(f->problems.first->code, "instance_refused");
	assert_string_equal(f->problems.first->pointer.p, "/instances/b/config/base_url");
	assert_int_equal(f->problems.first->at.line, 4);
}

static void activates(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start_with(f, TWO), 0);
	assert_int_equal(activate(f, "echo", "2.0.0"), 0);
	assert_true(f->outcome.is_changed);
	assert_string_equal(active(f, "echo"), "2.0.0");
	assert_int_equal(fake.modules_alive, 1);
	assert_int_equal(fake.instances_alive, 2);
	assert_int_equal(activate(f, "echo", "2.0.0"), 0);
	assert_false(f->outcome.is_changed);
	assert_int_equal(fake.creates, 4);
	assert_int_equal(reload(f, TWO), 0); /* it holds */
	assert_string_equal(active(f, "echo"), "2.0.0");
	assert_int_equal(activate(f, "missing", "1.0.0"), FL_CONTROL_E_NOT_FOUND);
	assert_int_equal(activate(f, "unheard-of", "1.0.0"), FL_CONTROL_E_INVALID);
	assert_string_equal(f->problems.first->code, "connector_not_configured");
}

static void activation_fails(void **state)
{
	struct fixture *f = *state;
	struct fl_snapshot *before;

	assert_int_equal(start_with(f, TWO), 0);
	before = fake.published;
	fake.refuses_probe = "b";
	assert_int_equal(activate(f, "echo", "2.0.0"), FL_CONTROL_E_INVALID);
	assert_ptr_equal(fake.published, before);
	assert_string_equal(active(f, "echo"), "1.0.0");
	assert_int_not_equal(access(f->active_path, F_OK), 0);
}

static void activation_not_saved(void **state)
{
	struct fixture *f = *state;
	char beside[96];

	assert_int_equal(start_with(f, TWO), 0);
	(void)snprintf(beside, sizeof beside, "%s/x", f->active_path);
	assert_int_equal(mkdir(f->active_path, 0700),
	                 0); /* a folder that is not empty is in the way */
	assert_int_equal(mkdir(beside, 0700), 0);
	assert_int_equal(activate(f, "echo", "2.0.0"), FL_CONTROL_E_INVALID);
	assert_string_equal(f->problems.first->code, "file_unwritable");
	assert_string_equal(active(f, "echo"), "1.0.0");
	assert_int_equal(rmdir(beside), 0);
	assert_int_equal(rmdir(f->active_path), 0);
}

static void activation_yields(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start_with(f, TWO), 0);
	assert_int_equal(activate(f, "echo", "2.0.0"), 0);
	assert_int_equal(reload(f, TWO "connectors: { echo: { version: \"1.x\" } }\n"), 0);
	assert_string_equal(active(f, "echo"), "1.x"); /* the fake takes a range for a version */
	assert_int_equal(reload(f, TWO), 0);
	assert_string_equal(active(f, "echo"), "1.0.0"); /* and does not come back */
}

static void activation_survives(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start_with(f, TWO), 0);
	assert_int_equal(activate(f, "echo", "2.0.0"), 0);
	fl_control_stop(f->control);
	f->control = fl_control_destroy(f->control);
	assert_int_equal(start_with(f, TWO), 0);
	assert_string_equal(active(f, "echo"), "2.0.0");
}

static void renews(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start_with(f, TWO), 0);
	fl_problems_init(&f->problems, &f->arena);
	assert_int_equal(fl_control_renew(f->control, FL_STR("a"), &f->problems, &f->outcome), 0);
	assert_int_equal(fake.creates, 3);
	assert_int_equal(fake.loads, 1);
	assert_int_equal(f->outcome.revision, 1);
	assert_int_equal(fl_control_renew(f->control, FL_STR("z"), &f->problems, &f->outcome),
	                 FL_CONTROL_E_NOT_FOUND);
}

static void late(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(start_with(f, TWO), 0);
	fake.is_late = true;
	assert_int_equal(activate(f, "echo", "2.0.0"), 0);
	assert_true(f->outcome.is_late);
	fake.is_late = false;
}

static bool has_secret(struct fixture *f, const char *name, const char *value)
{
	struct fl_buf out;
	bool is_there;

	fl_buf_init(&out, 100);
	is_there = fl_secrets_append(f->secrets, fl_str(name), &out) &&
	           strcmp(fl_buf_cstr(&out), value) == 0;
	fl_buf_fini(&out);
	return is_there;
}

static void secrets_follow(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(setenv("FL_TEST_ONE", "one", 1), 0);
	assert_int_equal(setenv("FL_TEST_TWO", "two", 1), 0);
	assert_int_equal(start_with(f, TWO "secrets: { s: \"${env:FL_TEST_ONE}\" }\n"), 0);
	assert_true(has_secret(f, "s", "one"));
	fake.refuses_create = "c";
	assert_int_equal(
	    reload(f, HEAD "secrets: { s: \"${env:FL_TEST_TWO}\", t: \"${env:FL_TEST_TWO}\" }\n"
	                   "instances: { c: { connector: echo } }\nroutes: {}\n"),
	    FL_CONTROL_E_INVALID);
	assert_true(has_secret(f, "s", "one")); /* rolled back */
	assert_false(has_secret(f, "t", "two"));
	fake.refuses_create = NULL;
	assert_int_equal(reload(f, TWO "secrets: { t: \"${env:FL_TEST_TWO}\" }\n"), 0);
	assert_true(has_secret(f, "t", "two"));
	assert_false(has_secret(f, "s", "one"));
}

/* ---- the queue ---- */

struct probe_job {
	struct fl_control_job job;
	pthread_mutex_t *gate;
	_Atomic unsigned *ran, *stopped;
};

static void run_probe(struct fl_control *control, struct fl_control_job *job, bool is_stopping)
{
	struct probe_job *p = FL_CONTAINER_OF(job, struct probe_job, job);

	(void)control;
	(void)pthread_mutex_lock(p->gate);
	(void)pthread_mutex_unlock(p->gate);
	atomic_fetch_add(is_stopping ? p->stopped : p->ran, 1);
}

static void queue_is_bounded(void **state)
{
	static struct probe_job jobs[FL_CONTROL_JOBS_MAX + 2];
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	_Atomic unsigned ran = 0, stopped = 0;
	struct fixture *f = *state;
	unsigned taken = 0;

	assert_int_equal(start_with(f, TWO), 0);
	(void)pthread_mutex_lock(&gate);
	for (size_t i = 0; i < FL_ARRAY_LEN(jobs); i++) {
		jobs[i] = (struct probe_job){{.run = run_probe}, &gate, &ran, &stopped};
		taken += fl_control_post(f->control, &jobs[i].job);
	}
	/* One may be under way already. */
	assert_true(taken == FL_CONTROL_JOBS_MAX || taken == FL_CONTROL_JOBS_MAX + 1);
	(void)pthread_mutex_unlock(&gate);
	fl_control_stop(f->control);
	assert_int_equal(ran + stopped, taken); /* every one is told, one way or the other */
	assert_false(fl_control_post(f->control, &jobs[0].job));
	f->control = fl_control_destroy(f->control);
}

/* ---- policies ---- */

#define POLICIES TWO "policies: { include: [p.cedar] }\n"

static void put_policy(struct fixture *f, const char *text)
{
	char path[sizeof f->dir + 16];

	(void)snprintf(path, sizeof path, "%s/p.cedar", f->dir);
	if (text == NULL)
		(void)unlink(path);
	else
		assert_int_equal(fl_file_replace(path, fl_str(text), 0600, NULL), 0);
}

static size_t deciding(struct fixture *f)
{
	struct fl_live *live = fl_control_live(f->control);
	size_t n = live->bundle == NULL ? 0 : live->bundle->active.policies_n;

	(void)fl_live_unref(live);
	return n;
}

static void policies_follow(void **state)
{
	struct fixture *f = *state;

	put_policy(f, "permit(principal, action, resource);");
	assert_int_equal(start_with(f, POLICIES), 0);
	assert_int_equal(deciding(f), 1);
	put_policy(f, "permit(principal, action, resource); permit(principal, action, resource);");
	assert_int_equal(reload(f, POLICIES), 0);
	assert_true(f->outcome.is_changed);
	assert_int_equal(deciding(f), 2);
	assert_int_equal(fake.creates, 2); /* no instance is made anew for that */
	put_policy(f, "permit(principal, action, resource)\nwhen { context.x };");
	assert_int_equal(reload(f, POLICIES), FL_CONTROL_E_INVALID);
	assert_string_equal(f->problems.first->code, "policy_unknown_attribute");
	assert_int_equal(f->problems.first->at.line, 2);
	assert_int_equal(deciding(f), 2); /* the old ones go on */
	assert_int_equal(reload(f, TWO), 0);
	assert_int_equal(deciding(f), 0);
	put_policy(f, NULL);
}

static void policies_hold_over_activations(void **state)
{
	struct fixture *f = *state;
	struct fl_live *live;
	struct fl_bundle *bundle;

	put_policy(f, "permit(principal, action, resource);");
	assert_int_equal(start_with(f, POLICIES), 0);
	live = fl_control_live(f->control);
	bundle = fl_bundle_ref(live->bundle);
	(void)fl_live_unref(live);
	fl_problems_init(&f->problems, &f->arena);
	assert_int_equal(fl_control_renew(f->control, FL_STR("a"), &f->problems, &f->outcome), 0);
	live = fl_control_live(f->control);
	assert_ptr_equal(live->bundle, bundle); /* nothing that they see has changed */
	(void)fl_live_unref(live);
	assert_int_equal(activate(f, "echo", "2.0.0"), 0);
	live = fl_control_live(f->control);
	assert_ptr_not_equal(live->bundle,
	                     bundle); /* another file: Conn::Connector has its digest */
	(void)fl_live_unref(live);
	(void)fl_bundle_unref(bundle);
	put_policy(f, NULL);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)
	    CASE("a start loads, probes, creates and publishes", starts),
	    CASE("a start that fails leaves nothing", refuses_start),
	    CASE("the same file again makes no generation and no revision", same_again),
	    CASE("one instance's change makes one generation and loads no code", one_changes),
	    CASE("routes alone make no generation", routes_only),
	    CASE("a broken file goes on serving what was, and is remembered", broken_file),
	    CASE("whatever fails on the way, nothing changes and nothing is left", rollback),
	    CASE("problems carry the place in the file, down to the connector's key", all_at_once),
	    CASE("an activation swaps once and holds over reloads", activates),
	    CASE("an activation that a connector refuses changes nothing", activation_fails),
	    CASE("an activation that cannot be saved changes nothing", activation_not_saved),
	    CASE("an activation yields to an edited entry, for good", activation_yields),
	    CASE("an activation survives a restart", activation_survives),
	    CASE("an instance is renewed on the same code", renews),
	    CASE("a worker that comes late is told", late),
	    CASE("policies change with the configuration; bad ones leave the old", policies_follow),
	    CASE("policies that see no change are not compiled again",
	         policies_hold_over_activations),
	    CASE("secrets change with the configuration, and roll back with it", secrets_follow),
	    CASE("the queue is bounded and every job is told how it ended", queue_is_bounded),
	};

	fl_log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	return cmocka_run_group_tests(cases, NULL, NULL);
}
