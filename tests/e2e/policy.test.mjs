// tests/e2e/policy.test.mjs - policies in front of real routes: decisions, obligations, what is told of them
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, makeFolder, program, run } from './lib/gateway.mjs';
import { Peer } from './lib/peer.mjs';

let gateway, peer;
const keys = {}; // by consumer: { key, hash }
const held = []; // answers of the peer that never come

const customer = { customer: { name: 'Ann', ssn: '078-05-1120' }, orders: [{ id: 1, note: 'x' }, { id: 2 }] };
const json = (body) => ({ status: 200, headers: { 'content-type': 'application/json', etag: '"1"', 'x-internal': '7' },
	body: JSON.stringify(body) });
const answers = {
	'/text': () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'ssn 078-05-1120' }),
	'/slow': () => new Promise((done) => held.push(done)),
	'/twice': () => ({ ...json(), body: '{"customer":{"ssn":1,"ssn":2}}' }),
};

const consumer = (name, more) => `  ${name}: { credentials: [{ api_key: { hash: "${keys[name].hash}" } }], ${more} }`;
const route = (name, more = '') => `  ${name}: { match: { path: "/${name}" }, to: { instance: up, action: forward },
    auth: [api_key, none], api: orders${more} }`;
const config = ({ log = 'off', sample = 0, shadow = '' } = {}) => `
consumers:
${consumer('partner', 'groups: [partners], labels: { scope: "orders:read" }')}
${consumer('other', 'groups: [partners]')}
${consumer('bad', 'groups: [partners], suspended: true, labels: { scope: "orders:read" }')}
instances:
  up: { connector: http, config: { base_url: "${peer.url}" },
    grants: { egress: ["${peer.host}"], private_addresses: true } }
routes:
${['orders', 'text', 'slow', 'twice', 'limited', 'small', 'named', 'paid', 'sums'].map((name) => route(name)).join('\n')}
${route('keys', ', sensitivity: 3')}
policies: { include: ["policies/*.cedar"], headers: [x-tenant], decision_log: "${log}", sample: ${sample} }
`;

const base = `
@id("gw.orders.read")
permit (principal in Gw::Group::"partners", action in Gw::Action::"read", resource in Gw::Api::"orders")
when { principal.hasTag("scope") && principal.getTag("scope").contains("orders:read") };

@id("gw.suspended") @advice("account_suspended")
forbid (principal is Gw::Consumer, action, resource) when { principal.suspended };

@id("gw.sensitive") @advice("step_up:mfa")
forbid (principal, action, resource is Gw::Route) when { resource.sensitivity >= 3 }
unless { context.client.ip.isInRange(ip("10.0.0.0/8")) && context.amr.contains("mfa") };
`;

// Beside and renamed, as editors do.
function put(text, name = 'a.cedar') {
	const file = path.join(gateway.dir, 'policies', name);
	writeFileSync(`${file}~`, text);
	renameSync(`${file}~`, file);
}

async function reload(expected = 200) {
	const answer = await gateway.api('POST', '/v1/config:reload');
	assert.equal(answer.status, expected, JSON.stringify(answer.body));
	return answer.body;
}

async function decideBy(text) {
	put(text);
	await reload();
}

const send = (where, who, options = {}) => fetch(`${gateway.url}${where}`, { ...options,
	headers: { ...(who ? { 'x-api-key': keys[who].key } : {}), ...options.headers } });

// { status, ...body } of a problem.
async function problem(where, who, options) {
	const answer = await send(where, who, options);
	assert.equal(answer.headers.get('content-type'), 'application/problem+json');
	const body = await answer.json();
	assert.equal(answer.headers.get('x-request-id'), body.request_id);
	assert.doesNotMatch(JSON.stringify(body), /gw\./); // ids of policies are not for callers
	return { ...body, code: body.type.replace('urn:fairlead:problem:', ''), headers: answer.headers };
}

async function metric(line) {
	const { body } = await gateway.api('GET', '/metrics');
	const found = body.split('\n').find((each) => each.startsWith(`${line} `));
	return found ? Number(found.slice(line.length + 1)) : 0;
}

