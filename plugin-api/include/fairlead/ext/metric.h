/* fairlead/ext/metric.h - fairlead.metric/1: counters and gauges of a connector
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names are declared in the manifest ("metrics": [{"name", "type": "counter"|"gauge", "help"}], at
 * most 32), so their number is bounded. They appear as fairlead_connector_<name>{instance="...",
 * generation="..."}: each generation of an instance begins at 0.
 */
#ifndef FAIRLEAD_EXT_METRIC_H
#define FAIRLEAD_EXT_METRIC_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FAIRLEAD_EXT_METRIC "fairlead.metric/1"

typedef struct fairlead_metric {
	uint32_t struct_size;
	uint32_t reserved0;
	/* Adds to a counter (delta >= 0) or gauge. FAIRLEAD_E_NOT_FOUND: not declared;
	 * FAIRLEAD_E_INVAL: negative on a counter. Never blocks. [any] */
	fairlead_status(FAIRLEAD_CALL *add)(fairlead_id self, fairlead_str name, int64_t delta);
	/* Sets a gauge. [any] */
	fairlead_status(FAIRLEAD_CALL *set)(fairlead_id self, fairlead_str name, int64_t value);
} fairlead_metric;

#ifdef __cplusplus
}
#endif
#endif
