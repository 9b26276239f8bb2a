/* tests/bench/policy_apps.c - three example applications
 * SPDX-License-Identifier: Apache-2.0
 *
 * A drive of documents, a code host and a to-do list. An application is a table: its types, what
 * may stand above each, its attributes, and its actions; entities and requests are drawn from that.
 */
#include "tests/bench/policy_worlds.h"

#include <string.h>

#define LEAST 5u
#define EDGE_PERCENT 5u

enum attr_kind { END, BOOL, ENTITY, ENTITIES };

struct app_type {
	const char *name;
	const char *above; /* types that may be above, as digits: their places in the table */
	struct {
		enum attr_kind kind;
		const char *name;
		uint8_t of; /* the type of what it names */
	} attrs[7];
};

struct app_action {
	const char *id;
	uint8_t resource; /* its type; principals are of type 0 */
};

struct bench_app {
	const struct app_type *types;
	const struct app_action *actions;
	unsigned n_types, n_actions;
};

static void add_uid(struct fl_buf *out, const struct bench_app *app, const struct bench_draw *d,
                    unsigned i)
{
	fl_buf_printf(out, "{\"type\":\"%s\",\"id\":\"%u\"}", app->types[d->types[i]].name, i);
}

/* One of this type. The first entities have one type each. */
static unsigned draw_of(struct bench_draw *d, uint8_t type)
{
	unsigned i = bench_draw(d, d->n);

	return d->types[i] == type ? i : bench_draw(d, 2) == 0 ? draw_of(d, type) : type;
}

static void add_attrs(struct fl_buf *out, const struct bench_app *app, struct bench_draw *d,
                      const struct app_type *type)
{
	for (size_t k = 0; type->attrs[k].kind != END; k++) {
		uint8_t of = type->attrs[k].of;
		bool many = type->attrs[k].kind == ENTITIES;

		fl_buf_printf(out, "%s\"%s\":", k == 0 ? "" : ",", type->attrs[k].name);
		if (type->attrs[k].kind == BOOL) {
			fl_buf_add_c(out, bench_draw(d, 4) == 0 ? "true" : "false");
			continue;
		}
		fl_buf_add_c(out, many ? "[" : "");
		add_uid(out, app, d, draw_of(d, of));
		for (unsigned more = many ? bench_draw(d, 4) : 0; more > 0; more--) {
			fl_buf_add_char(out, ',');
			add_uid(out, app, d, draw_of(d, of));
		}
		fl_buf_add_c(out, many ? "]" : "");
	}
}

static bool may_be_above(const struct app_type *type, uint8_t above)
{
	return strchr(type->above, (char)('0' + above)) != NULL;
}

/* Parents have higher numbers: no cycles. */
static void add_parents(struct fl_buf *out, const struct bench_app *app, struct bench_draw *d,
                        unsigned i)
{
	const char *comma = "";

	for (unsigned k = i + 1; k < d->n; k++) {
		if (!may_be_above(&app->types[d->types[i]], d->types[k]) ||
		    bench_draw(d, 100) >= EDGE_PERCENT)
			continue;
		fl_buf_add_c(out, comma);
		add_uid(out, app, d, k);
		comma = ",";
	}
}

static void add_entities(struct fl_buf *out, const struct bench_world *w, struct bench_draw *d)
{
	const struct bench_app *app = w->app;

	d->n = LEAST + bench_draw(d, BENCH_ENTITIES_MAX - LEAST + 1);
	for (unsigned i = 0; i < d->n; i++)
		d->types[i] = (uint8_t)(i < app->n_types ? i : bench_draw(d, app->n_types));
	for (unsigned i = 0; i < d->n; i++) {
		fl_buf_add_c(out, i == 0 ? "[{\"uid\":" : ",{\"uid\":");
		add_uid(out, app, d, i);
		fl_buf_add_c(out, ",\"attrs\":{");
		add_attrs(out, app, d, &app->types[d->types[i]]);
		fl_buf_add_c(out, "},\"parents\":[");
		add_parents(out, app, d, i);
		fl_buf_add_c(out, "]}");
	}
	fl_buf_add_char(out, ']');
}

