/* tests/unit/admin/fake.h - host, catalogue and pipeline that do as they are told
 * SPDX-License-Identifier: Apache-2.0
 *
 * They count what is alive, so that a test sees what a change left behind.
 */
#ifndef FL_TESTS_UNIT_ADMIN_FAKE_H
#define FL_TESTS_UNIT_ADMIN_FAKE_H

#include "gateway/connector/catalogue.h"
#include "gateway/connector/host.h"
#include "gateway/pipeline/pipeline.h"

struct fake {
	/* told */
	const char *newest;     /* version of every connector that is asked for without one */
	const char *unloadable; /* the version whose file does not load */
	const char *refuses_probe, *refuses_create; /* names of instances */
	bool is_late, has_no_memory;                /* of publishing */
	/* counted */
	unsigned loads, probes, creates, publications;
	int modules_alive, instances_alive, snapshots_alive;
	struct fl_snapshot *published;
};
extern struct fake fake;

struct fl_host *fake_host(void);
struct fl_catalogue *fake_catalogue(void);
struct fl_pipeline *fake_pipeline(void);

#endif
