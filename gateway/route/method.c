/* gateway/route/method.c - HTTP methods by name
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/route/table.h"

#include "base/macros.h"

static const struct fl_str names[FL_METHOD_N] = {
    [FL_METHOD_GET] = FL_STR_INIT("GET"),         [FL_METHOD_HEAD] = FL_STR_INIT("HEAD"),
    [FL_METHOD_POST] = FL_STR_INIT("POST"),       [FL_METHOD_PUT] = FL_STR_INIT("PUT"),
    [FL_METHOD_PATCH] = FL_STR_INIT("PATCH"),     [FL_METHOD_DELETE] = FL_STR_INIT("DELETE"),
    [FL_METHOD_OPTIONS] = FL_STR_INIT("OPTIONS"),
};

enum fl_method fl_method_parse(struct fl_str name)
{
	for (unsigned m = 0; m < FL_METHOD_N; m++)
		if (fl_str_eq(name, names[m]))
			return (enum fl_method)m;
	return FL_METHOD_N;
}

const char *fl_method_name(enum fl_method method)
{
	FL_ASSERT(method < FL_METHOD_N);
	return names[method].p;
}
