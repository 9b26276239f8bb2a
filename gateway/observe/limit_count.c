/* gateway/observe/limit_count.c - what limits decided, counted
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/observe/limit_count.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/observe/series.h"

struct fl_limit_counts { /* immutable but for `next`, which fl_metrics.lock guards */
	struct fl_limit_counts *next;
	struct fl_limit_count *shards; /* one a worker */
	struct fl_str name;
	char text[]; /* name, ended by a zero byte */
};

static struct fl_limit_counts *make(struct fl_metrics *metrics, struct fl_str name)
{
	struct fl_limit_counts *counts = malloc(sizeof *counts + name.n + 1);
	size_t bytes = metrics->workers * sizeof(struct fl_limit_count);

	if (counts == NULL)
		return NULL;
	*counts = (struct fl_limit_counts){.shards = aligned_alloc(64, bytes),
	                                   .name = {counts->text, name.n}};
	if (counts->shards == NULL) {
		free(counts);
		return NULL;
	}
	memset((void *)counts->shards, 0, bytes);
	memcpy(counts->text, name.p, name.n);
	counts->text[name.n] = '\0';
	return counts;
}

struct fl_limit_count *fl_metrics_limit(struct fl_metrics *metrics, struct fl_str limit)
{
	struct fl_limit_counts **at = &metrics->limits;
	size_t n = 0;

	(void)pthread_mutex_lock(&metrics->lock);
	for (; *at != NULL && !fl_str_eq((*at)->name, limit); at = &(*at)->next)
		n++;
	if (*at == NULL && n < FL_LIMIT_COUNTS_MAX)
		*at = make(metrics, limit);
	struct fl_limit_count *found = *at ? (*at)->shards : NULL;

	(void)pthread_mutex_unlock(&metrics->lock);
	return found;
}

static uint64_t sum(const struct fl_metrics *metrics, const struct fl_limit_counts *counts,
                    size_t decision)
{
	uint64_t n = 0;

	for (unsigned w = 0; w < metrics->workers; w++)
		n += atomic_load_explicit(&counts->shards[w].decisions[decision],
		                          memory_order_relaxed);
	return n;
}

void fl_metrics_limit_sum(struct fl_metrics *metrics, struct fl_str limit,
                          uint64_t ret[FL_LIMIT_DECISIONS])
{
	const struct fl_limit_counts *l;

	(void)pthread_mutex_lock(&metrics->lock);
	for (l = metrics->limits; l && !fl_str_eq(l->name, limit);)
		l = l->next;
	for (size_t d = 0; d < FL_LIMIT_DECISIONS; d++)
		ret[d] = l ? sum(metrics, l, d) : 0;
	(void)pthread_mutex_unlock(&metrics->lock);
}

static const char *const decision_names[FL_LIMIT_DECISIONS] = {
    [FL_LIMIT_PASS] = "pass",
    [FL_LIMIT_REFUSE] = "refuse",
    [FL_LIMIT_WOULD_REFUSE] = "would_refuse",
    [FL_LIMIT_GIVE_BACK] = "give_back",
};

const char *fl_limit_decision_name(enum fl_limit_decision decision)
{
	return decision_names[decision];
}

void fl_limit_counts_render(struct fl_metrics *metrics, struct fl_buf *out)
{
	static const char name[] = "fairlead_limit_decisions_total";

	(void)pthread_mutex_lock(&metrics->lock);
	if (metrics->limits)
		fl_metrics_head(out, name, "counter",
		                "Requests that limits were asked about, by limit and decision.");
	for (const struct fl_limit_counts *l = metrics->limits; l; l = l->next)
		for (size_t d = 0; d < FL_LIMIT_DECISIONS; d++) {
			const char *const labels[] = {"limit", l->text, "decision", decision_names[d],
			                              NULL};

			fl_metrics_sample(out, name, labels, sum(metrics, l, d));
		}
	(void)pthread_mutex_unlock(&metrics->lock);
}

void fl_limit_counts_destroy(struct fl_metrics *metrics)
{
	while (metrics->limits) {
		struct fl_limit_counts *counts = metrics->limits;

		metrics->limits = counts->next;
		free(counts->shards);
		free(counts);
	}
}
