/* gateway/outbound/client.c - HTTP requests to other servers, on the loop of one worker
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/outbound/client.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "gateway/outbound/memory.h"
#include "gateway/outbound/request.h"

#define SWEEP_NS (FL_OUTBOUND_POOL_IDLE_NS / 4)

struct pool_entry {
	uint64_t id; /* the map's key */
	struct fl_outbound_pool *pool;
};

struct fl_outbound {
	struct fl_loop *loop;
	struct fl_outbound_sockets sockets;
	struct fl_map pools; /* id -> struct pool_entry */
	struct fl_outbound_pool *last; /* the pool used last, to save the look-up */
	struct fl_outbound_request *done, **done_tail;
	struct fl_loop_timer deliver_timer, sweep_timer;
	bool is_closing;
};

static struct fl_str key_of(const uint64_t *id)
{
	return fl_str_n((const char *)id, sizeof *id);
}

/* ---- the done list ---- */

static void unlink_running(struct fl_outbound_request *r)
{
	if (r->prev)
		r->prev->next = r->next;
	else
		r->pool->running = r->next;
	if (r->next)
		r->next->prev = r->prev;
	r->next = r->prev = NULL;
}

static void link_running(struct fl_outbound_request *r)
{
	r->prev = NULL;
	r->next = r->pool->running;
	if (r->next)
		r->next->prev = r;
	r->pool->running = r;
	r->pool->running_n++;
}

void fl_outbound_request_completed(struct fl_outbound_request *r)
{
	struct fl_outbound *client = r->pool->client;

	unlink_running(r);
	*client->done_tail = r;
	client->done_tail = &r->next;
}

/* Without memory for the timer the client's next event delivers and sweeps. */
static void set_timer(struct fl_outbound *client, struct fl_loop_timer *timer, uint64_t at_ns)
{
	int rc = fl_loop_timer_set(client->loop, timer, at_ns);

	(void)rc;
}

/* From fl_outbound_send() and _cancel(): on_done must not be called before they return. */
static void deliver_later(struct fl_outbound *client)
{
	if (client->done && !client->is_closing)
		set_timer(client, &client->deliver_timer, 0);
}

static void sweep_soon(struct fl_outbound *client, uint64_t in_ns)
{
	uint64_t at = fl_clock_mono_ns() + in_ns;

	if (!client->is_closing &&
	    (!client->sweep_timer.at || client->sweep_timer.deadline_ns > at))
		set_timer(client, &client->sweep_timer, at);
}

static void release(struct fl_outbound_request *r)
{
	struct fl_outbound_pool *pool = r->pool;

	pool->running_n--;
	if (pool->running_n == 0) {
		pool->used_ns = fl_clock_mono_ns();
		if (pool->is_dropped)
			sweep_soon(pool->client, 0);
	}
	fl_outbound_request_put(r);
}

void fl_outbound_request_deliver(struct fl_outbound *client)
{
	struct fl_outbound_request *r = client->done;

	/* What completes meanwhile waits for the next round. */
	client->done = NULL;
	client->done_tail = &client->done;
	while (r) {
		struct fl_outbound_request *next = r->next;

		r->on_done(r->ctx, &r->response);
		release(r);
		r = next;
	}
	deliver_later(client);
}

static void on_deliver(struct fl_loop_timer *timer)
{
	fl_outbound_request_deliver(FL_CONTAINER_OF(timer, struct fl_outbound, deliver_timer));
}

/* ---- pools ---- */

static void close_pool(struct fl_outbound *client, struct pool_entry *entry)
{
	(void)fl_map_take(&client->pools, key_of(&entry->id));
	if (client->last == entry->pool)
		client->last = NULL;
	fl_outbound_pool_destroy(entry->pool);
	free(entry);
}

/* The first pool that may go, or NULL. */
static struct pool_entry *find_unused(struct fl_outbound *client, uint64_t now_ns)
{
	const struct fl_map_entry *e;

