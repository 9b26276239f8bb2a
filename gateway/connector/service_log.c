/* gateway/connector/service_log.c - private: the host's log(), for connectors
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"
#include "gateway/connector/op.h"

#define LINES_PER_SECOND 100u
#define FIELDS_MAX 16u
#define BYTES_MAX 2048u /* of the message and all fields */
#define NAME_MAX_BYTES 64u
#define OWN_FIELDS 4u

/* A window of a second, approximately: two threads may both see it end. */
static bool may_log(struct fl_instance *instance)
{
	uint64_t second = fl_clock_mono_ns() / FL_NS_PER_SEC;

	if (atomic_load_explicit(&instance->log_second, memory_order_relaxed) != second) {
		atomic_store_explicit(&instance->log_second, second, memory_order_relaxed);
		atomic_store_explicit(&instance->log_lines, 0, memory_order_relaxed);
	}
	if (atomic_fetch_add_explicit(&instance->log_lines, 1, memory_order_relaxed) <
	    LINES_PER_SECOND)
		return true;
	(void)atomic_fetch_add_explicit(&instance->log_dropped, 1, memory_order_relaxed);
	return false;
}

static struct fl_str take(fairlead_str s, size_t *room)
{
	size_t n = !s.p ? 0 : s.n < *room ? s.n : *room;

	*room -= n;
	return fl_str_n(s.p, n);
}

/* The name as a C string: what is no plain name gets "field". */
static const char *name_of(fairlead_str name, char out[NAME_MAX_BYTES])
{
	if (name.n == 0 || name.n >= NAME_MAX_BYTES || !name.p)
		return "field";
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '.' && c != '-')
			return "field";
		out[i] = c;
	}
	out[name.n] = '\0';
	return out;
}

static void write_line(const struct fl_instance *instance, uint32_t level, fairlead_id req,
                       fairlead_str msg, const fairlead_kv *from, size_t n)
{
	struct fl_log_field fields[OWN_FIELDS + FIELDS_MAX + 1];
	char names[FIELDS_MAX][NAME_MAX_BYTES];
	size_t room = BYTES_MAX, at = 0;

	fields[at++] = FL_LOG_STR("instance", instance->spec.name);
	fields[at++] = FL_LOG_STR("connector", instance->manifest->id);
	fields[at++] = FL_LOG_STR("message", take(msg, &room));
	if (req != 0)
		fields[at++] = FL_LOG_U64("request", req);
	for (size_t i = 0; from && i < n && i < FIELDS_MAX; i++)
		fields[at++] = FL_LOG_STR(name_of(from[i].k, names[i]), take(from[i].v, &room));
	fields[at] = (struct fl_log_field){.key = NULL};
	fl_log_fields((enum fl_log_level)level, "connector.says", fields);
}

void fl_service_log(fairlead_id self, uint32_t level, fairlead_id req, fairlead_str msg,
                    const fairlead_kv *fields, size_t fields_n)
{
	FL_SELF_LEAVE struct fl_life *life = fl_self_enter(self);

	if (!life)
		return;
	if (level > FAIRLEAD_LOG_ERROR)
		level = FAIRLEAD_LOG_ERROR;
	if (level >= (uint32_t)fl_log_level() && may_log(life->instance))
		write_line(life->instance, level, req, msg, fields, fields_n);
}
