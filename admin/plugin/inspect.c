/* admin/plugin/inspect.c - fairlead-plugin inspect: what a connector is, and what is wrong with it
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admin/plugin/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/file.h"
#include "gateway/connector/check.h"

#define OUTPUT_MAX (size_t)(4u << 20)
#define HEX_SIZE (2 * crypto_hash_sha256_BYTES + 1)

static void digest_of(struct fl_str file, char hex[HEX_SIZE])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(digest, (const unsigned char *)file.p, file.n);
	(void)sodium_bin2hex(hex, HEX_SIZE, digest, sizeof digest);
}

static void print_text(struct fl_buf *out, const struct fl_connector_file *file, const char *hex,
                       const struct fl_problems *problems)
{
	const struct fl_manifest *m = file->manifest;

	if (m != NULL)
		fl_buf_printf(out, "id        %.*s\nversion   %.*s\n", FL_STR_ARGS(m->id),
		              FL_STR_ARGS(m->version));
	if (file->note.is_there)
		fl_buf_printf(out, "abi       %u.%u\n", file->note.abi_major, file->note.abi_minor);
	fl_buf_printf(out, "sha256    %s\n", hex);
	if (m != NULL) {
		fl_buf_add_c(out, "manifest\n");
		fl_buf_add(out, file->manifest_json);
		if (file->manifest_json.p[file->manifest_json.n - 1] != '\n')
			fl_buf_add_char(out, '\n');
	}
	for (size_t i = 0; m != NULL && i < m->unknown.n; i++)
		fl_buf_printf(out, "note: %.*s is not known here and ignored\n",
		              FL_STR_ARGS(m->unknown.items[i]));
	for (const struct fl_problem *p = problems->first; p != NULL; p = p->next)
		fl_buf_printf(out, "error: %.*s [%s]\n       %.*s\n", FL_STR_ARGS(p->detail),
		              p->code, FL_STR_ARGS(p->hint));
	if (problems->errors == 0)
		fl_buf_add_c(out, "no problems\n");
}

static void add_member(struct fl_buf *out, const char *before, struct fl_str value)
{
	fl_buf_add_c(out, before);
	if (value.n == 0)
		fl_buf_add_c(out, "null");
	else
		fl_buf_add_json(out, value);
}

/* The manifest goes in as it is: it was read, so it is JSON. */
static void print_json(struct fl_buf *out, const struct fl_connector_file *file, const char *hex,
                       const struct fl_problems *problems)
{
	const struct fl_manifest *m = file->manifest;

	add_member(out, "{\"id\":", m == NULL ? FL_STR_NULL : m->id);
	add_member(out, ",\"version\":", m == NULL ? FL_STR_NULL : m->version);
	if (file->note.is_there)
		fl_buf_printf(out, ",\"abi\":{\"major\":%u,\"minor\":%u}", file->note.abi_major,
		              file->note.abi_minor);
	add_member(out, ",\"sha256\":", fl_str(hex));
	if (m != NULL) {
		fl_buf_add_c(out, ",\"manifest\":");
		fl_buf_add(out, file->manifest_json);
	}
	fl_buf_add_c(out, ",\"unknown\":[");
	for (size_t i = 0; m != NULL && i < m->unknown.n; i++)
		add_member(out, i == 0 ? "" : ",", m->unknown.items[i]);
	fl_buf_add_c(out, "],\"problems\":[");
	for (const struct fl_problem *p = problems->first; p != NULL; p = p->next) {
		add_member(out,
		           p == problems->first ? "{\"code\":" : ",{\"code\":", fl_str(p->code));
		add_member(out, ",\"detail\":", p->detail);
		add_member(out, ",\"hint\":", p->hint);
		fl_buf_add_char(out, '}');
	}
	fl_buf_add_c(out, "]}\n");
}

static int inspect(const char *path, bool is_json)
{
	struct fl_error err = FL_ERROR_INIT;
	struct fl_connector_file file;
	struct fl_problems problems;
	struct fl_arena arena;
	struct fl_str bytes;
	struct fl_buf out;
	char hex[HEX_SIZE];
	int status;

	if (fl_file_read(path, FL_CONNECTOR_MAX_BYTES, &bytes, &err) != 0)
		return fl_plugin_complain("%s", err.message);
	fl_arena_init(&arena, 4096, OUTPUT_MAX);
	fl_problems_init(&problems, &arena);
	fl_buf_init(&out, OUTPUT_MAX);
	digest_of(bytes, hex);
	fl_connector_file_read(bytes, NULL, &file, &problems);
	(is_json ? print_json : print_text)(&out, &file, hex, &problems);
	if (fl_buf_is_overflown(&out))
		status = fl_plugin_complain("%s: there is too much to print", path);
	else if (fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
		status = fl_plugin_complain("cannot write to standard output");
	else
		status = problems.errors == 0 ? 0 : FL_PLUGIN_EXIT_REFUSED;
	fl_buf_fini(&out);
	fl_connector_file_fini(&file);
	fl_arena_fini(&arena);
	free((void *)(uintptr_t)bytes.p);
	return status;
}

int fl_plugin_inspect(void *ctx, int argc, char **argv)
{
	bool is_json = false;
	int c;

	(void)ctx;
	while ((c = getopt(argc, argv, "+o:")) != -1) {
		if (c != 'o')
			return FL_COMMAND_USAGE;
		is_json = strcmp(optarg, "json") == 0;
		if (!is_json && strcmp(optarg, "text") != 0)
			return fl_plugin_complain("-o %s: text or json", optarg);
	}
	if (optind != argc - 1)
		return FL_COMMAND_USAGE;
	return inspect(argv[optind], is_json);
}
