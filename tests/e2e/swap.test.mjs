// tests/e2e/swap.test.mjs - connectors are swapped while requests run
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, build, until } from './lib/gateway.mjs';
import { Peer } from './lib/peer.mjs';

const echo2 = readFileSync(path.join(build, 'tests/e2e/echo-2.so'));
let gateway, peer, held;

before(async () => {
	held = [];
	peer = await Peer.start(() => new Promise((answer) => {
		held.push(() => answer({ status: 200, body: 'late' }));
		peer.arrived?.();
	}));
	gateway = await Gateway.start(`
instances:
  echo: { connector: echo }
  up: { connector: http, config: { base_url: "${peer.url}" },
        grants: { egress: ["${peer.host}"], private_addresses: true } }
routes:
  echo: { match: { path: /echo }, to: { instance: echo, action: reply } }
  up: { match: { path: "/up/**" }, to: { instance: up, action: forward } }
`);
	assert.equal((await gateway.api('PUT', '/v1/connectors/echo/versions/2.0.0', { body: echo2 })).status, 201);
});
after(async () => {
	await gateway?.stop();
	await peer?.stop();
});

// Asks on one kept connection until told to stop: what came back, and whether it was ever closed.
function keepAsking() {
	const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
	const seen = { versions: {}, failed: 0, sockets: new Set() };
	let isOn = true;
	const one = () => new Promise((done) => {
		http.get(`${gateway.url}/echo`, { agent }, (answer) => {
			seen.versions[answer.headers['x-echo-version']] ??= 0;
			seen.versions[answer.headers['x-echo-version']]++;
			if (answer.statusCode !== 200) seen.failed++;
			answer.resume().once('end', done);
		}).once('socket', (socket) => seen.sockets.add(socket)).once('error', () => { seen.failed++; done(); });
	});
	const ended = (async () => { while (isOn) await one(); agent.destroy(); })();
	return { seen, stop: () => { isOn = false; return ended; } };
}

test('100 swaps under load: no request fails, no connection is closed, both versions answer', async () => {
	const callers = Array.from({ length: 8 }, keepAsking);
	for (let i = 0; i < 100; i++) {
		const version = i % 2 ? '1.0.0' : '2.0.0';
		const { status, body } = await gateway.api('POST', `/v1/connectors/echo/versions/${version}:activate`);
		assert.equal(status, 200, JSON.stringify(body));
		assert.equal(body.changed, true);
		// Answered means served: whoever asks now meets it.
		assert.equal((await fetch(`${gateway.url}/echo`)).headers.get('x-echo-version'), version);
	}
	await Promise.all(callers.map((caller) => caller.stop()));
	for (const { seen } of callers) {
		assert.equal(seen.failed, 0);
		assert.equal(seen.sockets.size, 1);
		assert.deepEqual(Object.keys(seen.versions).sort(), ['1.0.0', '2.0.0']);
	}
	const { body } = await gateway.api('GET', '/v1/status');
	assert.equal(body.zombies, 0);
});

test('a request that began on the old generation ends there, and only then is the old one gone', async () => {
	const arrived = new Promise((done) => { peer.arrived = done; });
	const answer = fetch(`${gateway.url}/up/x`);
	await arrived;
	const states = async () => (await gateway.api('GET', '/v1/instances/up/generations')).body.items
		.map(({ state }) => state);
	assert.equal((await gateway.api('POST', '/v1/instances/up:reload')).status, 200);
	const now = await states();
	assert.equal(now[0], 'running');
	assert.equal(now.length, 2, `the old one owes an answer: ${now}`);
	held.shift()();
	assert.equal(await (await answer).text(), 'late');
});

test('an activation holds over a reload of the same file, and yields to an edited one', async () => {
	await gateway.api('POST', '/v1/connectors/echo/versions/1.0.0:activate');
	const version = async () => (await fetch(`${gateway.url}/echo`)).headers.get('x-echo-version');
	assert.equal((await gateway.api('POST', '/v1/config:reload')).status, 200);
	assert.equal(await version(), '1.0.0');
	gateway.replace(`
connectors:
  echo: { version: "2.x" }
instances:
  echo: { connector: echo }
routes:
  echo: { match: { path: /echo }, to: { instance: echo, action: reply } }
`);
	const { status, body } = await gateway.api('POST', '/v1/config:reload');
	assert.equal(status, 200, JSON.stringify(body));
	assert.equal(await version(), '2.0.0');
});

test('a connector that never answers is swapped, and does not keep the gateway from stopping', async () => {
	const mock = await Gateway.start(`
instances: { m: { connector: mock-parallel, config: { mode: never }, timeout: 100ms } }
routes: { m: { match: { path: /m }, to: { instance: m, action: do } } }
`);
	try {
		assert.equal((await fetch(`${mock.url}/m`)).status, 504);
		assert.equal((await mock.api('POST', '/v1/instances/m:reload')).status, 200);
		// What it owes keeps its generation until the drain limit, but no configuration.
		await until(() => mock.api('GET', '/v1/status'), ({ body }) => body.snapshots_alive === 1);
		const { body } = await until(() => mock.api('GET', '/v1/instances/m/generations'),
			({ body: { items } }) => items[1]?.state === 'quiescing');
		assert.deepEqual(body.items.map(({ state, owed }) => [state, owed]), [['running', 0], ['quiescing', 1]]);
		assert.deepEqual(await mock.end(), { code: 0, signal: null });
		assert.match(mock.stderr, /gateway\.connectors_left/);
	} finally { await mock.stop(); }
});
