/* tests/unit/policy/test_validate.c - which policies are sound by a schema
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whether a row has errors, and whether it has the warning, is the official engine's answer
 * (4.12.0).
 */
#include "tests/unit/test.h"

#include "policy/validate.h"

static const char schema_text[] =
    "entity G in [G]; entity D; entity C enum [\"x\"];\n"
    "entity U in [G] {n: Long, o?: String, oo?: {p?: {q: Long}, r: Bool}, e: U, b: Bool,\n"
    "  s: Set<Long>, t: datetime, ip: ipaddr, d: decimal} tags Set<String>;\n"
    "action v in [w] appliesTo {principal: U, resource: [D, G],\n"
    "  context: {k?: Long, b: Bool, ip: ipaddr}}; action w;\n"
    "action z appliesTo {principal: U, resource: D, context: {z: Long}};\n"
    "namespace N { action nv appliesTo {principal: G, resource: D}; }";

/* The codes of the problems, in the order found. */
static const struct row {
	const char *policy, *codes;
} rows[] = {
    {"permit(principal, action == Action::\"v\", resource) when { true };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { false };", "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { 1 == \"a\" };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { 1 == (true || false && true) };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { false == (true || false) };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { 1 == !true };",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.n == \"a\" };",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.n == 1 };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.zz == 1 };",
     "unknown_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.o == \"a\" };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { principal has o && principal.o "
     "== \"a\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.o == \"a\" && "
     "principal has o };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { principal has o || principal.o "
     "== \"a\" };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { (principal has o || principal.b) "
     "&& principal.o == \"a\" };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { (principal has o || principal "
     "has o) && principal.o == \"a\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { !(principal has o) || "
     "principal.o == \"a\" };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { if principal has o then "
     "principal.o == \"a\" else false };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { if principal has o then true "
     "else principal.o == \"a\" };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { (if principal.b then principal "
     "has o else false) && principal.o == \"a\" };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { principal has oo.p.q && "
     "principal.oo.p.q == 1 };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal has oo && "
     "principal.oo.r };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal has oo && "
     "principal.oo.p.q == 1 };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { principal has oo.p && "
     "principal.oo.r && principal.oo.p.q == 2 };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal has zz && principal.zz "
     "};",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { principal has n.x };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal has oo.zz && "
     "principal.oo.zz };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.e.o == \"a\" };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.e has o && "
     "principal.e.o == \"a\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.e has o && principal.o "
     "== \"a\" };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { principal in G::\"a\" };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal in D::\"a\" };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { principal in D::\"a\" && "
     "principal.zz };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { principal in [G::\"a\", "
     "G::\"b\"] };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal in [G::\"a\", "
     "D::\"b\"] };",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { principal in [] };", "empty_set"},
    {"permit(principal, action == Action::\"v\", resource) when { principal in resource };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { resource in principal };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { principal in 1 };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { 1 in G::\"a\" };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal in [\"a\"] };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal is U };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal is U && principal.n == "
     "1 };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal is G && principal.zz "
     "};",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { resource is G && resource in "
     "G::\"a\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal is U in G::\"a\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal is Zz };",
     "unrecognized_entity_type impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { Zz::\"a\" == principal };",
     "unrecognized_entity_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal == D::\"a\" && "
     "principal.zz == 1 };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { principal == resource };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { C::\"x\" == principal };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { C::\"y\" == principal };",
     "invalid_enum_entity impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { Action::\"v\" == action };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { Action::\"zz\" == action };",
     "unrecognized_action_id impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { action == Action::\"v\" };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { action in Action::\"w\" };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { action in Action::\"zz\" };",
     "unrecognized_action_id"},
    {"permit(principal, action == Action::\"v\", resource) when { action in [Action::\"w\", "
     "Action::\"z\"] };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { action in [Action::\"w\", "
     "N::Action::\"nv\"] };",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { action in Action::\"w\" && "
     "context has k };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { action == Action::\"z\" && "
     "context.z == 1 };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { context.z == 1 };",
     "unknown_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { context has z && context.z == 1 "
     "};",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { context has b && context.b };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { context.k == 1 };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { [1,2].contains(principal.n) };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { [1,\"a\"].contains(1) };",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { [].contains(1) };", "empty_set"},
    {"permit(principal, action == Action::\"v\", resource) when { [].isEmpty() };", "empty_set"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.s.contains(\"a\") };",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.s.contains(1) };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.s.containsAll([1]) };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.s.containsAny([\"a\"]) "
     "};",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.s.containsAll(1) };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { 1.isEmpty() };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.hasTag(\"a\") };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { "
     "principal.getTag(\"a\").contains(\"b\") };",
     "unsafe_tag"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.hasTag(\"a\") && "
     "principal.getTag(\"a\").contains(\"b\") };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.hasTag(\"a\") && "
     "principal.getTag(\"b\").contains(\"b\") };",
     "unsafe_tag"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.hasTag(principal.n) };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { resource.hasTag(\"a\") };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { resource.hasTag(\"a\") && "
     "resource.getTag(\"a\") };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.hasTag(\"a\") && "
     "principal.e.getTag(\"a\").contains(\"b\") };",
     "unsafe_tag"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.n + 1 == 2 };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.n + \"a\" == 2 };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { -principal.n < 3 };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { -\"a\" < 3 };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.n < 2 };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.n < \"a\" };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.t < principal.t };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.d < principal.d };",
     "unexpected_type unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.t < 1 };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { \"a\" < \"b\" };",
     "unexpected_type unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.t >= "
     "datetime(\"2020-01-01\") };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { datetime(\"x\") < principal.t };",
     "bad_extension_literal"},
    {"permit(principal, action == Action::\"v\", resource) when { ip(\"x\") == principal.ip };",
     "bad_extension_literal"},
    {"permit(principal, action == Action::\"v\", resource) when { ip(\"1.1.1.1\") == principal.ip "
     "};",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { ip(principal.o) == principal.ip "
     "};",
     "non_literal_constructor unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { ip(1) == principal.ip };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { ip() == principal.ip };",
     "wrong_number_of_arguments"},
    {"permit(principal, action == Action::\"v\", resource) when { ip(\"1.1.1.1\",\"2\") == "
     "principal.ip };",
     "wrong_number_of_arguments"},
    {"permit(principal, action == Action::\"v\", resource) when { "
     "principal.ip.isInRange(ip(\"10.0.0.0/8\")) };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.ip.isInRange(1) };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.ip.isIpv4() };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.ip.isIpv4(1) };",
     "wrong_number_of_arguments"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.n.isIpv4() };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { "
     "principal.d.lessThan(decimal(\"1.0\")) };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { "
     "principal.d.lessThan(principal.n) };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { "
     "principal.t.offset(duration(\"1h\")) > principal.t };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.n like \"a\" };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { \"abc\" like \"a*\" };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.b && principal.n };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.b || 1 };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { !principal.n };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { if principal.n then true else "
     "false };",
     "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { if principal.b then 1 else \"a\" "
     "};",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { (if principal.b then 1 else 2) "
     "== 1 };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { (if true then 1 else \"a\") == 1 "
     "};",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { (if false then principal.zz else "
     "1) == 1 };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { {a: 1}.a == 1 };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { {a: 1}.b == 1 };",
     "unknown_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { {a: 1} has b };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { {a: principal.zz}.a == 1 };",
     "unknown_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { {a: 1} == {a: 2} };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { {a: 1} == {b: 2} };",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { {a: true} == {a: principal.b} };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { [{a: 1}, {a: 2}].contains({a: "
     "3}) };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { [{a: 1}, {b: 2}].contains({a: "
     "3}) };",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { [true, "
     "principal.b].contains(false) };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { [principal, "
     "resource].contains(principal) };",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { true && principal.zz };",
     "unknown_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { false && principal.zz };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { true || principal.zz };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { false || principal.zz };",
     "unknown_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { principal };", "unexpected_type"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.b == true };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { 1 == 1 };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { 1 == 2 && principal.zz };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { principal has \"o\" && "
     "principal[\"o\"] == \"x\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { (principal has o) == true && "
     "principal.o == \"a\" };",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when { principal.b != false };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal != resource && "
     "principal.b };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { \"a\" != 1 };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { resource is D || resource in "
     "G::\"a\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { Action::\"v\" in Action::\"w\" "
     "};",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { Action::\"w\" in Action::\"v\" "
     "&& principal.zz };",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when { [action].contains(Action::\"v\") "
     "};",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { action in [Action::\"v\", "
     "principal] };",
     "incompatible_types"},
    {"permit(principal, action == Action::\"v\", resource) when { G::\"a\" in G::\"b\" };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.e.e.e.n == 1 };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal in principal.e };", ""},
    {"permit(principal, action == Action::\"v\", resource) when { true && principal has o && "
     "principal.b && principal.o == \"a\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { context has b && principal has o "
     "&& principal.o == \"a\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal has o && context has b "
     "&& principal.o == \"a\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal has o && context has b "
     "&& principal.b && principal.o == \"a\" };",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when { context has b && context has k "
     "&& context.k == 1 && context.b };",
     ""},
    {"permit(principal, action, resource);", ""},
    {"permit(principal, action, resource) when { principal.zz };", "unknown_attribute"},
    {"permit(principal == U::\"a\", action, resource);", ""},
    {"permit(principal == U::\"a\", action, resource) when { principal.zz };", "unknown_attribute"},
    {"permit(principal == D::\"a\", action, resource);", "no_applicable_action impossible_policy"},
    {"permit(principal == D::\"a\", action, resource) when { principal.zz };",
     "no_applicable_action impossible_policy"},
    {"permit(principal == Zz::\"a\", action, resource);",
     "unrecognized_entity_type no_applicable_action"},
    {"permit(principal == Zz::\"a\", action, resource) when { principal.zz };",
     "unrecognized_entity_type no_applicable_action unknown_attribute"},
    {"permit(principal in G::\"a\", action, resource);", ""},
    {"permit(principal in G::\"a\", action, resource) when { principal.zz };", "unknown_attribute"},
    {"permit(principal in D::\"a\", action, resource);", "no_applicable_action impossible_policy"},
    {"permit(principal in D::\"a\", action, resource) when { principal.zz };",
     "no_applicable_action impossible_policy"},
    {"permit(principal is U, action, resource);", ""},
    {"permit(principal is D, action, resource);", "no_applicable_action impossible_policy"},
    {"permit(principal is D, action, resource) when { principal.zz };",
     "no_applicable_action impossible_policy"},
    {"permit(principal is Zz, action, resource);",
     "unrecognized_entity_type no_applicable_action impossible_policy"},
    {"permit(principal is Zz, action, resource) when { principal.zz };",
     "unrecognized_entity_type no_applicable_action impossible_policy"},
    {"permit(principal is U in G::\"a\", action, resource);", ""},
    {"permit(principal is U in G::\"a\", action, resource) when { principal.zz };",
     "unknown_attribute"},
    {"permit(principal is U in D::\"a\", action, resource);",
     "no_applicable_action impossible_policy"},
    {"permit(principal is U in D::\"a\", action, resource) when { principal.zz };",
     "no_applicable_action impossible_policy"},
    {"permit(principal is C, action, resource);", "no_applicable_action impossible_policy"},
    {"permit(principal is C, action, resource) when { principal.zz };",
     "no_applicable_action impossible_policy"},
    {"permit(principal == C::\"y\", action, resource);",
     "invalid_enum_entity no_applicable_action impossible_policy"},
    {"permit(principal == C::\"y\", action, resource) when { principal.zz };",
     "invalid_enum_entity no_applicable_action impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource);", ""},
    {"permit(principal, action == Action::\"v\", resource) when { principal.zz };",
     "unknown_attribute"},
    {"permit(principal, action == Action::\"w\", resource);",
     "no_applicable_action impossible_policy"},
    {"permit(principal, action == Action::\"w\", resource) when { principal.zz };",
     "no_applicable_action impossible_policy"},
    {"permit(principal, action == Action::\"zz\", resource);",
     "unrecognized_action_id no_applicable_action impossible_policy"},
    {"permit(principal, action == Action::\"zz\", resource) when { principal.zz };",
     "unrecognized_action_id no_applicable_action impossible_policy"},
    {"permit(principal, action in Action::\"w\", resource);", ""},
    {"permit(principal, action in Action::\"w\", resource) when { principal.zz };",
     "unknown_attribute"},
    {"permit(principal, action in [], resource);", "no_applicable_action empty_set"},
    {"permit(principal, action in [], resource) when { principal.zz };",
     "no_applicable_action empty_set unknown_attribute"},
    {"permit(principal, action in [Action::\"v\", Action::\"z\"], resource);", ""},
    {"permit(principal, action in [Action::\"v\", Action::\"z\"], resource) when { principal.zz };",
     "unknown_attribute"},
    {"permit(principal, action in [Action::\"v\", N::Action::\"nv\"], resource);",
     "incompatible_types"},
    {"permit(principal, action in [Action::\"v\", N::Action::\"nv\"], resource) when { "
     "principal.zz };",
     "incompatible_types unknown_attribute"},
    {"permit(principal, action in [Action::\"v\", Action::\"zz\"], resource);",
     "unrecognized_action_id no_applicable_action"},
    {"permit(principal, action in [Action::\"v\", Action::\"zz\"], resource) when { principal.zz "
     "};",
     "unrecognized_action_id no_applicable_action unknown_attribute"},
    {"permit(principal, action, resource == D::\"a\");", ""},
    {"permit(principal, action, resource == D::\"a\") when { principal.zz };", "unknown_attribute"},
    {"permit(principal, action, resource is G);", ""},
    {"permit(principal, action, resource is G) when { principal.zz };", "unknown_attribute"},
    {"permit(principal, action == Action::\"z\", resource is G);",
     "no_applicable_action impossible_policy"},
    {"permit(principal, action == Action::\"z\", resource is G) when { principal.zz };",
     "no_applicable_action impossible_policy"},
    {"permit(principal, action, resource == U::\"a\");", "no_applicable_action impossible_policy"},
    {"permit(principal, action, resource == U::\"a\") when { principal.zz };",
     "no_applicable_action impossible_policy"},
    {"permit(principal == U::\"a\", action == N::Action::\"nv\", resource);",
     "no_applicable_action impossible_policy"},
    {"permit(principal == U::\"a\", action == N::Action::\"nv\", resource) when { principal.zz };",
     "no_applicable_action impossible_policy"},
    {"permit(principal in U::\"a\", action, resource);", ""},
    {"permit(principal in U::\"a\", action, resource) when { principal.zz };", "unknown_attribute"},
    {"permit(principal == Action::\"v\", action, resource);",
     "no_applicable_action impossible_policy"},
    {"permit(principal == Action::\"v\", action, resource) when { principal.zz };",
     "no_applicable_action impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when {principal has o} when "
     "{principal.o == \"a\"};",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when {principal.o == \"a\"} when "
     "{principal has o};",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) unless {principal has o} when "
     "{principal.o == \"a\"};",
     "unsafe_optional_attribute"},
    {"permit(principal, action == Action::\"v\", resource) when {principal has o} unless "
     "{principal.o == \"a\"};",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when {context has b} when {principal "
     "has o} when {principal.o == \"a\"};",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when {principal has o} when {context "
     "has b} when {principal.b} when {principal.o == \"a\"};",
     ""},
    {"permit(principal, action == Action::\"v\", resource) when {false} when {principal.zz};",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) unless {true} when {principal.zz};",
     "impossible_policy"},
    {"permit(principal, action == Action::\"v\", resource) when {principal.b} unless "
     "{principal.n};",
     "unexpected_type"},
};

static struct fl_arena arena;
static struct fl_problems problems;
static struct fl_cedar_schema *schema;

static int setup(void **state)
{
	(void)state;
	fl_arena_init(&arena, 4096, 64 << 20);
	fl_problems_init(&problems, &arena);
	schema = fl_cedar_schema_create(1 << 20);
	return fl_cedar_schema_add(schema, fl_str(schema_text), NULL, &problems) != 0 ||
	       fl_cedar_schema_finish(schema, &problems) != 0;
}

static int teardown(void **state)
{
	(void)state;
	schema = fl_cedar_schema_destroy(schema);
	fl_arena_fini(&arena);
	return 0;
}

static struct fl_cedar_set *set_of(const char *text)
{
	struct fl_cedar_set *set = fl_cedar_set_create(NULL, 16 << 20);

	assert_int_equal(fl_cedar_set_add(set, fl_str(text), "t.cedar", &problems), 0);
	return set;
}

/* Validates; the codes, joined by blanks. */
static const char *codes(struct fl_cedar_set *set, int *ret_r)
{
	static struct fl_buf out;

	fl_buf_fini(&out);
	fl_buf_init(&out, 4096);
	fl_problems_init(&problems, &arena);
	*ret_r = fl_cedar_validate(schema, set, &problems);
	for (const struct fl_problem *p = problems.first; p != NULL; p = p->next) {
		fl_buf_add_c(&out, p->code);
		if (p->next != NULL)
			fl_buf_add_char(&out, ' ');
		assert_true(p->at.line > 0);
	}
	return fl_buf_cstr(&out);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < FL_ARRAY_LEN(rows); i++) {
		struct fl_cedar_set *set = set_of(rows[i].policy);
		int r;

		assert_int_equal(fl_cedar_set_finish(set), 0);
		const char *got = codes(set, &r);

		if (strcmp(got, rows[i].codes) != 0)
			fail_msg("%s: %s", rows[i].policy, got);
		assert_int_equal(r, problems.errors == 0 ? 0 : FL_CEDAR_E_INVALID);
		(void)fl_cedar_set_destroy(set);
	}
}

static void test_links(void **state)
{
	struct fl_cedar_set *set = set_of(
	    "permit(principal == ?principal, action == Action::\"v\", resource in ?resource);");
	struct fl_cedar_uid u = fl_cedar_uid(FL_STR("U"), FL_STR("a"));
	struct fl_cedar_uid g = fl_cedar_uid(FL_STR("G"), FL_STR("a"));
	struct fl_cedar_uid none = fl_cedar_uid(FL_STR("None"), FL_STR("a"));
	struct fl_error err = FL_ERROR_INIT;
	struct fl_str t = FL_STR("policy0");
	int r;

	(void)state;
	assert_string_equal(codes(set, &r), "");
	assert_int_equal(fl_cedar_set_link(set, t, FL_STR("good"), &u, &g, &err), 0);
	assert_string_equal(codes(set, &r), "");
	assert_int_equal(fl_cedar_set_link(set, t, FL_STR("odd"), &g, &g, &err), 0);
	assert_string_equal(codes(set, &r), "no_applicable_action");
	assert_int_equal(fl_cedar_set_link(set, t, FL_STR("unknown"), &none, &g, &err), 0);
	assert_string_equal(codes(set, &r),
	                    "no_applicable_action unrecognized_entity_type no_applicable_action");
	(void)fl_cedar_set_destroy(set);
}

static void test_places(void **state)
{
	struct fl_cedar_set *set =
	    set_of("permit(principal is U, action, resource)\n"
	           "when { true &&\n  principal.zz && principal.n == \"a\" };");
	int r;

	(void)state;
	/* Three kinds of request; each error is told once. */
	assert_string_equal(codes(set, &r), "unknown_attribute incompatible_types");
	const struct fl_problem *p = problems.first;

	assert_string_equal(p->at.file, "t.cedar");
	assert_int_equal(p->at.line, 3);
	assert_int_equal(p->at.column, 3);
	assert_true(fl_str_is(p->pointer, "/policy0"));
	assert_string_equal(p->detail.p, "the attribute `zz` is not declared");
	assert_string_equal(p->next->detail.p, "the types Long and String do not go together");
	(void)fl_cedar_set_destroy(set);
}

/* The name that was meant, where one is near. */
static void test_hints(void **state)
{
	struct fl_cedar_set *set =
	    set_of("permit(principal is N::X, action == N::Action::\"nw\", resource)\n"
	           "when { context.k == 1 };\n"
	           "permit(principal is U, action == Action::\"v\", resource)\n"
	           "when { principal.tt == context.kk && context.ipp == 1 && context.far == 1 };\n");
	static const char *const hints[] = {"did you mean `nv`?", "did you mean `t`?",
	                                    "did you mean `k`?", "did you mean `ip`?", ""};
	size_t n = 0;
	int r;

	(void)state;
	(void)codes(set, &r);
	for (const struct fl_problem *p = problems.first; p != NULL; p = p->next) {
		if (strcmp(p->code, "unknown_attribute") != 0 &&
		    strcmp(p->code, "unrecognized_action_id") != 0)
			continue;
		assert_in_range(n, 0, FL_ARRAY_LEN(hints) - 1);
		assert_true(fl_str_is(p->hint, hints[n++]));
	}
	assert_int_equal(n, FL_ARRAY_LEN(hints));
	(void)fl_cedar_set_destroy(set);
}

/* Members whose common type is made anew for each: a set of deep records. */
static void test_limit(void **state)
{
	struct fl_cedar_limits limits = {.policy_bytes = 1 << 20};
	struct fl_cedar_set *set = fl_cedar_set_create(&limits, 256 << 20);
	struct fl_buf text;
	int r;

	(void)state;
	fl_buf_init(&text, 1 << 20);
	fl_buf_add_c(&text, "permit(principal, action, resource) when { [");
	for (unsigned i = 0; i < 1000; i++) {
		for (unsigned k = 0; k < 100; k++)
			fl_buf_add_c(&text, "{a:");
		fl_buf_add_c(&text, i % 2 == 0 ? "true" : "principal == principal");
		for (unsigned k = 0; k < 100; k++)
			fl_buf_add_c(&text, "}");
		fl_buf_add_c(&text, ",");
	}
	fl_buf_add_c(&text, "].isEmpty() };");
	assert_int_equal(fl_cedar_set_add(set, fl_buf_str(&text), NULL, &problems), 0);
	assert_string_equal(codes(set, &r), "limit");
	assert_int_equal(r, FL_CEDAR_E_INVALID);
	fl_buf_fini(&text);
	(void)fl_cedar_set_destroy(set);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
	    FL_CASE_SETUP("policies are sound or not as the official engine has it", test_rows,
	                  setup, teardown),
	    FL_CASE_SETUP("filling the slots of a template is checked, too", test_links, setup,
	                  teardown),
	    FL_CASE_SETUP("a name that is not known brings up the one that was meant", test_hints,
	                  setup, teardown),
	    FL_CASE_SETUP("typing is bounded", test_limit, setup, teardown),
	    FL_CASE_SETUP("an error has its place and is told once", test_places, setup, teardown),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
