// tests/e2e/auth.test.mjs - consumers and their keys: made, taken, refused, changed, lost
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, makeFolder, program, run, until } from './lib/gateway.mjs';
import { Peer } from './lib/peer.mjs';

let gateway, peer;
const keys = {}; // by consumer: { key, hash }

const config = (consumers) => `
consumers:
${consumers}
instances:
  proxy:
    connector: http
    config: { base_url: "${peer.url}" }
    grants: { egress: ["${peer.host}"], private_addresses: true }
routes:
  closed: { match: { path: /closed }, auth: [api_key], to: { instance: proxy, action: forward } }
  half: { match: { path: /half }, auth: [api_key, none], to: { instance: proxy, action: forward } }
  open: { match: { path: /open }, auth: none, to: { instance: proxy, action: forward } }
`;
const consumer = (name, more = '') =>
	`  ${name}: { credentials: [{ api_key: { hash: "${keys[name].hash}" }${more} }] }`;
const all = () => [consumer('good'), consumer('late', ', expires: 2020-01-01T00:00:00Z')].join('\n');

async function createKey(at) {
	const { code, stdout, stderr } = await run(program('fairlead'), ['key', 'create', '-c', at.file]);
	assert.equal(code, 0, stderr);
	const [, key, hash] = /^key: (fl_live_[0-9A-Za-z]{49})\nhash: "(blake2b:[0-9a-f]{8}:[0-9a-f]{64})"\n$/.exec(stdout);
	return { key, hash };
}

async function reload(text) {
	gateway.replace(text);
	const answer = await gateway.api('POST', '/v1/config:reload');
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

// { status, headers, type, body }: the peer answers with what it was sent.
async function ask(where, headers = {}) {
	const answer = await fetch(`${gateway.url}${where}`, { headers });
	const body = await answer.json();
	return { status: answer.status, headers: answer.headers, body };
}

before(async () => {
	peer = await Peer.start((request) => ({ status: 200, headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ headers: request.headers, raw: request.rawHeaders }) }));
	gateway = new Gateway(makeFolder(), { server: '  limits: { auth_failures: off }\n' });
	gateway.write(config('  nobody: {}'));
	keys.good = await createKey(gateway); // before the gateway ever ran: auth.key is made here
	for (const name of ['late', 'other']) keys[name] = await createKey(gateway);
	gateway.write(config(all()));
	await gateway.run();
});
after(async () => { await gateway?.stop(); await peer?.stop(); });

test('auth.key is for its owner only, and holds no key', () => {
	const file = path.join(gateway.data, 'auth.key');
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.notEqual(keys.good.hash, keys.late.hash);
	assert.equal(keys.good.hash.slice(0, 16), keys.late.hash.slice(0, 16));
});

test('the right key is let in by either field, and does not reach the connector', async () => {
	for (const headers of [{ 'x-api-key': keys.good.key }, { authorization: `Bearer ${keys.good.key}` }]) {
		const { status, body } = await ask('/closed', { ...headers, 'x-other': 'stays' });
		assert.equal(status, 200);
		assert.equal(body.headers['x-other'], 'stays');
		assert.equal(body.headers['x-api-key'], undefined);
		assert.equal(body.headers.authorization, undefined);
		assert.doesNotMatch(JSON.stringify(body.raw), /fl_live_/);
	}
	await gateway.logged(/"status":200.*"route":"closed".*"consumer":"good"/);
});

test('a key that a route did not ask for does not reach the connector either', async () => {
	const { status, body } = await ask('/open', { 'x-api-key': keys.good.key, authorization: 'Bearer theirs' });
	assert.equal(status, 200);
	assert.equal(body.headers['x-api-key'], undefined);
	assert.equal(body.headers.authorization, 'Bearer theirs');
});

test('without a key: 401, and how to send one', async () => {
	const { status, headers, body } = await ask('/closed');
	assert.equal(status, 401);
	assert.equal(headers.get('www-authenticate'), 'Bearer');
	assert.match(headers.get('content-type'), /^application\/problem\+json/);
	assert.equal(body.type, 'urn:fairlead:problem:credentials_missing');
	assert.match(body.detail, /X-API-Key/);
});

test('unknown, expired, mistyped and foreign keys get one and the same answer', async () => {
	const wrong = [keys.other.key, keys.late.key, `${keys.good.key.slice(0, -1)}_`, 'x', 'fl_live_'];
	const answers = [];
	for (const key of wrong)
		for (const where of ['/closed', '/half'])
			for (const sent of [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }]) {
				const { status, headers, body } = await ask(where, sent);
				assert.equal(status, 401, `${where} ${key}`);
				const { request_id, ...rest } = body;
				assert.ok(request_id);
				answers.push(JSON.stringify([rest, headers.get('www-authenticate'), headers.get('content-type')]));
			}
	assert.equal(new Set(answers).size, 1);
	assert.match(answers[0], /credentials_invalid/);
	await gateway.logged(/"status":401.*"error":"credentials_invalid"/);
});

