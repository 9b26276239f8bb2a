// tests/differential/lib/world.mjs - a schema, entities by it, and requests, from a seed
// SPDX-License-Identifier: Apache-2.0
//
// Types are {k: 'Bool' | 'Long' | 'String'}, {k: 'Set', of}, {k: 'Record', attrs}, {k: 'Entity', name},
// {k: 'Ext', name}; attrs is {name: {type, required}}. Values are JavaScript's, but BigInt for Long,
// Map for records, {uid: {type, id}} and {fn, arg} for names and extension values.
export const LONGS = [0n, 1n, 2n, -1n, 7n, 42n, 100n, 9007199254740993n, 9223372036854775807n, -9223372036854775808n,
	4611686018427387904n, 3037000500n];
export const STRINGS = ['', 'a', 'b', 'ab', 'a*b', 'alice', '\u0000', 'é', '😀', 'a\nb', '"', '\\', 'Ann', 'true', '*'];
const ATTRS = ['a', 'b', 'c', 'd', 'e', 'f', 'n', 'principal', 'odd name', 'if', '', 'é', 'type', 'id', 'in', '\u0000'];
const TYPES = ['U', 'G', 'D', 'N::F', 'N::E', 'N::M::Q'];
const IDS = ['0', '1', '2', '3', '', 'a b', 'é', '\u0000', '"', '😀'];
export const EXTENSIONS = {
	decimal: ['0.0', '1.5', '-0.5', '922337203685477.5807', '-922337203685477.5808', '00.10', '3.1415'],
	ipaddr: ['10.0.0.1', '10.0.0.0/8', '127.0.0.1', '::1', 'ff02::1', '0.0.0.0/0', '::/0', '224.0.0.0/4', '10.0.0.1/8', 'fe80::1/64'],
	datetime: ['2024-01-01', '1969-12-31T23:00:00Z', '2024-02-29T12:30:00.123Z', '2024-01-01T00:00:00+0130', '9999-12-31', '0000-01-01'],
	duration: ['0ms', '1d', '-1h30m', '1d2h3m4s5ms', '9223372036854775807ms', '-9223372036854775808ms', '90061s'],
};
export const CONSTRUCTORS = { decimal: 'decimal', ipaddr: 'ip', datetime: 'datetime', duration: 'duration' };

const RESERVED = /^(true|false|if|then|else|in|like|has|is|__cedar)$/;
export const isIdent = (s) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(s) && !RESERVED.test(s);

// A string literal of policies and schemas.
export function quote(s) {
	let out = '"';
	for (const c of s) {
		if (c === '"' || c === '\\') out += `\\${c}`;
		else if (c === '\0') out += '\\0';
		else if (c === '\n') out += '\\n';
		else out += c;
	}
	return `${out}"`;
}
export const uidText = (uid) => `${uid.type}::${quote(uid.id)}`;
export const uidJson = (uid) => JSON.stringify({ type: uid.type, id: uid.id });

// A value as JSON; `type` allows what only a schema understands.
export function valueJson(v, type, random) {
	const guided = type !== undefined && random !== undefined && random.chance(0.5);
	if (typeof v === 'bigint') return String(v);
	if (Array.isArray(v)) return `[${v.map((x) => valueJson(x, type?.of, random)).join(',')}]`;
	if (v instanceof Map)
		return `{${[...v].map(([k, x]) => `${JSON.stringify(k)}:${valueJson(x, type?.attrs?.[k]?.type, random)}`).join(',')}}`;
	if (v?.uid) return guided ? uidJson(v.uid) : `{"__entity":${uidJson(v.uid)}}`;
	if (v?.fn)
		return guided ? JSON.stringify(random.chance(0.5) ? v.arg : { fn: v.fn, arg: v.arg })
			: JSON.stringify({ __extn: { fn: v.fn, arg: v.arg } });
	return JSON.stringify(v);
}

export class World {
	constructor(random) {
		this.random = random;
		this.types = random.some(TYPES, 3 + random.int(3));
		this.enum = random.chance(0.4) ? 'Color' : null;
		this.entityTypes = {};
		for (const name of this.types) this.entityTypes[name] = this.#entityType();
		if (this.enum) this.entityTypes.Color = { parents: [], attrs: {}, choices: ['red', '', 'b"'] };
		this.#makeActions();
		this.#makeEntities();
	}

