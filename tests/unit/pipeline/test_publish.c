/* tests/unit/pipeline/test_publish.c - snapshots that change while requests run
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "gateway/loop/loop.h"
#include "tests/unit/pipeline/fake.h"

#define ARENA_BYTES 8192u
#define PATIENCE_NS (60 * FL_NS_PER_SEC)

/* Waits for the reaper. */
static void wait_alive(struct fl_pipeline *pipeline, uint64_t expected)
{
	assert_true(fl_pipeline_wait_freed(pipeline, PATIENCE_NS));
	assert_int_equal(fl_pipeline_snapshots_alive(pipeline), expected);
}

static void ignore(struct fl_request *req)
{
	(void)req;
}

static void fill(struct fl_request *req, struct fl_pipeline_worker *worker,
                 const struct fl_request_transport *transport)
{
	fl_arena_reset(&req->arena);
	fl_request_reset(req);
	req->worker = worker;
	req->transport = transport;
	req->started_ns = fl_clock_mono_ns();
	req->method = FL_METHOD_GET;
	req->method_name = FL_STR("GET");
	req->raw_path = FL_STR("/echo");
}

/* ---- on one thread, step by step ---- */

struct steps {
	struct fl_loop *loops[2];
	struct fl_metrics *metrics;
	struct fl_pipeline *pipeline;
	struct fl_pipeline_worker *workers[2];
	struct fl_instance old, new;
};

static const struct fl_request_transport quiet = {ignore, ignore};

static void steps_init(struct steps *s)
{
	struct fl_pipeline_config config = {.workers = 2};

	s->old = fake_instance("old");
	s->new = fake_instance("new");
	assert_int_equal(fl_metrics_create(2, &s->metrics), 0);
	config.metrics = s->metrics;
	assert_int_equal(fl_pipeline_create(&config, &s->pipeline), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(fl_loop_create(&s->loops[i]), 0);
		s->workers[i] = fl_pipeline_attach_worker(s->pipeline, i, s->loops[i]);
	}
}

static void steps_round(struct steps *s)
{
	for (unsigned i = 0; i < 2; i++)
		fl_loop_run_once(s->loops[i], 0);
}

static int steps_publish(struct steps *s, struct fl_instance *instance)
{
	struct fl_instance *instances[] = {instance, instance};
	struct fl_snapshot *snapshot = instance ? fake_snapshot(s->metrics, instances) : NULL;

	return fl_pipeline_publish(s->pipeline, snapshot, 0);
}

static void steps_fini(struct steps *s)
{
	for (unsigned i = 0; i < 2; i++)
		s->loops[i] = fl_loop_destroy(s->loops[i]);
	s->pipeline = fl_pipeline_destroy(s->pipeline);
	s->metrics = fl_metrics_destroy(s->metrics);
	assert_int_equal(s->old.refs, 1);
	assert_int_equal(s->new.refs, 1);
	assert_int_equal(fake_configs_alive(), 0);
}

static void test_before_the_loops(void **state)
{
	struct steps s;

	(void)state;
	steps_init(&s);
	assert_int_equal(fl_pipeline_snapshots_alive(s.pipeline), 0);
	assert_int_equal(steps_publish(&s, &s.old), 0);
	assert_int_equal(steps_publish(&s, &s.new), 0); /* nobody to wait for */
	assert_int_equal(fl_pipeline_snapshots_alive(s.pipeline), 2);
	steps_round(&s);
	wait_alive(s.pipeline, 1);
	steps_fini(&s);
}

static void test_late(void **state)
{
	struct steps s;

	(void)state;
	steps_init(&s);
	steps_round(&s);
	assert_int_equal(steps_publish(&s, &s.old), 0); /* nothing to retire */
	assert_int_equal(steps_publish(&s, &s.new), FL_PIPELINE_LATE);
	fl_loop_run_once(s.loops[0], 0);
	assert_int_equal(fl_pipeline_snapshots_alive(s.pipeline), 2); /* one worker may hold it */
	fl_loop_run_once(s.loops[1], 0);
	wait_alive(s.pipeline, 1);
	steps_fini(&s);
}

