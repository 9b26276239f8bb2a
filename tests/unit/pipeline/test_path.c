/* tests/unit/pipeline/test_path.c - the one form of a path
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "gateway/pipeline/path.h"

#define FULL 4096

static void fails_at(const char *raw, const char *what)
{
	fail_msg("\"%s\": %s", raw, what);
}

/* ---- what stays, what changes ---- */

static const struct {
	const char *raw, *canonical; /* NULL: stays as it is */
	bool has_encoded_slash;
} accepted[] = {
    {"/", NULL, false},
    {"/a", NULL, false},
    {"/a/", NULL, false},
    {"/v1/orders/42", NULL, false},
    {"/AZaz09-._~!$&'()*+,=:@", NULL, false},
    {"/...", NULL, false},
    {"/.a/..b/c./d..", NULL, false},
    {"/.well-known/x", NULL, false},
    /* unreserved bytes stand for themselves */
    {"/%61%5A%30%2d%2E%5f%7e", "/aZ0-._~", false},
    {"/%2e%2e%2e", "/...", false},
    {"/a%2Ehtml", "/a.html", false},
    /* the others stay escaped, in upper case */
    {"/a%20b", NULL, false},
    {"/a%3fb%3d", "/a%3Fb%3D", false},
    {"/a%3bb", "/a%3Bb", false},
    {"/a%3Bb", NULL, false},
    {"/%40%3a", "/%40%3A", false},
    {"/100%25", NULL, false},
    {"/%23", NULL, false},
    /* undone once, not twice */
    {"/%252e%252e", NULL, false},
    {"/%252f", NULL, false},
    {"/%2500", NULL, false},
    {"/%25%32%65", "/%252e", false},
    /* one meaning only, so escaping is all that is missing */
    {"/a[1]", "/a%5B1%5D", false},
    {"/{\"a|b\"}<^`>", "/%7B%22a%7Cb%22%7D%3C%5E%60%3E", false},
    /* UTF-8 of each length and at its borders */
    {"/%C3%A9", NULL, false},
    {"/%c3%a9", "/%C3%A9", false},
    {"/%c2%80", "/%C2%80", false},
    {"/%e2%82%aC", "/%E2%82%AC", false},
    {"/%ED%9F%BF", NULL, false},
    {"/%F0%9F%98%80", NULL, false},
    {"/%F4%8F%BF%BF", NULL, false},
    /* an escaped slash is data for who allows it */
    {"/a%2Fb", NULL, true},
    {"/a%2fb/c", "/a%2Fb/c", true},
    {"/https:%2F%2Fexample.com", NULL, true},
    {"/%2F", NULL, true},
};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(accepted); i++) {
		struct fl_str raw = fl_str(accepted[i].raw);
		struct fl_arena arena;
		struct fl_path path;

		fl_arena_init(&arena, FULL, FULL);
		if (fl_path_canonical(&arena, raw, &path) != FL_PATH_OK)
			fails_at(raw.p, "refused");
		if (path.has_encoded_slash != accepted[i].has_encoded_slash)
			fails_at(raw.p, "encoded slash not told");
		if (!accepted[i].canonical) {
			assert_ptr_equal(path.text.p, raw.p); /* not copied */
			assert_int_equal(path.text.n, raw.n);
			assert_null(arena.blocks);
		} else if (!fl_str_is(path.text, accepted[i].canonical)) {
			fails_at(raw.p, "not the canonical form");
		}
		fl_arena_fini(&arena);
	}
}

/* ---- what is refused ---- */