test('[api_key, none] lets nobody in as nobody, and a known one as itself', async () => {
	assert.equal((await ask('/half')).status, 200);
	assert.equal((await ask('/half', { 'x-api-key': keys.good.key })).status, 200);
	await gateway.logged(/"route":"half".*"consumer":"good"/);
});

test('a reload adds a consumer and removes another, live', async () => {
	const status = async (name) => (await ask('/closed', { 'x-api-key': keys[name].key })).status;
	assert.deepEqual([await status('good'), await status('other')], [200, 401]);
	await reload(config(consumer('other')));
	assert.deepEqual([await status('good'), await status('other')], [401, 200]);
	await reload(config(all()));
	assert.deepEqual([await status('good'), await status('other')], [200, 401]);
});

test('nothing that the gateway writes holds a key', async () => {
	await gateway.logged(/credentials_invalid/);
	const written = readFileSync(gateway.accessLog, 'utf8') + gateway.stderr;
	assert.doesNotMatch(written, /fl_live_/);
	for (const what of ['/v1/status', '/metrics', '/v1/instances']) {
		const { body } = await gateway.api('GET', what);
		assert.doesNotMatch(JSON.stringify(body), /fl_live_|blake2b:/);
	}
	// A hash is no secret: an export has it.
	const { body } = await gateway.api('GET', '/v1/config');
	assert.equal(body.consumers.good.credentials[0].api_key.hash, keys.good.hash);
	assert.doesNotMatch(JSON.stringify(body), /fl_live_/);
});

test('check tells of one key of two consumers, and of routes that say nothing', async () => {
	gateway.write(config(`${consumer('good')}\n${consumer('good').replace('good', 'twin')}`));
	let { code, stderr } = await run(program('fairlead'), ['check', gateway.file]);
	assert.equal(code, 3);
	assert.match(stderr, /"good" and "twin" have the same key/);
	gateway.write(config(consumer('good')).replace(', auth: none', ''));
	({ code, stderr } = await run(program('fairlead'), ['check', gateway.file]));
	assert.equal(code, 0);
	assert.match(stderr, /route "open" lets everybody in/);
	gateway.write(config(all()));
});

test('a lost auth.key is told at the start, and lets nobody in', async () => {
	assert.equal((await gateway.end()).code, 0);
	rmSync(path.join(gateway.data, 'auth.key'));
	await gateway.run();
	assert.match(gateway.stderr, /credential_foreign/);
	const { body } = await gateway.api('GET', '/v1/status');
	assert.match(JSON.stringify(body), /credential_foreign/);
	assert.equal((await ask('/closed', { 'x-api-key': keys.good.key })).status, 401);
	keys.good = await createKey(gateway);
	await reload(config(consumer('good')));
	assert.equal((await ask('/closed', { 'x-api-key': keys.good.key })).status, 200);
});

test('key hash prints the hash of a key that somebody has', async () => {
	const input = path.join(gateway.dir, 'input');
	const hash = (text) => {
		writeFileSync(input, text);
		return run('/bin/sh', ['-c', 'exec "$0" key hash -c "$1" <"$2"', program('fairlead'), gateway.file, input]);
	};
	let { code, stdout, stderr } = await hash(`${keys.good.key}\n`);
	assert.deepEqual([code, stdout], [0, `hash: "${keys.good.hash}"\n`], stderr);
	for (const wrong of ['', '\n', `${keys.good.key}x\n`, `${keys.good.key.slice(0, -1)}_\n`, 'x'.repeat(10_000)]) {
		({ code, stdout, stderr } = await hash(wrong));
		assert.deepEqual([code, stdout], [1, ''], wrong.slice(0, 80));
		assert.match(stderr, /no API key/);
		assert.doesNotMatch(stderr, /fl_live_[0-9A-Za-z]/);
	}
});

test('key hash --basic prints the hash of a password that somebody has', async () => {
	gateway.write(config(all()));
	const made = await run(program('fairlead'), ['key', 'create', '-c', gateway.file, '--basic', 'tool']);
	const [, password, hash] = /^password: (fl_live_\w{49})\nhash: "(.*)"\n$/.exec(made.stdout);
	const input = path.join(gateway.dir, 'input');
	writeFileSync(input, password);
	const hashFor = async (user) => (await run('/bin/sh', ['-c', 'exec "$0" key hash -c "$1" --basic "$2" <"$3"',
		program('fairlead'), gateway.file, user, input])).stdout;
	assert.equal(await hashFor('tool'), `hash: "${hash}"\n`);
	assert.notEqual(await hashFor('other'), `hash: "${hash}"\n`);
	const { code, stderr } = await run(program('fairlead'), ['key', 'create', '-c', gateway.file, '--basic', 'a:b']);
	assert.equal(code, 2);
	assert.match(stderr, /a user has 1 to 128 bytes/);
});