async function createKey() {
	const { stdout, stderr } = await run(program('fairlead'), ['key', 'create', '-c', gateway.file]);
	const found = /^key: (\S+)\nhash: "(\S+)"$/m.exec(stdout);
	assert.ok(found, stderr);
	return { key: found[1], hash: found[2] };
}

before(async () => {
	peer = await Peer.start((request, body) => (answers[request.url]
		?? (() => json({ ...customer, headers: request.headers, bytes: body.length })))());
	gateway = new Gateway(makeFolder());
	gateway.write('\n');
	for (const name of ['partner', 'other', 'bad']) keys[name] = await createKey();
	mkdirSync(path.join(gateway.dir, 'policies'));
	put('permit (principal == Conn::Connector::"up", action, resource);\n', 'conn.cedar');
	put(base);
	gateway.write(config());
	await gateway.run();
});
after(async () => {
	held.forEach((done) => done({ status: 200 }));
	await gateway?.stop();
	await peer?.stop();
});

test('what a permit allows is served', async () => {
	const answer = await send('/orders', 'partner');
	assert.equal(answer.status, 200);
	assert.deepEqual((await answer.json()).customer, customer.customer);
	await gateway.logged(/"consumer":"partner",.*"decision":"allow"/);
});

test('what no permit allows is denied, and nothing is advised', async () => {
	for (const [who, options] of [[undefined], ['other'], ['partner', { method: 'POST', body: 'x' }]]) {
		const told = await problem('/orders', who, options);
		assert.deepEqual([told.status, told.code, told.advice], [403, 'forbidden', undefined], `${who}`);
	}
	await gateway.logged(/"decision":"deny","error":"forbidden"/);
	assert.equal(await metric('fairlead_policy_decisions_total{route="orders",decision="allow"}'), 1);
	assert.equal(await metric('fairlead_policy_decisions_total{route="orders",decision="deny"}'), 3);
});

test('what forbids apply is denied with all of their advice', async () => {
	assert.deepEqual((await problem('/orders', 'bad')).advice, ['account_suspended']);
	assert.deepEqual((await problem('/keys', 'partner')).advice, ['step_up:mfa']);
	assert.deepEqual((await problem('/keys', 'bad')).advice, ['account_suspended', 'step_up:mfa']);
	assert.equal((await send('/orders', 'partner')).status, 200);
});

test('a forbid may choose the status and say how many must approve', async () => {
	await decideBy(`${base}
@status("402") @require_approval("2") @advice("say \\"please\\"")
forbid (principal, action, resource == Gw::Route::"paid");`);
	const told = await problem('/paid', 'partner');
	assert.deepEqual([told.status, told.code, told.approvals_required, told.advice],
		[402, 'forbidden', 2, ['say "please"']]);
});

test('changed policies decide without a restart and without a failed request', async () => {
	await decideBy(base);
	const seen = new Set();
	let isOver = false;
	const load = Promise.all([1, 2, 3, 4].map(async () => {
		while (!isOver) seen.add((await send('/orders', 'other')).status);
	}));
	for (let i = 0; i < 10; i++)
		await decideBy(i % 2 ? base : `${base} permit (principal == Gw::Consumer::"other", action, resource);`);
	const from = await send('/orders', 'other');
	await decideBy(`${base} permit (principal == Gw::Consumer::"other", action, resource);`);
	const to = await send('/orders', 'other');
	isOver = true;
	await load;
	assert.deepEqual([from.status, to.status], [403, 200]);
	assert.deepEqual([...seen].sort(), [200, 403]);
});

test('a broken policy is refused with its place, and the old ones go on deciding', async () => {
	await decideBy(base);
	put('@id("b")\npermit (principal, action, resource)\nwhen { principal.sizee == 1 };\n', 'b.cedar');
	const { errors } = await reload(422);
	assert.deepEqual(errors.map(({ file, line, column }) => [path.basename(file), line, column]), [['b.cedar', 3, 8]]);
	assert.equal((await send('/orders', 'partner')).status, 200);
	assert.equal((await problem('/orders')).code, 'forbidden');
	put('', 'b.cedar');
	await reload();
});

