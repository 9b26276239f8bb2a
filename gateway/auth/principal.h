/* gateway/auth/principal.h - who a request comes from
 * SPDX-License-Identifier: Apache-2.0
 *
 * Filled by the authenticate stage, read by limits, policy, connector and log. All is borrowed from
 * the request's arena or the snapshot that it holds.
 */
#ifndef FL_GATEWAY_AUTH_PRINCIPAL_H
#define FL_GATEWAY_AUTH_PRINCIPAL_H

#include "gateway/auth/replay.h"
#include "gateway/config/model.h"

struct fl_claim { /* what a token says of its bearer */
	struct fl_str name;
	const struct fl_str *values;
	size_t values_n;
};

struct fl_principal {
	const struct fl_cfg_consumer *consumer; /* NULL: nobody that is known */
	const char *method; /* how it proved that: "api_key", or the name of a kind of
			     * gateway/auth/method.h; NULL: it did not. Static. A proof without
			     * a consumer is possible: somebody who knows a secret */
	const struct fl_claim *claims;
	size_t claims_n;
	bool has_delivery; /* a webhook that is let in once */
	struct fl_replay_hash delivery;
};

/* Did the caller prove anything? */
static inline bool fl_principal_is_authenticated(const struct fl_principal *principal)
{
	return principal->method != NULL;
}

#endif
