/* plugin-api/template/echo.c - the smallest connector: answers with what it was sent
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include <fairlead/note.h>
#include <fairlead/sdk/reply.h>

FAIRLEAD_NOTE(FAIRLEAD_CONNECTOR_ID, FAIRLEAD_CONNECTOR_VERSION);

struct fairlead_inst { /* immutable after create(), so "threading": "parallel" */
	sdk_self self;
};

static fairlead_status create(const fairlead_host *host, const fairlead_create *args,
			      fairlead_inst **out)
{
	fairlead_inst *inst = malloc(sizeof *inst);

	if (inst == NULL)
		return FAIRLEAD_E_INTERNAL;
	inst->self = (sdk_self){host, args->self};
	*out = inst;
	return FAIRLEAD_OK;
}

static fairlead_status handle(fairlead_inst *inst, const fairlead_request *req)
{
	fairlead_str type = sdk_header(req, "content-type");
	fairlead_kv headers[] = {
	    {sdk_str("content-type"), type.n != 0 ? type : sdk_str("application/octet-stream")},
	    {sdk_str("x-echo-version"), sdk_str(FAIRLEAD_CONNECTOR_VERSION)},
	};

	if (req->body.n != 0)
		return sdk_reply(inst->self, req->id, 200, headers, 2, req->body);
	headers[0].v = sdk_str("text/plain");
	return sdk_reply(inst->self, req->id, 200, headers, 2, sdk_str("ok\n"));
}

static void destroy(fairlead_inst *inst)
{
	free(inst);
}

const fairlead_plugin *fairlead_plugin_entry_v1(void)
{
	static const fairlead_plugin plugin = {
	    .struct_size = sizeof plugin,
	    .abi_minor = FAIRLEAD_ABI_MINOR,
	    .id = FAIRLEAD_CONNECTOR_ID,
	    .version = FAIRLEAD_CONNECTOR_VERSION,
	    .create = create,
	    .handle = handle,
	    .destroy = destroy,
	};

	return &plugin;
}
