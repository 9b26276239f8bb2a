/* tests/fuzz/path.c - the one form of a path
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is taken must be what the header of path.h promises, and its own canonical form; a lenient
 * reader that undoes every escape must find no NUL, no "\", no dot segment in it.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "gateway/pipeline/path.h"

static void require(bool is_true)
{
	if (!is_true)
		abort();
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes every escape. */
static size_t decode(struct fl_str path, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];

		require(c > ' ' && c < 0x7f && !strchr("\\;#?\"<>[]^`{|}", c));
		if (c == '%') {
			require(path.n - i > 2 && digit(path.p[i + 1]) >= 0 &&
			        digit(path.p[i + 2]) >= 0);
			c = (char)(digit(path.p[i + 1]) * 16 + digit(path.p[i + 2]));
			i += 2;
		}
		out[n++] = c;
	}
	return n;
}

static void check_decoded(struct fl_str text)
{
	struct fl_str rest = text;

	require(fl_str_is_utf8(text));
	for (size_t i = 0; i < text.n; i++)
		require((unsigned char)text.p[i] >= 0x20 && text.p[i] != 0x7f && text.p[i] != '\\');
	while (rest.p) {
		struct fl_str segment = fl_str_split(rest, '/', &rest);

		require(!fl_str_is(segment, ".") && !fl_str_is(segment, ".."));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_str raw = fl_str_n((const char *)data, size);
	struct fl_path once, twice;
	struct fl_arena arena;

	fl_arena_init(&arena, 256, 1u << 20);
	if (fl_path_canonical(&arena, raw, &once) == FL_PATH_OK) {
		char *decoded = malloc(once.text.n);

		require(decoded && once.text.n > 0 && once.text.p[0] == '/');
		require(fl_path_canonical(&arena, once.text, &twice) == FL_PATH_OK);
		require(twice.text.p == once.text.p && twice.text.n == once.text.n);
		require(twice.has_encoded_slash == once.has_encoded_slash);
		check_decoded(fl_str_n(decoded, decode(once.text, decoded)));
		free(decoded);
	}
	fl_arena_fini(&arena);
	return 0;
}