static void add_request(struct fl_buf *out, const struct bench_world *w, struct bench_draw *d)
{
	const struct app_action *action = &w->app->actions[bench_draw(d, w->app->n_actions)];

	fl_buf_add_c(out, "{\"principal\":");
	add_uid(out, w->app, d, draw_of(d, 0));
	fl_buf_printf(out,
	              ",\"action\":{\"type\":\"Action\",\"id\":\"%s\"},\"resource\":", action->id);
	add_uid(out, w->app, d, draw_of(d, action->resource));
	fl_buf_add_c(out, ",\"context\":{}}");
}

/* ---- a drive ---- */

static const struct app_type drive_types[] = {
    {"User", "1", {{BOOL, "suspended", 0}}},
    {"Team", "1", {{END, NULL, 0}}},
    {"Folder", "2", {{ENTITY, "owner", 0}, {ENTITY, "editors", 1}}},
    {"File",
     "2",
     {{ENTITY, "owner", 0},
      {BOOL, "isPublic", 0},
      {ENTITIES, "readers", 0},
      {ENTITY, "editors", 1}}},
};
static const struct app_action drive_actions[] = {
    {"read", 3}, {"comment", 3}, {"edit", 3}, {"share", 3}, {"list", 2}, {"addFile", 2},
};
static const struct bench_app drive = {drive_types, drive_actions, FL_ARRAY_LEN(drive_types),
                                       FL_ARRAY_LEN(drive_actions)};

const struct bench_world bench_gdrive = {
    .name = "gdrive",
    .app = &drive,
    .add_entities = add_entities,
    .add_request = add_request,
    .schema = "entity Team in [Team];\n"
	      "entity User in [Team] { suspended: Bool };\n"
	      "entity Folder in [Folder] { owner: User, editors: Team };\n"
	      "entity File in [Folder] { owner: User, isPublic: Bool, readers: Set<User>, editors: "
              "Team };\n"
	      "action see, change;\n"
	      "action read, comment in [see] appliesTo { principal: User, resource: File };\n"
	      "action edit, share in [change] appliesTo { principal: User, resource: File };\n"
	      "action list in [see] appliesTo { principal: User, resource: Folder };\n"
	      "action addFile in [change] appliesTo { principal: User, resource: Folder };\n",
    .policies =
	"permit (principal, action, resource) when { principal == resource.owner };\n"
	"permit (principal, action == Action::\"read\", resource is File) when { "
	"resource.isPublic };\n"
	"permit (principal, action in Action::\"see\", resource is File) when { "
	"resource.readers.contains(principal) };\n"
	"permit (principal, action in [Action::\"see\", Action::\"change\"], resource) when { "
	"principal in resource.editors } unless { action == Action::\"share\" };\n"
	"forbid (principal, action in Action::\"change\", resource) when { principal.suspended "
        "};\n",
};

/* ---- a code host ---- */

static const struct app_type host_types[] = {
    {"User", "1", {{END, NULL, 0}}},
    {"Team", "1", {{END, NULL, 0}}},
    {"Repo",
     "",
     {{ENTITY, "readers", 1},
      {ENTITY, "triagers", 1},
      {ENTITY, "writers", 1},
      {ENTITY, "maintainers", 1},
      {ENTITY, "admins", 1},
      {BOOL, "isArchived", 0}}},
    {"Issue", "", {{ENTITY, "repo", 2}, {ENTITY, "reporter", 0}}},
};
static const struct app_action host_actions[] = {
    {"pull", 2},     {"fork", 2},        {"push", 2},      {"addReader", 2},  {"addWriter", 2},
    {"addAdmin", 2}, {"assignIssue", 3}, {"editIssue", 3}, {"closeIssue", 3}, {"deleteIssue", 3},
};
static const struct bench_app host = {host_types, host_actions, FL_ARRAY_LEN(host_types),
                                      FL_ARRAY_LEN(host_actions)};

