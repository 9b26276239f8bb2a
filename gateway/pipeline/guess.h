/* gateway/pipeline/guess.h - private: callers that try one key or password after the other
 * SPDX-License-Identifier: Apache-2.0
 *
 * What failed is counted by address: IPv6 by /64, as a household has that many. Where more failed
 * than server.limits.auth_failures in a minute, what comes with a credential from there is answered
 * 429 before the credential is looked at: one more try is free each minute / limit. Requests without
 * credentials and other addresses are not touched. Signatures of webhooks are counted, but slow
 * nobody: all customers of a service send from the same addresses, and 256 bits cannot be guessed.
 *
 * The memory is bounded: GUESS_SETS * FL_BUCKET_WAYS addresses, apart from what policies limit. Who
 * has more addresses than that to guess from is not slowed: nobody else may be shut out by it.
 */
#ifndef FL_GATEWAY_PIPELINE_GUESS_H
#define FL_GATEWAY_PIPELINE_GUESS_H

#include <stdatomic.h>

#include "gateway/config/model.h"
#include "gateway/limit/bucket.h"
#include "gateway/pipeline/request.h"

struct fl_pipeline;

#define FL_GUESS_METHODS (1u + FL_CFG_BY_N) /* api_key, and the kinds */
#define FL_GUESS_API_KEY 1u                 /* bits of what failed */
#define FL_GUESS_KIND(kind) (2u << (kind))

struct fl_guess_table { /* of all workers */
	struct fl_buckets *buckets; /* NULL: nobody is slowed */
	struct fl_bucket_rate rate;
	_Atomic uint64_t quiet_ns; /* monotonic: from then on all that failed is forgotten */
};

struct fl_guess_counts { /* of one worker */
	/* the worker's loop */
	uint64_t second_ns; /* monotonic: when the window of `logged` began */
	unsigned logged;
	/* written by the worker, read by any */
	_Atomic uint64_t failed[FL_GUESS_METHODS];
	_Atomic uint64_t slowed;
};

/* With the pipeline's config and metrics. 0 or a negative errno. [control] */
FL_MUST_USE int fl_guess_create(struct fl_pipeline *pipeline);
void fl_guess_destroy(struct fl_pipeline *pipeline); /* also when create() failed */
/* A request that brings a key or a password: FL_REQUEST_CONTINUE, or RESPOND with 429. [loop of the
 * worker]; no lock, no system call but for a line in the log */
enum fl_request_verdict fl_guess_admit(struct fl_request *req);
/* These methods (bits) refused it. `is_guess`: what could be guessed at is among it. The same. */
void fl_guess_failed(struct fl_request *req, uint32_t methods, bool is_guess);

#endif
