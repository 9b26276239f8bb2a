// tests/e2e/check.test.mjs - fairlead check and fairlead init: exit codes, what they print, what they leave
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { Gateway, connectors, echo, makeFolder, program, run, top } from './lib/gateway.mjs';
import { validate } from './lib/schema.mjs';

const dir = makeFolder();
const file = path.join(dir, 'fairlead.yaml');
after(() => rmSync(dir, { recursive: true, force: true }));

const fairlead = (argv, options) => run(program('fairlead'), argv, { cwd: dir, ...options });
// What stands here begins on line 3 of the file.
const write = (text) => writeFileSync(file, `apiVersion: fairlead/v1
server: { data_dir: data, connector_dirs: ["${connectors}"] }
${text}`);
async function check(text, ...argv) {
	write(text);
	return fairlead(['check', 'fairlead.yaml', ...argv]);
}
async function problems(text) {
	const { code, stdout, stderr } = await check(text, '-o', 'json');
	assert.equal(stderr, '');
	const answer = JSON.parse(stdout);
	assert.equal(answer.valid, code === 0);
	assert.equal(code, answer.errors.length === 0 ? 0 : 3);
	return answer;
}

test('a good file: exit 0, nothing on standard error, nothing made', async () => {
	const { code, stdout, stderr } = await check(echo.trimStart());
	assert.equal(code, 0, stderr);
	assert.equal(stderr, '');
	assert.equal(stdout, 'fairlead.yaml: valid, 1 routes, 1 instances\n');
	assert.deepEqual(readdirSync(dir), ['fairlead.yaml']);
});

test('a last line that is not ended: a warning, and an error with --strict', async () => {
	const { code, stderr } = await check(echo.trim());
	assert.equal(code, 0, stderr);
	assert.match(stderr, /^fairlead\.yaml:\d+:\d+: warning: the last line is not ended/);
	assert.equal((await check(echo.trim(), '--strict')).code, 3);
});

test('-o json: valid, digest; the digest is of the content', async () => {
	const one = await problems('instances: { a: { connector: echo }, b: { connector: echo } }\n');
	const same = await problems('instances:\n  b: { connector: echo } # the other order\n  a: { connector: echo }\n');
	const other = await problems('instances: { a: { connector: echo } }\n');
	assert.equal(one.file, 'fairlead.yaml');
	assert.match(one.digest, /^[0-9a-f]{64}$/);
	assert.equal(one.digest, same.digest);
	assert.notEqual(one.digest, other.digest);
	assert.deepEqual(one.warnings, []);
});

test('mistakes: exit 3, each on a line with file, line, column, code and hint', async () => {
	const { code, stdout, stderr } = await check('rutes: {}\nserver2: {}\n');
	assert.equal(code, 3);
	assert.equal(stdout, '');
	assert.equal(stderr, `fairlead.yaml:3:1: error: there is no key "rutes" here [unknown_key] (did you mean "routes"?)
fairlead.yaml:4:1: error: there is no key "server2" here [unknown_key] (did you mean "server"?)
fairlead.yaml: 2 errors, 0 warnings
`);
});

test('--strict: a warning is exit 3, without it exit 0', async () => {
	const text = 'secrets: { a: written-here }\n';
	const mild = await check(text);
	assert.equal(mild.code, 0);
	assert.match(mild.stderr, /^fairlead\.yaml:3:15: warning: .* \[secret_literal\]/);
	assert.match(mild.stdout, /valid, .*, with warnings\n$/);
	assert.ok(!(mild.stderr + mild.stdout).includes('written-here'));
	assert.equal((await check(text, '--strict')).code, 3);
	const json = await check(text, '--strict', '-o', 'json');
	assert.equal(json.code, 3);
	assert.equal(JSON.parse(json.stdout).warnings[0].code, 'secret_literal');
});

