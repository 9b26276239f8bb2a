/* tests/unit/http/fake.h - a pipeline that does what the path says
 * SPDX-License-Identifier: Apache-2.0
 *
 *	/fixed     200 "hello\n"
 *	/show      200, the request as the transport hands it over, a line each
 *	/echo      200, the request's body
 *	/big/N     200, N bytes
 *	/headers/N 200 with N headers of a kilobyte
 *	/early     404 before the body
 *	/odd/N     the Nth set of odd headers in fake.c
 *	/close     200 that asks for the connection to be closed
 *	/soon      waits until the loop comes round
 *	/wait      waits until fake_finish(), fl_pipeline_gone() or fl_pipeline_drain()
 *	/owe       like /wait, and is released only by fake_pay()
 */
#ifndef FL_TESTS_UNIT_HTTP_FAKE_H
#define FL_TESTS_UNIT_HTTP_FAKE_H

#include <stdatomic.h>

#include "gateway/pipeline/pipeline.h"

struct fake_counts {
	atomic_uint begun, dispatched, waiting, gone, drained, ended, sent, refused, owed;
	atomic_uint last_status; /* of the answer that ended last */
	atomic_uint by_worker[16];
};
extern struct fake_counts fake;
extern _Atomic uint64_t fake_max_body;

void fake_reset(void);
/* Answers what waits on `loop` with 200. [any] */
void fake_finish(struct fl_loop *loop);
/* Releases what is owed on `loop`. [any] */
void fake_pay(struct fl_loop *loop);

#endif
