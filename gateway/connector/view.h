/* gateway/connector/view.h - private: a request copied for another thread
 * SPDX-License-Identifier: Apache-2.0
 *
 * An executor may hang with a request in its hands while the caller has gone on; so executors never
 * see the caller's memory.
 */
#ifndef FL_GATEWAY_CONNECTOR_VIEW_H
#define FL_GATEWAY_CONNECTOR_VIEW_H

#include "gateway/connector/instance.h"

struct fl_view {
	struct fl_orphan orphan; /* when it cannot be freed */
	fairlead_request request;
};

/* A deep copy in one allocation, to free(); NULL: no memory. */
struct fl_view *fl_view_copy(const fairlead_request *request);

#endif
