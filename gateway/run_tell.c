/* gateway/run_tell.c - says where the gateway serves and what to type next
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "gateway/data_dir.h"
#include "gateway/run.h"

#define RUN_JSON_MAX (64u << 10)
#define ADMIN_DEFAULT "http://127.0.0.1:8901" /* what fairleadctl asks without being told */

/* "127.0.0.1:0" with the port that the kernel chose; "unix:/path" as it is. */
static void add_url(struct fl_buf *out, struct fl_str listen, uint16_t port)
{
	size_t n = listen.n;

	if (fl_str_starts(listen, FL_STR("unix:"))) {
		fl_buf_add(out, listen);
		return;
	}
	while (n != 0 && listen.p[n - 1] != ':')
		n--;
	fl_buf_add_c(out, "http://");
	fl_buf_add(out, fl_str_n(listen.p, n));
	fl_buf_add_u64(out, port);
}

static void add_urls(struct fl_json *j, const char *key, const struct fl_cfg_strings *listen,
                     uint16_t (*port)(const struct fl_run *run, size_t i), const struct fl_run *run)
{
	struct fl_buf url;

	fl_buf_init(&url, 4096);
	fl_json_array(j, key);
	for (size_t i = 0; i < listen->n; i++) {
		fl_buf_clear(&url);
		add_url(&url, listen->items[i], port(run, i));
		fl_json_add(j, NULL, fl_buf_str(&url));
	}
	fl_json_end(j);
	fl_buf_fini(&url);
}

static uint16_t data_port(const struct fl_run *run, size_t i)
{
	return fl_http_port(run->http, i);
}

static uint16_t admin_port(const struct fl_run *run, size_t i)
{
	return fl_service_port(run->service, i);
}

static int tell_programs(const struct fl_run *run, struct fl_error *err)
{
	struct fl_buf text;
	struct fl_json j;
	int rc;

	fl_buf_init(&text, RUN_JSON_MAX);
	fl_json_init(&j, &text);
	fl_json_object(&j, NULL);
	fl_json_add_u64(&j, "pid", (uint64_t)getpid());
	add_urls(&j, "data", &run->server->listen, data_port, run);
	add_urls(&j, "admin", &run->server->admin_listen, admin_port, run);
	fl_json_end(&j);
	fl_buf_add_char(&text, '\n');
	rc = fl_data_dir_tell(run->data_dir, fl_buf_str(&text), err);
	fl_buf_fini(&text);
	return rc;
}

/* A route that a plain GET can try: the first one whose path has no parameter. */
static struct fl_str path_to_try(const struct fl_config *config)
{
	for (size_t i = 0; i < config->routes_n; i++)
		if (config->routes[i].host.n == 0 &&
		    memchr(config->routes[i].path.p, '{', config->routes[i].path.n) == NULL &&
		    memchr(config->routes[i].path.p, '*', config->routes[i].path.n) == NULL)
			return config->routes[i].path;
	return FL_STR("/");
}

static void tell_people(const struct fl_run *run)
{
	struct fl_str path = path_to_try(run->config);
	struct fl_buf data, admin;

	fl_buf_init(&data, 4096);
	fl_buf_init(&admin, 4096);
	if (run->server->listen.n != 0)
		add_url(&data, run->server->listen.items[0], data_port(run, 0));
	if (run->server->admin_listen.n != 0)
		add_url(&admin, run->server->admin_listen.items[0], admin_port(run, 0));
	(void)fprintf(stderr,
	              "fairlead %s serves %s\n"
	              "  data   %s\n"
	              "  admin  %s\n"
	              "  token  %s/admin.token\n"
	              "next\n"
	              "  curl -i %s%.*s\n"
	              "  export FAIRLEAD_TOKEN_FILE=%s/admin.token\n",
	              FL_VERSION, run->config_path, fl_buf_cstr(&data), fl_buf_cstr(&admin),
	              run->data_dir, fl_buf_cstr(&data), FL_STR_ARGS(path), run->data_dir);
	if (strcmp(fl_buf_cstr(&admin), ADMIN_DEFAULT) != 0)
		(void)fprintf(stderr, "  export FAIRLEAD_SERVER=%s\n", fl_buf_cstr(&admin));
	(void)fprintf(stderr,
	              "  fairleadctl status\n"
	              "reload with kill -HUP %ld, stop with Ctrl-C\n",
	              (long)getpid());
	fl_buf_fini(&data);
	fl_buf_fini(&admin);
}

int fl_run_tell(const struct fl_run *run, struct fl_error *err)
{
	if (tell_programs(run, err) < 0)
		return -1;
	tell_people(run);
	fl_log(FL_LOG_INFO, "gateway.ready", FL_LOG_C("version", FL_VERSION),
	       FL_LOG_C("config", run->config_path), FL_LOG_U64("workers", run->workers),
	       FL_LOG_U64("routes", run->config->routes_n),
	       FL_LOG_U64("instances", run->config->instances_n));
	return 0;
}
