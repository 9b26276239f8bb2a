/* gateway/config/compile.h - private: what the compilers of sections share
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_CONFIG_COMPILE_H
#define FL_GATEWAY_CONFIG_COMPILE_H

#include "base/map.h"
#include "gateway/config/schema.h"

struct compile {
	struct fl_cfg_load *load;
	const struct fl_cfg_raw *raw;
	struct fl_config *config;
	struct fl_cfg_connector *connectors;
	struct fl_cfg_instance *instances;
	struct fl_cfg_route *routes;
	struct fl_map connector_ids, instance_names, secret_names, auth_names, limit_names; /* to index + 1 */
	struct fl_map files; /* names in problems' memory to names in ours */
};

/* Moves a text into the configuration. */
static inline struct fl_str keep(struct compile *c, struct fl_str s)
{
	return s.p == NULL ? FL_STR("") : fl_arena_str(&c->config->arena, s);
}

static inline struct fl_cfg_strings keep_list(struct compile *c, struct fl_cfg_strings list)
{
	struct fl_str *items = fl_arena_array(&c->config->arena, list.n, sizeof *items);

	for (size_t i = 0; items != NULL && i < list.n; i++)
		items[i] = keep(c, list.items[i]);
	return (struct fl_cfg_strings){items, items ? list.n : 0};
}

/* Positions of the configuration outlive the problems that the tree's belong to. */
static inline struct fl_position keep_position(struct compile *c, struct fl_position at)
{
	const char *ours = fl_map_find(&c->files, fl_str(at.file));

	if (ours == NULL && at.file != NULL) {
		struct fl_str name = keep(c, fl_str(at.file));
		union {
			const char *name;
			void *value;
		} u = {.name = name.p};

		if (name.p == NULL || fl_map_put(&c->files, name, u.value, NULL) != 0)
			return (struct fl_position){NULL, at.line, at.column};
		ours = name.p;
	}
	at.file = ours;
	return at;
}

static inline void add_name(struct fl_map *map, struct fl_str name, size_t index)
{
	(void)!fl_map_put(map, name, (void *)(uintptr_t)(index + 1), NULL);
}

/* The index of a name; false when there is none: that is noted, with the nearest that there is.
 * `what` and `section` are for the message. */
bool fl_cfg_find_name(struct compile *c, const struct fl_map *map, const struct fl_cfg_node *at,
		      struct fl_str name, const char *what, const char *section, size_t *ret);

void fl_cfg_compile_consumers(struct compile *c);
/* After secrets and consumers. */
void fl_cfg_compile_auth(struct compile *c);
/* What a route takes: after fl_cfg_compile_auth(). */
void fl_cfg_compile_route_auth(struct compile *c, const struct fl_cfg_raw_route *from,
			       struct fl_cfg_route *to);

void fl_cfg_compile_limits(struct compile *c);
/* What a route lists: after fl_cfg_compile_limits(). */
void fl_cfg_compile_route_limits(struct compile *c, const struct fl_cfg_raw_route *from,
				 struct fl_cfg_route *to);

#endif
