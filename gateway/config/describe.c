/* gateway/config/describe.c - the table of keys, for people and for editors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/config/describe.h"

#include "base/json.h"
#include "gateway/config/schema.h"
#include "gateway/config/value.h"

/* ---- what both forms for people say ---- */

static void add_limit(struct fl_buf *out, const struct fl_cfg_key *key, uint64_t value)
{
	if (key->type == FL_CFG_TYPE_DURATION)
		fl_cfg_value_add_duration(out, value);
	else if (key->type == FL_CFG_TYPE_SIZE)
		fl_cfg_value_add_size(out, value);
	else
		fl_buf_add_u64(out, value);
}

static const char *unit_of(const struct fl_cfg_key *key)
{
	static const char *const units[FL_CFG_TYPE_N] = {
	    [FL_CFG_TYPE_STRING] = " bytes",
	    [FL_CFG_TYPE_STRINGS] = " items",
	    [FL_CFG_TYPE_NAMED] = " entries",
	    [FL_CFG_TYPE_NODE] = " entries",
	};

	return units[key->type] ? units[key->type] : "";
}

/* "1ms to 1h", "at most 16 items"; nothing when there are no limits. */
static void add_range(struct fl_buf *out, const struct fl_cfg_key *key)
{
	if (key->max == 0 || key->type == FL_CFG_TYPE_METHODS)
		return;
	if (key->min == 0) {
		fl_buf_add_c(out, "at most ");
	} else {
		add_limit(out, key, key->min);
		fl_buf_add_c(out, " to ");
	}
	add_limit(out, key, key->max);
	fl_buf_add_c(out, unit_of(key));
}

/* ---- Markdown ---- */

/* A "|" would end the cell. */
static void add_cell(struct fl_buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			fl_buf_add_char(out, '\\');
		fl_buf_add_char(out, *text);
	}
}

static void add_fallback(struct fl_buf *out, const struct fl_cfg_key *key)
{
	if (key->flags & FL_CFG_IS_NEEDED) {
		fl_buf_add_c(out, "**needed**");
	} else if (key->fallback_text) {
		add_cell(out, key->fallback_text);
	} else if (key->fallback && key->fallback[0]) {
		fl_buf_add_char(out, '`');
		add_cell(out, key->fallback);
		fl_buf_add_char(out, '`');
	}
}

static void add_row(struct fl_buf *out, const struct fl_cfg_key *key)
{
	const char *format = fl_cfg_format_text(key->format);
	size_t at;

	fl_buf_printf(out, "| `%s` | ", key->path);
	add_cell(out, key->help);
	if (format && (key->type == FL_CFG_TYPE_STRING || key->type == FL_CFG_TYPE_STRINGS)) {
		fl_buf_add_c(out, key->type == FL_CFG_TYPE_STRINGS ? " Each: " : " Must be ");
		add_cell(out, format);
		fl_buf_add_char(out, '.');
	}
	if (key->example) {
		fl_buf_add_c(out, " `");
		add_cell(out, key->example);
		fl_buf_add_char(out, '`');
	}
	at = out->len;
	add_range(out, key);
	if (out->len > at) {
		struct fl_buf range;

		fl_buf_init(&range, 200);
		fl_buf_add(&range, fl_str_n(out->p + at, out->len - at));
		out->len = at;
		fl_buf_printf(out, " (%s)", fl_buf_cstr(&range));
		fl_buf_fini(&range);
	}
	fl_buf_add_c(out, " | ");
	add_fallback(out, key);
	fl_buf_add_c(out, " |\n");
}

void fl_cfg_describe_markdown(struct fl_buf *out)
{
	fl_buf_add_c(out, "| key | meaning | default |\n|---|---|---|\n");
	for (size_t i = 0; i < fl_cfg_keys_n; i++)
		add_row(out, &fl_cfg_keys[i]);
}

/* ---- mdoc ---- */

/* A backslash is an escape, and a line must not begin with "." or "'". Backquotes are Markdown's.
 */
static void add_roff(struct fl_buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fl_buf_add_c(out, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			fl_buf_add_c(out, "\\e");
		else if (*text == '-')
			fl_buf_add_c(out, "\\-");
		else if (*text != '`' && *text != '*')
			fl_buf_add_char(out, *text);
	}
}

static void add_item(struct fl_buf *out, const struct fl_cfg_key *key)
{
	fl_buf_add_c(out, ".It Cm ");
	for (const char *c = key->path; *c; c++)
		fl_buf_add_char(out, *c);
	fl_buf_add_char(out, '\n');
	add_roff(out, key->help);
	fl_buf_add_char(out, '\n');
	if (key->max != 0 && key->type != FL_CFG_TYPE_METHODS) {
		fl_buf_add_c(out, "Range: ");
		add_range(out, key);
		fl_buf_add_c(out, ".\n");
	}
	if (key->flags & FL_CFG_IS_NEEDED) {
		fl_buf_add_c(out, "Needed.\n");
	} else if (key->fallback_text || (key->fallback && key->fallback[0])) {
		fl_buf_add_c(out, "Default: ");
		add_roff(out, key->fallback_text ? key->fallback_text : key->fallback);
		fl_buf_add_c(out, ".\n");
	}
}

void fl_cfg_describe_man(struct fl_buf *out)
{
	fl_buf_add_c(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < fl_cfg_keys_n; i++)
		add_item(out, &fl_cfg_keys[i]);
	fl_buf_add_c(out, ".El\n");
}

