/* gateway/http/library.c - what libmicrohttpd needs before the first daemon
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "gateway/http/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

#define LOG_EVERY_NS FL_NS_PER_SEC

/* Versions on which the layout that guard.h describes was measured. */
static const char *const known_versions[] = {"0.9.75"};

/* Async-signal-safe: what the library finds broken may be the heap. */
static void on_panic(void *cls, const char *file, unsigned line, const char *reason)
{
	static const char head[] = "fairlead: libmicrohttpd gave up: ";

	(void)cls;
	(void)file;
	(void)line;
	(void)!write(STDERR_FILENO, head, sizeof head - 1);
	(void)!write(STDERR_FILENO, reason, strlen(reason));
	if (reason[0] == '\0' || reason[strlen(reason) - 1] != '\n')
		(void)!write(STDERR_FILENO, "\n", 1);
	abort();
}

int fl_library_check(struct fl_error *err)
{
	const char *version = MHD_get_version();

	MHD_set_panic_func(on_panic, NULL);
	for (size_t i = 0; i < FL_ARRAY_LEN(known_versions); i++)
		if (strcmp(version, known_versions[i]) == 0)
			return 0;
	(void)fl_error_set(err, "http_library",
	                   "libmicrohttpd %s is not a version that the guard was checked with",
	                   version);
	fl_error_hint(err, "install libmicrohttpd12 0.9.75 (Debian 12)");
	return -1;
}

/* The library answers by itself what it cannot parse; this is the only place where that shows. */
static bool is_own_answer(const char *format)
{
	return strncmp(format, "Error processing request", 24) == 0;
}

/* On a Unix socket it tries in vain to set TCP options, once an answer. */
static bool is_noise(const char *format)
{
	return strncmp(format, "Setting %s option", 17) == 0;
}

void fl_library_log(void *cls, const char *format, va_list ap)
{
	static _Atomic uint64_t last_ns, kept_back;
	struct fl_http *http = cls;
	uint64_t now_ns = fl_clock_mono_ns(), last;
	char text[256];

	if (is_own_answer(format))
		fl_http_count_refusal(http, FL_REFUSAL_LIBRARY);
	if (is_noise(format) || fl_log_level() > FL_LOG_DEBUG)
		return;
	last = atomic_load_explicit(&last_ns, memory_order_relaxed);
	if (now_ns - last < LOG_EVERY_NS ||
	    !atomic_compare_exchange_strong(&last_ns, &last, now_ns)) {
		atomic_fetch_add_explicit(&kept_back, 1, memory_order_relaxed);
		return;
	}
	(void)vsnprintf(text, sizeof text, format, ap);
	text[strcspn(text, "\n")] = '\0';
	fl_log(FL_LOG_DEBUG, "http.library", FL_LOG_C("message", text),
	       FL_LOG_U64("kept_back", atomic_exchange(&kept_back, 0)));
}
