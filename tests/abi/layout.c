/* tests/abi/layout.c - the binary layout of the connector ABI against the golden file
 * SPDX-License-Identifier: Apache-2.0
 *
 * plugin-api/abi/layout-lp64.txt holds one line for each struct, field and constant of what was
 * promised. Every line must still hold; new fields may only lie behind the promised size of their
 * struct. `abi_layout print` writes the file anew.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fairlead/ext/exec.h>
#include <fairlead/ext/http.h>
#include <fairlead/ext/kv.h>
#include <fairlead/ext/metric.h>
#include <fairlead/ext/timer.h>
#include <fairlead/note.h>

struct row {
	const char *kind; /* "struct", "field", "const" */
	const char *name;
	long long a, b; /* size, -; offset, size; value, - */
};

#define S(type) {"struct", #type, (long long)sizeof(type), 0}
#define F(type, field)                                                                             \
	{"field", #type "." #field, (long long)offsetof(type, field),                              \
	 (long long)sizeof(((type *)0)->field)}
#define C(name) {"const", #name, (long long)(name), 0}

/* A field follows its struct. New rows go to the end of their group. */
static const struct row rows[] = {
    S(fairlead_status), S(fairlead_id),
    S(fairlead_str), F(fairlead_str, p), F(fairlead_str, n),
    S(fairlead_kv), F(fairlead_kv, k), F(fairlead_kv, v),
    S(fairlead_request), F(fairlead_request, struct_size), F(fairlead_request, flags),
    F(fairlead_request, id), F(fairlead_request, route), F(fairlead_request, action),
    F(fairlead_request, method), F(fairlead_request, path), F(fairlead_request, query),
    F(fairlead_request, body), F(fairlead_request, headers), F(fairlead_request, headers_n),
    F(fairlead_request, principal), F(fairlead_request, tenant), F(fairlead_request, traceparent),
    F(fairlead_request, deadline_ns), F(fairlead_request, attempt), F(fairlead_request, reserved0),
    F(fairlead_request, params), F(fairlead_request, params_n), F(fairlead_request, client),
    F(fairlead_request, scheme), F(fairlead_request, host),
    S(fairlead_response), F(fairlead_response, struct_size), F(fairlead_response, flags),
    F(fairlead_response, http_status), F(fairlead_response, error_class),
    F(fairlead_response, headers), F(fairlead_response, headers_n), F(fairlead_response, body),
    S(fairlead_event), F(fairlead_event, struct_size), F(fairlead_event, kind),
    F(fairlead_event, op), F(fairlead_event, req), F(fairlead_event, status),
    F(fairlead_event, reserved0), F(fairlead_event, payload),
    S(fairlead_create), F(fairlead_create, struct_size), F(fairlead_create, mode),
    F(fairlead_create, self), F(fairlead_create, generation), F(fairlead_create, instance),
    F(fairlead_create, config_json), F(fairlead_create, host_version),
    S(fairlead_host), F(fairlead_host, struct_size), F(fairlead_host, abi_minor),
    F(fairlead_host, get_ext), F(fairlead_host, reply), F(fairlead_host, fail),
    F(fairlead_host, log), F(fairlead_host, ready), F(fairlead_host, drained),
    S(fairlead_plugin), F(fairlead_plugin, struct_size), F(fairlead_plugin, abi_minor),
    F(fairlead_plugin, id), F(fairlead_plugin, version), F(fairlead_plugin, create),
    F(fairlead_plugin, start), F(fairlead_plugin, handle), F(fairlead_plugin, on_event),
    F(fairlead_plugin, on_cancel), F(fairlead_plugin, run), F(fairlead_plugin, quiesce),
    F(fairlead_plugin, stop), F(fairlead_plugin, destroy), F(fairlead_plugin, get_ext),
    S(fairlead_http_request), F(fairlead_http_request, struct_size),
    F(fairlead_http_request, flags), F(fairlead_http_request, method),
    F(fairlead_http_request, url), F(fairlead_http_request, headers),
    F(fairlead_http_request, headers_n), F(fairlead_http_request, body),
    F(fairlead_http_request, max_response_bytes), F(fairlead_http_request, connect_timeout_ms),
    F(fairlead_http_request, timeout_ms),
    S(fairlead_http_response), F(fairlead_http_response, struct_size),
    F(fairlead_http_response, http_status), F(fairlead_http_response, headers),
    F(fairlead_http_response, headers_n), F(fairlead_http_response, body),
    F(fairlead_http_response, elapsed_ns),
    S(fairlead_http), F(fairlead_http, struct_size), F(fairlead_http, reserved0),
    F(fairlead_http, send), F(fairlead_http, cancel),
    S(fairlead_timer), F(fairlead_timer, struct_size), F(fairlead_timer, reserved0),
    F(fairlead_timer, set), F(fairlead_timer, cancel), F(fairlead_timer, now_ns),
    S(fairlead_exec), F(fairlead_exec, struct_size), F(fairlead_exec, reserved0),
    F(fairlead_exec, submit),
    S(fairlead_kv_result), F(fairlead_kv_result, struct_size), F(fairlead_kv_result, reserved0),
    F(fairlead_kv_result, version), F(fairlead_kv_result, value),
    S(fairlead_kv_store), F(fairlead_kv_store, struct_size), F(fairlead_kv_store, reserved0),
    F(fairlead_kv_store, get), F(fairlead_kv_store, put), F(fairlead_kv_store, cas),
    F(fairlead_kv_store, remove),
    S(fairlead_metric), F(fairlead_metric, struct_size), F(fairlead_metric, reserved0),
    F(fairlead_metric, add), F(fairlead_metric, set),
    C(FAIRLEAD_ABI_MAJOR), C(FAIRLEAD_NOTE_TYPE), C(FAIRLEAD_OK), C(FAIRLEAD_PENDING),
    C(FAIRLEAD_E_INVAL), C(FAIRLEAD_E_UNSUPPORTED), C(FAIRLEAD_E_STALE), C(FAIRLEAD_E_DENIED),
    C(FAIRLEAD_E_AGAIN), C(FAIRLEAD_E_TIMEOUT), C(FAIRLEAD_E_UPSTREAM), C(FAIRLEAD_E_INTERNAL),
    C(FAIRLEAD_E_CANCELLED), C(FAIRLEAD_E_TOO_LARGE), C(FAIRLEAD_E_NOT_FOUND),
    C(FAIRLEAD_E_CONFLICT), C(FAIRLEAD_CLASS_NONE), C(FAIRLEAD_CLASS_TRANSIENT),
    C(FAIRLEAD_CLASS_PERMANENT), C(FAIRLEAD_CLASS_TIMEOUT), C(FAIRLEAD_CLASS_AUTH),
    C(FAIRLEAD_CANCEL_CLIENT_GONE), C(FAIRLEAD_CANCEL_DEADLINE), C(FAIRLEAD_CANCEL_DRAIN),
    C(FAIRLEAD_CANCEL_OPERATOR), C(FAIRLEAD_EVENT_HTTP), C(FAIRLEAD_EVENT_TIMER),
    C(FAIRLEAD_EVENT_EXEC), C(FAIRLEAD_EVENT_KV), C(FAIRLEAD_MODE_INPROC), C(FAIRLEAD_MODE_WORKER),
    C(FAIRLEAD_MODE_PROBE), C(FAIRLEAD_LOG_DEBUG), C(FAIRLEAD_LOG_INFO), C(FAIRLEAD_LOG_WARN),
    C(FAIRLEAD_LOG_ERROR),
};

