/* gateway/auth/webhook.h - the sender signs what it sends
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_AUTH_WEBHOOK_H
#define FL_GATEWAY_AUTH_WEBHOOK_H

#include "gateway/auth/method.h"

extern const struct fl_auth_kind fl_auth_webhook;

#endif