test('key create says what is wrong', async () => {
	gateway.write(`${config(all())}  broken\n`);
	let { code, stdout, stderr } = await run(program('fairlead'), ['key', 'create', '-c', gateway.file]);
	assert.equal(code, 3);
	assert.equal(stdout, '');
	assert.match(stderr, /fairlead\.yaml:/);
	({ code, stdout, stderr } = await run(program('fairlead'), ['key', 'create', 'more']));
	assert.equal(code, 2);
	assert.match(stderr, /usage: fairlead key create \[-c FILE\] \[--basic USER\]/);
});

test('who tries one key after the other is slowed, whoever else asks is not', async () => {
	const server = '  trusted_proxies: [127.0.0.1]\n  limits: { auth_failures: 60 }\n';
	const other = new Gateway(makeFolder(), { server });
	const from = async (client, sent = {}) => {
		const answer = await fetch(`${other.url}/half`, { headers: { 'x-forwarded-for': client, ...sent } });
		return [answer.status, answer.headers.get('retry-after'), await answer.json()];
	};
	try {
		other.write(config('  nobody: {}'));
		keys.guest = await createKey(other);
		other.write(config(consumer('guest')));
		await other.run();
		const right = { 'x-api-key': keys.guest.key };
		let failed = 0;
		const [, retry, body] = await until(() => from('192.0.2.1', { 'x-api-key': `fl_live_${failed++}` }),
			([status]) => status === 429);
		assert.ok(failed > 60 && failed < 100, `${failed} tries`); // one more is free each second
		assert.equal(retry, '1');
		assert.equal(body.type, 'urn:fairlead:problem:auth_slowed');
		assert.equal((await from('192.0.2.1'))[0], 200);
		assert.equal((await from('192.0.2.2', right))[0], 200);
		await until(() => from('192.0.2.1', right), ([status]) => status === 200);
		const { body: metrics } = await other.api('GET', '/metrics');
		assert.match(metrics, /^fairlead_auth_failures_total\{method="api_key"\} \d\d+$/m);
		assert.match(metrics, /^fairlead_auth_slowed_total [1-9]\d*$/m);
		assert.match(other.stderr, /auth\.slowed.*192\.0\.2\.1/);
		assert.doesNotMatch(other.stderr, /fl_live_/);
	} finally { await other.stop(); }
});

test('HTTP Basic: one answer for whatever is wrong, and the connector sees nothing of it', async () => {
	const other = new Gateway(makeFolder(), { server: '  limits: { auth_failures: off }\n' });
	const base64 = (text) => Buffer.from(text).toString('base64');
	try {
		other.write(config('  nobody: {}'));
		const made = await run(program('fairlead'), ['key', 'create', '-c', other.file, '--basic', 'tool']);
		const [, password, hash] = /^password: (fl_live_\w{49})\nhash: "(.*)"\n$/.exec(made.stdout);
		other.write(`${config(`  old: { credentials: [{ basic: { user: tool, hash: "${hash}" } }] }`)
			.replaceAll('auth: [api_key]', 'auth: [api_key, tools]').replace('[api_key, none]', '[tools, none]')}
auth: { tools: { basic: { realm: "old tools" } } }
`);
		await other.run();
		const send = async (where, authorization) => {
			const answer = await fetch(`${other.url}${where}`, { headers: authorization ? { authorization } : {} });
			return [answer.status, answer.headers.get('www-authenticate'), await answer.json()];
		};
		for (const where of ['/closed', '/half']) {
			const [status, , body] = await send(where, `Basic ${base64(`tool:${password}`)}`);
			assert.equal(status, 200);
			assert.equal(body.headers.authorization, undefined);
		}
		await other.logged(/"route":"closed".*"consumer":"old".*"auth":"basic"/);
		const answers = new Set();
		for (const wrong of [`tool:${password}x`, `tool:${'x'.repeat(57)}`, `nobody:${password}`, 'tool:', 'tool', ''].map(base64)
			.filter(Boolean).concat(['=', '!!!!', `${base64(`tool:${password}`)}=`, 'A'.repeat(8000)])) {
			const [status, challenge, { request_id, ...body }] = await send('/closed', `Basic ${wrong}`);
			assert.ok(request_id);
			answers.add(JSON.stringify([status, challenge, body]));
		}
		assert.equal(answers.size, 1);
		const [status, challenge, body] = JSON.parse([...answers][0]);
		assert.deepEqual([status, challenge], [401, 'Bearer, Basic realm="old tools", charset="UTF-8"']);
		assert.equal(body.type, 'urn:fairlead:problem:credentials_invalid');
		assert.equal((await send('/half', `Basic ${base64('tool:x')}`))[1], 'Basic realm="old tools", charset="UTF-8"');
		assert.equal((await send('/half'))[0], 200);
		await other.logged(/"auth_refused":"user and password are not known/);
		assert.doesNotMatch(readFileSync(other.accessLog, 'utf8') + other.stderr, /fl_live_/);
	} finally { await other.stop(); }
});
