/* gateway/connector/service_metric.c - private: fairlead.metric/1
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/op.h"

static int index_of(const struct fl_manifest *manifest, fairlead_str name)
{
	for (size_t i = 0; i < manifest->metrics_n; i++)
		if (fl_str_eq(manifest->metrics[i].name, fl_str_n(name.p, name.n)))
			return (int)i;
	return -1;
}

static fairlead_status change(struct fl_life *life, fairlead_str name, int64_t value, bool is_set)
{
	struct fl_instance *instance = life->instance;
	int i = index_of(instance->manifest, name);

	if (i < 0)
		return FAIRLEAD_E_NOT_FOUND;
	if (!instance->manifest->metrics[i].is_gauge && (is_set || value < 0))
		return FAIRLEAD_E_INVAL;
	if (is_set)
		atomic_store_explicit(&instance->metrics[i].value, value, memory_order_relaxed);
	else
		(void)atomic_fetch_add_explicit(&instance->metrics[i].value, value,
		                                memory_order_relaxed);
	return FAIRLEAD_OK;
}

static fairlead_status enter_and_change(fairlead_id self, fairlead_str name, int64_t value,
                                        bool is_set)
{
	FL_SELF_LEAVE struct fl_life *life = fl_self_enter(self);

	if (!life)
		return FAIRLEAD_E_STALE;
	return fl_manifest_asks_for(life->instance->manifest, FL_STR(FAIRLEAD_EXT_METRIC))
	           ? change(life, name, value, is_set)
	           : FAIRLEAD_E_DENIED;
}

static fairlead_status FAIRLEAD_CALL service_add(fairlead_id self, fairlead_str name, int64_t delta)
{
	return enter_and_change(self, name, delta, false);
}

static fairlead_status FAIRLEAD_CALL service_set(fairlead_id self, fairlead_str name, int64_t value)
{
	return enter_and_change(self, name, value, true);
}

const fairlead_metric fl_service_metric = {
    .struct_size = sizeof fl_service_metric,
    .add = service_add,
    .set = service_set,
};
