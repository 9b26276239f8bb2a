// tests/e2e/webhooks.test.mjs - signed requests on their way: when they are decided, what is told, what is bounded
// SPDX-License-Identifier: Apache-2.0
//
// That each vendor's signature is taken, and nothing else, is in vendors/webhooks.test.mjs.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, makeFolder } from './lib/gateway.mjs';
import { Peer } from './lib/peer.mjs';

const secrets = { old: 'o'.repeat(32), next: 'n'.repeat(32) };
let gateway, peer, status = 200;

const config = (names) => `
secrets: { old: "\${env:HOOK_OLD}", next: "\${env:HOOK_NEXT}" }
consumers: { github: { groups: [senders] } }
auth:
  known: { webhook: { recipe: github, secrets: [${names.map((name) => `"\${secret:${name}}"`).join(', ')}], consumer: github } }
  stranger: { webhook: { recipe: github, secrets: ["\${secret:old}"] } }
instances:
  up: { connector: http, config: { base_url: "${peer.url}" }, grants: { egress: ["${peer.host}"], private_addresses: true } }
routes:
${Object.entries({ known: 'known', stranger: 'stranger', either: 'api_key, known', denied: 'known', small: 'known', big: 'known' })
		.map(([name, auth]) => `  ${name}: { match: { path: /${name} }, auth: [${auth}], to: { instance: up, action: forward }${
			name === 'big' ? ', request: { max_body: 64KiB }' : ''} }`).join('\n')}
policies: { include: ["policies/*.cedar"], decision_log: "${path.join(gateway.dir, 'decisions.log')}" }
`;
const policies = `
@id("senders") permit (principal in Gw::Group::"senders", action, resource)
when { context.amr.contains("webhook") } unless { [Gw::Route::"denied", Gw::Route::"small"].contains(resource) };
@id("strangers") permit (principal, action, resource == Gw::Route::"stranger") when { context.amr.contains("webhook") };
@id("small") @max_body("64") permit (principal, action, resource == Gw::Route::"small");
`;

async function send(where, { body = JSON.stringify({ id: randomUUID() }), secret = secrets.old, headers } = {}) {
	const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
	const answer = await fetch(`${gateway.url}/${where}`,
		{ method: 'POST', body, headers: headers ?? { 'x-hub-signature-256': signature } });
	const text = await answer.text();
	return { status: answer.status, headers: answer.headers, code: /urn:fairlead:problem:(\w+)/.exec(text)?.[1] };
}
const reload = async (names) => {
	gateway.replace(config(names));
	assert.equal((await gateway.api('POST', '/v1/config:reload')).status, 200);
};

before(async () => {
	peer = await Peer.start((request, body) => {
		peer.seen.push({ headers: request.headers, body: body.toString() });
		return { status };
	});
	peer.seen = [];
	gateway = new Gateway(makeFolder(), { env: { HOOK_OLD: secrets.old, HOOK_NEXT: secrets.next } });
	mkdirSync(path.join(gateway.dir, 'policies'));
	writeFileSync(path.join(gateway.dir, 'policies', 'a.cedar'), policies);
	gateway.write(config(['old']));
	await gateway.run();
});
after(async () => { await gateway?.stop(); await peer?.stop(); });

test('a sender is a principal of policies, or a stranger that proved something', async () => {
	peer.seen.length = 0;
	assert.equal((await send('known')).status, 200);
	assert.equal((await send('stranger')).status, 200);
	assert.match(peer.seen[0].headers['x-hub-signature-256'], /^sha256=/); // no credential: it goes on
	await gateway.logged(/"route":"known".*"consumer":"github","auth":"webhook"/);
	await gateway.logged(/"route":"stranger","instance":"up","auth":"webhook"/);
	const denied = await send('denied');
	assert.deepEqual([denied.status, denied.code], [403, 'forbidden']);
	await gateway.logged(/"route":"denied".*"consumer":"github".*"decision":"deny"/);
	await gateway.logged(/"principal":"Gw::Consumer::\\"github\\"".*"decision":"deny"/, path.join(gateway.dir, 'decisions.log'));
	assert.equal(peer.seen.length, 2);
});

test('nobody is asked about a body that is not signed right', async () => {
	peer.seen.length = 0;
	const answer = await send('denied', { secret: secrets.next });
	assert.deepEqual([answer.status, answer.code], [401, 'credentials_invalid']);
	assert.equal(answer.headers.get('www-authenticate'), 'Webhook-Signature');
	await gateway.logged(/"route":"denied".*"error":"credentials_invalid","auth_refused":"no signature fits/);
	const missing = await send('either', { headers: {} });
	assert.deepEqual([missing.status, missing.code], [401, 'credentials_missing']);
	assert.equal(missing.headers.get('www-authenticate'), 'Bearer, Webhook-Signature');
	assert.equal(peer.seen.length, 0);
	assert.ok(!readFileSync(gateway.accessLog, 'utf8').split('\n').some((line) => /auth_refused/.test(line) && /"decision"/.test(line)));
});

test("a policy's limit of the body holds when the body is there, the route's before", async () => {
	peer.seen.length = 0;
	assert.equal((await send('small', { body: 'x'.repeat(64) })).status, 200);
	const large = await send('small', { body: 'x'.repeat(65) });
	assert.deepEqual([large.status, large.code], [413, 'body_too_large']);
	assert.equal((await send('big', { body: 'y'.repeat(65536) })).status, 200);
	const larger = await send('big', { body: 'y'.repeat(65537) });
	assert.deepEqual([larger.status, larger.code], [413, 'body_too_large']);
	assert.equal(peer.seen.length, 2);
});

test('what failed may come again, what was taken may not', async () => {
	const body = JSON.stringify({ id: randomUUID() });
	status = 503;
	assert.equal((await send('known', { body })).status, 503);
	status = 200;
	assert.equal((await send('known', { body })).status, 200);
	const copy = await send('known', { body });
	assert.deepEqual([copy.status, copy.code], [401, 'credentials_invalid']);
	assert.equal((await send('stranger', { body })).status, 200); // another method's delivery
});

test('a secret is changed without a gap, and copies stay known', async () => {
	const body = JSON.stringify({ id: randomUUID() });
	assert.equal((await send('known', { body })).status, 200);
	assert.equal((await send('known', { secret: secrets.next })).status, 401);
	await reload(['old', 'next']);
	assert.equal((await send('known', { secret: secrets.next })).status, 200);
	assert.equal((await send('known')).status, 200);
	assert.equal((await send('known', { body })).status, 401);
	await reload(['next']);
	assert.equal((await send('known')).status, 401);
	assert.equal((await send('known', { secret: secrets.next })).status, 200);
});

test('a crash forgets no more than the last second', async () => {
	const body = JSON.stringify({ id: randomUUID() });
	const file = path.join(gateway.data, 'deliveries'), size = readFileSync(file).length;
	assert.equal((await send('known', { body, secret: secrets.next })).status, 200);
	for (;;) if (readFileSync(file).length > size) break; else await new Promise((done) => setImmediate(done));
	assert.equal((await gateway.end('SIGKILL')).signal, 'SIGKILL');
	await gateway.run();
	assert.equal((await send('known', { body, secret: secrets.next })).status, 401);
	assert.equal((await send('known', { secret: secrets.next })).status, 200);
});
