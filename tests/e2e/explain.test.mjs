// tests/e2e/explain.test.mjs - POST /v1/explain and fairleadctl explain: what would happen, and why
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, makeFolder, program, run } from './lib/gateway.mjs';
import { check } from './lib/schema.mjs';

const policies = `@id("read") @rate_limit("600/min")
permit (principal in Gw::Group::"staff", action in Gw::Action::"read", resource in Gw::Api::"shop");
@id("write")
permit (principal in Gw::Group::"staff", action in Gw::Action::"write", resource is Gw::Route)
when { context.req.contentLength <= 1000 && context.req.hdr has "x-purpose" };
@id("suspended") @advice("account_suspended")
forbid (principal is Gw::Consumer, action, resource is Gw::Route)
when { principal.suspended };
@id("overflow")
forbid (principal == Gw::Consumer::"cy", action, resource is Gw::Route)
when { context.req.contentLength + 9223372036854775807 > 0 };
@id("later") @mode("shadow")
forbid (principal, action, resource is Gw::Route) unless { context.client.ip.isInRange(ip("10.0.0.0/8")) };
`;
const keys = {};
const credentials = (name) => (keys[name] ? `, credentials: [{ api_key: { hash: "${keys[name].hash}" } }]` : '');
const config = () => `
instances: { echo: { connector: echo } }
consumers:
  ann: { groups: [staff]${credentials('ann')} }
  bob: { groups: [staff], suspended: true${credentials('bob')} }
  cy: { groups: [staff]${credentials('cy')} }
routes:
  orders: { match: { path: "/orders/**" }, to: { instance: echo, action: reply }, auth: [api_key], api: shop }
  open: { match: { path: /open, methods: [GET] }, to: { instance: echo, action: reply }, auth: [none] }
policies: { include: ["policies/*.cedar"], headers: [x-purpose] }
`;
const dir = makeFolder();
const file = path.join(dir, 'policies/shop.cedar');
let gateway, openapi;

before(async () => {
	mkdirSync(path.join(dir, 'policies'));
	writeFileSync(file, policies);
	gateway = await Gateway.start(config(), { dir });
	for (const name of ['ann', 'bob', 'cy']) {
		const { stdout, stderr } = await run(program('fairlead'), ['key', 'create', '-c', gateway.file]);
		const [, key, hash] = /^key: (\S+)\nhash: "(\S+)"$/m.exec(stdout) ?? assert.fail(stderr);
		keys[name] = { key, hash };
	}
	gateway.write(config());
	assert.equal((await gateway.api('POST', '/v1/config:reload')).status, 200);
	openapi = (await gateway.api('GET', '/openapi.json', { token: '' })).body;
});
after(async () => { await gateway?.stop(); });