test('a connector that is not there', async () => {
	const { errors } = await problems('instances: { a: { connector: ecco } }\n');
	assert.equal(errors.length, 1);
	const { code, line, column, pointer, hint } = errors[0];
	assert.deepEqual({ code, line, column, pointer },
		{ code: 'connector_unknown', line: 3, column: 30, pointer: '/connectors/ecco' });
	assert.notEqual(hint, '');
});

test('a version that is not there names what is', async () => {
	const { errors } = await problems('connectors: { echo: { version: "7.x" } }\ninstances: { a: { connector: echo } }\n');
	assert.equal(errors.length, 1);
	assert.equal(errors[0].line, 3);
	assert.match(`${errors[0].detail} ${errors[0].hint}`, /1\.0\.0/);
});

test('a route to an action that the connector lacks: did you mean', async () => {
	const { errors } = await problems(`instances: { echo: { connector: echo } }
routes:
  a: { match: { path: /a }, to: { instance: echo, action: replay } }
`);
	assert.equal(errors.length, 1);
	assert.equal(errors[0].code, 'action_unknown');
	assert.equal(errors[0].line, 5);
	assert.equal(errors[0].pointer, '/routes/a/to/action');
	assert.equal(errors[0].hint, 'did you mean "reply"?');
});

test('two routes that nothing tells apart are both named, with both places', async () => {
	const { errors } = await problems(`instances: { echo: { connector: echo } }
routes:
  first: { match: { path: "/v1/{a}" }, to: { instance: echo, action: reply } }
  other: { match: { path: /v1/x }, to: { instance: echo, action: reply } }
  second: { match: { path: "/v1/{b}" }, to: { instance: echo, action: reply } }
`);
	assert.equal(errors.length, 1);
	assert.equal(errors[0].code, 'route_ambiguous');
	assert.equal(errors[0].line, 7);
	assert.match(errors[0].detail, /"second".*"first" \(fairlead\.yaml:5\)/);
});

test("a key that the connector's schema lacks is told at the map that has it", async () => {
	const { errors } = await problems(`instances:
  up:
    connector: http
    config:
      base_url: "http://127.0.0.1:9000"
      base_ulr: "http://127.0.0.1:9000"
`);
	assert.equal(errors.length, 1);
	assert.equal(errors[0].code, 'config_invalid');
	assert.equal(errors[0].line, 7);
	assert.equal(errors[0].pointer, '/instances/up/config');
	assert.equal(errors[0].hint, 'did you mean "base_url"?');
});

// Each has a place to look for: what that costs must not grow with the square. run() ends what hangs.
test('150,000 faults in one configuration are counted, and the first 200 told', async () => {
	const set = Array.from({ length: 150_000 }, (_, i) => `a${i}: 1`).join(', ');
	const { code, stderr } = await check(`instances:
  up: { connector: http, config: { base_url: "http://x", headers: { set: { ${set} } } } }
`);
	assert.equal(code, 3);
	assert.match(stderr, /: instance "up": \/headers\/set\/a0 must be of type string/);
	assert.match(stderr, /\n\.\.\. and 149\d{3} more\nfairlead\.yaml: 15\d{4} errors, 0 warnings\n$/);
});

test('broken.yaml, which README.md shows: all of its mistakes', async () => {
	const { code, stderr } = await fairlead(['check', path.join(top, 'docs/examples/broken.yaml')]);
	assert.equal(code, 3);
	for (const expected of ['did you mean "listen"', 'say the unit', 'did you mean "GET"', 'is there twice',
		'must be true or false', 'FAIRLEAD_EXAMPLE_THAT_IS_NOT_SET is not set', 'did you mean "orders"'])
		assert.ok(stderr.includes(expected), `${expected} is missing in:\n${stderr}`);
	assert.match(stderr, /: 14 errors, 0 warnings\n$/);
});

test('the examples are valid for the connectors that are built', async () => {
	const env = { ...process.env, GITHUB_TOKEN: 'x', GITHUB_WEBHOOK_SECRET: 'x'.repeat(32) };
	for (const name of ['demo', 'github']) {
		const text = readFileSync(path.join(top, `docs/examples/${name}.yaml`), 'utf8')
			.replace('../../build/connectors', connectors);
		writeFileSync(file, text);
		const { code, stdout, stderr } = await fairlead(['check', '--strict', file], { env });
		assert.equal(code, 0, stderr);
		assert.match(stdout, /: valid, \d routes, \d instances\n$/);
	}
});

