/* gateway/auth/jwt.h - who calls has a token that somebody else signed
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_AUTH_JWT_H
#define FL_GATEWAY_AUTH_JWT_H

#include "gateway/auth/method.h"

#define FL_JWT_AUDIENCES_MAX 64u /* of a token */
#define FL_JWT_VALUES_MAX 64u /* of a claim that becomes a tag */
#define FL_JWT_TAGS_MAX 16u /* of a method */

extern const struct fl_auth_kind fl_auth_jwt;

#endif