static void test_stays(void **state)
{
	struct steps s;
	struct fl_request held, later;

	(void)state;
	steps_init(&s);
	fl_arena_init(&held.arena, ARENA_BYTES, ARENA_BYTES);
	fl_arena_init(&later.arena, ARENA_BYTES, ARENA_BYTES);
	assert_int_equal(steps_publish(&s, &s.old), 0);
	fill(&held, s.workers[0], &quiet);
	assert_int_equal(fl_pipeline_begin(&held), FL_REQUEST_CONTINUE);
	assert_int_equal(steps_publish(&s, &s.new), 0);

	/* also before the worker heard of it */
	fill(&later, s.workers[0], &quiet);
	assert_int_equal(fl_pipeline_begin(&later), FL_REQUEST_CONTINUE);
	steps_round(&s);
	assert_int_equal(fl_pipeline_dispatch(&held), FL_REQUEST_RESPOND);
	assert_int_equal(fl_pipeline_dispatch(&later), FL_REQUEST_RESPOND);
	assert_int_equal(s.old.calls, 1);
	assert_int_equal(s.new.calls, 1);
	fl_pipeline_end(&later, 0, true);
	assert_false(fl_pipeline_wait_freed(s.pipeline, FL_NS_PER_MS));
	assert_int_equal(fl_pipeline_snapshots_alive(s.pipeline), 2);
	assert_in_range(s.old.refs, 2, 3);
	fl_pipeline_end(&held, 0, true);
	wait_alive(s.pipeline, 1);
	assert_int_equal(s.old.refs, 1);
	fl_arena_fini(&held.arena);
	fl_arena_fini(&later.arena);
	steps_fini(&s);
}

static void test_late_payment(void **state)
{
	struct steps s;
	struct fl_request req;

	(void)state;
	steps_init(&s);
	fl_arena_init(&req.arena, ARENA_BYTES, ARENA_BYTES);
	s.old.start_result = FL_CALL_PENDING;
	s.old.owes = true;
	assert_int_equal(steps_publish(&s, &s.old), 0);
	fill(&req, s.workers[1], &quiet);
	assert_int_equal(fl_pipeline_begin(&req), FL_REQUEST_CONTINUE);
	assert_int_equal(fl_pipeline_dispatch(&req), FL_REQUEST_WAIT);
	fl_pipeline_end(&req, 0, false);
	assert_int_equal(steps_publish(&s, &s.new), 0);
	steps_round(&s);
	wait_alive(s.pipeline, 1);
	assert_int_equal(s.old.refs, 1); /* else one that never pays would never be retired */
	assert_memory_equal(req.call.view.route.p, "echo", req.call.view.route.n);
	fake_paid(&req.call);
	fl_arena_fini(&req.arena);
	steps_fini(&s);
}

static void test_none(void **state)
{
	struct steps s;
	struct fl_request req;

	(void)state;
	steps_init(&s);
	fl_arena_init(&req.arena, ARENA_BYTES, ARENA_BYTES);
	assert_int_equal(steps_publish(&s, &s.old), 0);
	assert_int_equal(steps_publish(&s, NULL), 0);
	fill(&req, s.workers[0], &quiet);
	assert_int_equal(fl_pipeline_begin(&req), FL_REQUEST_RESPOND);
	assert_int_equal(req.response.status, 503);
	fl_pipeline_end(&req, 0, true);
	steps_round(&s);
	wait_alive(s.pipeline, 0);
	assert_int_equal(steps_publish(&s, &s.new), 0);
	fl_arena_fini(&req.arena);
	steps_fini(&s);
}

/* ---- with threads ---- */

#define WORKERS 4u
#define INSTANCES 8u
#define PUBLICATIONS 200u
#define HELD 3u /* requests that a worker keeps open over its rounds */

struct share {
	struct fl_loop *loop;
	struct fl_pipeline_worker *worker;
	struct fl_loop_task traffic;
	struct fl_request held[HELD], quick;
	unsigned next_held;
	atomic_uint served;
};

static struct fl_instance versions[INSTANCES]; /* publication n uses n % INSTANCES */
static atomic_uint announced, published;       /* numbers of publications begun, returned */
static atomic_bool is_over;

/* Which publication the request began with: the newest that may have been there. */
static void check_version(const struct fl_request *req, unsigned at_least)
{
	unsigned at_most = atomic_load(&announced);

	for (unsigned n = at_least; n <= at_most; n++)
		if (req->snapshot && fl_snapshot_config(req->snapshot)->server.workers == n)
			return;
	FL_ASSERT(!"a request began with a snapshot that was replaced");
}

static void begin(struct share *share, struct fl_request *req)
{
	unsigned at_least = atomic_load(&published);

	fill(req, share->worker, &quiet);
	FL_ASSERT(fl_pipeline_begin(req) == FL_REQUEST_CONTINUE);
	check_version(req, at_least);
}

static void complete(struct share *share, struct fl_request *req)
{
	FL_ASSERT(fl_pipeline_dispatch(req) == FL_REQUEST_RESPOND);
	FL_ASSERT(req->response.status == 200);
	fl_pipeline_end(req, 0, true);
	share->served++;
}