test('the first configuration of webhooks.md is valid as it stands; a secret that is short is not, when strict', async () => {
	const page = readFileSync(path.join(top, 'docs/webhooks.md'), 'utf8');
	const text = /^```yaml\n([\s\S]*?)^```$/m.exec(page)[1];
	const head = `apiVersion: fairlead/v1\nserver: { connector_dirs: ["${connectors}"] }\n`;
	for (const [secret, strictCode] of [['x'.repeat(32), 0], ['x'.repeat(31), 3]]) {
		writeFileSync(path.join(path.dirname(file), 'github.webhook'), secret);
		writeFileSync(file, head + text);
		assert.equal((await fairlead(['check', file])).code, 0);
		const { code, stderr } = await fairlead(['check', '--strict', file]);
		assert.equal(code, strictCode, stderr);
		if (code !== 0) assert.match(stderr, /"github-hook": a secret is so short.*openssl rand/);
	}
});

test('a file that cannot be read is exit 3', async () => {
	const { code, stderr } = await fairlead(['check', 'nowhere.yaml']);
	assert.equal(code, 3);
	assert.match(stderr, /^nowhere\.yaml: error: cannot read nowhere\.yaml: No such file/);
});

test('wrong usage is exit 2', async () => {
	for (const argv of [['check'], ['check', 'a', 'b'], ['check', 'a', '-o', 'xml'], ['check', '--schema', 'a'],
		['check', 'a', '--stict'], ['init', 'a', 'b'], ['init', '-x'], ['chek'], []]) {
		const { code, stderr, stdout } = await fairlead(argv);
		assert.equal(code, 2, `${argv}: ${stdout}${stderr}`);
	}
	assert.match((await fairlead(['chek', 'a'])).stderr, /did you mean "check"/);
});

test('a folder of connectors that is none is told, and nothing is called valid', async () => {
	writeFileSync(file, 'apiVersion: fairlead/v1\nserver: { connector_dirs: [fairlead.yaml] }\n'
		+ 'instances: { a: { connector: echo } }\n');
	const { code, stdout, stderr } = await fairlead(['check', 'fairlead.yaml']);
	assert.notEqual(code, 0);
	assert.notEqual(stderr, '');
	assert.ok(!/: valid/.test(stdout));
});

test('init: a file that checks and runs; never over one that is there', async () => {
	const made = await fairlead(['init', 'new']);
	assert.equal(made.code, 0, made.stderr);
	assert.match(made.stdout, /next: fairlead run -c new\/fairlead\.yaml/);
	assert.equal(statSync(path.join(dir, 'new/data')).mode & 0o777, 0o700);
	const first = path.join(dir, 'new/fairlead.yaml');
	const checked = await fairlead(['check', '--strict', first]);
	assert.equal(checked.code, 0, checked.stderr);

	writeFileSync(first, '# mine\n');
	const again = await fairlead(['init', 'new']);
	assert.equal(again.code, 1);
	assert.match(again.stderr, /File exists/);
	assert.equal(readFileSync(first, 'utf8'), '# mine\n');

	mkdirSync(path.join(dir, 'here'));
	assert.equal((await fairlead(['init'], { cwd: path.join(dir, 'here') })).code, 0);
	assert.ok(existsSync(path.join(dir, 'here/fairlead.yaml')));
	assert.equal((await fairlead(['init', 'no/such/folder'])).code, 1);
});

// ---- the schema for editors ----

