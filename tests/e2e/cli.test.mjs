// tests/e2e/cli.test.mjs - fairleadctl: output, exit codes, and the flows of the guides
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, build, connectors, echo, program, run } from './lib/gateway.mjs';

const echo2 = path.join(build, 'tests/e2e/echo-2.so');
let gateway;

before(async () => { gateway = await Gateway.start(); });
after(() => gateway?.stop());

test('status, as a page and as JSON', async () => {
	const page = await gateway.ctl('status');
	assert.equal(page.code, 0, page.stderr);
	assert.match(page.stdout, /^ready +yes$/m);
	assert.match(page.stdout, /^echo +1\.0\.0/m);
	const json = await gateway.ctl('status', '-o', 'json');
	assert.equal(JSON.parse(json.stdout).pid, gateway.pid);
});

test('install uploads and, as the connector is used, activates', async () => {
	const { code, stdout, stderr } = await gateway.ctl('connector', 'install', echo2);
	assert.equal(code, 0, stderr);
	assert.match(stdout, /echo 2\.0\.0 installed/);
	assert.match(stdout, /echo 2\.0\.0 is live, generation \d+, in [\d.]+ ms/);
	assert.equal((await fetch(`${gateway.url}/echo`)).headers.get('x-echo-version'), '2.0.0');
});

test('activate goes back; --no-activate leaves it at the upload', async () => {
	const back = await gateway.ctl('connector', 'activate', 'echo', '1.0.0');
	assert.equal(back.code, 0, back.stderr);
	const { stdout, code } = await gateway.ctl('connector', 'install', echo2, '--no-activate');
	assert.equal(code, 0);
	assert.match(stdout, /fairleadctl connector activate echo 2\.0\.0/);
	assert.equal((await fetch(`${gateway.url}/echo`)).headers.get('x-echo-version'), '1.0.0');
});

test('connector list and inspect', async () => {
	const list = await gateway.ctl('connector', 'list');
	assert.match(list.stdout, /^echo +1\.0\.0 +- +2\.0\.0,1\.0\.0 +echo$/m);
	const version = await gateway.ctl('connector', 'inspect', 'echo', '2.0.0');
	assert.equal(version.code, 0, version.stderr);
	assert.match(version.stdout, /^loadable +yes$/m);
	const file = await gateway.ctl('connector', 'inspect', path.join(connectors, 'http.so'), '-o', 'json');
	assert.equal(JSON.parse(file.stdout).id, 'http');
	const broken = path.join(gateway.dir, 'broken.so');
	writeFileSync(broken, readFileSync(echo2).subarray(0, 2000));
	for (const argv of [['inspect', broken], ['install', broken]]) {
		const refused = await gateway.ctl('connector', ...argv);
		assert.equal(refused.code, 3, argv[0]);
	}
});

test('instances, their generations, a new one', async () => {
	assert.match((await gateway.ctl('instance', 'list')).stdout, /^echo +echo +1\.0\.0 +running/m);
	const renewed = await gateway.ctl('instance', 'reload', 'echo');
	assert.match(renewed.stdout, /^echo: generation \d+ is live/);
	const lives = await gateway.ctl('instance', 'generations', 'echo', '-o', 'json');
	assert.equal(JSON.parse(lives.stdout).items[0].state, 'running');
});

test('reload says what happened; a refusal shows every problem and exits 3', async () => {
	assert.match((await gateway.ctl('reload')).stdout, /nothing changed/);
	gateway.replace(`${echo}  two: { match: { path: /two }, to: { instance: echo, action: reply } }\n`);
	assert.match((await gateway.ctl('reload')).stdout, /^revision 2 is live, in [\d.]+ ms$/m);
	gateway.replace(`${echo}bogus: 1\n`);
	const refused = await gateway.ctl('reload');
	assert.equal(refused.code, 3);
	assert.match(refused.stderr, /fairlead\.yaml:\d+:\d+: .*bogus/);
	gateway.replace(echo);
	assert.equal((await gateway.ctl('reload')).code, 0);
});

test('a version that serves with other bytes is a conflict: exit 4', async () => {
	await gateway.ctl('connector', 'activate', 'echo', '2.0.0');
	const other = readFileSync(echo2);
	other.write('"license": "Apache-2.1"', other.indexOf('"license": "Apache-2.0"'));
	const file = path.join(gateway.dir, 'other.so');
	writeFileSync(file, other);
	const { code, stderr } = await gateway.ctl('connector', 'install', file);
	assert.equal(code, 4, stderr);
	assert.match(stderr, /raise the version/);
});

test('wrong usage is exit 2 and names what is near', async () => {
	for (const argv of [[], ['stats'], ['connector'], ['connector', 'instal'], ['status', '-o', 'xml'],
		['instance', 'reload', 'no body'], ['instance', 'reload', 'nobody'], ['connector', 'install', '/nowhere.so']]) {
		const { code, stderr } = await gateway.ctl(...argv);
		assert.equal(code, 2, `${argv}: ${stderr}`);
		assert.notEqual(stderr, '');
	}
	assert.match((await gateway.ctl('connector', 'instal')).stderr, /did you mean "install"/);
	assert.equal((await gateway.ctl('help')).code, 0);
});

test('no gateway there is exit 5; no token is told how to give one', async () => {
	const away = await gateway.ctl('status', '--server', 'http://127.0.0.1:1');
	assert.equal(away.code, 5);
	assert.match(away.stderr, /is fairlead running\?/);
	const { code, stderr } = await run(program('fairleadctl'), ['status', '--server', gateway.admin],
		{ env: { PATH: process.env.PATH } });
	assert.equal(code, 2);
	assert.match(stderr, /FAIRLEAD_TOKEN_FILE/);
});

test('-v prints a curl command that does the same, without the token in it', async () => {
	const { stderr } = await gateway.ctl('status', '-v');
	assert.ok(!stderr.includes(gateway.token));
	const { code, stdout } = await run('/bin/sh', ['-c', `${stderr.trim()} -s`]);
	assert.equal(code, 0);
	assert.equal(JSON.parse(stdout).pid, gateway.pid);
});

test('a Unix socket knows its user: no token is needed', async () => {
	const other = new Gateway(gateway.dir, {});
	other.file = path.join(gateway.dir, 'unix.yaml');
	other.data = path.join(gateway.dir, 'unix');
	other.options.admin = `unix:${path.join(gateway.dir, 'admin.sock')}`;
	other.write(echo);
	await other.run();
	const { code, stdout, stderr } = await run(program('fairleadctl'), ['status', '-o', 'json', '--server', other.admin]);
	await other.end();
	assert.equal(code, 0, stderr);
	assert.equal(JSON.parse(stdout).pid, other.pid);
});
