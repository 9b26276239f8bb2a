/* tests/abi/surface.c - a library whose one function reaches every type of the ABI
 * SPDX-License-Identifier: Apache-2.0
 *
 * For abidw and abidiff, which see only what an exported symbol leads to.
 */
#include <fairlead/ext/exec.h>
#include <fairlead/ext/http.h>
#include <fairlead/ext/kv.h>
#include <fairlead/ext/metric.h>
#include <fairlead/ext/timer.h>

struct fairlead_surface {
	fairlead_plugin_entry_fn entry;
	const fairlead_plugin *plugin;
	const fairlead_http *http;
	const fairlead_http_response *http_response;
	const fairlead_timer *timer;
	const fairlead_exec *exec;
	const fairlead_kv_store *kv;
	const fairlead_kv_result *kv_result;
	const fairlead_metric *metric;
};

FAIRLEAD_EXPORT void fairlead_surface(const struct fairlead_surface *surface);

void fairlead_surface(const struct fairlead_surface *surface)
{
	(void)surface;
}