	// The types that entities may be in, too.
	#entityType() {
		const { random } = this;
		return {
			parents: random.some(this.enum ? [...this.types, 'Color'] : this.types, random.int(3)),
			attrs: this.#attrs(5),
			tags: random.chance(0.4) ? this.#type(1) : null,
		};
	}

	#attrs(n, depth = 2) {
		const { random } = this;
		const attrs = {};
		for (const name of random.some(ATTRS, random.int(n + 1))) attrs[name] = { type: this.#type(depth), required: random.chance(0.6) };
		return attrs;
	}

	#type(depth) {
		const { random } = this;
		const kind = random.weighted([[3, 'Bool'], [4, 'Long'], [4, 'String'], [3, 'Entity'], [4, 'Ext'], [depth > 0 ? 4 : 0, 'Set'], [depth > 0 ? 3 : 0, 'Record']]);
		switch (kind) {
		case 'Set': return { k: 'Set', of: this.#type(depth - 1) };
		case 'Record': return { k: 'Record', attrs: this.#attrs(3, depth - 1) };
		case 'Entity': return { k: 'Entity', name: random.pick(this.enum ? [...this.types, 'Color'] : this.types) };
		case 'Ext': return { k: 'Ext', name: random.pick(Object.keys(EXTENSIONS)) };
		default: return { k: kind };
		}
	}

	#makeActions() {
		const { random } = this;
		const names = ['view', 'edit', 'del', 'odd "name"', 'group', 'all'];
		this.actionType = random.chance(0.6) ? 'Action' : 'N::Action';
		this.actions = names.slice(0, 3 + random.int(4)).map((id, i, all) => ({
			uid: { type: this.actionType, id },
			parents: random.some(all.slice(i + 1), random.int(3)),
			applies: i < 4 && random.chance(0.9) ? {
				principals: random.some(this.types, 1 + random.int(2)),
				resources: random.some(this.enum ? [...this.types, 'Color'] : this.types, 1 + random.int(2)),
				context: this.#attrs(4),
			} : null,
		}));
		if (!this.actions.some((a) => a.applies))
			this.actions[0].applies = { principals: [this.types[0]], resources: [this.types[1]], context: {} };
	}

	value(type, depth = 3) {
		const { random } = this;
		switch (type.k) {
		case 'Bool': return random.chance(0.5);
		case 'Long': return random.pick(LONGS);
		case 'String': return random.pick(STRINGS);
		case 'Entity': return { uid: this.uid(type.name) };
		case 'Ext': return { fn: CONSTRUCTORS[type.name], arg: random.pick(EXTENSIONS[type.name]) };
		case 'Set': return Array.from({ length: depth > 0 ? random.int(4) : 0 }, () => this.value(type.of, depth - 1));
		default: return this.#record(type.attrs, depth - 1);
		}
	}

	#record(attrs, depth) {
		const map = new Map();
		for (const [name, { type, required }] of Object.entries(attrs))
			if (required || this.random.chance(0.5)) map.set(name, this.value(type, depth));
		return map;
	}

	uid(type) {
		if (type === 'Color') return { type, id: this.random.pick(this.entityTypes.Color.choices) };
		return { type, id: this.random.pick(IDS.slice(0, 6)) };
	}

	// Parents come later in the list, so that there is no cycle; some entities and parents are absent.
	#makeEntities() {
		const { random } = this;
		const all = this.types.flatMap((type) => random.some(IDS.slice(0, 6), 4).map((id) => ({ type, id })));
		this.uids = random.shuffle(all);
		this.entities = [];
		this.uids.forEach((uid, i) => {
			if (random.chance(0.1)) return;
			const type = this.entityTypes[uid.type];
			const above = this.uids.slice(i + 1).filter((p) => type.parents.includes(p.type));
			const parents = random.some(above, random.int(3));
			if (type.parents.includes('Color') && random.chance(0.5)) parents.push(this.uid('Color'));
			const tags = new Map();
			if (type.tags) for (const name of random.some(STRINGS.slice(0, 6), random.int(3))) tags.set(name, this.value(type.tags));
			this.entities.push({ uid, attrs: this.#record(type.attrs, 3), parents, tags, type });
		});
	}

	// One entity as JSON; `guided` may leave out escapes, which only a schema can read.
	entityJson(e, guided) {
		const random = guided ? this.random : undefined;
		const tags = e.tags.size > 0 ? `,"tags":{${[...e.tags].map(([k, v]) => `${JSON.stringify(k)}:${valueJson(v, e.type.tags, random)}`)}}` : '';
		const parents = e.parents.map((p) => (this.random.chance(0.3) ? `{"__entity":${uidJson(p)}}` : uidJson(p)));
		return `{"uid":${uidJson(e.uid)},"attrs":${valueJson(e.attrs, { k: 'Record', attrs: e.type.attrs }, random)},"parents":[${parents}]${tags}}`;
	}

	// Without a schema nobody adds the actions.
	actionsJson() {
		return this.actions.map((a) =>
			`{"uid":${uidJson(a.uid)},"attrs":{},"parents":[${a.parents.map((id) => uidJson({ type: this.actionType, id }))}]}`);
	}

	entitiesList(guided) {
		const list = this.entities.map((e) => this.entityJson(e, guided));
		return guided ? list : [...list, ...this.actionsJson()];
	}

	// Mostly one that the schema allows.
	request(guided) {
		const { random } = this;
		const action = random.pick(random.chance(0.95) ? this.actions.filter((a) => a.applies) : this.actions);
		const any = () => random.pick([...this.uids, { type: 'None', id: '0' }]);
		const of = (types) => {
			const name = random.pick(types);
			if (name === 'Color') return this.uid(name);
			const there = this.uids.filter((u) => u.type === name);
			return random.chance(0.9) && there.length > 0 ? random.pick(there) : { type: name, id: 'gone' };
		};
		const fits = action.applies && random.chance(0.95);
		const context = action.applies ? this.#record(action.applies.context, 3) : new Map();
		const json = valueJson(context, { k: 'Record', attrs: action.applies?.context ?? {} }, guided ? random : undefined);
		return `{"principal":${uidJson(fits ? of(action.applies.principals) : any())},"action":${uidJson(action.uid)},` +
			`"resource":${uidJson(fits ? of(action.applies.resources) : any())},"context":${json}}`;
	}

	// ---- The schema in Cedar syntax ----

	// Some types get a name: a declaration in a namespace, found from there or by its full name.
	#typeText(type) {
		const { random } = this;
		if (this.named && random.chance(0.15)) {
			const space = random.pick(['', 'N', 'N::M', 'P']), name = `T${this.count++}`, full = space ? `${space}::${name}` : name;
			const text = this.#plainText(type);
			(this.named[space] ??= []).push(`${random.chance(0.2) ? '@doc("x") ' : ''}type ${name} = ${text};`);
			return full;
		}
		return this.#plainText(type);
	}

	#plainText(type) {
		switch (type.k) {
		case 'Set': return `Set<${this.#typeText(type.of)}>`;
		case 'Record': return this.#attrsText(type.attrs);
		case 'Entity': return type.name;
		case 'Ext': return this.random.chance(0.2) ? `__cedar::${type.name}` : type.name;
		default: return this.random.chance(0.2) ? `__cedar::${type.k}` : type.k;
		}
	}

	#attrsText(attrs) {
		const rows = Object.entries(attrs).map(([name, { type, required }]) =>
			`${isIdent(name) && this.random.chance(0.8) ? name : quote(name)}${required ? '' : '?'}: ${this.#typeText(type)}`);
		return `{${rows.join(', ')}${rows.length > 0 && this.random.chance(0.3) ? ',' : ''}}`;
	}

	#declare(name) {
		const t = this.entityTypes[name];
		const base = name.split('::').at(-1);
		if (t.choices) return `entity ${base} enum [${t.choices.map(quote).join(', ')}];`;
		const parents = t.parents.length > 0 ? ` in [${t.parents.join(', ')}]` : '';
		const shape = Object.keys(t.attrs).length > 0 || this.random.chance(0.3)
			? `${this.random.chance(0.3) ? ' =' : ''} ${this.#attrsText(t.attrs)}` : '';
		return `entity ${base}${parents}${shape}${t.tags ? ` tags ${this.#typeText(t.tags)}` : ''};`;
	}

	#declareAction(a) {
		const ref = (id) => (this.random.chance(0.5) ? quote(id) : uidText({ type: this.actionType, id }));
		const parents = a.parents.length > 0 ? ` in [${a.parents.map(ref).join(', ')}]` : '';
		const applies = a.applies ? ` appliesTo { principal: [${a.applies.principals}], resource: [${a.applies.resources}], context: ${this.#typeText({ k: 'Record', attrs: a.applies.context })} }` : '';
		return `action ${isIdent(a.uid.id) ? a.uid.id : quote(a.uid.id)}${parents}${applies};`;
	}

	schemaText() {
		const spaces = { '': [] };
		this.named = this.random.chance(0.5) ? spaces : null;
		this.count = 0;
		const put = (name, text) => {
			const space = name.split('::').slice(0, -1).join('::');
			(spaces[space] ??= []).push(text);
		};
		for (const name of Object.keys(this.entityTypes)) put(name, this.#declare(name));
		for (const a of this.actions) put(a.uid.type, this.#declareAction(a));
		return this.random.shuffle(Object.entries(spaces)).map(([space, rows]) => {
			const body = this.random.shuffle(rows).join('\n');
			return space === '' ? body : `namespace ${space} {\n${body}\n}`;
		}).join('\n');
	}
}
