// tests/differential/lib/rounds.mjs - what is asked, area by area
// SPDX-License-Identifier: Apache-2.0
//
// A round makes a small world from the seed and asks both sides through `ctx` (lib/both.mjs):
// ask() for what the rest of the round stands on, askAll() for many at once.
import { Policies } from './expr.mjs';
import { CEDAR_TOKENS, SCHEMA_TOKENS, jsonTree, mutateJson, mutateText, mutateTokens, treeText } from './mutate.mjs';
import { EXTENSIONS, World, quote, uidJson, uidText } from './world.mjs';

const list = (n, make) => Array.from({ length: n }, (_, i) => make(i));

// Policies that both sides take; each is printed and read again on the way.
async function write(ctx, policies, n) {
	const texts = list(n, () => policies.policy());
	const answers = await ctx.askAll('parse', texts.map((text) => ({ op: 'print', text })));
	const parts = texts.filter((_, i) => answers[i].ok);
	return { op: 'policies', text: parts.join('\n'), parts };
}
const idsOf = (q) => [...(q.parts ?? []).map((_, i) => `policy${i}`), ...[...(q.static ?? []), ...(q.templates ?? [])].map((p) => p.id)];
const validate = (q) => ({ op: 'validate', ids: idsOf(q), n: Math.max(idsOf(q).length, 1) });

// Sets of the generator's policies, with a schema and without.
export async function decide(ctx) {
	const { random } = ctx, world = new World(random), policies = new Policies(world), guided = random.chance(0.6);
	if (!(await ctx.ask('schema', { op: 'schema', text: world.schemaText() })).ok) return;
	const set = await write(ctx, policies, 1 + random.int(random.pick([3, 20, 60])));
	await ctx.ask('setup', set);
	await ctx.ask('validate', validate(set));
	if (!guided) await ctx.ask('setup', { op: 'schema' });
	const entities = world.entitiesList(guided);
	if (!(await ctx.ask('entities', { op: 'entities', text: `[${entities}]`, parts: entities })).ok) return;
	await ctx.askAll('decide', list(40, () => ({ op: 'request', text: world.request(guided), validate: guided })));
}

// Every shape of a scope, over a hierarchy with absent entities and absent parents.
const SHAPES = ['', ' == E', ' in E', ' is T', ' is T in E'];
export async function scopes(ctx) {
	const { random } = ctx, types = ['U', 'G', 'N::D'];
	const uids = list(35, (i) => ({ type: types[i % 3], id: String(i) })), actions = list(8, (i) => ({ type: 'Action', id: String(i) }));
	const entity = (uid, parents) => `{"uid":${uidJson(uid)},"attrs":{"x":${random.chance(0.5)}},"parents":[${parents.map(uidJson)}]}`;
	const entities = uids.slice(0, 30).flatMap((uid, i) => (random.chance(0.15) ? [] : [entity(uid, random.some(uids.slice(i + 1, i + 7), random.int(3)))]));
	entities.push(...actions.slice(0, 7).map((uid, i) => entity(uid, random.some(actions.slice(i + 1), random.int(2)))));
	const fill = (shape) => shape.replace('T', random.pick(types)).replace('E', uidText(random.pick(uids)));
	const action = [() => '', () => ` == ${uidText(random.pick(actions))}`, () => ` in ${uidText(random.pick(actions))}`, () => ' in []',
		() => ` in [${random.some(actions, 1 + random.int(4)).map(uidText)}${random.pick(['', ','])}]`];
	const clauses = ['', '', ' when { principal.x }', ' unless { resource.x }', ' when { 1 + true }', ' when { principal in resource }'];
	const parts = SHAPES.flatMap((p) => SHAPES.flatMap((r) => action.map((a) =>
		`${random.pick(['permit', 'permit', 'forbid'])}(principal${fill(p)}, action${a()}, resource${fill(r)})${random.pick(clauses)};`)));
	await ctx.ask('setup', { op: 'schema' });
	await ctx.ask('setup', { op: 'policies', text: parts.join('\n'), parts });
	await ctx.ask('setup', { op: 'entities', text: `[${entities}]`, parts: entities });
	await ctx.askAll('scopes', list(60, () => ({ op: 'request',
		text: `{"principal":${uidJson(random.pick(uids))},"action":${uidJson(random.pick(actions))},"resource":${uidJson(random.pick(uids))},"context":{}}` })));
}

