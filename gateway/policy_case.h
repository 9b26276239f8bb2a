/* gateway/policy_case.h - a test of policies in the format of Cedar's official tests
 * SPDX-License-Identifier: Apache-2.0
 *
 * A JSON object: `policies`, `entities` and `schema` name files relative to a root folder,
 * `shouldValidate` says whether the policies must pass strict validation, and `requests` are
 * decided one after the other: `decision` is compared, `reason` and `errors` as sets of policy ids.
 * Such a test runs with any implementation of Cedar. `schema` may be absent here, then nothing is
 * validated; members that the format does not know are refused, so that a misspelt one is no test
 * that always passes.
 */
#ifndef FL_GATEWAY_POLICY_CASE_H
#define FL_GATEWAY_POLICY_CASE_H

#include "gateway/policy_input.h"

/* What went wrong, counted over any number of tests. */
struct fl_policy_tally {
	size_t passed, failed; /* tests: one file each */
	size_t requests;       /* that were decided */
	size_t broken;         /* tests or requests that could not be run at all */
	size_t decision_bad, reason_bad, error_bad, verdict_bad;
	bool is_refused; /* something could not be read, or memory is full */
};

/* Runs the test at `path`. `root` may be NULL: then it is the nearest folder above the test that
 * has the file of `policies`. In FL_CEDAR_FAST only decisions are compared, since reasons are not
 * complete. What differs is written to `out`, with an explanation. Blocks. */
void fl_policy_case_run(const char *path, const char *root, enum fl_cedar_mode mode,
                        struct fl_policy_tally *tally, struct fl_buf *out);

#endif
