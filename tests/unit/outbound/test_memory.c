/* tests/unit/outbound/test_memory.c - gateway/outbound/memory.c
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "tests/unit/test.h"

#include <unistd.h>

#include "gateway/outbound/client.h"
#include "gateway/outbound/memory.h"

#define AT_ONCE 64u

static unsigned running;

static void on_done(void *ctx, const struct fl_outbound_response *response)
{
	(void)ctx;
	assert_int_not_equal(response->outcome, FL_OUTBOUND_OK);
	running--;
}

/* Nobody listens on port 1: all of the way but an answer. */
static void send_all(struct fl_loop *loop, struct fl_outbound *client)
{
	static const struct fl_outbound_policy policy = {
	    .allow_private = true, .allow_any_host = true, .timeout_ms = 10000, .pool = 1};
	const struct fl_outbound_args args = {.policy = &policy,
	                                      .method = FL_STR("GET"),
	                                      .url = FL_STR("http://127.0.0.1:1/"),
	                                      .on_done = on_done};
	struct fl_outbound_request *request;

	for (; running < AT_ONCE; running++)
		assert_int_equal(fl_outbound_send(client, &args, &request, NULL), 0);
	while (running > 0)
		fl_loop_run_once(loop, FL_NS_PER_SEC);
}

/* A thread that sends as much at once as before holds as much as before. */
static void one_request_serves_the_next(void **state)
{
	struct fl_loop *loop;
	struct fl_outbound *client;
	size_t kept;

	(void)state;
	assert_int_equal(fl_loop_create(&loop), 0);
	assert_int_equal(fl_outbound_create(loop, &client), 0);
	send_all(loop, client);
	send_all(loop, client);
	kept = fl_outbound_memory_kept();
	send_all(loop, client);
	assert_int_equal(fl_outbound_memory_kept(), kept);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	assert_int_equal(kept, 0);
#else
	assert_true(kept >= AT_ONCE * 1024u && kept <= (size_t)16 << 20);
#endif
	(void)fl_outbound_destroy(client);
	(void)fl_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("outbound: the memory of one request serves the next",
	            one_request_serves_the_next),
	};

	(void)alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