// Templates, their links, and links that do not fit.
export async function templates(ctx) {
	const { random } = ctx, world = new World(random), policies = new Policies(world);
	await ctx.ask('schema', { op: 'schema', text: world.schemaText() });
	for (let i = 0; i < 6; i++) {
		const kinds = list(1 + random.int(5), () => 1 + random.int(3));
		const made = kinds.map((slots, k) => ({ id: `t${k}`, text: policies.policy(slots) }));
		const links = list(1 + random.int(8), (k) => {
			const at = random.int(made.length), slots = random.chance(0.03) ? random.int(4) : kinds[at];
			return { template: random.chance(0.02) ? random.pick(['t9', 's0']) : `t${at}`, id: random.chance(0.02) ? random.pick(['l0', 't0', 's0']) : `l${k}`,
				...(slots & 1 && { principal: random.pick(world.uids) }), ...(slots & 2 && { resource: random.pick(world.uids) }) };
		});
		const fixed = list(random.int(4), (k) => ({ id: `s${k}`, text: policies.policy(random.chance(0.02) ? 1 : 0) }));
		const set = { op: 'policies', static: fixed, templates: made, links };
		if (!(await ctx.ask('templates', set)).ok) continue;
		await ctx.ask('validate', validate(set));
		const entities = world.entitiesList(true);
		if (!(await ctx.ask('entities', { op: 'entities', text: `[${entities}]`, parts: entities })).ok) continue;
		await ctx.askAll('templates', list(15, () => ({ op: 'request', text: world.request(true) })));
	}
}

// ---- Extension literals ----

const PIECES = {
	decimal: ['0', '1', '9', '00', '.', '.', '-', '+', '922337203685477', '5807', '5808', '5809', ' ', 'e', '0000', '12345', '٣'],
	ipaddr: ['0', '1', '10', '127', '255', '256', '01', '.', '.', '.', ':', '::', ':', '/', '/8', '/32', '/33', '/128', '/129', '/08', 'ff', 'FFFF', 'ff02', 'fffff', 'g', '%eth0', '[', ']', ' ', '1.2.3.4', '::ffff:'],
	datetime: ['2024', '1969', '0000', '9999', '-', '-', '01', '02', '12', '13', '00', '29', '30', '31', '32', 'T', 't', ':', ':', '23', '24', '59', '60', '.', '123', '12', '1234', 'Z', 'z', '+', '-', '0000', '2359', '2360', '2400', '0100', ' ', '+00:00'],
	duration: ['1', '0', '01', '9223372036854775807', '9223372036854775808', '106751991167', '106751991168', 'd', 'h', 'm', 's', 'ms', 'D', '-', '+', ' ', '.5'],
};
const WELL = {
	decimal: (r) => `${r.pick(['', '-'])}${r.pick(['0', '1', '922337203685477', '00012'])}.${r.pick(['0', '5', '5807', '5808', '0001', '12345', ''])}`,
	ipaddr: (r) => (r.chance(0.5) ? list(4, () => r.pick(['0', '1', '9', '10', '99', '127', '224', '255', '256', '00'])).join('.') : list(8 - r.int(2), () => r.pick(['0', '1', 'f', 'ff02', 'FFFF', '00001', '0000'])).join(':').replace(/:\w+:/, r.pick([':1:', '::', '::'])))
		+ r.pick(['', '', '/0', '/8', '/32', '/33', '/128', '/129', '/064']),
	datetime: (r) => `${r.pick(['2024', '1970', '1969', '0000', '9999', '1900', '2000'])}-${r.pick(['01', '02', '06', '11', '12', '13', '00'])}-${r.pick(['01', '28', '29', '30', '31', '32', '00'])}` +
		(r.chance(0.3) ? '' : `T${r.pick(['00', '12', '23', '24'])}:${r.pick(['00', '30', '59', '60'])}:${r.pick(['00', '59', '60'])}${r.pick(['', '.000', '.999', '.99', '.9999'])}${r.pick(['Z', '+0000', '-0000', '+0130', '-2359', '+2360', '+2400', '', 'z', '+01:30'])}`),
	duration: (r) => r.pick(['', '-', '+']) + ['d', 'h', 'm', 's', 'ms'].map((u) => (r.chance(0.5) ? '' : r.pick(['0', '1', '007', '59', '1000', '106751991167', '2562047788015', '9223372036854775', '9223372036854775807', '9223372036854775808']) + u)).join(''),
};