test('a forbid that cannot be evaluated denies, unless it is to be skipped', async () => {
	await decideBy(`permit (principal, action, resource);
@id("gw.sums") forbid (principal, action, resource == Gw::Route::"sums")
when { context.req.contentLength + 9223372036854775807 < 0 };`);
	const post = { method: 'POST', body: 'x' };
	assert.equal((await send('/sums')).status, 200);
	assert.equal((await problem('/sums', undefined, post)).code, 'forbidden');
	assert.equal(await metric('fairlead_policy_decisions_total{route="sums",decision="deny_error"}'), 1);
	assert.equal(await metric('fairlead_policy_errors_total'), 1);
	gateway.replace(config().replace('headers: [', 'on_forbid_error: skip, headers: ['));
	await reload();
	assert.equal((await send('/sums', undefined, post)).status, 200);
	gateway.replace(config());
});

test('@rate_limit counts each consumer and each stranger, and survives a reload', async () => {
	const limited = `@id("gw.limited") @rate_limit("2/h") permit (principal, action, resource == Gw::Route::"limited");`;
	await decideBy(limited);
	for (const who of ['partner', 'other', undefined])
		assert.deepEqual([(await send('/limited', who)).status, (await send('/limited', who)).status], [200, 200], who);
	for (const who of ['partner', 'other', undefined]) {
		const told = await problem('/limited', who);
		assert.deepEqual([told.status, told.code], [429, 'rate_limited']);
		const after = Number(told.headers.get('retry-after'));
		assert.ok(after > 1700 && after <= 1800, `${after}`);
	}
	await decideBy(`${limited} permit (principal, action, resource == Gw::Route::"orders");`);
	assert.equal((await problem('/limited', 'partner')).code, 'rate_limited');
	await decideBy(limited.replace('2/h', '3/h')); // counts anew
	assert.equal((await send('/limited', 'partner')).status, 200);
	assert.equal(await metric('fairlead_policy_decisions_total{route="limited",decision="rate_limited"}'), 4);
});

test('@rate_limit lets exactly so many through, however many come at once', async () => {
	await decideBy('@rate_limit("50/d") permit (principal, action, resource == Gw::Route::"limited");');
	const answers = await Promise.all(Array.from({ length: 200 }, () => send('/limited', 'partner')));
	await Promise.all(answers.map((answer) => answer.arrayBuffer()));
	const count = (status) => answers.filter((answer) => answer.status === status).length;
	assert.deepEqual([count(200), count(429)], [50, 150]);
});

test('@timeout and @max_body: the strictest of all that allow holds', async () => {
	await decideBy(`@timeout("50ms") permit (principal, action, resource == Gw::Route::"slow");
@timeout("10s") permit (principal, action, resource == Gw::Route::"slow");
@max_body("16") permit (principal, action, resource == Gw::Route::"small");
@max_body("1k") permit (principal, action, resource == Gw::Route::"small");`);
	// The connector's own request ends at the same moment; either may tell first.
	assert.match((await problem('/slow')).code, /^(deadline_exceeded|connector_timeout)$/);
	assert.equal((await send('/small', undefined, { method: 'POST', body: 'x'.repeat(16) })).status, 200);
	const told = await send('/small', undefined, { method: 'POST', body: 'x'.repeat(17) });
	assert.equal(told.status, 413);
	await told.arrayBuffer();
});

test('@header_set replaces what the caller sent', async () => {
	await decideBy(`@header_set("x-scope: partner") permit (principal, action, resource == Gw::Route::"named");
@header_set("x-tier: gold") permit (principal, action, resource == Gw::Route::"named");`);
	const { headers } = await (await send('/named', 'partner', { headers: { 'x-scope': 'admin', 'x-other': '1' } })).json();
	assert.deepEqual([headers['x-scope'], headers['x-tier'], headers['x-other']], ['partner', 'gold', '1']);
});

