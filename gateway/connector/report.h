/* gateway/connector/report.h - private: what the host tells about itself
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_CONNECTOR_REPORT_H
#define FL_GATEWAY_CONNECTOR_REPORT_H

#include "gateway/connector/host.h"

/* The host lives as long as the metrics are read. [control] */
void fl_host_register_metrics(struct fl_host *host, struct fl_metrics *metrics);

#endif