#define ROWS (sizeof rows / sizeof rows[0])

/* The sizes that 1.0 promised; they may grow, never shrink. The golden file says the same at run
 * time; this says it to whoever breaks it while compiling. */
#if UINTPTR_MAX == UINT64_MAX
#define AT_LEAST(type, bytes) _Static_assert(sizeof(type) >= (bytes), #type " shrank")
AT_LEAST(fairlead_request, 256);
AT_LEAST(fairlead_response, 48);
AT_LEAST(fairlead_event, 40);
AT_LEAST(fairlead_create, 72);
AT_LEAST(fairlead_host, 56);
AT_LEAST(fairlead_plugin, 104);
_Static_assert(offsetof(fairlead_plugin, create) == 24, "fairlead_plugin changed");
_Static_assert(offsetof(fairlead_host, get_ext) == 8, "fairlead_host changed");
#endif

static int failures;

static void bad(const char *line, const char *what)
{
	(void)printf("# %s: %s\n", line, what);
	failures++;
}

static const struct row *find(const char *kind, const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].kind, kind) == 0 && strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

struct promised { /* sizes of the golden file */
	char name[64];
	long long size;
};

/* One line of the golden file; a struct's size is remembered. */
static void check_line(char *line, struct promised *sizes, size_t *sizes_n, bool seen[ROWS])
{
	char kind[16], name[96];
	long long a = 0, b = 0;
	const struct row *row;

	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '#' || line[0] == '\0')
		return;
	if (sscanf(line, "%15s %95s %lld %lld", kind, name, &a, &b) < 3) {
		bad(line, "cannot be read");
		return;
	}
	row = find(kind, name);
	if (row == NULL) {
		bad(line, "is gone");
		return;
	}
	seen[row - rows] = true;
	if (strcmp(kind, "struct") == 0) {
		if (row->a < a)
			bad(line, "the struct shrank");
		(void)snprintf(sizes[*sizes_n].name, sizeof sizes[0].name, "%.60s.", name);
		sizes[(*sizes_n)++].size = a;
	} else if (row->a != a || row->b != b) {
		bad(line, "changed");
	}
}