static const struct {
	struct fl_str raw;
	enum fl_path_fault fault;
} refused[] = {
    {FL_STR_INIT(""), FL_PATH_E_RELATIVE},
    {FL_STR_INIT("*"), FL_PATH_E_RELATIVE},
    {FL_STR_INIT("a/b"), FL_PATH_E_RELATIVE},
    {FL_STR_INIT("%2Fa"), FL_PATH_E_RELATIVE},
    {FL_STR_INIT("http://h/"), FL_PATH_E_RELATIVE},
    {FL_STR_INIT("/a b"), FL_PATH_E_CHARACTER},
    {FL_STR_INIT("/a\tb"), FL_PATH_E_CHARACTER},
    {FL_STR_INIT("/a\0b"), FL_PATH_E_CHARACTER},
    {FL_STR_INIT("/a\r\nb"), FL_PATH_E_CHARACTER},
    {FL_STR_INIT("/a\x7f"), FL_PATH_E_CHARACTER},
    {FL_STR_INIT("/\xc3\xa9"), FL_PATH_E_CHARACTER},
    {FL_STR_INIT("/\xff"), FL_PATH_E_CHARACTER},
    {FL_STR_INIT("/a#b"), FL_PATH_E_CHARACTER},
    {FL_STR_INIT("/a?b"), FL_PATH_E_CHARACTER},
    {FL_STR_INIT("/a;b=c"), FL_PATH_E_SEMICOLON},
    {FL_STR_INIT("/..;/admin"), FL_PATH_E_SEMICOLON},
    {FL_STR_INIT("/a\\b"), FL_PATH_E_BACKSLASH},
    {FL_STR_INIT("/a%5cb"), FL_PATH_E_BACKSLASH},
    {FL_STR_INIT("/..%5C.."), FL_PATH_E_BACKSLASH},
    {FL_STR_INIT("/%"), FL_PATH_E_ESCAPE},
    {FL_STR_INIT("/%4"), FL_PATH_E_ESCAPE},
    {FL_STR_INIT("/%4/"), FL_PATH_E_ESCAPE},
    {FL_STR_INIT("/%g0"), FL_PATH_E_ESCAPE},
    {FL_STR_INIT("/%0g"), FL_PATH_E_ESCAPE},
    {FL_STR_INIT("/%u002e"), FL_PATH_E_ESCAPE},
    {FL_STR_INIT("/% 41"), FL_PATH_E_ESCAPE},
    {FL_STR_INIT("/%%41"), FL_PATH_E_ESCAPE},
    {FL_STR_INIT("/a%00"), FL_PATH_E_CONTROL},
    {FL_STR_INIT("/a%0d%0ab"), FL_PATH_E_CONTROL},
    {FL_STR_INIT("/%1f"), FL_PATH_E_CONTROL},
    {FL_STR_INIT("/%7f"), FL_PATH_E_CONTROL},
    /* overlong forms of "/", ".", NUL */
    {FL_STR_INIT("/%c0%af"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%c0%ae%c0%ae/"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%c0%80"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%e0%80%af"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%f0%80%80%af"), FL_PATH_E_UTF8},
    /* cut off, alone, surrogates, beyond U+10FFFF */
    {FL_STR_INIT("/%c3"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%c3/%a9"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%c3a9"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%e2%82"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%e2%82%2f"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%f0%9f%98"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%80"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%ff"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%ed%a0%80"), FL_PATH_E_UTF8},
    {FL_STR_INIT("/%f4%90%80%80"), FL_PATH_E_UTF8},
    {FL_STR_INIT("//"), FL_PATH_E_EMPTY_SEGMENT},
    {FL_STR_INIT("//example.com/a"), FL_PATH_E_EMPTY_SEGMENT},
    {FL_STR_INIT("/a//b"), FL_PATH_E_EMPTY_SEGMENT},
    {FL_STR_INIT("/a/b//"), FL_PATH_E_EMPTY_SEGMENT},
    {FL_STR_INIT("/%2F/"), FL_PATH_E_EMPTY_SEGMENT},
    {FL_STR_INIT("/."), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/.."), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/a/./b"), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/a/../b"), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/a/.."), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/%2e"), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/%2e%2E/b"), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/.%2e"), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/a/%2e./b"), FL_PATH_E_DOT_SEGMENT},
    /* an escaped slash hides none */
    {FL_STR_INIT("/a%2f..%2fb"), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/..%2fb"), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/a%2F%2e"), FL_PATH_E_DOT_SEGMENT},
    {FL_STR_INIT("/a%2F../b"), FL_PATH_E_DOT_SEGMENT},
};