const ask = (body, type = 'application/json') => gateway.api('POST', '/v1/explain',
	{ body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': type } });
async function explain(method, url, more = {}) {
	const answer = await ask({ method, url: `http://api.example.com${url}`, ...more });
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
	check(openapi, 'POST', '/v1/explain', answer);
	return answer.body;
}
const verdicts = (set) => Object.fromEntries(set.policies.map(({ policy, verdict }) => [policy, verdict]));

test('an allowed request: route, principal, who permits and what is asked for', async () => {
	const told = await explain('GET', '/orders/7?x=1', { consumer: 'ann', client: '10.1.2.3' });
	assert.equal(told.decision, 'allow');
	assert.deepEqual(told.route, { name: 'orders', instance: 'echo', action: 'reply' });
	assert.equal(told.refused, null);
	assert.equal(told.principal, 'Gw::Consumer::"ann"');
	assert.equal(told.action, 'Gw::Action::"GET"');
	assert.equal(told.resource, 'Gw::Route::"orders"');
	assert.deepEqual(told.determining, [{ policy: 'read', effect: 'permit', file, line: 1,
		obligations: [{ name: 'rate_limit', value: '600/min' }] }]);
	assert.equal(verdicts(told.active).suspended, 'not_satisfied');
	assert.equal(told.shadow.decision, 'deny');
	assert.deepEqual(verdicts(told.shadow), { later: 'not_satisfied' });
});

test('a denied one: the clause that turned the permit down, with its place and values', async () => {
	const told = await explain('POST', '/orders', { consumer: 'ann', content_length: 2000 });
	assert.equal(told.decision, 'deny');
	assert.deepEqual(told.determining, []);
	const step = told.active.policies.find(({ policy }) => policy === 'write');
	assert.equal(step.verdict, 'not_satisfied');
	assert.deepEqual([step.file, step.part.text, step.part.line], [file, 'context.req.contentLength <= 1000', 5]);
	assert.deepEqual(step.values, [{ text: 'context.req.contentLength', value: '2000' }]);
	assert.deepEqual(verdicts(told.shadow), { later: 'satisfied' });
	const fits = await explain('POST', '/orders', { consumer: 'ann', headers: { 'X-Purpose': 'test' } });
	assert.equal(fits.decision, 'allow');
});

test('a forbid wins and says its advice; one that fails denies', async () => {
	const bob = await explain('GET', '/orders', { consumer: 'bob' });
	assert.equal(bob.decision, 'deny');
	assert.deepEqual(bob.determining.map(({ policy, obligations }) => [policy, obligations]),
		[['suspended', [{ name: 'advice', value: 'account_suspended' }]]]);
	const cy = await explain('GET', '/orders', { consumer: 'cy', content_length: 1 });
	assert.equal(cy.decision, 'deny');
	assert.equal(cy.failed_closed, true);
	assert.equal(verdicts(cy.active).overflow, 'error');
});

test('what never comes to a decision says which stage refuses it', async () => {
	const cases = [
		['GET', '/nowhere', {}, 404, 'route_not_found', null],
		['POST', '/open', {}, 405, 'method_not_allowed', null],
		['GET', '/orders/../open', {}, 400, 'path_dot_segment', null],
		['GET', '/orders', {}, 401, 'credentials_missing', 'orders'],
		['GET', '/orders/a%2Fb', { consumer: 'ann' }, 400, 'path_encoded_slash', 'orders'],
	];
	for (const [method, url, more, status, code, route] of cases) {
		const told = await explain(method, url, more);
		assert.equal(told.decision, 'refused', url);
		assert.deepEqual([told.refused.status, told.refused.code, told.route?.name ?? null], [status, code, route]);
	}
});

test('a known caller is nobody on a route that asks for nothing', async () => {
	const told = await explain('GET', '/open', { consumer: 'ann' });
	assert.equal(told.principal, 'Gw::Anonymous::"anonymous"');
	assert.equal(told.decision, 'deny');
});

test('a question that is none is refused', async () => {
	const cases = [
		['{', 400], ['[]', 400], ['{}', 400], [{ method: 'GET' }, 400],
		[{ method: 'LOOK', url: 'http://a/' }, 400], [{ method: 'GET', url: 'ftp://a/' }, 400],
		[{ method: 'GET', url: 'http:///x' }, 400], [{ method: 'GET', url: 'http://a b/' }, 400],
		[{ method: 'GET', url: 'http://a/', metod: 1 }, 400], [{ method: 'GET', url: 'http://a/', consumer: 'zoe' }, 400],
		[{ method: 'GET', url: 'http://a/', client: '10.0.0.0/8' }, 400],
		[{ method: 'GET', url: 'http://a/', content_length: -1 }, 400],
		[{ method: 'GET', url: 'http://a/', headers: { authorization: 'Bearer x' } }, 400],
		[{ method: 'GET', url: 'http://a/', headers: { a: 'x', A: 'y' } }, 400],
		[{ method: 'GET', url: 'http://a/', headers: { 'X-Forwarded-For': '10.0.0.1' } }, 400], // never gets that far
		[{ method: 'GET', url: 'http://a/', headers: { a: 1 } }, 400],
		[{ method: 'GET', url: 'http://a/',
			headers: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`h${i}`, 'x'])) }, 400],
		[`{"method":"GET","url":"http://a/${'x'.repeat(65536)}"}`, 413],
	];
	for (const [body, status] of cases)
		assert.equal((await ask(body)).status, status, JSON.stringify(body).slice(0, 100));
	assert.equal((await ask({ method: 'GET', url: 'http://a/' }, 'text/plain')).status, 415);
});

test('what is explained is what happens', async () => {
	for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'])
		for (const url of ['/orders/1?x', '/orders', '/open', '/nowhere', '/orders/a%2Fb', '/orders/%41'])
			for (const consumer of [undefined, 'ann', 'bob', 'cy'])
				for (const headers of [{}, { 'x-purpose': 'test' }]) {
					const options = { method, headers: { ...headers, ...(consumer ? { 'x-api-key': keys[consumer].key } : {}) } };
					const { status } = await fetch(`${gateway.url}${url}`, options);
					const asked = await ask({ method, url: `${gateway.url}${url}`, headers, consumer });
					const told = asked.body;
					const expected = told.decision === 'refused' ? told.refused.status : told.decision === 'deny' ? 403 : 200;
					assert.equal(status, expected, `${method} ${url} ${consumer} ${JSON.stringify(headers)}: ${told.text}`);
				}
});

test('asking changes nothing', async () => {
	const counts = async () => (await gateway.api('GET', '/metrics')).body.split('\n')
		.filter((line) => /^fairlead_(requests|route|decisions|policy)/.test(line)).join('\n');
	const before = await counts();
	await explain('GET', '/orders', { consumer: 'ann' });
	assert.equal(await counts(), before);
});

test('fairleadctl explain prints it for people and for programs', async () => {
	const { code, stdout, stderr } = await gateway.ctl('explain', 'POST http://h/orders', '--consumer', 'ann',
		'-H', 'X-Purpose: test', '--client', '10.0.0.1');
	assert.equal(code, 0, stderr);
	assert.match(stdout, /^request {4}POST http:\/\/h\/orders\nroute {6}orders\nprincipal {2}Gw::Consumer::"ann"\n/);
	assert.match(stdout, /\n\nallow: permitted by write\n  write {2}permit {2}.*shop.cedar:3:1 {2}satisfied\n/);
	assert.match(stdout, /\n\nshadowed policies, which decide nothing:\n  later {2}forbid .* not satisfied\n/);
	const json = await gateway.ctl('-o', 'json', 'explain', 'http://h/orders');
	assert.equal(JSON.parse(json.stdout).refused.code, 'credentials_missing');
	assert.equal((await gateway.ctl('explain')).code, 2);
	assert.equal((await gateway.ctl('explain', 'http://h/', '-H', 'x')).code, 2);
	assert.equal((await gateway.ctl('explain', 'http://h/', '--consumer', 'zoe')).code, 3);
	const { stderr: curl } = await gateway.ctl('-v', 'explain', "http://h/it's");
	assert.match(curl, /--data '\{"method":"GET","url":"http:\/\/h\/it'\\''s"\}'/);
});
