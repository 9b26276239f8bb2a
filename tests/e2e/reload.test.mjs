// tests/e2e/reload.test.mjs - the configuration file changes: by SIGHUP, --watch and the API
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Gateway, program, run } from './lib/gateway.mjs';

const routes = (...paths) => `
instances:
  echo: { connector: echo }
routes:
${paths.map((path, i) => `  r${i}: { match: { path: ${path} }, to: { instance: echo, action: reply } }`).join('\n')}
`;
const broken = `
instances:
  echo: { connector: echo, mod: inproc }
routes:
  a: { match: { path: /one }, to: { instance: ecko, action: reply } }
  b: { match: { path: no-slash }, to: { instance: echo, action: reply } }
`;
let gateway;

before(async () => { gateway = await Gateway.start(routes('/one'), { args: ['--watch'] }); });
after(() => gateway?.stop());

const status = async (path) => (await fetch(`${gateway.url}${path}`)).status;

test('--watch takes an edited file without being asked', async () => {
	const from = gateway.stderr.length;
	gateway.replace(routes('/one', '/two'));
	await gateway.said(/config\.live/, from);
	assert.equal(await status('/two'), 200);
	const again = gateway.stderr.length;
	gateway.write(routes('/one', '/two', '/three')); // in place
	await gateway.said(/config\.live/, again);
	assert.equal(await status('/three'), 200);
});

test('what does not compile goes on serving what did, and everything wrong is told', async () => {
	const from = gateway.stderr.length;
	gateway.replace(broken);
	await gateway.said(/config\.kept/, from);
	assert.equal(await status('/one'), 200);
	assert.equal(await status('/two'), 200);
	const said = gateway.stderr.slice(from);
	for (const code of ['unknown_key', 'reference_unknown', 'bad_value']) assert.match(said, new RegExp(code));
	const answer = await gateway.api('POST', '/v1/config:reload');
	assert.equal(answer.status, 422);
	assert.ok(answer.body.errors.length >= 3, JSON.stringify(answer.body.errors));
	for (const fault of answer.body.errors) {
		assert.ok(fault.line > 0 && fault.column > 0, JSON.stringify(fault));
		assert.equal(fault.file, gateway.file);
	}
	const { body } = await gateway.api('GET', '/v1/status');
	assert.equal(body.config.last_reload.ok, false);
	assert.equal(body.config.last_reload.errors.length, answer.body.errors.length);
	assert.match((await gateway.api('GET', '/metrics')).body, /^fairlead_config_last_reload_successful 0$/m);
});

test('a file that is cut off goes on serving what was', async () => {
	const from = gateway.stderr.length;
	gateway.replace(routes('/one', '/two', '/three').slice(0, -70));
	await gateway.said(/config\.kept/, from);
	assert.equal(await status('/three'), 200);
});

test('a connector that refuses its configuration changes nothing', async () => {
	const from = gateway.stderr.length;
	gateway.replace(`${routes('/one', '/four').replace('routes:', '  up: { connector: http, config: {} }\nroutes:')}`);
	await gateway.said(/config\.kept/, from);
	assert.equal(await status('/four'), 404);
	assert.equal(await status('/three'), 200);
	assert.equal((await gateway.api('GET', '/v1/instances/up')).status, 404);
});

test('the schema of a connector finds what is wrong before the connector is asked, at its line', async () => {
	const from = gateway.stderr.length;
	gateway.replace(routes('/one').replace('routes:', `  up: { connector: http,
        config: { base_url: 7,
                  rewrite: { strip_prefx: /x } } }
routes:`));
	await gateway.said(/config\.kept/, from);
	const { body } = await gateway.api('GET', '/v1/status');
	assert.deepEqual(body.config.last_reload.errors.map(({ code, pointer, line }) => [code, pointer, line]), [
		['config_invalid', '/instances/up/config/base_url', 13],
		['config_invalid', '/instances/up/config/rewrite', 14],
	]);
	assert.match(body.config.last_reload.errors[1].hint, /strip_prefix/);
	const check = await run(program('fairlead'), ['check', gateway.file]);
	assert.equal(check.code, 3);
	assert.match(check.stdout + check.stderr, /:13:\d+: .*base_url/);
});

test('SIGHUP reads the file and opens the access log again', async () => {
	await status('/one');
	renameSync(gateway.accessLog, `${gateway.accessLog}.1`);
	const from = gateway.stderr.length;
	gateway.replace(routes('/one', '/five'));
	gateway.signal('SIGHUP');
	await gateway.said(/config\.live/, from);
	await gateway.reopened();
	assert.equal(await status('/five'), 200);
	assert.equal(await status('/three'), 404);
	const { body } = await gateway.api('GET', '/v1/status');
	assert.equal(body.config.last_reload.ok, true);
	await gateway.end();
	assert.match(readFileSync(gateway.accessLog, 'utf8'), /"\/five"/);
	await gateway.run();
});

test('what is read only at start is said to be', async () => {
	gateway.options.server = '  limits: { drain_timeout: 7s }\n';
	gateway.replace(routes('/one'));
	const { status: code, body } = await gateway.api('POST', '/v1/config:reload');
	assert.equal(code, 200);
	assert.deepEqual(body.warnings.map((warning) => warning.code), ['server_needs_restart']);
});

test('a configuration change alone loads no code', async () => {
	const { module_generation: before } = (await gateway.api('GET', '/v1/instances/echo')).body;
	gateway.replace(routes('/one').replace('{ connector: echo }', '{ connector: echo, timeout: 7s }'));
	assert.equal((await gateway.api('POST', '/v1/config:reload')).status, 200);
	const now = (await gateway.api('GET', '/v1/instances/echo/generations')).body.items;
	assert.equal(now[0].module_generation, before);
});
