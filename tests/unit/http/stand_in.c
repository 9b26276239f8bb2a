/* tests/unit/http/stand_in.c - as much of other folders as the transport calls
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/route/table.h"

static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

enum fl_method fl_method_parse(struct fl_str name)
{
	for (unsigned i = 0; i < FL_METHOD_N; i++)
		if (fl_str_is(name, names[i]))
			return (enum fl_method)i;
	return FL_METHOD_N;
}

const char *fl_method_name(enum fl_method method)
{
	return names[method];
}
