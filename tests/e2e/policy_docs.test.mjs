// tests/e2e/policy_docs.test.mjs - docs/policy.md: every command as it is printed, every policy, every test
// SPDX-License-Identifier: Apache-2.0
//
// The commands run in a copy of docs/examples/policies; only ports are put in for what the page says,
// and the key that `fairlead key create` printed.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, build, makeFolder, program, run, top, until } from './lib/gateway.mjs';

const page = readFileSync(path.join(top, 'docs/policy.md'), 'utf8');
const dir = makeFolder();
const gateway = new Gateway(dir, { args: ['--watch'] });
gateway.isGone = true; // until the page starts it
const env = { ...process.env, PATH: `${build}:${process.env.PATH}` };
let ports, key;

async function freePorts() {
	const servers = await Promise.all([0, 0].map(() => new Promise((done) => {
		const server = net.createServer().listen(0, '127.0.0.1', () => done(server));
	})));
	const found = servers.map((server) => server.address().port);
	await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
	return found;
}

const place = (text) => text.replaceAll('127.0.0.1:8080', `127.0.0.1:${ports[0]}`).replaceAll('127.0.0.1:8901', `127.0.0.1:${ports[1]}`);
const edit = (change) => writeFileSync(gateway.file, change(readFileSync(gateway.file, 'utf8')));
const blocks = (kind) => [...page.matchAll(new RegExp(`^\`\`\`${kind}\\n([^]*?)^\`\`\`$`, 'gm'))].map((m) => m[1]);

before(async () => {
	ports = await freePorts();
	cpSync(path.join(top, 'docs/examples/policies'), dir, { recursive: true });
	edit(place);
});
after(() => gateway.stop());

// What the page leaves to the reader, or to another terminal.
async function special(line) {
	if (line === 'cd docs/examples/policies') return true;
	if (line === 'export KEY=fl_live_...') {
		env.KEY = key;
		return true;
	}
	const assignment = /^export (\w+)=(.*)$/.exec(line);
	if (assignment) env[assignment[1]] = assignment[2];
	if (line === 'fairlead run -c fairlead.yaml --watch &') await gateway.run();
	return assignment !== null || line.endsWith('&');
}

function takeKey(stdout) {
	key = /^key: (\S+)$/m.exec(stdout)[1];
	const hash = /^hash: (\S+)$/m.exec(stdout)[1];
	edit((text) => text.replace(/^( *acme: \{.*) \}$/m, `$1, credentials: [ { api_key: { hash: ${hash} } } ] }`));
}

