/* gateway/auth/recipe.h - how senders of webhooks sign, as data
 * SPDX-License-Identifier: Apache-2.0
 *
 * One row per vendor; `generic` is a row that the configuration fills. What is signed is written as a
 * template: "v0:{time}:{body}". {time} and {id} are the texts as they came, {body} the raw bytes,
 * {url} the URL that the sender asked, {form} the decoded fields of a form, sorted.
 */
#ifndef FL_GATEWAY_AUTH_RECIPE_H
#define FL_GATEWAY_AUTH_RECIPE_H

#include <fairlead/plugin.h>

#include "base/error.h"
#include "base/str.h"

enum fl_recipe_algorithm { /* in the order of FL_CFG_RECIPE_ALGORITHMS */
	FL_RECIPE_HMAC_SHA256,
	FL_RECIPE_HMAC_SHA1,
	FL_RECIPE_ED25519,
	FL_RECIPE_ECDSA_P256, /* with SHA-256; the signature is DER */
};

enum fl_recipe_encoding { /* of signatures, and of keys; in the order of FL_CFG_RECIPE_ENCODINGS */
	FL_RECIPE_HEX,
	FL_RECIPE_BASE64, /* with padding */
	FL_RECIPE_BASE64URL, /* without */
	FL_RECIPE_TEXT, /* of keys only: the text itself */
};

enum fl_recipe_separator { FL_RECIPE_ONE, FL_RECIPE_COMMAS, FL_RECIPE_SPACES };

enum fl_recipe_handshake { /* what is answered here, once its signature is right */
	FL_RECIPE_NO_HANDSHAKE,
	FL_RECIPE_SLACK, /* {"type":"url_verification","challenge":"..."}: the challenge */
	FL_RECIPE_DISCORD, /* {"type":1}: the same */
};

struct fl_recipe {
	const char *name;
	struct fl_str field; /* that holds signatures; lower case */
	enum fl_recipe_separator separator; /* of several in it */
	struct fl_str prefix; /* of a signature: "sha256=" */
	enum fl_recipe_encoding encoding;
	enum fl_recipe_algorithm algorithm;
	enum fl_recipe_encoding key; /* how the secret is written */
	struct fl_str key_prefix; /* is no part of the key, and may be missing */
	struct fl_str template;
	struct fl_str time_field; /* seconds since 1970; "": none */
	struct fl_str time_item; /* the same in the field of signatures: "t=" */
	struct fl_str time_member; /* milliseconds, in the JSON object that the body is */
	struct fl_str id_field; /* of the delivery; only where it is signed: else it proves nothing */
	struct fl_str public_prefix, public_key_prefix; /* Ed25519 beside HMAC: "v1a,", "whpk_" */
	bool is_secret_chosen; /* by the operator, not by the vendor */
	enum fl_recipe_handshake handshake;
};

/* NULL: there is none of that name. [any] */
const struct fl_recipe *fl_recipe_find(struct fl_str name);
extern const struct fl_recipe fl_recipes[];
extern const size_t fl_recipes_n;

/* ---- what is signed ---- */

enum fl_recipe_part_kind {
	FL_RECIPE_LITERAL,
	FL_RECIPE_TIME,
	FL_RECIPE_ID,
	FL_RECIPE_BODY,
	FL_RECIPE_URL,
	FL_RECIPE_FORM,
	FL_RECIPE_PARTS, /* how many kinds there are */
};

struct fl_recipe_part {
	enum fl_recipe_part_kind kind;
	struct fl_str text; /* LITERAL: borrowed from the template */
};

#define FL_RECIPE_PARTS_MAX 8u
/* How many parts; 0: the template is none, or has more than FL_RECIPE_PARTS_MAX. [any] */
size_t fl_recipe_parse(struct fl_str template, struct fl_recipe_part ret[FL_RECIPE_PARTS_MAX]);

/* ---- what a request says ---- */

#define FL_RECIPE_SIGNATURES_MAX 8u /* in one field; more is an attempt at something else */
struct fl_recipe_claim {
	struct fl_str signatures[FL_RECIPE_SIGNATURES_MAX]; /* of any prefix, the prefix included */
	size_t n;
	struct fl_str time, id;
};

/* Reads the fields. NULL: fine, and ret->n is 0 when there is no signature at all; else what is wrong,
 * in words. [any] no memory */
const char *fl_recipe_read(const struct fl_recipe *recipe, const fairlead_kv *headers,
                           size_t headers_n, struct fl_recipe_claim *ret);
/* Decodes strictly: no blanks, no spare bits, at most `max` bytes. 0: it is none. [any] no memory */
size_t fl_recipe_decode(enum fl_recipe_encoding encoding, struct fl_str text, unsigned char *ret,
                        size_t max);

#endif
