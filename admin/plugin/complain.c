/* admin/plugin/complain.c - what the commands of fairlead-plugin say when they cannot
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/plugin/plugin.h"

#include <stdio.h>

int fl_plugin_complain(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("fairlead-plugin: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return FL_PLUGIN_EXIT_USAGE;
}