// What each is to print; those that are not here need only succeed.
const expected = {
	'fairlead policy schema fairlead.yaml': /^namespace Gw \{$/m,
	'fairlead policy schema fairlead.yaml | diff - gateway.cedarschema': /^$/,
	'fairlead policy check -c fairlead.yaml': /^9 policies, valid\n$/,
	'fairlead policy test tests': /^16 requests; 2 passed, 0 failed\n$/,
	'fairlead policy authorize -c fairlead.yaml --requests requests.jsonl': /^allow by orders.read\ndeny by free.read-only\nallow by status.everybody\n$/,
	'fairlead policy authorize -c fairlead.yaml --requests requests.jsonl --json': /^(\{"decision":"(allow|deny)",.*\}\n){3}$/,
	'fairlead policy explain -c fairlead.yaml --requests requests.jsonl': /free\.read-only {2}forbid {2}policies\/orders\.cedar:33:1 {2}satisfied/,
	'fairlead key create -c fairlead.yaml': /^key: fl_live_/,
	'curl -i http://127.0.0.1:8080/status': /^HTTP\/1\.1 200 /,
	'curl -i -H "X-API-Key: $KEY" http://127.0.0.1:8080/v1/orders/7': /^HTTP\/1\.1 200 /,
	'curl -i -H "X-API-Key: $KEY" http://127.0.0.1:8080/v1/ledger/7': /^HTTP\/1\.1 403 [^]*"advice":\["use:internal_network"\]/,
	'curl -i http://127.0.0.1:8080/v1/orders/7': /^HTTP\/1\.1 401 /,
	'fairleadctl status': /^ready +yes$/m,
	"fairleadctl explain 'GET http://127.0.0.1:8080/v1/ledger/7' --consumer acme":
		/^route {6}ledger\n[^]*^deny: forbidden by sensitive\.internal\n[^]* says @advice\("use:internal_network"\)$/m,
};

test('the commands of docs/policy.md work as printed', async () => {
	const lines = page.split('\n').filter((line) => line.startsWith('    ') && !/^ +[-|{"]/.test(line)).map((line) => line.trim());
	const left = new Set(Object.keys(expected));
	for (const printed of lines) {
		const [line, remark = ''] = printed.split(/\s{2,}# /);
		if (await special(line)) continue;
		const { code, stdout, stderr } = await run('/bin/sh', ['-c', place(line)], { cwd: dir, env: { ...env,
			FAIRLEAD_SERVER: `http://127.0.0.1:${ports[1]}` } });
		const said = `${line}\n${stdout}\n${stderr}`;
		assert.equal(code, /exit status (\d)/.exec(remark) ? Number(/\d/.exec(remark)[0]) : 0, said);
		if (code === 3) assert.match(stderr, /^policies\/broken\.cedar:1:45: error: /m, said);
		else if (expected[line]) assert.match(stdout, expected[line], said);
		left.delete(line);
		if (line.startsWith('fairlead key create')) takeKey(stdout);
	}
	assert.deepEqual([...left], [], 'every command that is expected stands on the page');
});

test('what the page says of a denied caller, and of a change with --watch, is so', async () => {
	const get = (target, headers) => fetch(`http://127.0.0.1:${ports[0]}${target}`, { headers });
	const denied = await (await get('/v1/ledger/7', { 'X-API-Key': key })).json();
	assert.equal(denied.type, 'urn:fairlead:problem:forbidden');
	assert.doesNotMatch(JSON.stringify(denied), /sensitive\.internal/);
	const from = gateway.stderr.length;
	const file = path.join(dir, 'policies/orders.cedar');
	writeFileSync(file, readFileSync(file, 'utf8').replace('@advice("use:internal_network")', '@advice("ask:security") @status("451")'));
	await gateway.said(/config\.live/, from);
	const again = await get('/v1/ledger/7', { 'X-API-Key': key });
	assert.deepEqual([again.status, (await again.json()).advice], [451, ['ask:security']]);
});

test('the counters and the log that the page names are there', async () => {
	const text = async () => (await fetch(`http://127.0.0.1:${ports[1]}/metrics`, { headers: {
		Authorization: `Bearer ${readFileSync(path.join(gateway.data, 'admin.token'), 'utf8').trim()}` } })).text();
	const metrics = await text();
	for (const name of new Set(page.match(/fairlead_policy_\w+/g))) assert.match(metrics, new RegExp(`^# TYPE ${name} counter$`, 'm'));
	assert.match(metrics, /^fairlead_policy_decisions_total\{route="ledger",decision="deny"\} [1-9]/m);
	assert.match(metrics, /^fairlead_policy_shadow_total\{outcome="allow_to_deny"\} [1-9]/m);
	await until(async () => readFileSync(path.join(gateway.data, 'decisions.log'), 'utf8'), // written in batches
		(log) => /"route":"ledger".*"decision":"deny","reasons":\["sensitive\.internal"\]/.test(log));
});

test('the policies and the test on the page are valid', async () => {
	const cedar = blocks('cedar');
	assert.ok(cedar.length >= 5, `only ${cedar.length} policies were found`);
	writeFileSync(path.join(dir, 'page.cedar'), cedar.map((text, i) => text.replace('@id("', `@id("${i}.`)).join('\n'));
	const { code, stdout, stderr } = await run(program('fairlead'), ['policy', 'check', '--schema', 'gateway.cedarschema', 'page.cedar'], { cwd: dir });
	assert.equal(code, 0, stderr);
	assert.match(stdout, /policies, valid\n$/);
	const tests = blocks('json').filter((text) => text.includes('"requests"'));
	assert.equal(tests.length, 1);
	writeFileSync(path.join(dir, 'page.json'), tests[0]);
	assert.equal((await run(program('fairlead'), ['policy', 'test', 'page.json'], { cwd: dir })).stdout, '1 requests; 1 passed, 0 failed\n');
});
