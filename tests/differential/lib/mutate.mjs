// tests/differential/lib/mutate.mjs - texts that are nearly right
// SPDX-License-Identifier: Apache-2.0
const TOKEN = /"(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|\s+|\/\/[^\n]*|==|!=|<=|>=|&&|\|\||::|./gsu;

export const CEDAR_TOKENS = ['permit', 'forbid', 'principal', 'action', 'resource', 'context', 'when', 'unless', 'if', 'then', 'else', 'in', 'has', 'like',
	'is', 'true', 'false', '__cedar', '?principal', '?resource', '(', ')', '[', ']', '{', '}', ',', ';', ':', '::', '.', '==', '=', '!=', '<', '<=', '>', '>=',
	'&&', '||', '!', '!!!!', '!!!!!', '-', '----', '-----', '+', '*', '/', '%', '@', '@id("x")', '@a', '"a"', '"a*b"', '"\\u{2a}"', '"\\x7f"', '"\\x80"', '"\\u{110000}"',
	'"\\u{d800}"', '"\\q"', '"\\*"', '0', '1', '007', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '99999999999999999999', 'ip', 'decimal',
	'contains', 'containsAll', 'isEmpty', 'lessThan', 'hasTag', 'getTag', 'isIpv4', 'U::"0"', 'Action::"view"', 'N::F', '// x\n', '\u00a0', '\ufeff', '\u2028', '\0', '\u200b', '`', "'",
	'|', '&', '#', 'é', '😀', '1.0', 'x', '()', '[]', '{}', ', ,', 'if true then 1 else 2', '"if": 1', 'a: 1', '.isEmpty()', '.contains(1)', '["a"]', 'has "a b"', 'has a.b', 'is N::F in'];
export const SCHEMA_TOKENS = ['namespace', 'entity', 'action', 'type', 'in', 'appliesTo', 'principal', 'resource', 'context', 'tags', 'enum', 'Set', 'Set<Long>', 'Long', 'String',
	'Bool', 'Boolean', 'Record', 'Entity', 'Extension', 'ipaddr', 'decimal', 'datetime', 'duration', '__cedar', '__cedar::Long', '__cedar::ipaddr', 'U', 'G', 'N::F', 'N', 'Color', 'T', '{', '}', '[', ']',
	'<', '>', ',', ';', ':', '::', '?', '=', '"a"', '"view"', 'view', 'Action', 'Action::"view"', '@doc("x")', '@a', '(', ')', '{}', '[]', 'a: Long', 'a?: Long', '"": Long', 'type T = Long;', 'type T = {a: T};',
	'entity X;', 'entity X, Y in [U] {a: Long};', 'entity E enum [];', 'entity E enum ["a", "a"];', 'action z;', 'action "view";', 'attributes {}', 'attributes { memberOf: [] }', '// x\n', 'true', 'if', 'é', '1', 'Set<Set<T>>', 'is', 'has', 'like'];

export const tokens = (text) => text.match(TOKEN) ?? [];

// One to three edits of tokens.
export function mutateTokens(random, text, pool) {
	const list = tokens(text);
	for (let n = random.pick([1, 1, 1, 2, 3]); n > 0 && list.length > 0; n--) {
		const at = random.int(list.length), other = random.int(list.length);
		const insert = random.chance(0.7) ? random.pick(pool) : list[other];
		switch (random.int(6)) {
		case 0: list.splice(at, 1); break;
		case 1: list.splice(at, 0, list[at]); break;
		case 2: [list[at], list[other]] = [list[other], list[at]]; break;
		case 3: list.splice(at, 1, insert); break;
		case 4: list.splice(at, 0, ' ', insert, ' '); break;
		default: list.splice(at, 0, insert);
		}
	}
	return list.join('');
}

// ---- JSON, kept as it is written: {m: [[key, node]]}, {i: [node]} or a text ----

export function jsonTree(text) {
	const list = text.match(/"(?:[^"\\]|\\.)*"|-?[0-9.eE+-]+|true|false|null|[[\]{},:]/gs);
	let at = 0;
	const read = () => {
		const t = list[at++];
		if (t === '{') {
			const m = [];
			while (list[at] !== '}') {
				if (list[at] === ',') at++;
				const key = list[at++];
				at++;
				m.push([key, read()]);
			}
			at++;
			return { m };
		}
		if (t === '[') {
			const i = [];
			while (list[at] !== ']') {
				if (list[at] === ',') at++;
				i.push(read());
			}
			at++;
			return { i };
		}
		return t;
	};
	return read();
}

export function treeText(node) {
	if (typeof node === 'string') return node;
	if (node.i) return `[${node.i.map(treeText).join(',')}]`;
	return `{${node.m.map(([k, v]) => `${k}:${treeText(v)}`).join(',')}}`;
}

