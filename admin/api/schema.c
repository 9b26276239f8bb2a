/* admin/api/schema.c - the JSON Schemas of what the admin API answers
 * SPDX-License-Identifier: Apache-2.0
 *
 * The end-to-end tests hold every answer against these; "additionalProperties" stays open, so that a
 * client written today survives members of tomorrow.
 */
#include "admin/api/private.h"

#define S "{\"type\":\"string\"}"
#define N "{\"type\":\"integer\",\"minimum\":0}"
#define B "{\"type\":\"boolean\"}"
#define MS "{\"type\":\"number\",\"minimum\":0}"
#define TIME "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}"
#define REF(name) "{\"$ref\":\"#/components/schemas/" name "\"}"
#define LIST(item) "{\"type\":\"array\",\"items\":" item "}"
#define OBJECT(required, members)                                                                  \
	"{\"type\":\"object\",\"required\":[" required "],\"properties\":{" members "}}"
#define ITEMS(name) OBJECT("\"items\",\"revision\"", "\"items\":" LIST(REF(name)) ",\"revision\":" N)

/* One life of an instance: what every row of instances and generations has. */
#define LIFE                                                                                       \
	"\"generation\":" N ",\"module_generation\":" N ",\"version\":" S ",\"sha256\":" S            \
	",\"state\":{\"enum\":[\"starting\",\"running\",\"quiescing\",\"stopping\",\"gone\","            \
	"\"faulted\",\"zombie\"]},\"is_inline\":" B ",\"unload_class\":{\"enum\":[\"U\",\"P\"]},"        \
	"\"in_flight\":" N ",\"owed\":" N ",\"calls_total\":" N ",\"failures_total\":" N                 \
	",\"contract_violations_total\":" N ",\"late_replies_total\":" N ",\"cancelled_total\":" N        \
	",\"log_dropped_total\":" N

