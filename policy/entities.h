/* policy/entities.h - the entities a decision looks at
 * SPDX-License-Identifier: Apache-2.0
 *
 * A store is built once, then finished, then only read: any number of threads may share it. Finishing
 * computes each entity's ancestors over the entities that are present (a parent that is absent is an
 * ancestor without parents of its own) and refuses cycles.
 *
 *	struct fl_cedar_entities *es = fl_cedar_entities_create(max_bytes);
 *	const struct fl_cedar_uid *ann = fl_cedar_entities_uid(es, FL_STR("User"), FL_STR("ann"));
 *	r = fl_cedar_entities_add(es, ann, attrs, parents, 1, fl_cedar_record_empty(), &err);
 *	r = fl_cedar_entities_finish(es, &err);
 *	fl_cedar_entities_destroy(es);
 */
#ifndef FL_POLICY_ENTITIES_H
#define FL_POLICY_ENTITIES_H

#include "base/error.h"
#include "policy/value.h"

struct fl_cedar_entity {
	const struct fl_cedar_uid *uid;
	struct fl_cedar_value attrs, tags; /* records */
	const struct fl_cedar_uid **parents;
	size_t n_parents;
	const struct fl_cedar_uid **ancestors; /* after finish: sorted by hash, without repetitions */
	size_t n_ancestors;
	void *mark; /* for whoever builds; NULL after finish */
};

struct fl_cedar_entities;

/* NULL when out of memory. All that the store holds counts against `max_bytes`. */
struct fl_cedar_entities *fl_cedar_entities_create(size_t max_bytes);
struct fl_cedar_entities *fl_cedar_entities_destroy(struct fl_cedar_entities *es);
/* Memory that lives as long as the store, to build attribute values in. */
struct fl_arena *fl_cedar_entities_arena(struct fl_cedar_entities *es);
/* The store's one copy of this uid; NULL when memory is full. [before finish] */
const struct fl_cedar_uid *fl_cedar_entities_uid(struct fl_cedar_entities *es, struct fl_str type,
						 struct fl_str id);
/* Adds an entity. `uid`, `parents` and what the values point to must be the store's own memory;
 * the array `parents` is copied. Adding an equal entity again is fine. FL_CEDAR_E_DUPLICATE: one of
 * that uid is there and differs; FL_CEDAR_E_LIMIT; FL_CEDAR_E_MEMORY. [before finish] */
int fl_cedar_entities_add(struct fl_cedar_entities *es, const struct fl_cedar_uid *uid,
			  struct fl_cedar_value attrs, const struct fl_cedar_uid *const *parents,
			  size_t n_parents, struct fl_cedar_value tags, struct fl_error *err);
/* Closes the hierarchy. FL_CEDAR_E_CYCLE, FL_CEDAR_E_LIMIT, FL_CEDAR_E_MEMORY; the store can only be
 * destroyed then. */
int fl_cedar_entities_finish(struct fl_cedar_entities *es, struct fl_error *err);

/* An entity for one request, e.g. a principal with its claims: `ret` is filled with what stands above
 * `parents` in the store, and goes into struct fl_cedar_request's `own`. All is borrowed but the
 * ancestors, which live in `arena`. The store's own entities do not change. FL_CEDAR_E_MEMORY.
 * [any, after finish] */
int fl_cedar_entities_derive(const struct fl_cedar_entities *es, const struct fl_cedar_uid *uid,
			     struct fl_cedar_value attrs,
			     const struct fl_cedar_uid *const *parents, size_t n_parents,
			     struct fl_cedar_value tags, struct fl_arena *arena,
			     struct fl_cedar_entity *ret);
/* The entity, or NULL. [any, after finish; while building: what was added so far] */
const struct fl_cedar_entity *fl_cedar_entities_find(const struct fl_cedar_entities *es,
						     const struct fl_cedar_uid *uid);
size_t fl_cedar_entities_count(const struct fl_cedar_entities *es);
/* In the order added. */
const struct fl_cedar_entity *fl_cedar_entities_at(const struct fl_cedar_entities *es, size_t i);
/* True when `ancestor` is among the entity's ancestors (not the entity itself). [after finish] */
bool fl_cedar_entity_has_ancestor(const struct fl_cedar_entity *e,
				  const struct fl_cedar_uid *ancestor);

#endif
