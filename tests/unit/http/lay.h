/* tests/unit/http/lay.h - lays a request out in memory as libmicrohttpd 0.9.75 does
 * SPDX-License-Identifier: Apache-2.0
 *
 * After get_next_header_line(), parse_initial_message_line(), process_header_line() and
 * process_broken_line() of its connection.c, leniency included, for the guard's unit test and its
 * fuzzer: without sockets, and with the buffer as tight as a sanitizer can see.
 */
#ifndef FL_TESTS_UNIT_HTTP_LAY_H
#define FL_TESTS_UNIT_HTTP_LAY_H

#include <stdlib.h>
#include <string.h>

#include "gateway/http/guard.h"

#define LAY_FIELDS_MAX 256

enum lay_outcome {
	LAY_MORE,    /* the head does not end here */
	LAY_REFUSED, /* the library answers by itself */
	LAY_HEAD,
};

struct lay {
	char *buffer, *at; /* at: what has not been read */
	size_t left;
	char *folded[LAY_FIELDS_MAX]; /* names that were moved */
	size_t folded_n;
	char *target;
	struct fl_guard_field fields[LAY_FIELDS_MAX];
	struct fl_guard_head head;
};

static char *lay_line(struct lay *l, size_t *n)
{
	for (size_t i = 0; i < l->left; i++) {
		size_t ends = l->at[i] == '\r' && i + 1 < l->left && l->at[i + 1] == '\n' ? 2
		              : l->at[i] == '\n'                                          ? 1
		                                                                          : 0;
		char *line = l->at;

		if (ends == 0)
			continue;
		memset(line + i, 0, ends);
		l->at += i + ends;
		l->left -= i + ends;
		*n = i;
		return line;
	}
	return NULL;
}

static enum lay_outcome lay_first(struct lay *l, char *line, size_t n)
{
	char *target = memchr(line, ' ', n), *version;

	if (!target)
		return LAY_REFUSED;
	*target++ = '\0';
	while (*target == ' ' && (size_t)(target - line) < n)
		target++;
	if ((size_t)(target - line) == n)
		return LAY_REFUSED;
	version = line + n - 1;
	while (*version == ' ' && version > target)
		version--;
	while (*version != ' ' && version > target)
		version--;
	if (version == target)
		return LAY_REFUSED;
	*version++ = '\0';
	if (line + n - version != 8 || memcmp(version, "HTTP/1.", 7) != 0 || version[7] < '0' ||
	    version[7] > '9')
		return LAY_REFUSED;
	l->target = strdup(target);
	l->head.method = line;
	l->head.raw = target;
	l->head.version = version;
	l->head.target = fl_str(l->target);
	char *query = strchr(target, '?');

	if (query) { /* clobbered */
		*query = '\0';
		for (char *p = query + 1; p < version - 1; p++)
			if (*p == '&' || *p == '=')
				*p = '\0';
	}
	return LAY_HEAD;
}

static bool lay_field(struct lay *l, char *name, char *value)
{
	if (l->head.fields_n == LAY_FIELDS_MAX)
		return false;
	l->fields[l->head.fields_n++] = (struct fl_guard_field){fl_str(name), fl_str(value)};
	return true;
}

/* Splits at the first colon; NULL: there is none. */
static char *lay_split(char *line)
{
	char *colon = strchr(line, ':');

	if (!colon)
		return NULL;
	*colon++ = '\0';
	while (*colon == ' ' || *colon == '\t')
		colon++;
	return colon;
}

static enum lay_outcome lay_fields(struct lay *l)
{
	char *last = NULL, *value = NULL, *line;
	size_t n;

	while ((line = lay_line(l, &n)) != NULL) {
		if (last && (line[0] == ' ' || line[0] == '\t')) {
			size_t name_n = strlen(last);
			char *more = line + strspn(line, " \t");
			char *moved = malloc(name_n + strlen(more) + 1);

			if (!moved || l->folded_n == LAY_FIELDS_MAX)
				abort();
			memcpy(moved, last, name_n);
			memcpy(moved + name_n, more, strlen(more) + 1);
			last = l->folded[l->folded_n++] = moved;
			continue;
		}
		if (last && !lay_field(l, last, value))
			return LAY_REFUSED;
		if (line[0] == '\0') {
			l->head.head_bytes = (size_t)(l->at - l->head.method);
			return LAY_HEAD;
		}
		value = lay_split(line);
		if (!value)
			return LAY_REFUSED;
		last = line;
		if (l->folded_n == LAY_FIELDS_MAX)
			return LAY_REFUSED;
	}
	return LAY_MORE;
}

static void lay_free(struct lay *l)
{
	for (size_t i = 0; i < l->folded_n; i++)
		free(l->folded[i]);
	free(l->target);
	free(l->buffer);
}

/* The next request of the bytes; lay_free() in any case. */
static enum lay_outcome lay_request(struct lay *l, struct fl_str bytes)
{
	enum lay_outcome outcome;
	char *line;
	size_t n;

	memset(l, 0, sizeof *l);
	l->buffer = l->at = malloc(bytes.n ? bytes.n : 1);
	if (!l->buffer)
		abort();
	if (bytes.n)
		memcpy(l->buffer, bytes.p, bytes.n);
	l->left = bytes.n;
	l->head.fields = l->fields;
	do
		line = lay_line(l, &n);
	while (line && line[0] == '\0');
	if (!line)
		return LAY_MORE;
	outcome = lay_first(l, line, n);
	return outcome == LAY_HEAD ? lay_fields(l) : outcome;
}

#endif