const ODD_VALUES = ['null', '1.0', '1e0', '-0', '0', '-1', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '1E400', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '""', '"x"', 'true', '[]', '{}',
	'[1,"a",true]', '[[],[[]]]', '{"__entity":{"type":"U","id":"0"}}', '{"__entity":{"type":"U"}}', '{"__entity":{"type":"U","id":0}}', '{"__entity":"x"}', '{"__entity":{"type":"a b","id":"0"}}', '{"__entity":{"type":"U","id":"0","x":1}}',
	'{"__entity":{"type":"U","id":"0"},"y":1}', '{"__entity":{"type":"N::F","id":"\\u0000"}}', '{"__entity":{"type":"Action","id":"view"}}', '{"__entity":{"__entity":{"type":"U","id":"0"}}}', '{"type":"U","id":"0"}', '{"type":"U","id":"0","z":1}', '{"type":"if","id":"0"}', '{"type":"","id":""}',
	'{"type":"U::G","id":"0"}', '{"type":"__cedar::U","id":"0"}', '{"type":" U","id":"0"}', '{"__extn":{"fn":"ip","arg":"10.0.0.1"}}', '{"__extn":{"fn":"ip","arg":"x"}}', '{"__extn":{"fn":"decimal","args":["1.0"]}}', '{"__extn":{"fn":"decimal","args":["1.0","2.0"]}}', '{"__extn":{"fn":"decimal","args":[]}}',
	'{"__extn":{"fn":"decimal","arg":"1.0","args":["2.0"]}}', '{"__extn":{"fn":"foo","arg":"1.0"}}', '{"__extn":{"fn":"isIpv4","arg":{"__extn":{"fn":"ip","arg":"::1"}}}}', '{"__extn":{"fn":"offset","args":[{"__extn":{"fn":"datetime","arg":"2024-01-01"}},{"__extn":{"fn":"duration","arg":"1d"}}]}}', '{"__extn":{"fn":"decimal","arg":1}}', '{"__extn":{"fn":"decimal"}}', '{"__extn":"x"}', '{"__extn":{"fn":"decimal","arg":"1.0"},"q":1}',
	'{"__extn":{"fn":"decimal","arg":"1.0","q":1}}', '{"fn":"ip","arg":"10.0.0.1"}', '{"fn":"decimal","args":["1.5"]}', '{"__expr":"1"}', '{"__expr":1}', '{"__expr":"1","a":2}', '"10.0.0.1"', '"1.5"', '"2024-01-01"', '"1d"', '"1.55555"', '{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"a":{"b":null}}', '{"__entity":{"type":"Color","id":"red"}}', '{"__entity":{"type":"Color","id":"none"}}', '"\\u00e9"'];
const ODD_KEYS = ['"a"', '"b"', '"x"', '"uid"', '"attrs"', '"parents"', '"tags"', '"type"', '"id"', '"__entity"', '"__extn"', '"__expr"', '""', '"\\u0061"', '"fn"', '"arg"'];

// One or two edits of nodes; `values` are what may stand for one.
export function mutateJson(random, text, values = ODD_VALUES, keys = ODD_KEYS) {
	const root = { i: [jsonTree(text)] };
	for (let n = 1 + random.int(2); n > 0; n--) {
		const all = [];
		const walk = (node) => {
			if (typeof node === 'string') return;
			for (const [k, v] of (node.i ?? node.m).entries()) {
				all.push([node, k]);
				walk(node.i ? v : v[1]);
			}
		};
		walk(root);
		const [node, k] = random.pick(all);
		const list = node.i ?? node.m;
		const put = (v) => {
			if (node.i) list[k] = v;
			else list[k] = [list[k][0], v];
		};
		switch (random.int(8)) {
		case 0:
			if (node !== root) list.splice(k, 1);
			break;
		case 1:
			if (node !== root) list.push(list[k]);
			break;
		case 2:
			if (node.m) list[k] = [random.pick(keys), list[k][1]];
			break;
		case 3:
			if (node.m) list.push([random.pick(keys), random.pick(values)]);
			else put(random.pick(values));
			break;
		case 4: {
			const [from, j] = random.pick(all);
			const v = (from.i ?? from.m)[j];
			put(structuredClone(from.i ? v : v[1]));
			break;
		}
		default: put(random.pick(values));
		}
	}
	return treeText(root.i[0] ?? 'null');
}

// Breaks the text itself, rarely.
export function mutateText(random, text) {
	const at = random.int(text.length + 1);
	switch (random.int(4)) {
	case 0: return text.slice(0, at);
	case 1: return text.slice(0, at) + text.slice(at + 1);
	case 2: return text.slice(0, at) + random.pick([',', ']', '}', '"', '\\', '\u0001', ' ', '\u00a0', '\n', '0', '-', ':']) + text.slice(at);
	default: return text + random.pick([' ', '\n', ',', 'x', '\u00a0', '[]']);
	}
}
