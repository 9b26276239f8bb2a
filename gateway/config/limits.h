/* gateway/config/limits.h - how big a configuration may be, and why
 * SPDX-License-Identifier: Apache-2.0
 *
 * A configuration also comes over the admin API, so none of its costs may grow without bound. All
 * limits leave room for 10,000 routes written out in full, or 100,000 consumers with a key each.
 */
#ifndef FL_GATEWAY_CONFIG_LIMITS_H
#define FL_GATEWAY_CONFIG_LIMITS_H

/* All files together. 10,000 routes of one line are 0.8 MB, written out with every key 3 MB; 100,000
 * consumers of one line are 14 MB. */
#define FL_CFG_BYTES_MAX (16u << 20)
/* One file per route must be possible for those who generate them. */
#define FL_CFG_FILES_MAX 1000u
/* Maps and lists within each other. What connectors read (the SDK's reader) ends at 32 as well. */
#define FL_CFG_DEPTH_MAX 32u
/* Scalars, lists and maps; 10,000 routes with every key are 250,000, 100,000 consumers 700,000. */
#define FL_CFG_NODES_MAX 1000000u
/* What aliases may add: nodes, and one for every FL_CFG_ALIAS_BYTES of text. A few lines of aliases
 * that refer to each other mean billions of nodes otherwise. */
#define FL_CFG_ALIAS_MAX 100000u
#define FL_CFG_ALIAS_BYTES 64u
/* Of a key, in bytes; YAML has the same limit for keys without "?". A pointer repeats all keys above,
 * and there may be one for every value. */
#define FL_CFG_KEY_MAX 1024u
/* A number written with more characters is none that anybody meant. */
#define FL_CFG_NUMBER_MAX 64u
/* The value of a consumer's label. */
#define FL_CFG_LABEL_MAX 256u
/* What ${file:} may read: as much as a secret may have (gateway/secret/secret.h). */
#define FL_CFG_VALUE_MAX (64u << 10)
/* An instance's configuration as JSON, which its connector gets as one string. */
#define FL_CFG_INSTANCE_BYTES_MAX (4u << 20)
/* Files of policies, links, schemas and entities: how many of each kind, and all together. 10,000 policies of
 * 300 bytes are 3 MB. One file of policies or one schema may be as large as the language library
 * takes (policy/limits.h); entities and links are data, and come in one file more often. */
#define FL_CFG_POLICY_FILES_MAX 1000u
#define FL_CFG_POLICY_BYTES_MAX (32u << 20)
#define FL_CFG_ENTITIES_BYTES_MAX (16u << 20)
/* Memory for the tree, and for what is made of it. */
#define FL_CFG_MEMORY_MAX (256u << 20)

#endif