	for (size_t i = 0; (e = fl_map_next(&client->pools, &i));) {
		struct pool_entry *entry = e->value;
		const struct fl_outbound_pool *pool = entry->pool;

		if (pool->running_n == 0 &&
		    (pool->is_dropped || now_ns - pool->used_ns >= FL_OUTBOUND_POOL_IDLE_NS))
			return entry;
	}
	return NULL;
}

static void on_sweep(struct fl_loop_timer *timer)
{
	struct fl_outbound *client = FL_CONTAINER_OF(timer, struct fl_outbound, sweep_timer);
	uint64_t now_ns = fl_clock_mono_ns();
	struct pool_entry *entry;

	while ((entry = find_unused(client, now_ns)))
		close_pool(client, entry);
	if (client->pools.count > 0)
		sweep_soon(client, SWEEP_NS);
}

static int open_pool(struct fl_outbound *client, uint64_t id, struct fl_outbound_pool **ret)
{
	struct pool_entry *entry = malloc(sizeof *entry);

	if (!entry)
		return -ENOMEM;
	entry->id = id;
	if (fl_outbound_pool_create(client, client->loop, &client->sockets, id, &entry->pool) != 0) {
		free(entry);
		return -ENOMEM;
	}
	if (fl_map_put(&client->pools, key_of(&entry->id), entry, NULL) != 0) {
		fl_outbound_pool_destroy(entry->pool);
		free(entry);
		return -ENOMEM;
	}
	sweep_soon(client, SWEEP_NS);
	*ret = entry->pool;
	return 0;
}

static int find_pool(struct fl_outbound *client, uint64_t id, struct fl_outbound_pool **ret)
{
	struct pool_entry *entry;

	if (client->last && client->last->id == id) {
		*ret = client->last;
		return 0;
	}
	entry = fl_map_find(&client->pools, key_of(&id));
	if (!entry && open_pool(client, id, ret) != 0)
		return -ENOMEM;
	if (entry)
		*ret = entry->pool;
	client->last = *ret;
	return 0;
}

void fl_outbound_drop_pool(struct fl_outbound *client, uint64_t id)
{
	struct pool_entry *entry = fl_map_find(&client->pools, key_of(&id));

	if (!entry)
		return;
	entry->pool->is_dropped = true;
	if (entry->pool->running_n == 0)
		sweep_soon(client, 0);
}

/* ---- requests ---- */

static int no_memory(struct fl_error *err)
{
	(void)fl_error_set(err, "outbound_busy", "no memory for another request");
	fl_error_hint(err, "raise the memory limit or lower concurrency.max");
	return -1;
}

static int check_room(const struct fl_outbound *client, const struct fl_outbound_pool *pool,
		      const struct fl_outbound_policy *policy, struct fl_error *err)
{
	uint32_t max = policy->max_concurrent ? policy->max_concurrent : FL_OUTBOUND_MAX_CONCURRENT;

	if (!client->is_closing && pool->running_n < max)
		return 0;
	(void)fl_error_set(err, "outbound_busy", "%zu requests are under way; at most %u",
			   pool->running_n, max);
	fl_error_hint(err, "try again later, or raise the instance's concurrency.max");
	return -1;
}

/* Milliseconds, rounded up; 0 when the deadline has passed. */
static long time_left_ms(const struct fl_outbound_args *args, uint64_t now_ns)
{
	uint64_t ms = args->policy->timeout_ms ? args->policy->timeout_ms : FL_OUTBOUND_TIMEOUT_MS;
	uint64_t left_ms;

	if (args->deadline_ns == 0)
		return (long)ms;
	if (args->deadline_ns <= now_ns)
		return 0;
	left_ms = (args->deadline_ns - now_ns + FL_NS_PER_MS - 1) / FL_NS_PER_MS;
	return (long)(left_ms < ms ? left_ms : ms);
}

static int start(struct fl_outbound_request *r, const struct fl_outbound_args *args,
		 struct fl_outbound_origin *origin, struct fl_str target, struct fl_error *err)
{
	long timeout_ms;
	int rc;

