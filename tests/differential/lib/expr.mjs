// tests/differential/lib/expr.mjs - policies over a world, from a seed
// SPDX-License-Identifier: Apache-2.0
//
// Expressions are typed; in some policies a node may be of another type than asked for.
import { CONSTRUCTORS, EXTENSIONS, LONGS, STRINGS, isIdent, quote, uidText } from './world.mjs';

const BOOL = { k: 'Bool' }, LONG = { k: 'Long' }, STRING = { k: 'String' };
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const member = (x, name) => (isIdent(name) ? `${x}.${name}` : `${x}[${quote(name)}]`);
const ext = (name) => ({ k: 'Ext', name });

export class Policies {
	constructor(world) {
		this.world = world;
		this.random = world.random;
	}

	// ---- Scopes ----

	// An entity of the type, or one that it may be in; now and then any.
	#target(type, isAbove) {
		const { random, world } = this;
		const names = isAbove ? [type, ...world.entityTypes[type].parents] : [type];
		return uidText(random.chance(0.1) ? random.pick(world.uids) : world.uid(random.pick(names)));
	}

	side(name, type, slot) {
		const { random, world } = this;
		const target = slot ? `?${name}` : this.#target(type, random.chance(0.8));
		if (slot) return `${name}${random.pick([' == ', ' in ', ` is ${type} in `])}${target}`;
		return name + random.weighted([[8, ''], [2, ` == ${this.#target(type)}`], [4, ` in ${target}`], [16, ` is ${type}`], [2, ` is ${type} in ${target}`],
			[1, ` is ${random.pick(world.types)}`]]);
	}

	action(action) {
		const { random, world } = this;
		const any = () => uidText(random.pick(world.actions).uid);
		return `action${random.weighted([[3, ''], [8, ` == ${uidText(action.uid)}`], [2, ` in ${any()}`],
			[1, ` in [${random.some(world.actions, random.int(4)).map((a) => uidText(a.uid)).join(', ')}]`]])}`;
	}

	// One policy; `slots`: 0 or bits for ?principal (1) and ?resource (2).
	policy(slots = 0) {
		const { random, world } = this;
		const action = random.pick(world.actions.filter((a) => a.applies));
		const { principals, resources, context } = action.applies;
		this.env = { principal: { k: 'Entity', name: random.pick(principals) }, resource: { k: 'Entity', name: random.pick(resources) },
			context: { k: 'Record', attrs: context } };
		this.breaks = random.chance(0.2) ? 0.08 : 0;
		this.known = new Set();
		const clauses = Array.from({ length: random.weighted([[2, 0], [5, 1], [2, 2], [1, 3]]) },
			() => ` ${random.weighted([[3, 'when'], [1, 'unless']])} { ${this.condition()} }`);
		if (random.chance(0.15)) clauses.unshift(...this.#clauses());
		const notes = random.chance(0.1) ? `@id("${random.int(9)}") @note ` : '';
		return `${notes}${random.weighted([[2, 'permit'], [1, 'forbid']])}(${this.side('principal', this.env.principal.name, slots & 1)}, ` +
			`${this.action(action)}, ${this.side('resource', this.env.resource.name, slots & 2)})${clauses.join('')};`;
	}

	// A clause that asks for something, and another that relies on it.
	#clauses() {
		const found = this.#paths().filter(([, t, guards]) => guards.length > 0 && t.k === 'Bool');
		if (found.length === 0) return [];
		const [text, , guards] = this.random.pick(found);
		return [` ${this.random.pick(['when', 'when', 'unless'])} { ${this.#ask(guards)} }`, ` when { ${text} }`];
	}

	condition() {
		// What the validator knows to be false hides what is wrong behind it, or makes the policy idle.
		if (this.random.chance(0.12))
			return this.random.pick([() => `!${this.#hasPath()}`, () => `${this.#hasPath()} || 1`, () => `!${this.#hasPath()} && 1`, () => this.#actions(), () => this.#actions(), () => `${this.#actions()} && 1`, () => `if ${this.#actions()} then true else 1`])();
		return this.expr(BOOL, 1 + this.random.int(4));
	}

	// ---- Expressions ----

	expr(type, depth) {
		const { random } = this;
		if (this.breaks > 0 && random.chance(this.breaks)) type = this.#otherType();
		if (random.chance(0.06) && depth > 0)
			return `(if ${this.expr(BOOL, depth - 1)} then ${this.expr(type, depth - 1)} else ${this.expr(type, depth - 1)})`;
		if (random.chance(0.45)) {
			const path = this.#path(type);
			if (path) return path;
		}
		return this[`make${type.k}`](type, depth);
	}

	#otherType() {
		const { random, world } = this;
		return random.pick([BOOL, LONG, STRING, { k: 'Set', of: LONG }, { k: 'Record', attrs: {} }, ext('decimal'), ext('datetime'),
			{ k: 'Entity', name: random.pick(world.types) }]);
	}

	// All accesses of at most three steps, with what must be there: [text, type, guards].
	#paths() {
		const out = [];
		const walk = (text, type, guards, depth) => {
			out.push([text, type, guards]);
			const t = type.k === 'Entity' ? this.world.entityTypes[type.name] : type;
			if (depth === 0 || !t) return;
			for (const [name, { type: inner, required }] of Object.entries(t.attrs ?? {}))
				walk(member(text, name), inner, required ? guards : [...guards, `${text} has ${isIdent(name) ? name : quote(name)}`], depth - 1);
			if (t.tags) {
				const key = quote(this.random.pick(STRINGS.slice(0, 6)));
				walk(`${text}.getTag(${key})`, t.tags, [...guards, `${text}.hasTag(${key})`], depth - 1);
			}
		};
		for (const name of ['principal', 'resource', 'context']) walk(name, this.env[name], [], 3);
		return out;
	}

	#path(type) {
		const { random } = this;
		const found = this.#paths().filter(([, t]) => same(t, type));
		if (found.length === 0) return null;
		const sure = found.filter(([, , guards]) => guards.length > 0 && guards.every((g) => this.known.has(g)));
		const [text, , guards] = random.pick(sure.length > 0 && random.chance(0.6) ? sure : found);
		if (guards.every((g) => this.known.has(g)) || random.chance(0.05)) return text;
		if (type.k === 'Bool' && random.chance(0.7)) return `(${this.#ask(guards)} && ${text})`;
		return `(if ${this.#ask(guards)} then ${text} else ${this[`make${type.k}`](type, 0)})`;
	}

	#anyType() {
		const { random } = this;
		return random.chance(0.6) ? random.pick(this.#paths())[1] : this.#otherType();
	}

	// Mostly with parentheses; without them, precedence has its say.
	#binary(a, op, b) {
		return this.random.chance(0.85) ? `(${a} ${op} ${b})` : `${a} ${op} ${b}`;
	}

	makeBool(type, depth) {
		const { random, world } = this;
		if (depth <= 0) return random.pick(['true', 'false', 'true', 'false', 'true', 'false', '(true || false)', '(true && false)', '!true', '(1 == 2)']);
		const d = depth - 1;
		const x = (t) => this.expr(t, d);
		const setOf = () => ({ k: 'Set', of: this.#anyType() });
		const entity = () => ({ k: 'Entity', name: random.pick(world.types) });
		return random.weighted([
			[4, () => this.#guarded(d)],
			[4, () => this.#binary(x(BOOL), random.pick(['&&', '||']), x(BOOL))],
			[1, () => `(${x(BOOL)} ${random.pick(['&&', '||'])} ${x(BOOL)} ${random.pick(['&&', '||'])} ${x(BOOL)})`],
			[2, () => `!${random.chance(0.1) ? '!' : ''}(${x(BOOL)})`],
			[4, () => {
				const t = this.#anyType();
				return this.#binary(x(t), random.pick(['==', '!=']), x(random.chance(0.95) ? t : this.#anyType()));
			}],
			[3, () => {
				const t = random.pick([LONG, LONG, ext('datetime'), ext('duration')]);
				return this.#binary(x(t), random.pick(['<', '<=', '>', '>=']), x(t));
			}],
			[3, () => this.#binary(x(entity()), 'in', random.chance(0.5) ? x(entity()) : x({ k: 'Set', of: entity() }))],
			[2, () => {
				const e = entity();
				return `${random.chance(0.5) ? random.pick(['principal', 'resource', 'action']) : `(${x(e)})`} is ${random.pick(world.types)}` +
					(random.chance(0.3) ? ` in ${x(random.chance(0.7) ? entity() : { k: 'Set', of: entity() })}` : '');
			}],
			[2, () => `(${x(random.chance(0.7) ? entity() : { k: 'Record', attrs: {} })}) has ${random.pick(['a', 'b', 'n', 'a.b', 'b.c.d', '"odd name"', '""'])}`],
			[2, () => this.#hasPath()],
			[2, () => `(${x(STRING)}) like ${this.#pattern()}`],
			[3, () => {
				const s = setOf();
				return `${x(s)}.contains(${x(s.of)})`;
			}],
			[2, () => {
				const s = setOf();
				return `(${x(s)}).${random.pick(['containsAll', 'containsAny'])}(${x(s)})`;
			}],
			[1, () => `(${x(setOf())}).isEmpty()`],
			[1, () => `(${x(entity())}).hasTag(${x(STRING)})`],
			[2, () => `(${x(ext('decimal'))}).${random.pick(['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'])}(${x(ext('decimal'))})`],
			[2, () => `(${x(ext('ipaddr'))}).${random.pick(['isIpv4()', 'isIpv6()', 'isLoopback()', 'isMulticast()'])}`],
			[2, () => `(${x(ext('ipaddr'))}).isInRange(${x(ext('ipaddr'))})`],
			[1, () => random.pick(['true', 'false'])],
			[3, () => this.#actions()],
		])();
	}

	// What must be there, in one `has` or in several: x has a && x.a has b is x has a.b.
	#ask(guards) {
		if (this.random.chance(0.5)) return guards.join(' && ');
		return guards.reduce((list, guard) => {
			const last = list.at(-1)?.match(/^(.*) has ([A-Za-z_][A-Za-z0-9_.]*)$/), next = guard.match(/^(.*) has ([A-Za-z_][A-Za-z0-9_]*)$/);
			if (last && next && next[1] === `${last[1]}.${last[2]}`) return [...list.slice(0, -1), `${last[1]} has ${last[2]}.${next[2]}`];
			return [...list, guard];
		}, []).join(' && ');
	}

	// Something that must be there is asked for first; what follows may rely on it, or must not.
	#guarded(depth) {
		const { random } = this;
		const found = this.#paths().filter(([, , guards]) => guards.length > 0);
		if (found.length === 0) return this.expr(BOOL, depth);
		const guards = random.pick(found)[2], guard = this.#ask(guards), before = new Set(this.known);
		const sure = () => {
			this.known = new Set([...before, ...guards]);
			const text = this.expr(BOOL, depth);
			this.known = new Set(before);
			return text;
		};
		return random.weighted([
			[6, () => `(${guard} && ${sure()})`],
			[3, () => `(if ${guard} then ${sure()} else ${this.expr(BOOL, depth)})`],
			[1, () => `(${guard} || ${sure()})`],
			[1, () => `(!(${guard}) || ${sure()})`],
			[1, () => `((${guard} || ${this.expr(BOOL, 0)}) && ${sure()})`],
			[1, () => `((${guard} && ${this.expr(BOOL, 0)}) && ${sure()})`],
			[1, () => `((${guard} || ${guard} && ${this.expr(BOOL, 0)}) && ${sure()})`],
			[1, () => `((if ${this.expr(BOOL, 0)} then ${guard} else ${guard}) && ${sure()})`],
			[1, () => `((if ${this.expr(BOOL, 0)} then ${guard} else false) && ${sure()})`],
			[1, () => `(${sure()} && ${guard})`],
			[1, () => `(false && ${sure()})`],
			[1, () => `(true || ${sure()})`],
		])();
	}

	// `x has a.b.c` along what there may be.
	#hasPath() {
		const found = this.#paths().filter(([, t]) => t.k === 'Entity' || t.k === 'Record');
		const [text, type] = this.random.pick(found);
		const names = [];
		let t = type;
		for (let i = 0; i < 3; i++) {
			const attrs = (t.k === 'Entity' ? this.world.entityTypes[t.name] : t).attrs;
			const more = Object.keys(attrs ?? {}).filter(isIdent);
			if (more.length === 0) break;
			const name = this.random.pick(more);
			names.push(name);
			t = attrs[name].type;
			if ((t.k !== 'Entity' && t.k !== 'Record') || this.random.chance(0.4)) break;
		}
		return `(${text} has ${names.length > 0 ? names.join('.') : 'x'})`;
	}

	// Of actions the validator knows what is in what, when all are named.
	#actions() {
		const { random, world } = this;
		const one = () => random.weighted([[8, () => uidText(random.pick(world.actions).uid)], [1, () => `${world.actionType}::"none"`],
			[1, () => uidText(random.pick(world.uids))], [1, () => random.pick(['action', 'principal'])],
			[2, () => `(if ${this.#path(BOOL) ?? 'true'} then ${uidText(random.pick(world.actions).uid)} else ${uidText(random.pick(world.actions).uid)})`]])();
		const left = () => (random.chance(0.6) ? 'action' : one());
		return random.weighted([
			[3, () => `(${left()} == ${one()})`],
			[3, () => `(${left()} in ${one()})`],
			[4, () => `(${left()} in [${Array.from({ length: random.int(4) }, one).join(', ')}])`],
			[1, () => `[${one()}, ${one()}].contains(${left()})`],
			[1, () => `(${left()} is ${random.pick([world.actionType, random.pick(world.types)])} in ${one()})`],
			[1, () => `(${left()} != ${one()} || ${this.expr(BOOL, 0)})`],
		])();
	}

	#pattern() {
		const { random } = this;
		return `"${Array.from({ length: random.int(5) }, () => random.pick(['*', '*', 'a', 'b', 'l', '\\*', 'é', '\\0', '\\u{61}', '\\"', 'ce', '😀'])).join('')}"`;
	}

	makeLong(type, depth) {
		const { random } = this;
		if (depth <= 0 || random.chance(0.3)) return String(random.pick(LONGS));
		const d = depth - 1;
		return random.weighted([
			[4, () => this.#binary(this.expr(LONG, d), random.pick(['+', '-', '*']), this.expr(LONG, d))],
			[1, () => `-(${this.expr(LONG, d)})`],
			[1, () => `(${this.expr(ext('duration'), d)}).${random.pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'])}()`],
		])();
	}

	makeString() {
		return quote(this.random.pick(STRINGS));
	}

	makeSet(type, depth) {
		const n = this.random.weighted([[1, 0], [3, 1], [3, 2], [2, 3]]);
		return `[${Array.from({ length: this.breaks > 0 ? n : Math.max(n, 1) }, () => this.expr(type.of, depth - 1)).join(', ')}]`;
	}

	makeRecord(type, depth) {
		const rows = Object.entries(type.attrs).filter(([, a]) => a.required || this.random.chance(0.5))
			.map(([name, a]) => `${isIdent(name) ? name : quote(name)}: ${this.expr(a.type, depth - 1)}`);
		return `{${this.random.shuffle(rows).join(', ')}}`;
	}

	makeEntity(type) {
		const { random, env } = this;
		const vars = ['principal', 'resource'].filter((v) => env[v].name === type.name);
		return vars.length > 0 && random.chance(0.6) ? random.pick(vars) : uidText(this.world.uid(type.name));
	}

	makeExt(type, depth) {
		const { random } = this;
		const of = (name) => `(${this.expr(ext(name), depth - 1)})`;
		const made = depth <= 0 ? undefined : {
			datetime: [() => `${of('datetime')}.offset(${of('duration')})`, () => `${of('datetime')}.toDate()`],
			duration: [() => `${of('datetime')}.durationSince(${of('datetime')})`, () => `${of('datetime')}.toTime()`],
		}[type.name];
		if (made && random.chance(0.5)) return random.pick(made)();
		const text = this.breaks > 0 && random.chance(0.2) ? random.pick(['', 'x', '1', '10.0.0.256']) : random.pick(EXTENSIONS[type.name]);
		return `${CONSTRUCTORS[type.name]}(${quote(text)})`;
	}
}
