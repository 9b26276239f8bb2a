// tests/e2e/hostile.test.mjs - callers that take all they can, connectors that are wrong or misbehave:
// the gateway says what is wrong and what to do, and serves on
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, build, until } from './lib/gateway.mjs';

const wrong = path.join(build, 'tests/mock/load');
// These are right, or are wrong only later; "hang" keeps the loader for as long as the load limit.
const right = new Set(['good', 'stripped', 'sysv_hash', 'size_larger', 'marks_threads', 'threads', 'stays', 'hang']);
let gateway;

// The configuration with echo in it, and what is given besides.
const withEcho = (instances = '', routes = '', connector = '') => `
connectors: { echo: { version: 1.x } ${connector} }
instances:
  echo: { connector: echo }
${instances}
routes:
  echo: { match: { path: /echo }, to: { instance: echo, action: reply } }
${routes}
`;

async function assertServes() {
	const answer = await fetch(`${gateway.url}/echo`, { method: 'POST', body: 'still here' });
	assert.equal(answer.status, 200);
	assert.match(await answer.text(), /still here/);
}

async function reload(config) {
	gateway.replace(config);
	return gateway.api('POST', '/v1/config:reload');
}

before(async () => { gateway = await Gateway.start(withEcho()); });
after(() => gateway?.stop());

async function assertRefused(what, file) {
	const { status, body } = await reload(withEcho('  bad: { connector: load }', '', `, load: { file: "${file}" }`));
	assert.equal(status, 422, what);
	assert.notEqual(body.errors.length, 0, what);
	for (const error of body.errors) assert.ok(error.code && error.detail && error.hint, `${what}: ${JSON.stringify(error)}`);
	await assertServes();
}

test('no configuration that is wrong is taken', async () => {
	const to = 'to: { instance: echo, action: reply }';
	const wrongs = {
		unknown_key: withEcho('', '', '').replace('routes:', 'rutes:'),
		wrong_type: withEcho('', `  a: { match: { path: [/a] }, ${to} }`),
		missing_key: withEcho('  a: {}'),
		bad_value: withEcho('', `  a: { match: { path: a }, ${to} }`),
		out_of_range: withEcho('  a: { connector: echo, timeout: 100h }'),
		reference_unknown: withEcho('', '  a: { match: { path: /a }, to: { instance: nobody, action: reply } }'),
		action_unknown: withEcho('', '  a: { match: { path: /a }, to: { instance: echo, action: nothing } }'),
		connector_unknown: withEcho('  a: { connector: nobody }'),
		duplicate_key: withEcho('', `  echo: { match: { path: /a }, ${to} }`),
		route_ambiguous: withEcho('', `  a: { match: { path: /echo }, ${to} }`),
		yaml_syntax: `${withEcho()}more: [`,
	};
	for (const [code, config] of Object.entries(wrongs)) {
		const { status, body } = await reload(config);
		assert.equal(status, 422, code);
		assert.ok(body.errors.some((error) => error.code === code && error.line > 0), `${code}: ${JSON.stringify(body.errors)}`);
		await assertServes();
	}
	const whole = gateway.text(withEcho());
	for (let n = 0; n < whole.length - 1; n++) {
		const cut = whole.slice(0, n);
		if (/\n *$/.test(cut)) continue; // between two lines nothing tells that there were more
		writeFileSync(gateway.file, cut);
		assert.equal((await gateway.api('POST', '/v1/config:reload')).status, 422, `the first ${n} characters`);
	}
	await assertServes();
});

test('no connector that is wrong gets in', async () => {
	const names = readdirSync(wrong).filter((name) => name.endsWith('.so')).map((name) => name.slice(0, -3));
	assert.ok(names.length > 40);
	for (const name of names) if (!right.has(name)) await assertRefused(name, path.join(wrong, `${name}.so`));
});

test('nor one that is cut off, of another machine, or none at all', async () => {
	const good = readFileSync(path.join(wrong, 'good.so'));
	const file = path.join(gateway.dir, 'bad.so');
	const put = async (what, bytes) => {
		writeFileSync(file, bytes);
		await assertRefused(what, file);
	};
	for (let n = 0; n < good.length; n += 997) await put(`the first ${n} bytes`, good.subarray(0, n));
	await put('all but the last byte', good.subarray(0, good.length - 1));
	const foreign = Buffer.from(good);
	foreign.writeUInt16LE(183, 18); // e_machine: AArch64
	await put('another machine', foreign);
	await put('text', 'this is a connector, really\n');
	await assertRefused('nothing', path.join(gateway.dir, 'nowhere.so'));
});

