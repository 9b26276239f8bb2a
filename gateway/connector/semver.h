/* gateway/connector/semver.h - versions of connectors (semver.org 2.0.0)
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_CONNECTOR_SEMVER_H
#define FL_GATEWAY_CONNECTOR_SEMVER_H

#include "base/macros.h"
#include "base/str.h"

struct fl_semver { /* strings borrowed from the text */
	uint64_t major, minor, patch;
	struct fl_str pre; /* after "-"; empty: a release */
};

/* "1.2.3", "1.2.3-rc.1", "1.2.3+build"; false for all else. */
FL_MUST_USE bool fl_semver_parse(struct fl_str text, struct fl_semver *ret);
/* By precedence: build metadata does not count, a pre-release comes before its release. */
int fl_semver_cmp(const struct fl_semver *a, const struct fl_semver *b);
/* A pattern: "" (any), "1.x", "1.2.x" or a whole version? */
bool fl_semver_is_pattern(struct fl_str pattern);
/* Does the version fit? A whole version fits by equality of the text; the others fit only releases.
 */
bool fl_semver_matches(struct fl_str pattern, struct fl_str version);

#endif
