/* tests/bench/policy_worlds.h - what bench-policy asks about: texts drawn from a seed
 * SPDX-License-Identifier: Apache-2.0
 *
 * A world is a schema, policies, entities and requests, all as the text that any Cedar engine
 * reads. The same seed gives the same texts on every machine.
 */
#ifndef FL_TESTS_BENCH_POLICY_WORLDS_H
#define FL_TESTS_BENCH_POLICY_WORLDS_H

#include <stdint.h>

#include "base/buf.h"

#define BENCH_ENTITIES_MAX 50u

/* Where a drawing is. Set `random` to the seed and `policies` to how many there are. */
struct bench_draw {
	uint64_t random;
	unsigned policies;
	/* The entities of an example application: set by its `entities`, used by its `request`. */
	unsigned n;
	uint8_t types[BENCH_ENTITIES_MAX];
};

struct bench_app;

struct bench_world {
	const char *name, *schema, *policies; /* `policies` go before those of add_policies */
	const struct bench_app *app;          /* for the functions below */
	bool is_long;                         /* a decision: so long that it is often interrupted */
	/* Appends d->policies of them; NULL: those in `policies` are all. */
	void (*add_policies)(struct fl_buf *out, const struct bench_draw *d);
	/* Appends a JSON array of entities. */
	void (*add_entities)(struct fl_buf *out, const struct bench_world *w, struct bench_draw *d);
	/* Appends a JSON object: principal, action, resource, context. */
	void (*add_request)(struct fl_buf *out, const struct bench_world *w, struct bench_draw *d);
};

/* A gateway's bundle: permits of groups on APIs with conditions, and a few forbids over all. */
extern const struct bench_world bench_gateway;
/* One policy of 10 KB: 64 levels deep, sets of 1,000 members; and one of nothing but such sets. */
extern const struct bench_world bench_hard, bench_worst;
/* In the spirit of the example applications of the Cedar paper (OOPSLA 2024): 5 to 50 entities,
 * each below each other one that may be above it with probability 0.05. */
extern const struct bench_world bench_gdrive, bench_github, bench_tinytodo;

/* The next number below `below`. */
unsigned bench_draw(struct bench_draw *d, unsigned below);

#endif