function literal(random, type) {
	const text = random.weighted([[5, () => WELL[type](random)], [2, () => random.pick(EXTENSIONS[type])], [1, () => list(1 + random.int(8), () => random.pick(PIECES[type])).join('')]])();
	if (random.chance(0.6)) return text;
	const at = random.int(text.length + 1), piece = random.pick(PIECES[type]);
	return random.chance(0.4) ? text.slice(0, at) + text.slice(at + 1) : text.slice(0, at) + piece + text.slice(at + random.int(2));
}

const USES = {
	decimal: (a, b) => `${a}.lessThan(${b})`,
	ipaddr: (a, b) => `${a}.isInRange(${b})`,
	datetime: (a, b) => `${a} < ${b}`,
	duration: (a, b) => `${a}.toSeconds() <= ${b}.toSeconds()`,
};
const MORE = { decimal: ['@ == @'], ipaddr: ['@.isLoopback()', '@.isMulticast()', '@.isIpv4()', '@ == ip("10.0.0.1")'],
	datetime: ['@.toDate() == @', '@.toTime() < duration("12h")', '@.durationSince(datetime("1970-01-01")).toMilliseconds() < 0', '@.offset(duration("9223372036854775807ms")) == @'],
	duration: ['@.toDays() == 1', '@.toMinutes() > 0', '@.toMilliseconds() * 1000 > 5', '@.toHours() < 0'] };
const FN = { decimal: 'decimal', ipaddr: 'ip', datetime: 'datetime', duration: 'duration' };

// Each policy holds a literal: it is satisfied, not satisfied, or fails.
export async function literals(ctx) {
	const { random } = ctx;
	const texts = list(120, () => {
		const type = random.pick(Object.keys(PIECES)), call = `${FN[type]}(${quote(literal(random, type))})`;
		return random.chance(0.5) ? USES[type](call, `${FN[type]}(${quote(random.chance(0.8) ? random.pick(EXTENSIONS[type]) : literal(random, type))})`)
			: random.pick(MORE[type]).replaceAll('@', call);
	});
	const parts = texts.map((t) => `permit(principal,action,resource) when { ${t} };`);
	await ctx.ask('setup', { op: 'schema' });
	await ctx.ask('setup', { op: 'policies', text: parts.join('\n'), parts });
	await ctx.ask('setup', { op: 'entities', text: '[]' });
	await ctx.ask('literals', { op: 'request', text: '{"principal":{"type":"U","id":"0"},"action":{"type":"Action","id":"0"},"resource":{"type":"U","id":"0"},"context":{}}', n: parts.length });
	await ctx.askAll('literals-json', list(30, () => {
		const type = random.pick(Object.keys(PIECES)), context = `{"x":{"__extn":{"fn":"${FN[type]}","arg":${JSON.stringify(literal(random, type))}}}}`;
		return { op: 'context', context, action: null, text: request(context) };
	}));
}