const struct bench_world bench_github = {
    .name = "github",
    .app = &host,
    .add_entities = add_entities,
    .add_request = add_request,
    .schema =
	"entity Team in [Team];\n"
	"entity User in [Team];\n"
	"entity Repo { readers: Team, triagers: Team, writers: Team, maintainers: Team, "
	"admins: Team, isArchived: Bool };\n"
	"entity Issue { repo: Repo, reporter: User };\n"
	"action pull, fork, push, addReader, addWriter, addAdmin appliesTo { principal: User, "
	"resource: Repo };\n"
	"action assignIssue, editIssue, closeIssue, deleteIssue appliesTo { principal: User, "
	"resource: Issue };\n",
    .policies =
	"permit (principal, action in [Action::\"pull\", Action::\"fork\"], resource) when { "
	"principal in resource.readers };\n"
	"permit (principal, action in [Action::\"pull\", Action::\"fork\", Action::\"push\"], "
	"resource) when { principal in resource.writers };\n"
	"permit (principal, action in [Action::\"addReader\", Action::\"addWriter\"], resource) "
        "when "
	"{ principal in resource.maintainers || principal in resource.admins };\n"
	"permit (principal, action == Action::\"addAdmin\", resource) when { principal in "
	"resource.admins };\n"
	"permit (principal, action in [Action::\"editIssue\", Action::\"closeIssue\"], resource) "
	"when { principal == resource.reporter && principal in resource.repo.readers };\n"
	"permit (principal, action == Action::\"assignIssue\", resource) when { principal in "
	"resource.repo.triagers };\n"
	"permit (principal, action in [Action::\"editIssue\", Action::\"closeIssue\"], resource) "
	"when { principal in resource.repo.writers };\n"
	"permit (principal, action == Action::\"deleteIssue\", resource) when { principal in "
	"resource.repo.maintainers };\n"
	"forbid (principal, action == Action::\"push\", resource) when { resource.isArchived };\n",
};

/* ---- a to-do list ---- */

static const struct app_type todo_types[] = {
    {"User", "1", {{END, NULL, 0}}},
    {"Team", "1", {{END, NULL, 0}}},
    {"App", "", {{END, NULL, 0}}},
    {"List", "2", {{ENTITY, "owner", 0}, {ENTITY, "readers", 1}, {ENTITY, "editors", 1}}},
};
static const struct app_action todo_actions[] = {
    {"makeList", 2}, {"showLists", 2}, {"show", 3},     {"rename", 3},
    {"remove", 3},   {"addTask", 3},   {"doneTask", 3}, {"share", 3},
};
static const struct bench_app todo = {todo_types, todo_actions, FL_ARRAY_LEN(todo_types),
                                      FL_ARRAY_LEN(todo_actions)};

const struct bench_world bench_tinytodo = {
    .name = "tinytodo",
    .app = &todo,
    .add_entities = add_entities,
    .add_request = add_request,
    .schema = "entity Team in [Team];\n"
	      "entity User in [Team];\n"
	      "entity App;\n"
	      "entity List in [App] { owner: User, readers: Team, editors: Team };\n"
	      "action makeList, showLists appliesTo { principal: User, resource: App };\n"
	      "action show, rename, remove, addTask, doneTask, share appliesTo { principal: User, "
	      "resource: List };\n",
    .policies =
	"permit (principal, action in [Action::\"makeList\", Action::\"showLists\"], resource is "
	"App);\n"
	"permit (principal, action, resource is List) when { resource.owner == principal };\n"
	"permit (principal, action == Action::\"show\", resource) when { principal in "
	"resource.readers || principal in resource.editors };\n"
	"permit (principal, action in [Action::\"rename\", Action::\"addTask\", "
	"Action::\"doneTask\"], resource) when { principal in resource.editors };\n",
};
