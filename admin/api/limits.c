/* admin/api/limits.c - limits, and how requests fared at them
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/api/private.h"
#include "gateway/config/value.h"
#include "gateway/observe/limit_count.h"

static void add_by(struct fl_json *j, const struct fl_cfg_limit *limit)
{
	static const char *const words[] = {"consumer", "address", "route", "instance"};
	struct fl_buf text;

	fl_buf_init(&text, 256);
	fl_json_array(j, "by");
	for (size_t i = 0; i < limit->parts_n; i++) {
		fl_buf_clear(&text);
		if (limit->parts[i].by == FL_CFG_LIMIT_HEADER) {
			fl_buf_add_c(&text, "header:");
			fl_buf_add(&text, limit->parts[i].header);
		} else {
			fl_buf_add_c(&text, words[limit->parts[i].by]);
		}
		fl_json_add(j, NULL, fl_buf_str(&text));
	}
	fl_json_end(j);
	fl_buf_fini(&text);
}

static void add_rate(struct fl_json *j, const struct fl_cfg_rate *rate)
{
	struct fl_buf text;

	fl_buf_init(&text, 64);
	fl_buf_add_u64(&text, rate->count);
	fl_buf_add_char(&text, '/');
	fl_cfg_value_add_duration(&text, rate->period_ns);
	fl_json_add(j, "rate", fl_buf_str(&text));
	fl_buf_fini(&text);
}

static void add_routes(struct fl_json *j, const struct fl_config *config, size_t limit)
{
	fl_json_array(j, "routes");
	for (size_t i = 0; i < config->routes_n; i++)
		for (size_t k = 0; k < config->routes[i].limits_n; k++)
			if (config->routes[i].limits[k] == limit)
				fl_json_add(j, NULL, config->routes[i].name);
	fl_json_end(j);
}

static void add_limit(struct fl_json *j, struct fl_api_call *call, const struct fl_config *config,
                      size_t i)
{
	const struct fl_cfg_limit *limit = &config->limits[i];
	uint64_t counts[FL_LIMIT_DECISIONS];

	fl_metrics_limit_sum(call->api->parts.metrics, limit->name, counts);
	fl_json_object(j, NULL);
	fl_json_add(j, "name", limit->name);
	add_by(j, limit);
	add_rate(j, &limit->rate);
	fl_json_add_u64(j, "burst", limit->burst);
	fl_json_add_u64(j, "cost", limit->cost);
	fl_json_add_bool(j, "enforce", limit->is_enforced);
	fl_json_add_u64(j, "ipv6_prefix", limit->ipv6_prefix);
	add_routes(j, config, i);
	fl_json_object(j, "decisions");
	for (size_t d = 0; d < FL_LIMIT_DECISIONS; d++)
		fl_json_add_u64(j, fl_limit_decision_name((enum fl_limit_decision)d), counts[d]);
	fl_json_end(j);
	fl_json_end(j);
}

void fl_api_limits_list(struct fl_api_call *call)
{
	struct fl_live *live = fl_api_serving(call);
	struct fl_json j;

	if (live == NULL)
		return;
	fl_api_object(call, 200, &j);
	fl_json_array(&j, "items");
	for (size_t i = 0; i < live->config->limits_n; i++)
		add_limit(&j, call, live->config, i);
	fl_json_end(&j);
	fl_json_add_u64(&j, "revision", live->revision);
	fl_json_end(&j);
	(void)fl_live_unref(live);
}