const request = (context, action = '{"type":"Action","id":"0"}') =>
	`{"principal":{"type":"U","id":"0"},"action":${action},"resource":{"type":"U","id":"0"},"context":${context}}`;

// ---- Texts ----

// Policies, changed a little: taken or refused; and what is taken, printed, means the same.
export async function parse(ctx) {
	const { random } = ctx, world = new World(random), policies = new Policies(world);
	const source = () => {
		const text = random.chance(0.3) && ctx.corpus ? random.pick(ctx.corpus.policies()) : policies.policy(random.chance(0.2) ? random.int(4) : 0);
		return random.chance(0.15) ? text : random.chance(0.1) ? mutateText(random, text) : mutateTokens(random, text, CEDAR_TOKENS);
	};
	await ctx.askAll('parse', list(100, () => ({ op: 'print', text: source() })));
}

// Schemas, changed a little; by those that are taken, policies are validated.
export async function schemas(ctx) {
	const { random } = ctx, world = new World(random), policies = new Policies(world), text = world.schemaText();
	const set = await write(ctx, policies, 5);
	await ctx.ask('setup', set);
	for (let i = 0; i < 10; i++)
		if ((await ctx.ask('schema', { op: 'schema', text: mutateTokens(random, text, SCHEMA_TOKENS) })).ok)
			await ctx.ask('validate', validate(set));
	const json = ctx.oracle.raw('schemaToJson', text)?.match(/"json":(.*),"warnings":\[\]\}$/s)?.[1];
	if (!json) return;
	for (let i = 0; i < 12; i++)
		if ((await ctx.ask('schema-json', { op: 'schema', json: true, text: i === 0 ? json : mutateJson(random, json, SCHEMA_VALUES, SCHEMA_KEYS) })).ok)
			await ctx.ask('validate', validate(set));
}
const SCHEMA_VALUES = ['null', '1', '""', '"x"', '"U"', '"N::F"', '"Long"', 'true', 'false', '[]', '{}', '["U"]', '["a","a"]', '{"type":"Long"}', '{"type":"Nope"}', '{"type":"Set"}', '{"type":"Set","element":{"type":"Long"}}', '{"type":"Record"}', '{"type":"Record","attributes":{}}',
	'{"type":"Record","attributes":{},"additionalAttributes":true}', '{"type":"Record","attributes":{},"additionalAttributes":false}', '{"type":"Entity","name":"U"}', '{"type":"Entity"}', '{"type":"EntityOrCommon","name":"Long"}', '{"type":"EntityOrCommon","name":"U"}', '{"type":"EntityOrCommon","name":"Nope"}', '{"type":"Extension","name":"ipaddr"}', '{"type":"Extension","name":"ip"}',
	'{"type":"Boolean"}', '{"type":"Bool"}', '{"type":"String","x":1}', '{"type":"__cedar::Long"}', '{"enum":["a"]}', '{"enum":[]}', '{"enum":["a","a"]}', '{"principalTypes":["U"],"resourceTypes":["U"]}', '{"principalTypes":[],"resourceTypes":["U"]}', '{"principalTypes":["U"]}', '{"id":"view"}', '{"id":"view","type":"Action"}', '{"id":"view","type":"N::Action"}', '{"entityTypes":{},"actions":{}}', '{"memberOfTypes":["U"]}', '[{"id":"view"}]', '{"appliesTo":null}', '{"required":false,"type":"Long"}', '{"doc":"x"}', '{"doc":null}'];
const SCHEMA_KEYS = ['"entityTypes"', '"actions"', '"commonTypes"', '"shape"', '"tags"', '"enum"', '"memberOfTypes"', '"memberOf"', '"appliesTo"', '"principalTypes"', '"resourceTypes"', '"context"', '"type"', '"name"', '"element"', '"attributes"', '"additionalAttributes"', '"required"', '"annotations"', '"a"', '""', '"U"', '"Long"', '"N"', '"N::M"', '"if"', '"view"', '"x y"', '"__cedar"', '"id"'];

