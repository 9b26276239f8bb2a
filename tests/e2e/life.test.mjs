// tests/e2e/life.test.mjs - start, stop, and what can go wrong with either
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Gateway, build, echo, makeFolder, program, run, top } from './lib/gateway.mjs';
import { Peer } from './lib/peer.mjs';

const slow = (peer) => `
instances:
  up: { connector: http, config: { base_url: "${peer.url}" },
        grants: { egress: ["${peer.host}"], private_addresses: true } }
routes:
  up: { match: { path: "/**" }, to: { instance: up, action: forward } }
`;

// A peer that holds every request until it is told.
async function holdingPeer() {
	const peer = await Peer.start((request) => new Promise((answer) => {
		request.socket.once('close', () => peer.leaves());
		peer.release = () => answer({ status: 200, body: 'done' });
		peer.arrived();
	}));
	peer.arrival = new Promise((done) => { peer.arrived = done; });
	peer.left = new Promise((done) => { peer.leaves = done; });
	return peer;
}

test('it says where it serves and what to type next', async () => {
	const gateway = await Gateway.start();
	try {
		await gateway.said(/stop with Ctrl-C/);
		for (const part of [gateway.url, gateway.admin, gateway.tokenFile, 'fairleadctl status'])
			assert.ok(gateway.stderr.includes(part), part);
		assert.ok(!gateway.stderr.includes(gateway.token));
	} finally { await gateway.stop(); }
});

test('SIGTERM lets a running request end, then exits 0 and leaves nothing behind', async () => {
	const peer = await holdingPeer();
	const gateway = await Gateway.start(slow(peer));
	try {
		const answer = fetch(`${gateway.url}/x`);
		await peer.arrival;
		gateway.signal('SIGTERM');
		await gateway.said(/gateway\.stopping/);
		assert.equal((await gateway.api('GET', '/healthz/ready', { token: '' })).status, 503);
		assert.equal((await gateway.api('GET', '/healthz/live', { token: '' })).status, 200);
		peer.release();
		assert.equal(await (await answer).text(), 'done');
		assert.deepEqual(await gateway.exited, { code: 0, signal: null });
		assert.ok(!existsSync(path.join(gateway.data, 'run.json')));
		assert.deepEqual(readdirSync(path.join(gateway.data, 'gen')), []);
	} finally {
		await gateway.stop();
		await peer.stop();
	}
});

test('after drain_timeout what still waits is answered 503', async () => {
	const peer = await holdingPeer();
	const gateway = await Gateway.start(slow(peer), { server: '  limits: { drain_timeout: 200ms }\n' });
	try {
		const answer = fetch(`${gateway.url}/x`);
		await peer.arrival;
		const begin = process.hrtime.bigint();
		gateway.signal('SIGTERM');
		assert.equal((await answer).status, 503);
		assert.deepEqual(await gateway.exited, { code: 0, signal: null });
		// The request to the peer is withdrawn: nobody waits for its own time limit.
		assert.ok(process.hrtime.bigint() - begin < 10_000_000_000n);
	} finally {
		await gateway.stop();
		await peer.stop();
	}
});

test('a caller that leaves takes the request to the peer with it', async () => {
	const peer = await holdingPeer();
	const gateway = await Gateway.start(slow(peer));
	try {
		const caller = new AbortController();
		const answer = fetch(`${gateway.url}/x`, { signal: caller.signal }).catch(() => null);
		await peer.arrival;
		const begin = process.hrtime.bigint();
		caller.abort();
		await answer;
		await peer.left;
		assert.ok(process.hrtime.bigint() - begin < 10_000_000_000n, 'its own time limit ended it');
	} finally {
		await gateway.stop();
		await peer.stop();
	}
});

test('a second SIGTERM does not wait', async () => {
	const peer = await holdingPeer();
	const gateway = await Gateway.start(slow(peer));
	try {
		const answer = fetch(`${gateway.url}/x`).catch(() => null);
		await peer.arrival;
		gateway.signal('SIGTERM');
		await gateway.said(/gateway\.stopping/);
		gateway.signal('SIGTERM');
		assert.equal((await gateway.exited).code, 143);
		await answer;
	} finally {
		await gateway.stop();
		await peer.stop();
	}
});

test('a port that is taken, and a data_dir that is taken, are told with what to do', async () => {
	const first = await Gateway.start();
	const samePort = new Gateway(makeFolder(), { listen: first.url.replace('http://', '') });
	const sameFolder = new Gateway(makeFolder(), {});
	sameFolder.data = first.data;
	try {
		samePort.write(echo);
		sameFolder.write(echo);
		for (const [gateway, code] of [[samePort, 'listen_in_use'], [sameFolder, 'data_dir_in_use']]) {
			const { code: exit, stderr } = await run(program('fairlead'), ['run', '-c', gateway.file]);
			assert.equal(exit, 1);
			assert.match(stderr, new RegExp(`\\[${code}\\] \\(.+\\)`));
		}
		assert.equal((await fetch(`${first.url}/echo`)).status, 200);
	} finally {
		await first.stop();
		for (const { dir } of [samePort, sameFolder]) rmSync(dir, { recursive: true });
	}
});

