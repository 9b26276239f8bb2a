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
	    [FL_CFG_TYPE_LISTED] = " items",
	    [FL_CFG_TYPE_NODE] = " entries",
	};

	return units[key->type] ? units[key->type] : "";
}

static bool has_range(const struct fl_cfg_key *key)
{
	return key->max != 0 && key->type != FL_CFG_TYPE_WORDS;
}

/* "1ms to 1h", "at most 16 items". */
static void add_range(struct fl_buf *out, const struct fl_cfg_key *key)
{
	if (key->min == 0) {
		fl_buf_add_c(out, "at most ");
	} else {
		add_limit(out, key, key->min);
		fl_buf_add_c(out, " to ");
	}
	add_limit(out, key, key->max);
	fl_buf_add_c(out, unit_of(key));
}

typedef void (*add_text_fn)(struct fl_buf *out, const char *text);

/* " Must be ..." of a string, " Each: ..." of a list's items. */
static void add_format(struct fl_buf *out, const struct fl_cfg_key *key, add_text_fn add_text)
{
	const char *format = fl_cfg_format_text(key->format);

	if (!format || (key->type != FL_CFG_TYPE_STRING && key->type != FL_CFG_TYPE_STRINGS))
		return;
	fl_buf_add_c(out, key->type == FL_CFG_TYPE_STRINGS ? " Each: " : " Must be ");
	add_text(out, format);
	fl_buf_add_char(out, '.');
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
	fl_buf_printf(out, "| `%s` | ", key->path);
	add_cell(out, key->help);
	add_format(out, key, add_cell);
	if (key->example) {
		fl_buf_add_c(out, " `");
		add_cell(out, key->example);
		fl_buf_add_char(out, '`');
	}
	if (has_range(key)) {
		fl_buf_add_c(out, " (");
		add_range(out, key);
		fl_buf_add_char(out, ')');
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
		else if (*text != '`')
			fl_buf_add_char(out, *text);
	}
}