/* A field that the golden file does not know must lie behind the promised size. */
static void check_new(const struct row *row, const struct promised *sizes, size_t sizes_n)
{
	for (size_t i = 0; i < sizes_n && strcmp(row->kind, "field") == 0; i++)
		if (strncmp(row->name, sizes[i].name, strlen(sizes[i].name)) == 0 &&
		    row->a < sizes[i].size)
			bad(row->name, "a new field inside the promised part of its struct");
	(void)printf("# new: %s %s: add it to the golden file with the next minor version\n", row->kind,
		     row->name);
}

static int check(const char *path)
{
	static struct promised sizes[64];
	static bool seen[ROWS];
	size_t sizes_n = 0;
	char line[256];
	FILE *f = fopen(path, "r");

	if (f == NULL) {
		bad(path, "cannot be opened");
		return -1;
	}
	while (sizes_n < 64 && fgets(line, sizeof line, f) != NULL)
		check_line(line, sizes, &sizes_n, seen);
	(void)fclose(f);
	for (size_t i = 0; i < ROWS; i++)
		if (!seen[i])
			check_new(&rows[i], sizes, sizes_n);
	return sizes_n == 0 ? -1 : 0;
}

static int print(void)
{
	(void)printf("# Layout of the connector ABI %d on LP64: struct NAME SIZE, field NAME OFFSET SIZE, "
		     "const NAME VALUE\n",
		     FAIRLEAD_ABI_MAJOR);
	for (size_t i = 0; i < ROWS; i++)
		(void)printf("%s %s %lld %lld\n", rows[i].kind, rows[i].name, rows[i].a, rows[i].b);
	return 0;
}

int main(int argc, char **argv)
{
	const char *src = getenv("top_srcdir");
	char path[1024];

	if (argc == 2 && strcmp(argv[1], "print") == 0)
		return print();
	if (sizeof(void *) != 8 || sizeof(size_t) != 8) {
		(void)printf("1..1\nok 1 - layout # SKIP not LP64\n");
		return 0;
	}
	(void)snprintf(path, sizeof path, "%s/plugin-api/abi/layout-lp64.txt", src ? src : ".");
	if (argc == 2)
		(void)snprintf(path, sizeof path, "%s", argv[1]);
	if (check(path) != 0 && failures == 0)
		bad(path, "promises nothing");
	(void)printf("1..1\n%s 1 - every promised struct, field and constant is where it was\n",
		     failures == 0 ? "ok" : "not ok");
	return failures != 0;
}
