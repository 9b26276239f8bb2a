/* admin/plugin/new.c - fairlead-plugin new: a connector to start from
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writes a folder that builds with make and a C compiler alone. Nothing that exists is overwritten.
 */
#include "admin/plugin/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define NAME_MAX_BYTES 32u
#define ID_MAX_BYTES 128u

/* In the texts: @ID@ the connector's id, @NAME@ its last part, @INCLUDE@ where the headers are. */
/* clang-format off */
static const struct template {
	const char *suffix; /* of the file's name, after @NAME@; a whole name when it begins with "=" */
	const char *text;
} templates[] = {
    {".c",
     "/* @NAME@.c - the connector @ID@ */\n"
     "#include <stdlib.h>\n"
     "\n"
     "#include <fairlead/note.h>\n"
     "#include <fairlead/sdk/reply.h>\n"
     "\n"
     "FAIRLEAD_NOTE(CONNECTOR_ID, CONNECTOR_VERSION);\n"
     "\n"
     "struct fairlead_inst {\n"
     "\tsdk_self self;\n"
     "};\n"
     "\n"
     "static fairlead_status create(const fairlead_host *host, const fairlead_create *args,\n"
     "                              fairlead_inst **out)\n"
     "{\n"
     "\tfairlead_inst *inst = malloc(sizeof *inst);\n"
     "\n"
     "\tif (inst == NULL)\n"
     "\t\treturn FAIRLEAD_E_INTERNAL;\n"
     "\tinst->self = (sdk_self){host, args->self};\n"
     "\t*out = inst;\n"
     "\treturn FAIRLEAD_OK;\n"
     "}\n"
     "\n"
     "static fairlead_status handle(fairlead_inst *inst, const fairlead_request *req)\n"
     "{\n"
     "\treturn sdk_reply_text(inst->self, req->id, 200, \"hello from @NAME@ \" CONNECTOR_VERSION \"\\n\");\n"
     "}\n"
     "\n"
     "static void destroy(fairlead_inst *inst)\n"
     "{\n"
     "\tfree(inst);\n"
     "}\n"
     "\n"
     "const fairlead_plugin *fairlead_plugin_entry_v1(void)\n"
     "{\n"
     "\tstatic const fairlead_plugin plugin = {\n"
     "\t    .struct_size = sizeof plugin,\n"
     "\t    .abi_minor = FAIRLEAD_ABI_MINOR,\n"
     "\t    .id = CONNECTOR_ID,\n"
     "\t    .version = CONNECTOR_VERSION,\n"
     "\t    .create = create,\n"
     "\t    .handle = handle,\n"
     "\t    .destroy = destroy,\n"
     "\t};\n"
     "\n"
     "\treturn &plugin;\n"
     "}\n"},
    {".json",
     "{\n"
     "  \"id\": \"@ID@\",\n"
     "  \"version\": \"1.0.0\",\n"
     "  \"abi\": {\"major\": 1, \"min_minor\": 0},\n"
     "  \"threading\": \"parallel\",\n"
     "  \"modes\": [\"inproc\", \"worker\"],\n"
     "  \"config_schema\": {\"type\": \"object\", \"additionalProperties\": false},\n"
     "  \"actions\": [\n"
     "    {\"name\": \"hello\", \"title\": \"Hello\", \"description\": \"Says hello.\", \"retry\": \"safe\"}\n"
     "  ]\n"
     "}\n"},
    {"_test.c",
     "/* @NAME@_test.c - runs the connector without a gateway: make test */\n"
     "#include <assert.h>\n"
     "\n"
     "#include <fairlead/sdk/mock_host.h>\n"
     "\n"
     "int main(void)\n"
     "{\n"
     "\tmock_answer *answer;\n"
     "\n"
     "\tassert(mock_open(\"{}\") == FAIRLEAD_OK);\n"
     "\tanswer = mock_send(\"GET\", \"/\", NULL, 0, \"\");\n"
     "\tassert(answer->http_status == 200);\n"
     "\tassert(sdk_str_starts(answer->body, sdk_str(\"hello\")));\n"
     "\tassert(mock_close() == 0);\n"
     "\treturn 0;\n"
     "}\n"},
    {"=Makefile",
     "# make        builds @NAME@.so\n"
     "# make test   runs @NAME@_test.c under the address and undefined-behaviour sanitizers\n"
     "# Where <fairlead/plugin.h> is found:\n"
     "FAIRLEAD_INCLUDE = @INCLUDE@\n"
     "# Id and version stand in the manifest only.\n"
     "ID := $(shell sed -n 's/^  \"id\": *\"\\([^\"]*\\)\".*/\\1/p' @NAME@.json)\n"
     "VERSION := $(shell sed -n 's/^  \"version\": *\"\\([^\"]*\\)\".*/\\1/p' @NAME@.json)\n"
     "\n"
     "CPPFLAGS = -I$(FAIRLEAD_INCLUDE) -DCONNECTOR_ID='\"$(ID)\"' -DCONNECTOR_VERSION='\"$(VERSION)\"'\n"
     "CFLAGS = -std=c11 -O2 -g -Wall -Wextra -fPIC -fvisibility=hidden -fstack-protector-strong\n"
     "LDFLAGS = -shared -Wl,-z,relro,-z,now,-z,noexecstack,-z,defs,--build-id=sha1\n"
     "\n"
     "@NAME@.so: @NAME@.c @NAME@.json Makefile\n"
     "\t$(CC) $(CPPFLAGS) $(CFLAGS) @NAME@.c $(LDFLAGS) -o $@.tmp\n"
     "\tobjcopy --add-section .fairlead.manifest=@NAME@.json \\\n"
     "\t\t--set-section-flags .fairlead.manifest=noload,readonly $@.tmp\n"
     "\tmv $@.tmp $@\n"
     "\n"
     "test: @NAME@_test\n"
     "\t./@NAME@_test\n"
     "@NAME@_test: @NAME@_test.c @NAME@.c @NAME@.json Makefile\n"
     "\t$(CC) $(CPPFLAGS) -std=c11 -g -Wall -Wextra -fsanitize=address,undefined \\\n"
     "\t\t@NAME@_test.c @NAME@.c -o $@\n"
     "\n"
     "clean:\n"
     "\trm -f @NAME@.so @NAME@.so.tmp @NAME@_test\n"
     ".PHONY: test clean\n"},
    {"=README.md",
     "# @ID@\n"
     "\n"
     "A connector for fairlead.\n"
     "\n"
     "    make                                         # builds @NAME@.so\n"
     "    make test                                    # runs it without a gateway\n"
     "    fairlead-plugin inspect @NAME@.so            # what a gateway will see\n"
     "    fairleadctl connector install @NAME@.so\n"
     "\n"
     "Then in the gateway's configuration:\n"
     "\n"
     "    instances:\n"
     "      @NAME@: { connector: @ID@ }\n"
     "    routes:\n"
     "      @NAME@: { match: { path: /@NAME@ }, to: { instance: @NAME@, action: hello } }\n"
     "\n"
     "| file | what |\n"
     "|---|---|\n"
     "| `@NAME@.c` | the code |\n"
     "| `@NAME@.json` | the manifest: id, version, actions, configuration schema, permissions |\n"
     "| `@NAME@_test.c` | its test, with a host whose clock and network are the test's |\n"},
    {"=.gitignore", "*.so\n*.tmp\n*_test\n"},
};
/* clang-format on */