test('no instance that does not come up gets in', async () => {
	for (const [mode, says] of Object.entries({
		create_refuses: /the colour is wrong/,
		create_hangs: /create\(\)/,
		start_fails: /start\(\)/,
		not_ready: /no route to the database/,
		destroy_hangs: /destroy\(\)/, // which is tried first
	})) {
		const { status, body } = await reload(withEcho(`  bad: { connector: mock-parallel, config: { mode: ${mode} } }`));
		assert.equal(status, 422, mode);
		assert.match(body.errors[0].detail, says);
		assert.ok(body.errors[0].hint, JSON.stringify(body.errors[0]));
		await assertServes();
	}
});

// What the caller gets, and what the log says of the connector (nothing: it may do that).
const behaviours = {
	reply_twice: [200, /owes nothing/],
	no_reply: [502, /handle\(\) returned/],
	forge: [200, /owes nothing|not its own/],
	zero_response: [502, /struct_size/],
	bad_header: [502, /header value/],
	huge_body: [502, /max_response_bytes/],
	fails: [504],
	refuses: [503],
	late: [504],
	handle_hangs: [504],
	stop_hangs: [200],
};

const nameOf = (mode) => mode.replaceAll('_', '-');

test('each call of a connector that misbehaves ends as it must', async () => {
	const modes = Object.keys(behaviours);
	const { status, body } = await reload(withEcho(
		modes.map((mode) => `  ${nameOf(mode)}: { connector: mock-serial, timeout: 500ms, config: { mode: ${mode} } }`).join('\n'),
		modes.map((mode) => `  ${nameOf(mode)}: { match: { path: /${mode} }, to: { instance: ${nameOf(mode)}, action: do } }`).join('\n')));
	assert.equal(status, 200, JSON.stringify(body));
	for (const [mode, [expected, says]] of Object.entries(behaviours)) {
		const answer = await fetch(`${gateway.url}/${mode}`, { method: 'POST', body: 'hello' });
		assert.equal(answer.status, expected, `${mode}: ${await answer.text()}`);
		await assertServes();
		if (!says) continue;
		const [line] = await gateway.said(new RegExp(`.*connector\\.contract_broken.*"${nameOf(mode)}".*`));
		assert.match(line, says);
	}
});

test('those that will not go stay behind as zombies, counted, and keep nobody from serving', async () => {
	assert.equal((await reload(withEcho())).status, 200);
	await assertServes();
	await gateway.said(/"connector\.zombie".*"stop-hangs".*stop\(\)/);
	await gateway.said(/"connector\.stuck".*"handle-hangs".*"hint"/); // a zombie once the drain limit is over
	const { body } = await gateway.api('GET', '/v1/status');
	assert.ok(body.zombies >= 3, String(body.zombies)); // with those that hung in create() and destroy()
	assert.equal(body.instances_live, 1);
	await assertServes();
});

test('callers that take every connection do not lock out the operator', async () => {
	const full = await Gateway.start(undefined, { server: '  limits: { max_connections: 10 }\n' });
	const { hostname, port } = new URL(full.url);
	const sockets = [];
	try {
		for (let i = 0; i < 40; i++) {
			const socket = net.connect(Number(port), hostname);
			socket.on('error', () => {}); // those that are turned away
			sockets.push(socket);
		}
		await until(() => full.api('GET', '/v1/status'), ({ body }) => body.connections === 10);
		await assert.rejects(fetch(`${full.url}/echo`).then((answer) => assert.equal(answer.status, 200)));
		assert.equal((await full.api('GET', '/v1/status')).status, 200);
		assert.equal((await full.api('POST', '/v1/config:reload')).status, 200);
		sockets.forEach((socket) => socket.destroy());
		await until(() => full.api('GET', '/v1/status'), ({ body }) => body.connections === 0);
		assert.equal((await fetch(`${full.url}/echo`)).status, 200);
	} finally {
		sockets.forEach((socket) => socket.destroy());
		await full.stop();
	}
});
