// tests/e2e/conn.test.mjs - policies decide what connectors do by themselves
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, makeFolder, program, run } from './lib/gateway.mjs';
import { Peer } from './lib/peer.mjs';

let gateway, peer, key;
const requests = '@id("requests") permit (principal, action, resource is Gw::Route);\n';

const config = ({ consumers = '', policies = 'policies: { include: [p.cedar] }' } = {}) => `
${consumers}
${policies}
secrets: { up/token: "\${env:FL_E2E_TOKEN}" }
instances:
  proxy:
    connector: http
    config: { base_url: "${peer.url}", headers: { set: { x-token: "\${secret:up/token}" } } }
    grants: { egress: ["${peer.host}"], private_addresses: true, secrets: [up/token] }
  plain:
    connector: http
    config: { base_url: "${peer.url}" }
    grants: { egress: ["${peer.host}"], private_addresses: true }
routes:
  proxy: { match: { path: /proxy }, auth: [none, api_key], to: { instance: proxy, action: forward } }
  plain: { match: { path: /plain }, auth: [none, api_key], to: { instance: plain, action: forward } }
`;

async function load(policies, options) {
	writeFileSync(path.join(gateway.dir, 'p.cedar'), policies);
	gateway.replace(config(options));
	const answer = await gateway.api('POST', '/v1/config:reload');
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
}
const ask = async (where, headers = {}) => {
	const answer = await fetch(`${gateway.url}${where}`, { headers });
	return { status: answer.status, body: await answer.text() };
};
const decisions = async (action, decision) => Number((await gateway.api('GET', '/metrics')).body.match(new RegExp(
	`^fairlead_connector_decisions_total\\{action="${action}",decision="${decision}"\\} (\\d+)$`, 'm'))[1]);

before(async () => {
	peer = await Peer.start((request) => ({ status: 200, body: `token ${request.headers['x-token'] ?? 'none'}` }));
	gateway = new Gateway(makeFolder(), { env: { FL_E2E_TOKEN: 'hunter2' } });
	gateway.write(config({ policies: '' }));
	await gateway.run();
	const { stdout } = await run(program('fairlead'), ['key', 'create', '-c', gateway.file],
		{ env: { ...process.env, FL_E2E_TOKEN: 'hunter2' } });
	key = { text: /^key: (.*)$/m.exec(stdout)[1], hash: /^hash: (.*)$/m.exec(stdout)[1] };
});
after(async () => { await gateway?.stop(); await peer?.stop(); });

test('without policies all that is granted is allowed, and nothing is decided', async () => {
	assert.deepEqual(await ask('/proxy'), { status: 200, body: 'token hunter2' });
	assert.equal(await decisions('http.egress', 'allow') + await decisions('http.egress', 'deny'), 0);
});

test('policies of requests leave connectors to their grants', async () => {
	await load(requests);
	assert.deepEqual(await ask('/proxy'), { status: 200, body: 'token hunter2' });
	assert.equal(await decisions('http.egress', 'deny') + await decisions('secret.read', 'deny'), 0);
});

// Names a connector: from then on the rest is denied.
const other = '@id("else") permit (principal == Conn::Connector::"else", action, resource);\n';

test('what no policy permits is refused, and the log says what to write', async () => {
	const from = gateway.stderr.length, allowed = await decisions('http.egress', 'allow');
	await load(requests + other);
	const { status, body } = await ask('/plain');
	assert.equal(status, 502);
	assert.match(body, /connector_failed/); // the caller is not told why
	await gateway.said(/connector\.forbidden.*"instance":"plain".*"action":"http\.egress".*no policy permits it.*Conn::Connector/, from);
	assert.equal(await decisions('http.egress', 'deny'), 1);
	assert.equal(await decisions('http.egress', 'allow'), allowed);
});

test('a permit lets it through, for its instance only', async () => {
	const allowed = await decisions('http.egress', 'allow');
	await load(`${requests}@id("plain.out")
permit (principal == Conn::Connector::"plain", action in Conn::Action::"net", resource in Conn::Zone::"internal");`);
	assert.deepEqual(await ask('/plain'), { status: 200, body: 'token none' });
	assert.equal((await ask('/proxy')).status, 502);
	assert.equal(await decisions('http.egress', 'allow'), allowed + 1);
});

test('a forbid names its host, and the log names the policy', async () => {
	const from = gateway.stderr.length, port = peer.host.split(':')[1];
	await load(`${requests}@id("all") permit (principal, action, resource);
@id("proxy.no-egress") forbid (principal == Conn::Connector::"proxy", action == Conn::Action::"http.egress",
	resource == Conn::Host::"127.0.0.1:${port}");`);
	assert.equal((await ask('/proxy')).status, 502);
	await gateway.said(new RegExp(`connector\\.forbidden.*"instance":"proxy".*"host":"127\\.0\\.0\\.1","port":${port},"policy":"proxy\\.no-egress"`), from);
	assert.deepEqual(await ask('/plain'), { status: 200, body: 'token none' });
});

test('a secret is put in only where a policy permits it', async () => {
	const from = gateway.stderr.length, before = await decisions('secret.read', 'deny');
	await load(`${requests}permit (principal, action in Conn::Action::"net", resource);`);
	assert.equal((await ask('/proxy')).status, 502);
	await gateway.said(/connector\.forbidden.*"action":"secret\.read","secret":"up\/token"/, from);
	assert.equal(await decisions('secret.read', 'deny'), before + 1);
	assert.doesNotMatch(gateway.stderr, /hunter2/);
	await load(`${requests}permit (principal, action in Conn::Action::"net", resource);
@id("own") permit (principal, action == Conn::Action::"secret.read", resource)
when { resource has owner && resource.owner == principal };`);
	assert.deepEqual(await ask('/proxy'), { status: 200, body: 'token hunter2' });
});

test('a policy can ask on whose behalf', async () => {
	await load(`${requests}@id("for-partner") permit (principal, action, resource is Conn::Host)
when { context has onBehalfOf && context.onBehalfOf == Gw::Consumer::"partner" &&
	context has route && context.route == Gw::Route::"plain" };`,
	{ consumers: `consumers: { partner: { credentials: [{ api_key: { hash: ${key.hash} } }] } }` });
	assert.equal((await ask('/plain')).status, 502);
	assert.equal((await ask('/plain', { 'x-api-key': key.text })).status, 200);
});

test('check takes the policies as the gateway does, and tells who could not speak', async () => {
	const check = () => run(program('fairlead'), ['check', gateway.file],
		{ env: { ...process.env, FL_E2E_TOKEN: 'hunter2' } });
	let { code, stderr } = await check();
	assert.equal(code, 0, stderr);
	assert.doesNotMatch(stderr, /policy_no_egress/);
	writeFileSync(path.join(gateway.dir, 'p.cedar'), requests + other);
	({ code, stderr } = await check());
	assert.equal(code, 0, stderr);
	for (const name of ['proxy', 'plain'])
		assert.match(stderr, new RegExp(`no policy lets the instance "${name}" send requests`));
});