struct names {
	const char *id, *name, *folder;
	char include[1024];
};

/* Lower-case letters, digits, "-" and "_"; dots between parts ("com.example.greet"). */
static int check_id(const char *id)
{
	const char *dot = strrchr(id, '.');
	size_t n = strlen(id), last = dot == NULL ? n : strlen(dot + 1);

	if (n > ID_MAX_BYTES || last > NAME_MAX_BYTES)
		return fl_plugin_complain(
		    "\"%s\": an id has at most 128 characters, its last part 32", id);
	for (size_t i = 0; i < n; i++) {
		int is_first = i == 0 || id[i - 1] == '.';
		int is_letter = id[i] >= 'a' && id[i] <= 'z';
		int is_other = (id[i] >= '0' && id[i] <= '9') || id[i] == '-' || id[i] == '_';

		if (!is_letter && (is_first || (!is_other && id[i] != '.')))
			n = 0;
	}
	if (n == 0 || last == 0)
		return fl_plugin_complain(
		    "\"%s\" is no id: lower-case letters, digits, \"-\" and \"_\", in "
		    "parts that begin with a letter, such as greet or com.example.greet",
		    id);
	return 0;
}

static bool has_headers(const char *include)
{
	char path[1200];

	(void)snprintf(path, sizeof path, "%s/fairlead/plugin.h", include);
	return access(path, R_OK) == 0;
}