	r->started_ns = fl_clock_mono_ns();
	timeout_ms = time_left_ms(args, r->started_ns);
	rc = fl_outbound_request_prepare(r, args, origin, target, timeout_ms ? timeout_ms : 1,
					 err);
	if (rc != 0)
		return rc == -1 ? -1 : no_memory(err);
	link_running(r);
	if (timeout_ms == 0) {
		fl_outbound_request_finish(r, FL_OUTBOUND_TIMEOUT, "the deadline had passed");
		return 0;
	}
	if (fl_outbound_pool_start(r->pool, r->easy, r->is_idempotent) == 0)
		return 0;
	unlink_running(r);
	r->pool->running_n--;
	return no_memory(err);
}

static int forbid(const struct fl_outbound_target *target, struct fl_error *err)
{
	(void)fl_error_set(err, "outbound_denied", "%.*s:%u is forbidden", FL_STR_ARGS(target->host),
			   (unsigned)target->port);
	fl_error_hint(err, "the gateway's log names the policy");
	return -1;
}

int fl_outbound_send(struct fl_outbound *client, const struct fl_outbound_args *args,
		     struct fl_outbound_request **ret, struct fl_error *err)
{
	struct fl_outbound_pool *pool;
	struct fl_outbound_request *r;
	struct fl_outbound_origin *origin;
	struct fl_str target;

	fl_outbound_memory_keep();
	if (find_pool(client, args->policy->pool, &pool) != 0)
		return no_memory(err);
	if (check_room(client, pool, args->policy, err) != 0 ||
	    fl_outbound_url_check(&pool->origins, args->policy, args->url, &origin, &target,
				  err) != 0)
		return -1;
	if (args->may && !args->may(args->ctx, &origin->target))
		return forbid(&origin->target, err);
	if (fl_outbound_request_take(pool, args->policy, &r) != 0)
		return no_memory(err);
	if (start(r, args, origin, target, err) != 0) {
		fl_outbound_request_put(r);
		return -1;
	}
	*ret = r;
	deliver_later(client);
	return 0;
}

static void cancel(struct fl_outbound_request *r)
{
	long bytes = 0;

	if (r->is_done)
		return;
	(void)curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &bytes);
	r->response.was_sent = bytes > 0;
	fl_outbound_pool_stop(r->pool, r->easy);
	fl_outbound_request_finish(r, FL_OUTBOUND_CANCELLED, "cancelled");
}

void fl_outbound_cancel(struct fl_outbound_request *r)
{
	cancel(r);
	deliver_later(r->pool->client);
}

/* ---- life ---- */

static int curl_rc = -1;

static void init_curl(void)
{
	curl_rc = fl_outbound_memory_init();
}

int fl_outbound_create(struct fl_loop *loop, struct fl_outbound **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct fl_outbound *client;

	if (pthread_once(&once, init_curl) != 0 || curl_rc != 0)
		return -EIO;
	client = calloc(1, sizeof *client);
	if (!client)
		return -ENOMEM;
	client->loop = loop;
	client->done_tail = &client->done;
	client->deliver_timer.on_expire = on_deliver;
	client->sweep_timer.on_expire = on_sweep;
	fl_map_init(&client->pools);
	*ret = client;
	return 0;
}

struct fl_outbound *fl_outbound_destroy(struct fl_outbound *client)
{
	const struct fl_map_entry *e;

	if (!client)
		return NULL;
	client->is_closing = true;
	for (size_t i = 0; (e = fl_map_next(&client->pools, &i));) {
		struct fl_outbound_pool *pool = ((struct pool_entry *)e->value)->pool;

		while (pool->running)
			cancel(pool->running);
	}
	while (client->done)
		fl_outbound_request_deliver(client);
	for (size_t i = 0; (e = fl_map_next(&client->pools, &i)); i = 0)
		close_pool(client, e->value);
	fl_loop_timer_cancel(client->loop, &client->deliver_timer);
	fl_loop_timer_cancel(client->loop, &client->sweep_timer);
	fl_map_fini(&client->pools);
	free(client->sockets.by_fd);
	free(client);
	return NULL;
}
