/* gateway/connector/host_table.c - private: the one table of host functions that connectors get
 * SPDX-License-Identifier: Apache-2.0
 *
 * Constant for the life of the process, also after a connector is gone: who calls is said by
 * `self`, and is looked at again in every call.
 */
#include "gateway/connector/debt.h"
#include "gateway/connector/op.h"

static const struct {
	const char *id;
	const void *table;
} extensions[] = {
    {FAIRLEAD_EXT_HTTP, &fl_service_http},     {FAIRLEAD_EXT_TIMER, &fl_service_timer},
    {FAIRLEAD_EXT_EXEC, &fl_service_exec},     {FAIRLEAD_EXT_KV, &fl_service_kv},
    {FAIRLEAD_EXT_METRIC, &fl_service_metric},
};

static const void *FAIRLEAD_CALL get_ext(fairlead_id self, const char *id)
{
	FL_SELF_LEAVE struct fl_life *life = fl_self_enter(self);
	const void *table = NULL;

	if (!life)
		return NULL;
	for (size_t i = 0; id && i < FL_ARRAY_LEN(extensions); i++)
		if (strcmp(extensions[i].id, id) == 0 &&
		    fl_manifest_asks_for(life->instance->manifest, fl_str(id)))
			table = extensions[i].table;
	return table;
}

static fairlead_status FAIRLEAD_CALL reply(fairlead_id self, fairlead_id req,
                                           const fairlead_response *response)
{
	FL_SELF_LEAVE struct fl_life *life = fl_self_enter(self);

	return life ? fl_answer_reply(life, req, response) : FAIRLEAD_E_STALE;
}

static fairlead_status FAIRLEAD_CALL fail(fairlead_id self, fairlead_id req, fairlead_status code,
                                          fairlead_str detail)
{
	FL_SELF_LEAVE struct fl_life *life = fl_self_enter(self);

	return life ? fl_answer_fail(life, req, code, fl_str_n(detail.p, detail.p ? detail.n : 0))
	            : FAIRLEAD_E_STALE;
}

static fairlead_status FAIRLEAD_CALL ready(fairlead_id self, fairlead_status status,
                                           fairlead_str detail)
{
	FL_SELF_LEAVE struct fl_life *life = fl_self_enter(self);

	return life ? fl_life_ready(life, status, detail) : FAIRLEAD_E_STALE;
}

static fairlead_status FAIRLEAD_CALL drained(fairlead_id self)
{
	FL_SELF_LEAVE struct fl_life *life = fl_self_enter(self);

	return life ? fl_life_drained(life) : FAIRLEAD_E_STALE;
}

const fairlead_host fl_host_table = {
    .struct_size = sizeof fl_host_table,
    .abi_minor = FAIRLEAD_ABI_MINOR,
    .get_ext = get_ext,
    .reply = reply,
    .fail = fail,
    .log = fl_service_log,
    .ready = ready,
    .drained = drained,
};