// Entities as JSON, changed a little, with a schema and without; what is taken decides the same.
export async function entities(ctx) {
	const { random } = ctx, world = new World(random), policies = new Policies(world), guided = random.chance(0.6);
	const set = await write(ctx, policies, 12);
	if (!(await ctx.ask('setup', { op: 'schema', text: world.schemaText() })).ok) return;
	if (!guided) await ctx.ask('setup', { op: 'schema' });
	await ctx.ask('setup', set);
	for (let i = 0; i < 16; i++) {
		const pieces = world.entitiesList(guided), at = random.int(pieces.length);
		if (random.chance(0.15)) pieces.push(random.pick(pieces));
		if (random.chance(0.05)) pieces.push(random.pick(world.actionsJson()));
		pieces[at] = mutateJson(random, pieces[at]);
		const text = random.chance(0.05) ? mutateText(random, `[${pieces}]`) : `[${pieces}]`;
		if ((await ctx.ask('entities', { op: 'entities', text, parts: text === `[${pieces}]` ? pieces : undefined })).ok)
			await ctx.askAll('decide', list(3, () => ({ op: 'request', text: world.request(guided) })));
	}
}

// Contexts and names of requests, changed a little.
export async function requests(ctx) {
	const { random } = ctx, world = new World(random), policies = new Policies(world), guided = random.chance(0.7);
	const set = await write(ctx, policies, 10);
	if (!(await ctx.ask('setup', { op: 'schema', text: world.schemaText() })).ok) return;
	if (!guided) await ctx.ask('setup', { op: 'schema' });
	await ctx.ask('setup', set);
	const pieces = world.entitiesList(guided);
	if (!(await ctx.ask('entities', { op: 'entities', text: `[${pieces}]`, parts: pieces })).ok) return;
	// One member is changed: what else the engine's call may have is not ours.
	const changed = () => {
		const text = world.request(guided);
		if (random.chance(0.05)) return mutateText(random, text);
		const { m } = jsonTree(text), at = random.pick([0, 1, 2, 3, 3, 3]);
		m[at][1] = mutateJson(random, treeText(m[at][1]));
		return treeText({ m });
	};
	await ctx.askAll('requests', list(40, () => ({ op: 'request', text: changed(), validate: guided })));
}

// Official corpus tests that share a schema, put together; each says one policy, so nothing there
// forbids what another permits.
export async function corpus(ctx) {
	const { random } = ctx;
	if (!ctx.corpus) return;
	const group = ctx.corpus.group(random), tests = random.some(group, 2 + random.int(random.pick([10, 60])));
	if (!(await ctx.ask('setup', { op: 'schema', text: ctx.corpus.schemaOf(group[0]) })).ok) return;
	const parts = tests.map((t) => {
		const text = ctx.corpus.policyOf(t);
		return random.chance(0.3) ? text.replace(/^(\s*)(permit|forbid)/m, (_, blanks) => `${blanks}${random.pick(['permit', 'forbid'])}`) : text;
	});
	const set = { op: 'policies', text: parts.join('\n'), parts };
	if (!(await ctx.ask('setup', set)).ok) return;
	await ctx.ask('validate', validate(set));
	const test = random.pick(tests), all = ctx.corpus.entitiesOf(test);
	if (!(await ctx.ask('setup', { op: 'entities', text: all })).ok) return;
	await ctx.askAll('corpus', ctx.corpus.requestsOf(test).map((text) => ({ op: 'request', text, validate: true })));
	await ctx.askAll('corpus', ctx.corpus.requestsOf(random.pick(group)).map((text) => ({ op: 'request', text })));
}

export const ROUNDS = [[6, decide], [3, scopes], [3, templates], [4, literals], [2, parse], [8, schemas], [9, entities], [5, requests], [30, corpus]];