static void test_refused(void **state)
{
	bool seen[FL_PATH_FAULTS] = {[FL_PATH_OK] = true, [FL_PATH_E_MEMORY] = true};

	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(refused); i++) {
		struct fl_path path = {.text = FL_STR("untouched")};
		struct fl_arena arena;
		enum fl_path_fault fault;

		fl_arena_init(&arena, FULL, FULL);
		fault = fl_path_canonical(&arena, refused[i].raw, &path);
		if (fault != refused[i].fault)
			fail_msg("\"%s\": %d instead of %d", refused[i].raw.p, fault,
			         refused[i].fault);
		assert_true(fl_str_is(path.text, "untouched"));
		seen[fault] = true;
		fl_arena_fini(&arena);
	}
	for (size_t i = 0; i < FL_PATH_FAULTS; i++)
		assert_true(seen[i]);
}

static void test_memory(void **state)
{
	struct fl_arena arena;
	struct fl_path path;

	(void)state;
	fl_arena_init(&arena, 16, 16);
	assert_int_equal(fl_path_canonical(&arena, FL_STR("/stays-as-it-is-though-long"), &path),
	                 FL_PATH_OK);
	assert_int_equal(fl_path_canonical(&arena, FL_STR("/must-change-%61nd-is-long"), &path),
	                 FL_PATH_E_MEMORY);
	fl_arena_fini(&arena);
}

/* ---- properties, over paths made of the pieces that matter ---- */

static const char *const pieces[] = {
    "/",   "/",      "a",         "B7",           ".",   "..", "%2e", "%2E",
    "%2f", "%2F",    "%25",       "%61",          "%5B", "[",  "{",   "%3b",
    "%20", "%c3%a9", "%E2%82%AC", "%F0%9F%98%80", "%c3", "~",  "%7e", "+",
    "%2B", ";",      "\\",        "%00",          "%",   "%4", "=",   "%3D",
};

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static struct fl_str make(uint64_t *seed, char *out, size_t cap)
{
	size_t n = 0, count = next(seed) % 12;

	out[n++] = '/';
	for (size_t i = 0; i < count; i++) {
		const char *piece = pieces[next(seed) % FL_ARRAY_LEN(pieces)];
		size_t len = strlen(piece);

		assert_true(n + len <= cap);
		memcpy(out + n, piece, len);
		n += len;
	}
	return fl_str_n(out, n);
}

static bool is_clean(struct fl_str path)
{
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] <= ' ' || path.p[i] >= 0x7f || strchr("\\;[]{}", path.p[i]))
			return false;
		if (path.p[i] == '/' && i + 1 < path.n && path.p[i + 1] == '/')
			return false;
		if (path.p[i] == '%' && strspn(path.p + i + 1, "0123456789ABCDEF") < 2)
			return false;
	}
	return true;
}

static void test_properties(void **state)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	size_t taken = 0;

	(void)state;
	for (size_t i = 0; i < 200000; i++) {
		struct fl_path once, twice;
		struct fl_arena arena;
		char raw[256];
		struct fl_str text = make(&seed, raw, sizeof raw);

		fl_arena_init(&arena, FULL, FULL);
		if (fl_path_canonical(&arena, text, &once) == FL_PATH_OK) {
			taken++;
			assert_int_equal(fl_path_canonical(&arena, once.text, &twice), FL_PATH_OK);
			assert_ptr_equal(twice.text.p, once.text.p); /* nothing left to change */
			assert_int_equal(twice.text.n, once.text.n);
			assert_int_equal(twice.has_encoded_slash, once.has_encoded_slash);
			assert_true(is_clean(once.text));
		}
		fl_arena_fini(&arena);
	}
	assert_in_range(taken, 20000, 180000); /* both sides were tried */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FL_CASE("paths with one meaning get one form, without a copy when they have it",
	            test_accepted),
	    FL_CASE("paths that two readers could take differently are refused", test_refused),
	    FL_CASE("memory is needed only to change a path, and its end is told", test_memory),
	    FL_CASE("the canonical form of a canonical form is itself", test_properties),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