/* Beside this program: installed (bin and include under one prefix), or in a build folder of the
 * source tree. */
static bool find_headers(char include[1024])
{
	static const char *const below[] = {"../include", "../plugin-api/include",
	                                    "plugin-api/include"};
	char exe[512];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	char *slash;

	if (n <= 0)
		return false;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	for (size_t i = 0; i < FL_ARRAY_LEN(below); i++) {
		char path[600], *real;

		(void)snprintf(path, sizeof path, "%s/%s", exe, below[i]);
		real = has_headers(path) ? realpath(path, NULL) : NULL;
		if (real == NULL)
			continue;
		(void)snprintf(include, 1024, "%s", real);
		free(real);
		return true;
	}
	return false;
}

/* Writes one text with its placeholders filled in. 0, or -1 after a complaint. */
static int write_template(const struct template *t, const struct names *names)
{
	const struct {
		const char *mark, *value;
	} marks[] = {{"@ID@", names->id}, {"@NAME@", names->name}, {"@INCLUDE@", names->include}};
	char path[1400];
	struct fl_buf b;
	FILE *f;
	int fd, code = 0;

	if (t->suffix[0] == '=')
		(void)snprintf(path, sizeof path, "%s/%s", names->folder, t->suffix + 1);
	else
		(void)snprintf(path, sizeof path, "%s/%s%s", names->folder, names->name, t->suffix);
	fl_buf_init(&b, 65536);
	for (const char *p = t->text; *p != '\0';) {
		size_t i = 0;

		while (i < FL_ARRAY_LEN(marks) &&
		       strncmp(p, marks[i].mark, strlen(marks[i].mark)) != 0)
			i++;
		if (i < FL_ARRAY_LEN(marks)) {
			fl_buf_add_c(&b, marks[i].value);
			p += strlen(marks[i].mark);
		} else {
			fl_buf_add_char(&b, *p++);
		}
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (f == NULL || fwrite(b.p, 1, b.len, f) != b.len)
		code = errno == 0 ? EIO : errno;
	if (f != NULL && fclose(f) != 0 && code == 0)
		code = errno;
	fl_buf_fini(&b);
	if (code == 0)
		return 0;
	(void)fl_plugin_complain("%s: %s", path, fl_errno_text(code));
	return -1;
}

int fl_plugin_new(void *ctx, int argc, char **argv)
{
	struct names names = {.id = NULL};
	const char *dot;
	int c;

	(void)ctx;
	while ((c = getopt(argc, argv, "+I:d:")) != -1) {
		if (c == 'I')
			(void)snprintf(names.include, sizeof names.include, "%s", optarg);
		else if (c == 'd')
			names.folder = optarg;
		else
			return FL_COMMAND_USAGE;
	}
	if (optind != argc - 1)
		return FL_COMMAND_USAGE;
	names.id = argv[optind];
	if (check_id(names.id) != 0)
		return FL_PLUGIN_EXIT_USAGE;
	dot = strrchr(names.id, '.');
	names.name = dot == NULL ? names.id : dot + 1;
	if (names.folder == NULL)
		names.folder = names.name;
	if (names.include[0] == '\0' && !find_headers(names.include))
		return fl_plugin_complain("the headers are not beside this program: say where "
		                          "fairlead/plugin.h is with -I INCLUDE-DIR");
	if (!has_headers(names.include))
		return fl_plugin_complain("%s/fairlead/plugin.h is not there", names.include);
	if (mkdir(names.folder, 0777) != 0)
		return fl_plugin_complain("%s: %s; choose another folder with -d", names.folder,
		                          fl_errno_text(errno));
	for (size_t i = 0; i < FL_ARRAY_LEN(templates); i++)
		if (write_template(&templates[i], &names) != 0)
			return FL_PLUGIN_EXIT_USAGE;
	(void)printf("%s/ is written. Next: make -C %s\n", names.folder, names.folder);
	return 0;
}
