/* tests/unit/pipeline/test_deed.c - whose policies decide what an instance does by itself
 * SPDX-License-Identifier: Apache-2.0
 *
 * On the real bundle, pipeline and snapshot; no instance runs: a deed is what the host would ask.
 */
#include "tests/unit/test.h"

#include "base/log.h"
#include "gateway/authorize/bundle.h"
#include "gateway/pipeline/worker.h"

static struct {
	struct fl_arena arena;
	struct fl_problems problems;
	struct fl_loop *loop;
	struct fl_metrics *metrics;
	struct fl_pipeline *pipeline;
	struct fl_outbound_target target;
	struct fl_host_deed deed;
} f;

static int set_up(void **state)
{
	(void)state;
	memset(&f, 0, sizeof f);
	fl_arena_init(&f.arena, 4096, 8u << 20);
	fl_problems_init(&f.problems, &f.arena);
	assert_int_equal(fl_loop_create(&f.loop), 0);
	assert_int_equal(fl_metrics_create(1, &f.metrics), 0);
	assert_int_equal(
	    fl_pipeline_create(&(struct fl_pipeline_config){.workers = 1, .metrics = f.metrics},
	                       &f.pipeline),
	    0);
	(void)fl_pipeline_attach_worker(f.pipeline, 0, f.loop);
	f.target = (struct fl_outbound_target){.host = FL_STR("api.example.com"), .port = 443};
	f.deed = (struct fl_host_deed){.instance = "proxy", .target = &f.target};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	f.loop = fl_loop_destroy(f.loop);
	f.pipeline = fl_pipeline_destroy(f.pipeline);
	f.metrics = fl_metrics_destroy(f.metrics);
	fl_arena_fini(&f.arena);
	return 0;
}

/* NULL: no policies. */
static struct fl_bundle *make_bundle(struct fl_config *config, const char *policies)
{
	struct fl_cfg_text text = {FL_STR("p.cedar"), fl_str(policies)};
	struct fl_bundle *bundle;

	if (policies == NULL)
		return NULL;
	config->policies.is_given = true;
	config->policies.policies = (struct fl_cfg_texts){&text, 1};
	bundle = fl_bundle_build(config, NULL, NULL, &f.problems);
	assert_non_null(bundle);
	return bundle;
}

static struct fl_config *make_config(void)
{
	struct fl_config *config =
	    fl_config_load_text("f", FL_STR("apiVersion: fairlead/v1\n"), NULL, &f.problems);

	assert_non_null(config);
	return config;
}

/* Publishes a snapshot without instances: the newest of them is 0. */
static void publish(const char *policies)
{
	struct fl_config *config = make_config();
	struct fl_bundle *bundle = make_bundle(config, policies);
	struct fl_snapshot *snapshot = fl_snapshot_build(
	    &(struct fl_snapshot_parts){.config = config, .metrics = f.metrics, .bundle = bundle},
	    &f.problems);

	assert_non_null(snapshot);
	assert_int_equal(fl_pipeline_publish(f.pipeline, snapshot, 0), 0);
	(void)fl_bundle_unref(bundle);
	(void)fl_config_unref(config);
}

static void expect(const char *policies)
{
	struct fl_config *config = make_config();
	struct fl_bundle *bundle = make_bundle(config, policies);

	fl_pipeline_expect(f.pipeline, bundle);
	(void)fl_bundle_unref(bundle);
	(void)fl_config_unref(config);
}

/* Of the instance that the snapshot knows (0), or of a newer one. */
static bool may(uint64_t generation)
{
	f.deed.generation = generation;
	return fl_pipeline_may(f.pipeline, &f.deed);
}

#define PERMIT "permit (principal, action, resource);"
/* Names a type of Conn: from then on the rest is denied. */
#define OTHER "permit (principal == Conn::Connector::\"another\", action, resource);"

static void test_no_policies(void **state)
{
	(void)state;
	assert_true(may(0) && may(1)); /* nothing is published */
	publish(NULL);
	assert_true(may(0) && may(1));
}

static void test_published(void **state)
{
	(void)state;
	publish(OTHER);
	assert_false(may(0));
	f.deed.target = NULL;
	f.deed.secret = FL_STR("s");
	assert_false(may(0));
}

static void test_allowed(void **state)
{
	(void)state;
	publish(PERMIT);
	assert_true(may(0));
}

/* One that starts is decided by what it will be published with. */
static void test_newer(void **state)
{
	(void)state;
	publish(PERMIT);
	expect(OTHER);
	assert_true(may(0));
	assert_false(may(1));
	expect(PERMIT);
	assert_true(may(1));
	expect(NULL);
	assert_true(may(1));
}

/* The first start, and the end: nothing is published, and policies hold all the same. */
static void test_unpublished(void **state)
{
	(void)state;
	expect(OTHER);
	assert_false(may(0) || may(1));
	expect(PERMIT);
	assert_true(may(0) && may(1));
}

static void test_request(void **state)
{
	static const struct fl_cfg_consumer ann = {.name = FL_STR_INIT("ann")};
	struct fl_snapshot_route route = {.name = {"r", 1}};
	struct fl_request *req = fl_arena_zalloc(&f.arena, sizeof *req);

	(void)state;
	publish(
	    "permit (principal, action, resource is Conn::Host) when { context has onBehalfOf && "
	    "context.onBehalfOf == Gw::Consumer::\"ann\" && context has route && "
	    "context.route == Gw::Route::\"r\" };");
	assert_false(may(0));
	f.deed.call = &req->call;
	assert_false(may(0)); /* it is over */
	req->route = &route;
	assert_false(may(0)); /* nobody's */
	req->principal.consumer = &ann;
	assert_true(may(0));
}

/* Each is counted, and the arena is used again. */
static void test_counts(void **state)
{
	struct fl_buf out;

	(void)state;
	publish("permit (principal, action in Conn::Action::\"net\", resource);");
	for (unsigned i = 0; i < 3000; i++)
		assert_true(may(0));
	f.target.host = FL_STR("x");
	f.deed.target = NULL;
	f.deed.secret = FL_STR("s");
	for (unsigned i = 0; i < 30; i++) /* the first ten are logged */
		assert_false(may(0));
	fl_buf_init(&out, 4096);
	fl_pipeline_collect_deeds(f.pipeline, &out);
	assert_string_equal(
	    fl_buf_cstr(&out),
	    "fairlead_connector_decisions_total{action=\"http.egress\",decision=\"deny\"} 0\n"
	    "fairlead_connector_decisions_total{action=\"http.egress\",decision=\"allow\"} 3000\n"
	    "fairlead_connector_decisions_total{action=\"secret.read\",decision=\"deny\"} 30\n"
	    "fairlead_connector_decisions_total{action=\"secret.read\",decision=\"allow\"} 0\n");
	fl_buf_fini(&out);
}

#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE("without policies all is allowed", test_no_policies),
	    CASE("what no policy permits is denied", test_published),
	    CASE("what one permits is allowed", test_allowed),
	    CASE("an instance that starts is decided by its own policies", test_newer),
	    CASE("before the first publication and after the last", test_unpublished),
	    CASE("on behalf of the request's consumer", test_request),
	    CASE("every decision is counted", test_counts),
	};

	return cmocka_run_group_tests_name("pipeline deeds", tests, NULL, NULL);
}