/* ---- JSON Schema ---- */

struct describe {
	struct fl_cfg_schema schema;
	struct fl_json j;
};

static void add_type(struct describe *d, const char *key, const char *type)
{
	fl_json_object(&d->j, key);
	fl_json_add_c(&d->j, "type", type);
	fl_json_end(&d->j);
}

/* Everything that is no map may come by substitution. */
static void add_pattern(struct describe *d, const char *pattern)
{
	struct fl_buf text;

	if (!pattern)
		return;
	fl_buf_init(&text, 2000);
	fl_buf_printf(&text, "\\$\\{|%s", pattern);
	fl_json_add(&d->j, "pattern", fl_buf_str(&text));
	fl_buf_fini(&text);
}

static void add_words(struct describe *d, const struct fl_cfg_key *key)
{
	struct fl_str rest = fl_str(key->words);

	fl_json_array(&d->j, "enum");
	while (rest.p)
		fl_json_add(&d->j, NULL, fl_str_split(rest, '|', &rest));
	fl_json_end(&d->j);
}

static void add_properties(struct describe *d, int row);

static void add_named(struct describe *d, int row)
{
	fl_json_add_c(&d->j, "type", "object");
	fl_json_object(&d->j, "additionalProperties");
	add_properties(d, d->schema.first[row]);
	fl_json_end(&d->j);
}

static void add_number(struct describe *d, const struct fl_cfg_key *key)
{
	if (!key->words) {
		fl_json_add_c(&d->j, "type", "integer");
		fl_json_add_u64(&d->j, "minimum", key->min);
		fl_json_add_u64(&d->j, "maximum", key->max);
		return;
	}
	fl_json_array(&d->j, "anyOf");
	add_type(d, NULL, "integer");
	fl_json_object(&d->j, NULL);
	add_words(d, key);
	fl_json_end(&d->j);
	fl_json_end(&d->j);
}

static void add_list(struct describe *d, const struct fl_cfg_key *key)
{
	fl_json_add_c(&d->j, "type", "array");
	fl_json_object(&d->j, "items");
	fl_json_add_c(&d->j, "type", "string");
	if (key->type == FL_CFG_TYPE_METHODS)
		add_words(d, key);
	else
		add_pattern(d, fl_cfg_format_pattern(key->format));
	fl_json_end(&d->j);
}

static void add_key(struct describe *d, int row)
{
	const struct fl_cfg_key *key = &fl_cfg_keys[row];

	fl_json_object(&d->j, fl_cfg_key_name(key));
	fl_json_add_c(&d->j, "description", key->help);
	switch (key->type) {
	case FL_CFG_TYPE_MAP:
		add_properties(d, d->schema.first[row]);
		break;
	case FL_CFG_TYPE_NAMED:
		add_named(d, row);
		break;
	case FL_CFG_TYPE_STRING:
		fl_json_add_c(&d->j, "type", "string");
		if (key->only_words)
			add_words(d, key);
		else if (!key->words)
			add_pattern(d, fl_cfg_format_pattern(key->format));
		break;
	case FL_CFG_TYPE_STRINGS:
	case FL_CFG_TYPE_METHODS:
		add_list(d, key);
		break;
	case FL_CFG_TYPE_BOOL:
		fl_json_add_c(&d->j, "type", "boolean");
		break;
	case FL_CFG_TYPE_COUNT:
		add_number(d, key);
		break;
	case FL_CFG_TYPE_SIZE:
		fl_json_array(&d->j, "type");
		fl_json_add_c(&d->j, NULL, "string");
		fl_json_add_c(&d->j, NULL, "integer");
		fl_json_end(&d->j);
		add_pattern(d, "^[0-9]+(B|KiB|MiB|GiB)?$");
		break;
	case FL_CFG_TYPE_DURATION:
		fl_json_add_c(&d->j, "type", "string");
		add_pattern(d, "^[0-9]+(ms|s|m|h)$");
		break;
	case FL_CFG_TYPE_NODE:
		fl_json_add_c(&d->j, "type", "object");
		break;
	case FL_CFG_TYPE_N:
		break;
	}
	fl_json_end(&d->j);
}

/* The members of an object's schema: the rows from `row` on, and their siblings. */
static void add_properties(struct describe *d, int row)
{
	fl_json_add_c(&d->j, "type", "object");
	fl_json_add_bool(&d->j, "additionalProperties", false);
	fl_json_array(&d->j, "required");
	for (int r = row; r >= 0; r = d->schema.next[r])
		if (fl_cfg_keys[r].flags & FL_CFG_IS_NEEDED)
			fl_json_add_c(&d->j, NULL, fl_cfg_key_name(&fl_cfg_keys[r]));
	fl_json_end(&d->j);
	fl_json_object(&d->j, "properties");
	for (int r = row; r >= 0; r = d->schema.next[r])
		add_key(d, r);
	fl_json_end(&d->j);
}

void fl_cfg_describe_schema(struct fl_buf *out)
{
	struct describe d;

	fl_cfg_schema_init(&d.schema);
	fl_json_init(&d.j, out);
	fl_json_object(&d.j, NULL);
	fl_json_add_c(&d.j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	fl_json_add_c(&d.j, "title", "fairlead configuration");
	add_properties(&d, d.schema.top);
	fl_json_end(&d.j);
	fl_buf_add_char(out, '\n');
}
