/* tests/unit/connector/test_report.c - what the host tells Prometheus
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/connector/world.h"

#include <stdio.h>

static struct fl_instance *make(const char *connector, struct fl_str name)
{
	struct fl_module *module = world_load(connector);
	const struct fl_instance_spec spec = {.name = name,
	                                      .config_json = FL_STR("{\"mode\":\"metric\"}")};
	struct fl_instance *instance;

	if (!module || fl_instance_create(w.host, module, &spec, &instance, &world_error) != 0)
		fail_msg("%s: %s", connector, world_error.message);
	(void)fl_module_unref(module);
	return instance;
}

/* The lines that begin with "fairlead_connector_", and what is said of them. */
static void read_own(char *text, size_t size)
{
	struct fl_buf page;
	char *save = NULL;
	size_t n = 0;

	fl_buf_init(&page, 1u << 20);
	fl_metrics_render(w.metrics, &page);
	text[0] = '\0';
	for (char *line = strtok_r((char *)(uintptr_t)fl_buf_cstr(&page), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (strstr(line, "fairlead_connector_"))
			n += (size_t)snprintf(text + n, size - n, "%s\n", line);
	fl_buf_fini(&page);
	assert_true(n < size);
}

static void test_own_metrics(void **state)
{
	/* The newest instance comes first. */
	static const char expected[] =
	    "# HELP fairlead_connector_level Some level.\n"
	    "# TYPE fairlead_connector_level gauge\n"
	    "fairlead_connector_level{instance=\"b\",generation=\"2\"} 0\n"
	    "fairlead_connector_level{instance=\"a\",generation=\"1\"} -3\n"
	    "# HELP fairlead_connector_seen_total Requests seen, twice.\n"
	    "# TYPE fairlead_connector_seen_total counter\n"
	    "fairlead_connector_seen_total{instance=\"b\",generation=\"2\"} 0\n"
	    "fairlead_connector_seen_total{instance=\"a\",generation=\"1\"} 4\n";
	struct fl_instance *a, *b;
	char text[4096], said[64];

	(void)state;
	read_own(text, sizeof text);
	assert_string_equal(text, "");
	a = make("mock-parallel", FL_STR("a"));
	b = make("mock-serial", FL_STR("b"));
	assert_int_equal(world_ask(a, "", said), FL_CALL_REPLIED);
	assert_int_equal(world_ask(a, "", said), FL_CALL_REPLIED);
	read_own(text, sizeof text);
	assert_string_equal(text, expected);
	world_drop(a);
	world_drop(b);
	read_own(text, sizeof text);
	assert_string_equal(text, "");
}

static void test_disagreement(void **state)
{
	static const char expected[] =
	    "# HELP fairlead_connector_level \n"
	    "# TYPE fairlead_connector_level untyped\n"
	    "fairlead_connector_level{instance=\"odd \\\"one\\\"\",generation=\"2\"} 0\n"
	    "fairlead_connector_level{instance=\"a\",generation=\"1\"} 0\n"
	    "# HELP fairlead_connector_odd Two\\nlines, and a \\\\.\n"
	    "# TYPE fairlead_connector_odd gauge\n"
	    "fairlead_connector_odd{instance=\"odd \\\"one\\\"\",generation=\"2\"} 0\n"
	    "# HELP fairlead_connector_seen_total Not what others say.\n"
	    "# TYPE fairlead_connector_seen_total counter\n"
	    "fairlead_connector_seen_total{instance=\"odd \\\"one\\\"\",generation=\"2\"} 0\n"
	    "fairlead_connector_seen_total{instance=\"a\",generation=\"1\"} 0\n";
	struct fl_instance *a = make("mock-parallel", FL_STR("a"));
	struct fl_instance *odd = make("mock-odd", FL_STR("odd \"one\""));
	char text[4096];

	(void)state;
	read_own(text, sizeof text);
	assert_string_equal(text, expected);
	world_drop(a);
	world_drop(odd);
}

static void test_host_metrics(void **state)
{
	static const char *const lines[] = {
	    "\n# TYPE fairlead_instance_calls_total counter\n",
	    "\nfairlead_instance_calls_total{instance=\"a\",generation=\"1\",outcome=\"replied\"} "
	    "1\n",
	    "\nfairlead_instance_calls_total{instance=\"a\",generation=\"1\",outcome=\"failed\"} "
	    "0\n",
	    "\nfairlead_instance_owed{instance=\"a\",generation=\"1\"} 0\n",
	    "\nfairlead_instance_contract_violations_total{instance=\"a\",generation=\"1\"} 0\n",
	    "\nfairlead_instance_late_replies_total{instance=\"a\",generation=\"1\"} 0\n",
	    "\nfairlead_instance_log_dropped_total{instance=\"a\",generation=\"1\"} 0\n",
	    "\nfairlead_instance_generations{state=\"running\"} 1\n",
	    "\nfairlead_modules{state=\"live\"} 1\n",
	    "\nfairlead_module_loads_total{result=\"loaded\"} 1\n",
	    "\nfairlead_zombies 0\n",
	};
	struct fl_instance *a = make("mock-parallel", FL_STR("a"));
	struct fl_buf page;
	char said[64];

	(void)state;
	assert_int_equal(world_ask(a, "", said), FL_CALL_REPLIED);
	fl_buf_init(&page, 1u << 20);
	fl_metrics_render(w.metrics, &page);
	for (size_t i = 0; i < FL_ARRAY_LEN(lines); i++)
		if (!strstr(fl_buf_cstr(&page), lines[i]))
			fail_msg("no%sin:\n%s", lines[i], fl_buf_cstr(&page));
	fl_buf_fini(&page);
	world_drop(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(sentence, fn) FL_CASE_SETUP(sentence, fn, world_setup, world_teardown)
	    CASE("metrics of connectors are families over their instances", test_own_metrics),
	    CASE("connectors that do not agree on a metric share it untyped", test_disagreement),
	    CASE("the host tells about instances and modules", test_host_metrics),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
