/* policy/links_json.h - links of templates from JSON
 * SPDX-License-Identifier: Apache-2.0
 *
 * The format of the official engine: an array of
 * {"templateId": TEXT, "newId": TEXT, "values": {"?principal": {"type", "id"}, "?resource": ...}}.
 */
#ifndef FL_POLICY_LINKS_JSON_H
#define FL_POLICY_LINKS_JSON_H

#include "policy/cedar.h"

/* Links all of the text; `file` is for messages, may be NULL. Problems ("link_invalid" and those of
 * policy/json.h) say where. FL_CEDAR_E_SYNTAX, FL_CEDAR_E_LIMIT, FL_CEDAR_E_INVALID: those links that
 * are good were made; FL_CEDAR_E_MEMORY. [before finish] */
int fl_cedar_set_link_json(struct fl_cedar_set *set, struct fl_str text, const char *file,
                           struct fl_problems *problems);

#endif