const rich = `secrets: { t/a: "\${env:FAIRLEAD_E2E_SECRET}" }
connectors: { http: { version: "1.x" } }
instances:
  echo: { connector: echo, owner: me, timeout: 5s, concurrency: { max: 7 } }
  up:
    connector: "\${env:FAIRLEAD_E2E_UNSET:-http}"
    max_response: 64KiB
    config: { base_url: "http://127.0.0.1:9", headers: { set: { x-a: "\${secret:t/a}" } } }
    grants: { egress: ["127.0.0.1:9"], secrets: [t/a], timers: "\${env:FAIRLEAD_E2E_UNSET:-5}",
              private_addresses: "\${env:FAIRLEAD_E2E_UNSET:-true}", kv_quota: 0 }
consumers:
  ann: { groups: [g], tenant: t, tier: gold, suspended: false, labels: { plan: gold }, credentials: [
    { api_key: { hash: "blake2b:00112233:${'0'.repeat(64)}" }, description: d, expires: 2027-01-01T00:00:00Z }] }
  bob: { credentials: null }
routes:
  one: { match: { host: "*.example.com", path: "/a/{id}", methods: [GET, PUT], headers: { x-a: b, x-b: { present: true } } },
         request: { max_body: 4096, timeout: 1m, allow_encoded_slash: true }, to: { instance: up, action: forward }, auth: [api_key, none] }
  two: { match: { path: "/b/**" }, auth: none, to: { instance: echo, action: reply } }
`;

test('--schema: a JSON Schema that takes what fairlead takes, and refuses common mistakes', async () => {
	const { code, stdout } = await fairlead(['check', '--schema']);
	assert.equal(code, 0);
	const schema = JSON.parse(stdout);
	const gateway = await Gateway.start(rich, { env: { FAIRLEAD_E2E_SECRET: 's3cret' } });
	const config = (await gateway.api('GET', '/v1/config')).body;
	await gateway.stop();
	assert.ok(!JSON.stringify(config).includes('s3cret'));
	validate(schema, config, 'config', schema);
	validate(schema, { ...config, instances: null }, 'config', schema); // a key with nothing below it

	const wrong = [
		(c) => { c.rutes = {}; },
		(c) => { delete c.apiVersion; },
		(c) => { c.apiVersion = 'fairlead/v2'; },
		(c) => { c.server.listen = []; },
		(c) => { c.server.listen = ['localhost']; },
		(c) => { c.server.workers = 257; },
		(c) => { c.server.workers = 'many'; },
		(c) => { c.server.limits = { idle_timeout: 10 }; },
		(c) => { c.server.limits = { max_body: '1MB' }; },
		(c) => { c.instances['a b'] = { connector: 'echo' }; },
		(c) => { c.instances.echo = null; },
		(c) => { c.instances.echo.connector = undefined; delete c.instances.echo.connector; },
		(c) => { c.instances.up.grants.private_addresses = 'yes'; },
		(c) => { c.instances.echo.mode = 'worker'; },
		(c) => { c.secrets['t/a'] = 7; },
		(c) => { c.routes.one.match.methods = ['get']; },
		(c) => { c.routes.one.match.path = 'a'; },
		(c) => { c.routes.one.match.headers['x-b'] = { present: false }; },
		(c) => { c.routes.one.match.headers = {}; },
		(c) => { c.routes.two.to = { instance: 'echo' }; },
		(c) => { c.routes.two.auth = 'a key'; },
		(c) => { c.routes.two.auth = []; },
		(c) => { c.routes.two.auth = ['none', 7]; },
		(c) => { c.consumers.ann.credentials[0].expires = '2027-01-01'; },
		(c) => { c.consumers.ann.credentials[0].api_key.hash = 'blake2b:0'; },
		(c) => { delete c.consumers.ann.credentials[0].api_key.hash; },
		(c) => { c.consumers.ann.credentials[0].basic = { user: 'a' }; },
		(c) => { c.consumers.ann.credentials = ['x']; },
		(c) => { c.consumers.ann.labels.plan = 1; },
	];
	for (const spoil of wrong) {
		const copy = structuredClone(config);
		spoil(copy);
		assert.throws(() => validate(schema, copy, 'config', schema), undefined, String(spoil));
	}
});
