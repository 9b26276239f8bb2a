/* gateway/authorize/ask.h - private: a Cedar request put to both sets of a bundle
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_AUTHORIZE_ASK_H
#define FL_GATEWAY_AUTHORIZE_ASK_H

#include "gateway/authorize/decide.h"

/* Fills all of *ret, which was zeroed. [any] */
void fl_decide_ask(const struct fl_bundle *bundle, const struct fl_cedar_request *rq,
                   enum fl_cedar_mode mode, struct fl_arena *scratch, struct fl_decision *ret);
/* A forbid applies, or one that may could not be evaluated: not merely that nothing permits. [any] */
bool fl_decide_is_forbidden(const struct fl_bundle *bundle, const struct fl_decision *decision);

#endif
