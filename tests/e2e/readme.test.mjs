// tests/e2e/readme.test.mjs - the five minutes of README.md: every command as it is printed there
// SPDX-License-Identifier: Apache-2.0
//
// The commands run in a folder of their own, against the demo configuration; only ports and the build
// folder are put in for what README.md says.
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, build, makeFolder, run, top } from './lib/gateway.mjs';

const dir = makeFolder();
const gateway = new Gateway(dir);
const env = { ...process.env, CDPATH: '' };
let ports;

async function freePorts() {
	const servers = await Promise.all([0, 0].map(() => new Promise((done) => {
		const server = net.createServer().listen(0, '127.0.0.1', () => done(server));
	})));
	const found = servers.map((server) => server.address().port);
	await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
	return found;
}

const place = (text) => text.replaceAll('127.0.0.1:8080', `127.0.0.1:${ports[0]}`)
	.replaceAll('127.0.0.1:8901', `127.0.0.1:${ports[1]}`)
	.replaceAll('../../build/connectors', path.join(build, 'connectors'))
	.replaceAll('../../build/demo-data', gateway.data)
	.replace('fairlead-plugin new ', path.dirname(build) === top ? '$&' // headers are found beside the build
		: `$&-I ${path.join(top, 'plugin-api/include')} `);

// The indented commands of a section, without their remarks.
function commandsOf(file, title) {
	const section = readFileSync(path.join(top, file), 'utf8').split(`\n## ${title}\n`)[1].split('\n## ')[0];
	return section.split('\n').filter((line) => line.startsWith('    ')).map((line) => line.trim()
		.replace(/\s{2,}#.*/, ''));
}

async function sh(line) {
	const assignment = /^export (\w+)=(.*)$/.exec(line);
	if (assignment) {
		env[assignment[1]] = assignment[2];
		return { code: 0, stdout: '', stderr: '' };
	}
	return run('/bin/sh', ['-c', place(line)], { cwd: dir, env: { ...env,
		FAIRLEAD_SERVER: `http://127.0.0.1:${ports[1]}` } });
}

before(async () => {
	ports = await freePorts();
	writeFileSync(gateway.file, place(readFileSync(path.join(top, 'docs/examples/demo.yaml'), 'utf8')));
	// The names that README.md uses: build/, with build/demo-data in it, and docs/.
	symlinkSync(top, path.join(dir, 'top'));
	symlinkSync(path.join(top, 'docs'), path.join(dir, 'docs'));
	await run('/bin/sh', ['-c', 'mkdir build data && for f in "$1"/fairlead*; do [ -d "$f" ] || ln -s "$f" build/; done'
		+ ' && ln -s ../data build/demo-data', 'sh', build], { cwd: dir });
	await gateway.run();
});
after(() => gateway.stop());

const expected = {
	"curl -i http://127.0.0.1:8080/echo -d 'hello'": /^HTTP\/1\.1 200 [\s\S]*x-echo-version: 1\.0\.0[\s\S]*\r\n\r\nhello$/i,
	"curl -i http://127.0.0.1:8080/proxy/echo -d 'hello'": /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nhello$/,
	'curl -i http://127.0.0.1:8080/nowhere': /^HTTP\/1\.1 404 [\s\S]*application\/problem\+json[\s\S]*route/i,
	'tail -1 build/demo-data/access.log': /^\{.*"status":\d{3}.*\}\n$/,
	'build/fairleadctl status': /^ready +yes$/m,
	'build/fairleadctl instance list': /^proxy +http +1\.0\.0 +running/m,
	'build/fairleadctl connector install greet/greet.so': /greet 1\.0\.0 installed/,
	'build/fairlead check docs/examples/broken.yaml': /./,
};

test('the five minutes of README.md work as printed', async () => {
	const commands = commandsOf('README.md', 'Five minutes');
	assert.ok(commands.length >= 10, `only ${commands.length} commands were found`);
	for (const line of commands) {
		if (line.startsWith('tail')) await gateway.logged(/"status":404/);
		const { code, stdout, stderr } = await sh(line);
		const said = `${line}\n${stdout}\n${stderr}`;
		assert.equal(code, line.includes('broken.yaml') ? 3 : 0, said);
		if (expected[line]) assert.match(line.includes('broken.yaml') ? stderr + stdout : stdout, expected[line], said);
		delete expected[line];
	}
	assert.deepEqual(Object.keys(expected), [], 'README.md lost these');
});

test('the connector guide: give it an instance and a route, change it, install it again', async () => {
	const guide = readFileSync(path.join(top, 'docs/connector-guide.md'), 'utf8');
	const addition = /```yaml\n(instances:\n  greet:[\s\S]*?)```/.exec(guide)[1];
	const [instance, route] = addition.split('routes:\n').map((text) => text.replace('instances:\n', ''));
	writeFileSync(gateway.file, readFileSync(gateway.file, 'utf8')
		.replace('instances:\n', `instances:\n${instance}`).replace('routes:\n', `routes:\n${route}`));
	const live = await sh('build/fairleadctl reload');
	assert.equal(live.code, 0, live.stderr);
	const hello = await sh('curl -s http://127.0.0.1:8080/greet');
	assert.equal(hello.code, 0);

	const manifest = path.join(dir, 'greet/greet.json');
	writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"version": "1.0.0"', '"version": "1.1.0"'));
	const code = path.join(dir, 'greet/greet.c');
	writeFileSync(code, readFileSync(code, 'utf8').replace(/[Hh]ello/, 'Good morning'));
	const made = await sh('make -C greet');
	assert.equal(made.code, 0, made.stderr);
	const installed = await sh('build/fairleadctl connector install greet/greet.so');
	assert.equal(installed.code, 0, installed.stderr);
	assert.match(installed.stdout, /greet 1\.1\.0 is live/);
	assert.match((await sh('curl -s http://127.0.0.1:8080/greet')).stdout, /Good morning/);
});
