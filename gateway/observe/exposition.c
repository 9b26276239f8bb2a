/* gateway/observe/exposition.c - the metrics as Prometheus text, format 0.0.4
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>

#include "base/clock.h"
#include "gateway/observe/metric.h"
#include "gateway/observe/limit_count.h"
#include "gateway/observe/series.h"

static const char *const bound_texts[FL_METRIC_BUCKETS] = {
#define TEXT(arg, ns, text) text,
    FL_METRIC_BOUNDS(TEXT, ) "+Inf",
};

static const struct {
	const char *text;
	bool is_always; /* printed when 0, so that an alert sees the first one */
} classes[] = {{"none", false}, {"1xx", false}, {"2xx", true},
               {"3xx", true},   {"4xx", true},  {"5xx", true}};

struct totals { /* one route, all workers */
	struct fl_str label;
	uint64_t by_class[FL_ARRAY_LEN(classes)];
	uint64_t duration_ns_sum, bytes_in, bytes_out;
	uint64_t buckets[FL_METRIC_BUCKETS];
	uint64_t decisions[FL_METRIC_DECISIONS];
	uint64_t count; /* of the buckets, so that a histogram agrees with itself */
};

void fl_metric_add_label(struct fl_buf *out, struct fl_str value)
{
	bool is_utf8 = fl_str_is_utf8(value);

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\n')
			fl_buf_add(out, FL_STR("\\n"));
		else if (c == '"' || c == '\\')
			fl_buf_add(out, fl_str_n((const char[]){'\\', c}, 2));
		else
			fl_buf_add_char(out, (c & 0x80) && !is_utf8 ? '?' : c);
	}
}

/* In a help text only these two mean something. */
static void add_help(struct fl_buf *out, const char *help)
{
	for (; *help; help++) {
		if (*help == '\n')
			fl_buf_add_c(out, "\\n");
		else if (*help == '\\')
			fl_buf_add_c(out, "\\\\");
		else
			fl_buf_add_char(out, *help);
	}
}

void fl_metrics_head(struct fl_buf *out, const char *name, const char *type, const char *help)
{
	fl_buf_add_c(out, "# HELP ");
	fl_buf_add_c(out, name);
	fl_buf_add_char(out, ' ');
	add_help(out, help);
	fl_buf_add_c(out, "\n# TYPE ");
	fl_buf_add_c(out, name);
	fl_buf_add_char(out, ' ');
	fl_buf_add_c(out, type);
	fl_buf_add_char(out, '\n');
}

static void add_labels(struct fl_buf *out, const char *name, const char *const *labels)
{
	char before = '{';

	fl_buf_add_c(out, name);
	for (; labels && labels[0]; labels += 2) {
		fl_buf_add_char(out, before);
		fl_buf_add_c(out, labels[0]);
		fl_buf_add_c(out, "=\"");
		fl_metric_add_label(out, fl_str(labels[1]));
		fl_buf_add_char(out, '"');
		before = ',';
	}
	if (before == ',')
		fl_buf_add_char(out, '}');
	fl_buf_add_char(out, ' ');
}

void fl_metrics_sample(struct fl_buf *out, const char *name, const char *const *labels,
                       uint64_t value)
{
	add_labels(out, name, labels);
	fl_buf_add_u64(out, value);
	fl_buf_add_char(out, '\n');
}

void fl_metrics_sample_signed(struct fl_buf *out, const char *name, const char *const *labels,
                              int64_t value)
{
	add_labels(out, name, labels);
	fl_buf_printf(out, "%" PRId64 "\n", value);
}

/* name{route="...",key="text"} - the second label only if there is a key. */
static void add_series(struct fl_buf *out, const char *name, const struct totals *t,
                       const char *key, const char *text)
{
	fl_buf_add_c(out, name);
	fl_buf_add_c(out, "{route=\"");
	fl_buf_add(out, t->label);
	if (key) {
		fl_buf_add_c(out, "\",");
		fl_buf_add_c(out, key);
		fl_buf_add_c(out, "=\"");
		fl_buf_add_c(out, text);
	}
	fl_buf_add_c(out, "\"} ");
}

static void add_count(struct fl_buf *out, uint64_t value)
{
	fl_buf_add_u64(out, value);
	fl_buf_add_char(out, '\n');
}

static void add_seconds(struct fl_buf *out, uint64_t ns)
{
	fl_buf_printf(out, "%" PRIu64 ".%09" PRIu64 "\n", ns / FL_NS_PER_SEC, ns % FL_NS_PER_SEC);
}

