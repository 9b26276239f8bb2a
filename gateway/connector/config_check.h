/* gateway/connector/config_check.h - does an instance's configuration fit its connector's schema?
 * SPDX-License-Identifier: Apache-2.0
 *
 * As much of JSON Schema 2020-12 as describes configurations: type, enum, const; properties,
 * required, additionalProperties, minProperties, maxProperties; items, minItems, maxItems,
 * uniqueItems; minLength, maxLength; minimum, maximum, exclusiveMinimum, exclusiveMaximum; allOf.
 * A string marked x-fairlead-secret that holds no ${secret:NAME} warns.
 * Other keywords are notes here: what they would say is create()'s to check, which has the last
 * word anyway.
 */
#ifndef FL_GATEWAY_CONNECTOR_CONFIG_CHECK_H
#define FL_GATEWAY_CONNECTOR_CONFIG_CHECK_H

#include "gateway/config/model.h"
#include "gateway/connector/manifest.h"

/* Adds everything that does not fit, code "config_invalid", and warnings, code "secret_literal", each
 * with its place in the file. True when there was no error. [control] */
bool fl_connector_config_check(const struct fl_manifest *manifest,
                               const struct fl_cfg_instance *instance,
                               struct fl_problems *problems);

#endif
