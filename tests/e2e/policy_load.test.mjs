// tests/e2e/policy_load.test.mjs - policies are checked, loaded, reloaded and told of
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, connectors, makeFolder, program, run } from './lib/gateway.mjs';

const dir = makeFolder();
const policies = path.join(dir, 'policies');
mkdirSync(policies);
after(() => rmSync(dir, { recursive: true, force: true }));

// Beside and renamed, as editors do: no reload sees half a file.
function put(name, text, base = dir) {
	writeFileSync(path.join(base, `${name}~`), text);
	renameSync(path.join(base, `${name}~`), path.join(base, name));
}

const config = `
instances: { echo: { connector: echo } }
routes:
  echo: { match: { path: /echo }, to: { instance: echo, action: reply }, decide_by: action }
policies: { include: ["policies/*.cedar"], headers: [x-tenant] }
`;
const good = 'permit (principal, action, resource is Gw::Route);\n';
const bad = `@id("broken")
permit (principal, action, resource is Gw::Route)
when { context.req.hdr["x-other"] == "a" };
@timeot("1s") permit (principal, action == Gw::Action::"echo/reply", resource);
`;

test('fairlead check tells every problem of policies with its place', async () => {
	const own = path.join(dir, 'own'); // the gateway of the tests below sees each change of its own folder
	mkdirSync(path.join(own, 'policies'), { recursive: true });
	put('check.yaml', `apiVersion: fairlead/v1
server: { data_dir: data, connector_dirs: ["${connectors}"] }${config}`, own);
	put('policies/a.cedar', good, own);
	put('policies/b.cedar', bad, own);
	const { code, stderr } = await run(program('fairlead'), ['check', 'check.yaml'], { cwd: own });
	assert.equal(code, 3);
	assert.deepEqual(stderr.split('\n').map((line) => line.replace(/ \(.*/, '')), [
		'policies/b.cedar:4:1: error: there is no annotation @timeot [policy_annotation_unknown]',
		'policies/b.cedar:3:8: error: the attribute `x-other` is not declared [policy_unknown_attribute]',
		'check.yaml: 2 errors, 0 warnings', '']);
	rmSync(path.join(own, 'policies/b.cedar'));
	const fixed = await run(program('fairlead'), ['check', 'check.yaml'], { cwd: own });
	assert.equal(fixed.code, 0, fixed.stderr);
});

let gateway;
const status = async () => (await gateway.api('GET', '/v1/status')).body;
const settled = () => gateway.said(/config\.(live|kept)/, gateway.stderr.length);
before(async () => {
	put('policies/a.cedar', good);
	gateway = await Gateway.start(config, { args: ['--watch'], dir });
});
after(async () => { await gateway?.stop(); });

test('status says which policies decide, and since when', async () => {
	const { policies: told, config: { since } } = await status();
	assert.deepEqual({ ...told, digest: '', since: '' },
		{ configured: true, digest: '', since: '', files: 1, deciding: 1, shadowed: 0, entities: told.entities });
	assert.match(told.digest, /^[0-9a-f]{64}$/);
	assert.ok(Math.abs(Date.parse(told.since) - Date.parse(since)) < 5000);
});

test('--watch sees a new, a broken and a removed file of policies', async () => {
	const before = await status();
	let change = settled();
	put('policies/c.cedar', `@mode("shadow") ${good}`);
	await change;
	const more = await status();
	assert.deepEqual([more.policies.files, more.policies.deciding, more.policies.shadowed], [2, 1, 1]);
	assert.notEqual(more.policies.digest, before.policies.digest);

	change = settled();
	put('policies/c.cedar', bad);
	await change;
	const kept = await status();
	assert.deepEqual(kept.policies, more.policies); // the old ones go on deciding
	assert.equal(kept.config.last_reload.ok, false);
	const error = kept.config.last_reload.errors.find(({ code }) => code === 'policy_unknown_attribute');
	assert.deepEqual([error.file, error.line, error.column], [path.join(policies, 'c.cedar'), 3, 8]);

	change = settled();
	rmSync(path.join(policies, 'c.cedar'));
	await change;
	assert.deepEqual((await status()).policies.digest, before.policies.digest);
});

test('without policies status says what that means', async () => {
	const change = settled();
	gateway.replace(config.replace(/^policies.*$/m, ''));
	await change;
	assert.deepEqual((await status()).policies,
		{ configured: false, note: 'every authenticated request is allowed' });
});

test('--watch sees files beside the configuration, too; templates decide through their links', async () => {
	const name = '"?principal": { "type": "Gw::Consumer", "id": "ann" }';
	put('shared.cedar', '@id("t") permit (principal == ?principal, action, resource is Gw::Route);\n');
	put('links.json', `[{ "templateId": "t", "newId": "t.ann", "values": { ${name} } }]`);
	let change = settled();
	gateway.replace(config.replace(/^policies.*$/m, 'policies: { include: [shared.cedar], links: [links.json] }'));
	await change;
	assert.equal((await status()).policies.deciding, 1);

	change = settled();
	put('links.json', `[{ "templateId": "t", "newId": "t.ann", "values": { ${name} } },
		{ "templateId": "t", "newId": "t.bob", "values": { ${name.replace('ann', 'bob')} } }]`);
	await change;
	assert.equal((await status()).policies.deciding, 2);
});