static uint64_t read_counter(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void sum(struct fl_metric_route *route, struct totals *ret)
{
	*ret = (struct totals){.label = route->label};
	for (unsigned w = 0; w < route->workers; w++) {
		const struct fl_metric_route_shard *shard = fl_metric_route_shard(route->shards, w);

		for (size_t c = 0; c < FL_ARRAY_LEN(classes); c++)
			ret->by_class[c] += read_counter(&shard->by_class[c]);
		for (size_t b = 0; b < FL_METRIC_BUCKETS; b++) {
			uint64_t n = read_counter(&shard->buckets[b]);

			ret->buckets[b] += n;
			ret->count += n;
		}
		for (size_t d = 0; d < FL_METRIC_DECISIONS; d++)
			ret->decisions[d] += read_counter(&shard->decisions[d]);
		ret->duration_ns_sum += read_counter(&shard->duration_ns_sum);
		ret->bytes_in += read_counter(&shard->bytes_in);
		ret->bytes_out += read_counter(&shard->bytes_out);
	}
}

static void add_requests(struct fl_buf *out, const char *name, const struct totals *t)
{
	for (size_t c = 0; c < FL_ARRAY_LEN(classes); c++) {
		if (t->by_class[c] == 0 && !classes[c].is_always)
			continue;
		add_series(out, name, t, "status_class", classes[c].text);
		add_count(out, t->by_class[c]);
	}
}

static void add_durations(struct fl_buf *out, const char *name, const struct totals *t)
{
	uint64_t up_to_here = 0;

	(void)name;
	for (size_t b = 0; b < FL_METRIC_BUCKETS; b++) {
		up_to_here += t->buckets[b];
		add_series(out, "fairlead_request_duration_seconds_bucket", t, "le",
		           bound_texts[b]);
		add_count(out, up_to_here);
	}
	add_series(out, "fairlead_request_duration_seconds_sum", t, NULL, NULL);
	add_seconds(out, t->duration_ns_sum);
	add_series(out, "fairlead_request_duration_seconds_count", t, NULL, NULL);
	add_count(out, t->count);
}

static void add_bytes_in(struct fl_buf *out, const char *name, const struct totals *t)
{
	add_series(out, name, t, NULL, NULL);
	add_count(out, t->bytes_in);
}

static void add_bytes_out(struct fl_buf *out, const char *name, const struct totals *t)
{
	add_series(out, name, t, NULL, NULL);
	add_count(out, t->bytes_out);
}

const char *fl_metric_decision_name(enum fl_metric_decision decision)
{
	static const char *const names[FL_METRIC_DECISIONS] = {
	    [FL_METRIC_ALLOW] = "allow",
	    [FL_METRIC_DENY] = "deny",
	    [FL_METRIC_DENY_ERROR] = "deny_error",
	    [FL_METRIC_RATE_LIMITED] = "rate_limited",
	    [FL_METRIC_UNFULFILLED] = "unfulfilled",
	};

	return names[decision];
}

/* A route that no policy decided about has none. */
static void add_decisions(struct fl_buf *out, const char *name, const struct totals *t)
{
	for (size_t d = 0; d < FL_METRIC_DECISIONS; d++) {
		if (t->decisions[d] == 0)
			continue;
		add_series(out, name, t, "decision",
		           fl_metric_decision_name((enum fl_metric_decision)d));
		add_count(out, t->decisions[d]);
	}
}

static const struct {
	const char *name, *type, *help;
	void (*add)(struct fl_buf *out, const char *name, const struct totals *t);
} route_families[] = {
    {"fairlead_requests_total", "counter",
     "Requests that have ended, by route and class of status.", add_requests},
    {"fairlead_request_duration_seconds", "histogram",
     "Time from the first byte of a request to the end of its answer.", add_durations},
    {"fairlead_request_body_bytes_total", "counter", "Bytes of request bodies.", add_bytes_in},
    {"fairlead_response_body_bytes_total", "counter", "Bytes of response bodies.", add_bytes_out},
    {"fairlead_policy_decisions_total", "counter",
     "Requests that policies decided about, by route and decision.", add_decisions},
};

void fl_metrics_render(struct fl_metrics *metrics, struct fl_buf *out)
{
	(void)pthread_mutex_lock(&metrics->lock);
	size_t routes_n = metrics->routes_n;

	(void)pthread_mutex_unlock(&metrics->lock);
	for (size_t f = 0; f < FL_ARRAY_LEN(route_families); f++) {
		struct fl_metric_route *route = metrics->first;

		fl_metrics_head(out, route_families[f].name, route_families[f].type,
		                route_families[f].help);
		/* Counted, not to the end of the list: that one is being written to. */
		for (size_t i = 0; i < routes_n; i++) {
			struct totals t;

			sum(route, &t);
			if (t.count != 0)
				route_families[f].add(out, route_families[f].name, &t);
			if (i + 1 < routes_n)
				route = route->next;
		}
	}
	fl_limit_counts_render(metrics, out);
	for (const struct fl_metric_family *f = metrics->families; f; f = f->next) {
		if (f->type)
			fl_metrics_head(out, f->name, f->type, f->help);
		f->collect(f->ctx, out);
	}
}