const struct fl_api_schema fl_api_schemas[] = {
    {"Health", OBJECT("\"status\"", "\"status\":" S)},
    {"Openapi", OBJECT("\"openapi\",\"paths\"", "\"openapi\":" S ",\"paths\":{\"type\":\"object\"}")},
    {"Fault", OBJECT("\"code\",\"detail\",\"pointer\"",
		     "\"code\":" S ",\"detail\":" S ",\"pointer\":" S ",\"hint\":" S ",\"file\":" S
		     ",\"line\":" N ",\"column\":" N)},
    {"Problem", OBJECT("\"type\",\"title\",\"status\",\"detail\",\"request_id\"",
		       "\"type\":" S ",\"title\":" S ",\"status\":" N ",\"detail\":" S ",\"hint\":" S
		       ",\"request_id\":" S ",\"errors\":" LIST(REF("Fault")))},
    {"Status",
     OBJECT("\"version\",\"ready\",\"config\",\"workers\",\"snapshots_alive\",\"zombies\",\"connectors\","
	    "\"policies\",\"warnings\"",
	    "\"version\":" S ",\"pid\":" N ",\"started\":" TIME ",\"uptime_s\":" N ",\"ready\":" B
	    ",\"config\":" OBJECT("\"file\",\"digest\",\"revision\",\"last_reload\"",
				  "\"file\":" S ",\"digest\":" S ",\"revision\":" N ",\"since\":" TIME
				  ",\"last_reload\":" OBJECT("\"at\",\"ok\",\"errors\"",
							     "\"at\":" TIME ",\"ok\":" B
							     ",\"errors\":" LIST(REF("Fault")))
				  ",\"reloads_total\":" N ",\"reloads_refused_total\":" N)
	    ",\"workers\":" N ",\"connections\":" N ",\"requests_active\":" N ",\"snapshots_alive\":" N
	    ",\"modules_live\":" N ",\"modules_pinned\":" N ",\"instances_live\":" N
	    ",\"instances_draining\":" N ",\"zombies\":" N ",\"routes\":" N
	    ",\"policies\":" OBJECT("\"configured\"",
				    "\"configured\":" B ",\"note\":" S ",\"digest\":" S
				    ",\"since\":" TIME ",\"files\":" N ",\"deciding\":" N
				    ",\"shadowed\":" N ",\"entities\":" N)
	    ",\"connectors\":" LIST(OBJECT("\"id\",\"configured\",\"active\"",
					   "\"id\":" S ",\"configured\":" S ",\"active\":" S
					   ",\"is_activated\":" B ",\"used_by\":" N))
	    ",\"admin\":" OBJECT("\"auth_failures_total\"",
				 "\"requests_total\":" N ",\"auth_failures_total\":" N
				 ",\"jobs_waiting\":" N)
	    ",\"warnings\":" LIST(REF("Fault")))},
    {"Config", "{\"type\":\"object\"}"},
    {"Reload", OBJECT("\"revision\",\"changed\",\"live_in_ms\"",
		      "\"revision\":" N ",\"changed\":" B ",\"late\":" B ",\"live_in_ms\":" MS
		      ",\"warnings\":" LIST(REF("Fault")))},
    {"ExplainRequest",
     OBJECT("\"method\",\"url\"",
	    "\"method\":" S ",\"url\":" S
	    ",\"headers\":{\"type\":\"object\",\"additionalProperties\":" S "},\"consumer\":" S
	    ",\"client\":" S ",\"content_length\":" N)},
    {"Explanation",
     OBJECT("\"decision\",\"has_policies\",\"refused\",\"route\",\"text\"",
	    "\"decision\":{\"enum\":[\"allow\",\"deny\",\"refused\"]},\"has_policies\":" B
	    ",\"refused\":{\"type\":[\"object\",\"null\"]},\"route\":{\"type\":[\"object\",\"null\"]}"
	    ",\"principal\":" S ",\"action\":" S ",\"resource\":" S ",\"failed_closed\":" B
	    ",\"determining\":" LIST(OBJECT("\"policy\",\"effect\",\"obligations\"",
					    "\"policy\":" S ",\"effect\":" S ",\"file\":" S ",\"line\":" N
					    ",\"obligations\":" LIST(OBJECT(
						"\"name\",\"value\"", "\"name\":" S ",\"value\":" S))))
	    ",\"active\":" REF("PolicySteps") ",\"shadow\":" REF("PolicySteps") ",\"text\":" S)},
    {"PolicySteps",
     OBJECT("\"decision\",\"reason\",\"errors\",\"policies\",\"not_concerned\"",
	    "\"decision\":" S ",\"reason\":" LIST(S) ",\"errors\":" LIST(S) ",\"policies\":" LIST(
		OBJECT("\"policy\",\"effect\",\"verdict\"",
		       "\"policy\":" S ",\"effect\":" S
		       ",\"verdict\":{\"enum\":[\"out_of_scope\",\"not_satisfied\",\"satisfied\",\"error\"]}"
		       ",\"file\":" S ",\"line\":" N ",\"column\":" N)) ",\"not_concerned\":" N)},
    {"ConnectorList", ITEMS("Connector")},
    {"Connector", OBJECT("\"id\",\"configured\",\"active\",\"used_by\",\"versions\"",
			 "\"id\":" S ",\"configured\":" S ",\"active\":" S ",\"is_activated\":" B
			 ",\"used_by\":" LIST(S) ",\"versions\":" LIST(REF("Version")))},
    {"Version", OBJECT("\"id\",\"version\",\"sha256\",\"origin\",\"is_active\"",
		       "\"id\":" S ",\"version\":" S ",\"sha256\":" S
		       ",\"origin\":{\"enum\":[\"shipped\",\"uploaded\",\"file\"]},\"is_active\":" B
		       ",\"used_by\":" LIST(S) ",\"manifest\":{\"type\":\"object\"}")},
    {"Inspection", OBJECT("\"id\",\"version\",\"sha256\",\"loadable\",\"errors\",\"warnings\"",
			  "\"id\":" S ",\"version\":" S ",\"sha256\":" S ",\"loadable\":" B
			  ",\"manifest\":{\"type\":\"object\"},\"errors\":" LIST(
			      REF("Fault")) ",\"warnings\":" LIST(REF("Fault")))},
    {"Activation", OBJECT("\"id\",\"version\",\"sha256\",\"generation\",\"changed\",\"live_in_ms\"",
			  "\"id\":" S ",\"version\":" S ",\"sha256\":" S ",\"generation\":" N
			  ",\"changed\":" B ",\"late\":" B ",\"live_in_ms\":" MS ",\"revision\":" N
			  ",\"instances\":" LIST(OBJECT("\"name\",\"generation\"",
							"\"name\":" S ",\"generation\":" N)))},
    {"LimitList", ITEMS("Limit")},
    {"Limit", OBJECT("\"name\",\"by\",\"rate\",\"burst\",\"cost\",\"enforce\",\"ipv6_prefix\",\"routes\",\"decisions\"",
		     "\"name\":" S ",\"by\":" LIST(S) ",\"rate\":" S ",\"burst\":" N ",\"cost\":" N
		     ",\"enforce\":" B ",\"ipv6_prefix\":" N ",\"routes\":" LIST(S)
		     ",\"decisions\":" OBJECT("\"pass\",\"refuse\",\"would_refuse\",\"give_back\"",
					      "\"pass\":" N ",\"refuse\":" N ",\"would_refuse\":" N
					      ",\"give_back\":" N))},
    {"InstanceList", ITEMS("Instance")},
    {"Instance", OBJECT("\"name\",\"connector\",\"mode\"",
			"\"name\":" S ",\"connector\":" S ",\"owner\":" S ",\"mode\":" S "," LIFE
			",\"routes\":" LIST(S))},
    {"GenerationList", ITEMS("Generation")},
    {"Generation", OBJECT("\"generation\",\"version\",\"state\",\"in_flight\",\"owed\"", LIFE)},
    {"Renewal", OBJECT("\"name\",\"generation\",\"live_in_ms\"",
		       "\"name\":" S ",\"generation\":" N ",\"revision\":" N ",\"late\":" B
		       ",\"live_in_ms\":" MS)},
};
const size_t fl_api_schemas_n = FL_ARRAY_LEN(fl_api_schemas);