test('a data_dir that cannot be written is told with what to do', async () => {
	const gateway = new Gateway(makeFolder());
	writeFileSync(path.join(gateway.dir, 'file'), '');
	gateway.data = path.join(gateway.dir, 'file', 'data');
	gateway.write(echo);
	const { code, stderr } = await run(program('fairlead'), ['run', '-c', gateway.file]);
	assert.equal(code, 1);
	assert.match(stderr, /\[data_dir_unwritable\] \(.*server\.data_dir/);
	rmSync(gateway.dir, { recursive: true });
});

test('a token that others can read is refused', async () => {
	const gateway = await Gateway.start();
	await gateway.end();
	chmodSync(gateway.tokenFile, 0o644);
	const { code, stderr } = await run(program('fairlead'), ['run', '-c', gateway.file]);
	assert.equal(code, 1);
	assert.match(stderr, /\[token_exposed\] \(chmod 600/);
	await gateway.stop();
});

test('a configuration that does not compile does not start: exit 3, every problem', async () => {
	const gateway = new Gateway(makeFolder());
	gateway.write('instances: { echo: { connector: nobody } }\nroutez: {}\n');
	const { code, stderr } = await run(program('fairlead'), ['run', '-c', gateway.file]);
	assert.equal(code, 3);
	assert.match(stderr, /fairlead\.yaml:\d+:\d+: error: .*routez.*did you mean/i);
	gateway.write('instances: { echo: { connector: nobody } }\n');
	const second = await run(program('fairlead'), ['run', '-c', gateway.file]);
	assert.equal(second.code, 3);
	assert.match(second.stderr, /nobody.*\[connector_unknown\]/);
	rmSync(gateway.dir, { recursive: true });
});

test('a connector that hangs in create() is given up: exit 3 says which', async () => {
	const gateway = new Gateway(makeFolder());
	gateway.write('instances: { m: { connector: mock-parallel, config: { mode: create_hangs } } }\n');
	const { code, stderr } = await run(program('fairlead'), ['run', '-c', gateway.file]);
	assert.equal(code, 3, stderr);
	assert.match(stderr, /error: .*\[instance_\w+\]/);
	rmSync(gateway.dir, { recursive: true });
});

test('kill -9, then start again: token, uploads and the activation are still there', async () => {
	const gateway = await Gateway.start();
	const body = readFileSync(path.join(build, 'tests/e2e/echo-2.so'));
	const { token } = gateway;
	assert.equal((await gateway.api('PUT', '/v1/connectors/echo/versions/2.0.0', { body })).status, 201);
	assert.equal((await gateway.api('POST', '/v1/connectors/echo/versions/2.0.0:activate')).status, 200);
	assert.equal((await gateway.end('SIGKILL')).signal, 'SIGKILL');
	await gateway.run();
	try {
		assert.equal(gateway.token, token);
		assert.equal((await fetch(`${gateway.url}/echo`)).headers.get('x-echo-version'), '2.0.0');
		assert.equal(statSync(path.join(gateway.data, 'connectors/active.json')).mode & 0o777, 0o600);
	} finally { await gateway.stop(); }
});

test('activations that cannot be read stop the start, with the way out', async () => {
	const gateway = await Gateway.start();
	await gateway.end();
	for (const text of ['{"activations": [', '[]', '{"activations": [{"id": "echo"}]}']) {
		writeFileSync(path.join(gateway.data, 'connectors/active.json'), text);
		const { code, stderr } = await run(program('fairlead'), ['run', '-c', gateway.file]);
		assert.equal(code, 1, text);
		assert.match(stderr, /\[activations_unreadable\] \(remove the file/);
	}
	await gateway.stop();
});

test('check tells all problems without running anything; --strict counts warnings', async () => {
	const dir = makeFolder();
	const good = new Gateway(dir);
	good.write(echo);
	const fine = await run(program('fairlead'), ['check', good.file]);
	assert.equal(fine.code, 0, fine.stderr);
	assert.match(fine.stdout, /valid/);
	assert.ok(!existsSync(good.data), 'nothing is made');
	good.write(`${echo}secrets: { s: written-here }\n`);
	assert.equal((await run(program('fairlead'), ['check', good.file])).code, 0);
	assert.equal((await run(program('fairlead'), ['check', '--strict', good.file])).code, 3);
	const broken = await run(program('fairlead'), ['check', '-o', 'json', path.join(top, 'docs/examples/broken.yaml')]);
	assert.equal(broken.code, 3);
	const { valid, errors } = JSON.parse(broken.stdout);
	assert.equal(valid, false);
	assert.ok(errors.length >= 8, broken.stdout);
	for (const fault of errors) assert.ok(fault.line > 0 && fault.column > 0 && fault.code, JSON.stringify(fault));
	assert.equal((await run(program('fairlead'), ['check'])).code, 2);
	rmSync(dir, { recursive: true });
});

test('init writes a configuration that runs, and never overwrites one', async () => {
	const dir = makeFolder();
	const { code, stdout } = await run(program('fairlead'), ['init', path.join(dir, 'new')]);
	assert.equal(code, 0);
	const file = path.join(dir, 'new/fairlead.yaml');
	assert.ok(stdout.includes(file));
	const text = readFileSync(file, 'utf8');
	assert.equal((await run(program('fairlead'), ['check', '--strict', file])).code, 0);
	assert.equal((await run(program('fairlead'), ['init', path.join(dir, 'new')])).code, 1);
	assert.equal(readFileSync(file, 'utf8'), text);
	rmSync(dir, { recursive: true });
});

test('wrong usage is exit 2 and names what is near', async () => {
	assert.equal((await run(program('fairlead'), [])).code, 2);
	const near = await run(program('fairlead'), ['rum']);
	assert.equal(near.code, 2);
	assert.match(near.stderr, /did you mean "run"/);
	assert.equal((await run(program('fairlead'), ['run', '--wach'])).code, 2);
	const version = await run(program('fairlead'), ['version', '--json']);
	assert.equal(JSON.parse(version.stdout).name, 'fairlead');
});