static void on_traffic(struct fl_loop_task *task)
{
	struct share *share = FL_CONTAINER_OF(task, struct share, traffic);
	struct fl_request *held = &share->held[share->next_held++ % HELD];

	if (held->snapshot)
		complete(share, held);
	held->snapshot = NULL;
	if (atomic_load(&is_over)) {
		for (unsigned i = 0; i < HELD; i++)
			if (share->held[i].snapshot)
				complete(share, &share->held[i]);
		fl_loop_stop(share->loop);
		return;
	}
	begin(share, held);
	for (unsigned i = 0; i < 8; i++) {
		begin(share, &share->quick);
		complete(share, &share->quick);
	}
	fl_loop_post(share->loop, task);
}

static void *run_share(void *arg)
{
	struct share *share = arg;

	fl_loop_run(share->loop);
	return NULL;
}

static void publish_number(struct fl_pipeline *pipeline, struct fl_metrics *metrics, unsigned n)
{
	struct fl_instance *instance = &versions[n % INSTANCES];
	struct fl_instance *instances[] = {instance, instance};
	struct fl_config *config = fake_config();
	const struct fl_snapshot_parts parts = {
	    .config = config, .instances = instances, .metrics = metrics};
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_snapshot *snapshot;

	config->server.workers = n; /* carries the number */
	fl_arena_init(&arena, 4096, 65536);
	fl_problems_init(&problems, &arena);
	snapshot = fl_snapshot_build(&parts, &problems);
	assert_non_null(snapshot);
	(void)fl_config_unref(config);
	fl_arena_fini(&arena);
	atomic_store(&announced, n);
	assert_int_equal(fl_pipeline_publish(pipeline, snapshot, PATIENCE_NS), 0);
	atomic_store(&published, n);
}

static void share_init(struct share *share, struct fl_pipeline *pipeline, unsigned index)
{
	assert_int_equal(fl_loop_create(&share->loop), 0);
	share->worker = fl_pipeline_attach_worker(pipeline, index, share->loop);
	share->traffic.on_task = on_traffic;
	for (unsigned i = 0; i < HELD; i++)
		fl_arena_init(&share->held[i].arena, ARENA_BYTES, ARENA_BYTES);
	fl_arena_init(&share->quick.arena, ARENA_BYTES, ARENA_BYTES);
	fl_loop_post(share->loop, &share->traffic);
}

/* From now on the worker is waited for with each publication. */
static void share_wait_serving(const struct share *share)
{
	uint64_t give_up_ns = fl_clock_mono_ns() + PATIENCE_NS;

	while (atomic_load(&share->served) == 0) {
		assert_true(fl_clock_mono_ns() < give_up_ns);
		(void)sched_yield();
	}
}

static void share_fini(struct share *share)
{
	assert_true(share->served >= PUBLICATIONS); /* at least once for each */
	share->loop = fl_loop_destroy(share->loop);
	for (unsigned i = 0; i < HELD; i++)
		fl_arena_fini(&share->held[i].arena);
	fl_arena_fini(&share->quick.arena);
}

static void test_threads(void **state)
{
	static struct share shares[WORKERS];
	struct fl_pipeline_config config = {.workers = WORKERS};
	struct fl_pipeline *pipeline;
	pthread_t threads[WORKERS];

	(void)state;
	for (unsigned i = 0; i < INSTANCES; i++)
		versions[i] = fake_instance("version");
	assert_int_equal(fl_metrics_create(WORKERS, &config.metrics), 0);
	assert_int_equal(fl_pipeline_create(&config, &pipeline), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		share_init(&shares[i], pipeline, i);
	publish_number(pipeline, config.metrics, 1);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_share, &shares[i]), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		share_wait_serving(&shares[i]);
	for (unsigned n = 2; n <= PUBLICATIONS; n++)
		publish_number(pipeline, config.metrics, n);
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	wait_alive(pipeline, 1);
	for (unsigned i = 0; i < WORKERS; i++)
		share_fini(&shares[i]);
	pipeline = fl_pipeline_destroy(pipeline);
	config.metrics = fl_metrics_destroy(config.metrics);
	for (unsigned i = 0; i < INSTANCES; i++)
		assert_int_equal(versions[i].refs, 1);
	assert_int_equal(fake_configs_alive(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("before the loops run nobody is waited for", test_before_the_loops),
	    FL_CASE("a worker that does not come round is told, and holds the old one", test_late),
	    FL_CASE("a request stays on the snapshot that it began with", test_stays),
	    FL_CASE("a debt keeps its request, but not the snapshot", test_late_payment),
	    FL_CASE("publishing none answers 503 and frees the old one", test_none),
	    FL_CASE("four workers serve while 200 snapshots pass, and none is left behind",
	            test_threads),
	};

	return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
