/* gateway/config/format.h - what a string must look like
 * SPDX-License-Identifier: Apache-2.0
 *
 * One row per format; the table of keys refers to it. A format may rewrite the text: host names in
 * lower case, paths absolute.
 */
#ifndef FL_GATEWAY_CONFIG_FORMAT_H
#define FL_GATEWAY_CONFIG_FORMAT_H

#include "gateway/config/tree.h"

enum fl_cfg_format {
	FL_CFG_FORMAT_ANY,
	FL_CFG_FORMAT_NAME, /* of an object */
	FL_CFG_FORMAT_CONNECTOR, /* id of a connector */
	FL_CFG_FORMAT_SECRET, /* name of a secret */
	FL_CFG_FORMAT_SECRET_REF, /* "${secret:NAME}", which becomes the name; nothing is substituted */
	FL_CFG_FORMAT_VERSION,
	FL_CFG_FORMAT_SHA256,
	FL_CFG_FORMAT_FILE, /* made absolute */
	FL_CFG_FORMAT_LISTEN,
	FL_CFG_FORMAT_ADMIN_LISTEN,
	FL_CFG_FORMAT_NETWORK,
	FL_CFG_FORMAT_EGRESS,
	FL_CFG_FORMAT_HOST,
	FL_CFG_FORMAT_ROUTE_PATH,
	FL_CFG_FORMAT_HEADER, /* name of an HTTP field */
	FL_CFG_FORMAT_PUBLIC_URL, /* scheme and host, without a path; or empty */
	FL_CFG_FORMAT_LIMIT_BY, /* "header:NAME"; other words are the row's */
	FL_CFG_FORMAT_KEY_HASH, /* of an API key, in lower case */
	FL_CFG_FORMAT_USER, /* of HTTP Basic */
	FL_CFG_FORMAT_REALM, /* stands in quotes in a header */
	FL_CFG_FORMAT_N,
};

/* What it must look like, as the end of "must be ..."; NULL for ANY. */
const char *fl_cfg_format_text(enum fl_cfg_format format);
/* A regular expression for editors that says most of it, or NULL. */
const char *fl_cfg_format_pattern(enum fl_cfg_format format);
/* Does the text have the format? May point *text to a rewritten form in scratch. `dir` is where
 * relative paths start. */
bool fl_cfg_format_check(struct fl_arena *scratch, enum fl_cfg_format format, const char *dir,
			 struct fl_str *text);
bool fl_cfg_format_is_secret_name(struct fl_str s);

#endif