static void add_item(struct fl_buf *out, const struct fl_cfg_key *key)
{
	fl_buf_printf(out, ".It Cm %s\n", key->path);
	add_roff(out, key->help);
	add_format(out, key, add_roff);
	fl_buf_add_char(out, '\n');
	if (key->example) {
		fl_buf_add_c(out, "Example: ");
		add_roff(out, key->example);
		fl_buf_add_c(out, ".\n");
	}
	if (has_range(key)) {
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

/* One more alternative of "anyOf": a string that is replaced, or is of a pattern. */
static void add_string(struct describe *d, const char *pattern)
{
	struct fl_buf text;

	fl_json_object(&d->j, NULL);
	fl_json_add_c(&d->j, "type", "string");
	fl_buf_init(&text, 2000);
	fl_buf_printf(&text, "\\$\\{%s%s", pattern ? "|" : "", pattern ? pattern : "");
	fl_json_add(&d->j, "pattern", fl_buf_str(&text));
	fl_buf_fini(&text);
	fl_json_end(&d->j);
}

static void add_words(struct describe *d, const struct fl_cfg_key *key)
{
	struct fl_str rest = fl_str(key->words);

	fl_json_object(&d->j, NULL);
	fl_json_array(&d->j, "enum");
	while (rest.p)
		fl_json_add(&d->j, NULL, fl_str_split(rest, '|', &rest));
	fl_json_end(&d->j);
	fl_json_end(&d->j);
}

static void add_number(struct describe *d, const struct fl_cfg_key *key)
{
	fl_json_object(&d->j, NULL);
	fl_json_add_c(&d->j, "type", "integer");
	fl_json_add_u64(&d->j, "minimum", key->min);
	fl_json_add_u64(&d->j, "maximum", key->max);
	fl_json_end(&d->j);
}

static void add_type(struct describe *d, const char *type)
{
	fl_json_object(&d->j, NULL);
	fl_json_add_c(&d->j, "type", type);
	fl_json_end(&d->j);
}

/* What a value may be: every one that is no map or list may come by substitution. */
static void add_scalar(struct describe *d, const struct fl_cfg_key *key)
{
	const char *pattern = fl_cfg_format_pattern(key->format);

	fl_json_array(&d->j, "anyOf");
	if (key->words)
		add_words(d, key);
	if (key->type == FL_CFG_TYPE_BOOL)
		add_type(d, "boolean");
	else if (key->type == FL_CFG_TYPE_COUNT || key->type == FL_CFG_TYPE_SIZE)
		add_number(d, key);
	if (key->type == FL_CFG_TYPE_SIZE)
		pattern = "^[0-9]+(B|KiB|MiB|GiB)?$";
	else if (key->type == FL_CFG_TYPE_DURATION)
		pattern = "^[0-9]+(ms|s|m|h)$";
	else if (key->type == FL_CFG_TYPE_RATE)
		pattern = "^[0-9]+/([0-9]+(ms|s|m|h)|s|min|h|d)$";
	else if (key->type == FL_CFG_TYPE_TIME)
		pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$";
	if (pattern || key->only_words || key->type == FL_CFG_TYPE_BOOL ||
	    key->type == FL_CFG_TYPE_COUNT)
		add_string(d, pattern);
	else
		add_type(d, "string");
	fl_json_end(&d->j);
}

static void add_limits(struct describe *d, const struct fl_cfg_key *key, const char *min,
                       const char *max)
{
	if (key->min != 0)
		fl_json_add_u64(&d->j, min, key->min);
	if (key->max != 0)
		fl_json_add_u64(&d->j, max, key->max);
}

static void add_list(struct describe *d, const struct fl_cfg_key *key)
{
	fl_json_add_c(&d->j, "type", "array");
	add_limits(d, key, "minItems", "maxItems");
	fl_json_object(&d->j, "items");
	add_scalar(d, key);
	fl_json_end(&d->j);
}

/* One word may stand for a list of it. */
static void add_word_list(struct describe *d, const struct fl_cfg_key *key)
{
	if (!(key->flags & FL_CFG_TAKES_ONE)) {
		add_list(d, key);
		return;
	}
	fl_json_array(&d->j, "anyOf");
	fl_json_object(&d->j, NULL);
	add_scalar(d, key);
	fl_json_end(&d->j);
	fl_json_object(&d->j, NULL);
	add_list(d, key);
	fl_json_end(&d->j);
	fl_json_end(&d->j);
}

/* A key with nothing below it is an empty map; `row` is the first of the map's keys, or -1. */
static void add_map_type(struct describe *d, int row)
{
	fl_json_array(&d->j, "type");
	fl_json_add_c(&d->j, NULL, "object");
	while (row >= 0 && !(fl_cfg_keys[row].flags & FL_CFG_IS_NEEDED))
		row = d->schema.next[row];
	if (row < 0)
		fl_json_add_c(&d->j, NULL, "null");
	fl_json_end(&d->j);
}

static void add_properties(struct describe *d, int row);

static void add_listed(struct describe *d, int row)
{
	fl_json_array(&d->j, "type");
	fl_json_add_c(&d->j, NULL, "array");
	fl_json_add_c(&d->j, NULL, "null");
	fl_json_end(&d->j);
	add_limits(d, &fl_cfg_keys[row], "minItems", "maxItems");
	fl_json_object(&d->j, "items");
	add_properties(d, d->schema.first[row]);
	fl_json_end(&d->j);
}

/* The value of a secret, of a label, or of a header's condition. */
static void add_entry(struct describe *d, const struct fl_cfg_key *key)
{
	fl_json_array(&d->j, "anyOf");
	add_type(d, "string");
	if (key->flags & FL_CFG_OF_HEADERS)
		fl_json_add_raw(&d->j, NULL,
		                FL_STR("{\"type\":\"object\",\"required\":[\"present\"],"
		                       "\"additionalProperties\":false,"
		                       "\"properties\":{\"present\":{\"const\":true}}}"));
	fl_json_end(&d->j);
}

/* A map whose names are chosen. */
static void add_named(struct describe *d, int row)
{
	const struct fl_cfg_key *key = &fl_cfg_keys[row];

	add_map_type(d, -1);
	if (key->flags & FL_CFG_OF_CONNECTOR)
		return;
	add_limits(d, key, "minProperties", "maxProperties");
	fl_json_object(&d->j, "propertyNames");
	fl_json_add_c(&d->j, "pattern", fl_cfg_format_pattern(key->format));
	fl_json_end(&d->j);
	fl_json_object(&d->j, "additionalProperties");
	if (key->type == FL_CFG_TYPE_NAMED)
		add_properties(d, d->schema.first[row]);
	else
		add_entry(d, key);
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
	case FL_CFG_TYPE_NODE:
		add_named(d, row);
		break;
	case FL_CFG_TYPE_LISTED:
		add_listed(d, row);
		break;
	case FL_CFG_TYPE_STRINGS:
	case FL_CFG_TYPE_WORDS:
		add_word_list(d, key);
		break;
	case FL_CFG_TYPE_STRING:
		add_limits(d, key, "minLength", "maxLength");
		add_scalar(d, key);
		break;
	case FL_CFG_TYPE_BOOL:
	case FL_CFG_TYPE_COUNT:
	case FL_CFG_TYPE_SIZE:
	case FL_CFG_TYPE_DURATION:
	case FL_CFG_TYPE_RATE:
	case FL_CFG_TYPE_TIME:
		add_scalar(d, key);
		break;
	case FL_CFG_TYPE_N:
		break;
	}
	fl_json_end(&d->j);
}

/* The members of an object's schema: the rows from `row` on, and their siblings. */
static void add_properties(struct describe *d, int row)
{
	add_map_type(d, row);
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