test('@redact takes headers and members out of the answer, or there is none', async () => {
	await decideBy(`@redact("body:/customer/ssn, header:x-internal") permit (principal, action, resource is Gw::Route);
@redact("body:/orders/0/note") permit (principal, action, resource == Gw::Route::"orders");`);
	const answer = await send('/orders', 'partner');
	assert.equal(answer.status, 200);
	assert.deepEqual([answer.headers.get('x-internal'), answer.headers.get('etag')], [null, null]);
	const { headers, bytes, ...body } = await answer.json();
	assert.deepEqual(body, { customer: { name: 'Ann' }, orders: [{ id: 1 }, { id: 2 }] });
	for (const where of ['/text', '/twice']) {
		const told = await problem(where, 'partner');
		assert.deepEqual([told.status, told.code], [403, 'obligation_unfulfilled']);
		assert.doesNotMatch(JSON.stringify(told), /078-05/);
	}
	assert.equal(await metric('fairlead_policy_decisions_total{route="text",decision="unfulfilled"}'), 1);
});

test('shadowed policies are counted by what they would change, and change nothing', async () => {
	await decideBy(`${base}
@id("gw.s1") @mode("shadow") forbid (principal == Gw::Consumer::"partner", action, resource);
@id("gw.s2") @mode("shadow") permit (principal == Gw::Consumer::"other", action, resource);`);
	assert.equal((await send('/orders', 'partner')).status, 200);
	assert.equal((await send('/orders', 'other')).status, 403);
	assert.equal((await send('/orders')).status, 403);
	const outcomes = ['allow_to_deny', 'deny_to_allow', 'same', 'error'];
	const counts = await Promise.all(outcomes.map((outcome) => metric(`fairlead_policy_shadow_total{outcome="${outcome}"}`)));
	assert.deepEqual(counts, [1, 1, 1, 0]);
});

test('the decision log has every denial, a sample, and what asks to be logged', async () => {
	const log = path.join(gateway.dir, 'decisions.log');
	put(`${base} @id("gw.whole") @log("full") permit (principal, action, resource == Gw::Route::"named");
@id("gw.s1") @mode("shadow") forbid (principal == Gw::Consumer::"partner", action, resource);`);
	gateway.replace(config({ log, sample: 0 }));
	await reload();
	const denied = await problem('/orders', 'bad');
	await (await send('/orders', 'partner')).arrayBuffer(); // not sampled
	const whole = (await send('/named', 'other', { headers: { 'x-tenant': 'a"b' } })).headers.get('x-request-id');
	await gateway.logged(new RegExp(whole), log);
	const lines = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
	assert.equal(lines.length, 2);
	assert.ok(lines.every(({ time }) => Math.abs(Date.parse(time) - Date.now()) < 60_000));
	const of = (id) => lines.find((line) => line.request_id === id);
	assert.deepEqual({ ...of(denied.request_id), time: '' }, { time: '', request_id: denied.request_id, route: 'orders',
		principal: 'Gw::Consumer::"bad"', action: 'Gw::Action::"GET"', resource: 'Gw::Route::"orders"',
		decision: 'deny', reasons: ['gw.suspended'] });
	const { context, ...rest } = of(whole);
	assert.deepEqual([rest.decision, rest.reasons, rest.principal], ['allow', ['gw.whole'], 'Gw::Consumer::"other"']);
	assert.deepEqual([context.client, context.amr, context.req.hdr, context.req.method, context.req.contentLength],
		[{ ip: '127.0.0.1', tls: false }, ['api_key'], { 'x-tenant': 'a"b' }, 'GET', 0]);

	gateway.replace(config({ log: `${log}.2`, sample: 1 })); // another file, with a reload
	await reload();
	const sampled = (await send('/orders', 'partner')).headers.get('x-request-id');
	await gateway.logged(new RegExp(`${sampled}.*"reasons":\\["gw.orders.read"\\],"shadow":"allow_to_deny"`), `${log}.2`);
	assert.equal(await metric('fairlead_decision_log_dropped_total'), 0);

	renameSync(`${log}.2`, `${log}.3`); // rotated
	gateway.signal('SIGHUP');
	await gateway.reopened(`${log}.2`);
	const rotated = (await send('/orders', 'partner')).headers.get('x-request-id');
	await gateway.logged(new RegExp(rotated), `${log}.2`);

	gateway.replace(config({ log: '/nowhere/decisions.log' }));
	assert.equal((await reload(422)).errors[0].code, 'decision_log_open');
	gateway.replace(config());
	await reload();
});
