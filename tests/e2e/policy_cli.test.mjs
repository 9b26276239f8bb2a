// tests/e2e/policy_cli.test.mjs - fairlead policy: what it answers, and what bad input comes to
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { connectors, makeFolder, program, run } from './lib/gateway.mjs';

const dir = makeFolder();
after(() => rmSync(dir, { recursive: true, force: true }));

const write = (name, text) => {
	mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
	writeFileSync(path.join(dir, name), typeof text === 'string' || Buffer.isBuffer(text) ? text : JSON.stringify(text));
	return name;
};
const policy = (...argv) => run(program('fairlead'), ['policy', ...argv], { cwd: dir });

// Runs to its end with this on standard input.
function fed(input, ...argv) {
	return new Promise((done) => {
		const child = spawn(program('fairlead'), ['policy', ...argv], { cwd: dir });
		const answer = { stdout: '', stderr: '' };
		for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (s) => { answer[name] += s; });
		child.stdin.on('error', () => {}); // it need not read all of it
		child.stdin.end(input);
		child.on('close', (code, signal) => done({ code, signal, ...answer }));
	});
}

const uid = (type, id) => ({ type, id });
const request = (more = {}) => ({ principal: uid('User', 'ann'), action: uid('Action', 'read'), resource: uid('Doc', 'd'),
	context: { n: 1 }, ...more });

write('p.cedar', `@id("docs.read")
permit (principal in Group::"staff", action == Action::"read", resource)
when { principal.tier == "gold" && context.n < 10 };
@id("docs.odd")
forbid (principal, action, resource) when { context.n + 9223372036854775790 < 0 };
`);
write('s.cedarschema', `entity Group; entity Doc;
entity User in [Group] { tier: String };
action read appliesTo { principal: [User], resource: [Doc], context: { n: Long } };
`);
write('e.json', [{ uid: uid('User', 'ann'), attrs: { tier: 'gold' }, parents: [uid('Group', 'staff')] }]);
const data = ['--policies', 'p.cedar', '--schema', 's.cedarschema', '--entities', 'e.json'];
const one = ['--principal', 'User::"ann"', '--action', 'Action::"read"', '--resource', 'Doc::"d"'];

// The exit status is `code`, standard error fits, and no signal ended it.
async function refused(code, fits, ...argv) {
	const answer = await policy(...argv);
	assert.equal(answer.signal, null);
	assert.ok([code].flat().includes(answer.code), `${answer.code}: ${answer.stderr}${answer.stdout}`);
	assert.match(answer.stderr, fits);
	assert.ok(answer.stderr.length < 100_000, `${answer.stderr.length} bytes of words`);
}

test('authorize: one line a request, JSON or words; what is invalid keeps its place', async () => {
	write('r.jsonl', [request(), request({ context: { n: 9 } }), request({ context: { n: 10 } }), request({ context: { n: 100 } }),
		request({ contxt: {} }), request({ action: uid('Action', 'write') })].map((r) => JSON.stringify(r)).join('\n'));
	for (const mode of ['full', 'fast', 'linear']) {
		const { code, stdout } = await policy('authorize', ...data, '--requests', 'r.jsonl', '--json', '--mode', mode);
		const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
		assert.equal(code, 3);
		assert.deepEqual(lines.slice(0, 4).map((l) => l.decision), ['allow', 'allow', 'deny', 'deny']);
		assert.deepEqual(lines[0], { decision: 'allow', reason: ['policy0'], errors: [] });
		if (mode !== 'fast') assert.deepEqual(lines[3], { decision: 'deny', reason: [], errors: ['policy1'] });
		assert.match(lines[4].invalid[0].detail, /no member `contxt`; did you mean `context`\?/);
		assert.deepEqual([lines[4].invalid[0].file, lines[4].invalid[0].line], ['r.jsonl', 5]);
		assert.match(lines[5].invalid[0].detail, /Action::"write" is not declared/);
	}
	const words = await policy('authorize', ...data, '--use-ids', '--requests', 'r.jsonl');
	assert.equal(words.stdout, 'allow by docs.read\nallow by docs.read\ndeny\ndeny\n'
		+ '  docs.odd failed: the result does not fit a Long (p.cedar:5:45)\ninvalid\ninvalid\n');
	assert.match(words.stderr, /^r\.jsonl:5:\d+: error: .*\nr\.jsonl:6:1: error: .*\n$/);
});

test('authorize: an answer comes before the next request is written', async () => {
	const child = spawn(program('fairlead'), ['policy', 'authorize', ...data, '--requests', '-', '--json'], { cwd: dir });
	child.stdout.setEncoding('utf8');
	const closed = new Promise((done) => { child.on('close', done); });
	for (const [n, decision] of [[1, 'allow'], [10, 'deny'], [9, 'allow']]) {
		const line = new Promise((done) => { child.stdout.once('data', done); });
		child.stdin.write(`${JSON.stringify(request({ context: { n } }))}\n`);
		assert.equal(JSON.parse(await line).decision, decision);
	}
	child.stdin.end();
	assert.equal(await closed, 0);
});

test('authorize: links of templates', async () => {
	write('t.cedar', 'permit (principal in ?principal, action, resource == ?resource);');
	const link = (more = {}) => [{ templateId: 'policy0', newId: 'ann-d', values: { '?principal': uid('Group', 'staff'),
		'?resource': uid('Doc', 'd') }, ...more }];
	write('links.json', link());
	const argv = ['--policies', 't.cedar', '--entities', 'e.json', ...one];
	assert.equal((await policy('authorize', ...argv, '--links', 'links.json')).stdout, 'allow by ann-d\n');
	assert.equal((await policy('authorize', ...argv)).stdout, 'deny\n');
	for (const [wrong, fits] of [[link({ templateId: 'policy7' }), /^bad-links\.json:1:2: error: .*policy7/],
		[link({ newId: 'policy0' }), /policy0/], [link({ values: {} }), /slot/], [link({ values: { '?x': uid('A', 'b') } }), /\?principal/],
		[link({ values: undefined }), /values/], [{}, /an array/], [[1], /templateId/]]) {
		write('bad-links.json', wrong);
		await refused(3, fits, 'authorize', ...argv, '--links', 'bad-links.json');
	}
});

test('explain: which part of which policy, and the values that it saw', async () => {
	const { code, stdout } = await policy('explain', ...data, '--use-ids', ...one, '--context', '{"n": 20}');
	assert.equal(code, 0);
	assert.equal(stdout, `User::"ann", Action::"read", Doc::"d"
deny: no policy permits
  docs.read  permit  p.cedar:1:1  not satisfied
    when, clause 1: \`context.n < 10\` is false (p.cedar:3:36)
      \`context.n\` is 20
  docs.odd  forbid  p.cedar:4:1  error, so it does not count
    when, clause 1: \`context.n + 9223372036854775790\` failed (p.cedar:5:45)
      the result does not fit a Long
`);
	const json = JSON.parse((await policy('explain', ...data, ...one, '--context', write('c.json', { n: 1 }), '--json')).stdout);
	assert.deepEqual([json.decision, json.reason, json.policies.map((p) => p.verdict)],
		['allow', ['policy0'], ['satisfied', 'not_satisfied']]);
});

test('validate: valid or not, kinds and places', async () => {
	write('bad.cedar', 'permit (principal, action, resource)\nwhen { principal.teir == "gold" };\npermit (principal == Usr::"a", action, resource);\n');
	const good = await policy('validate', '--policies', 'p.cedar', '--schema', 's.cedarschema', '--json');
	assert.deepEqual([good.code, JSON.parse(good.stdout)],
		[0, { valid: true, errors: [], warnings: [], error_count: 0, warning_count: 0 }]);
	const bad = await policy('validate', '--policies', 'bad.cedar', '--schema', 's.cedarschema', '--json');
	const answer = JSON.parse(bad.stdout);
	assert.equal(bad.code, 3);
	assert.equal(answer.valid, false);
	const { message, ...first } = answer.errors[0];
	assert.deepEqual(first, { policy: 'policy0', kind: 'unknown_attribute', file: 'bad.cedar', line: 2, column: 8 });
	assert.match(message, /teir/);
	assert.equal(answer.errors[1].policy, 'policy1');
	await refused(3, /^bad\.cedar:2:8: error: [\s\S]*errors, 0 warnings\n$/, 'validate', '--policies', 'bad.cedar', '--schema', 's.cedarschema');
});

test('check: annotations, ids, types; all at once', async () => {
	assert.equal((await policy('check', '--schema', 's.cedarschema', 'p.cedar')).stdout, '2 policies, valid\n');
	write('lint.cedar', `@id("a") @rate_limit("often") permit (principal, action, resource);
@id("a") permit (principal, action, resource);
@id("policy7") permit (principal, action, resource);
@colour("red") permit (principal, action, resource);
@advice("x") permit (principal, action, resource);
`);
	const { code, stdout } = await policy('check', '--json', 'lint.cedar');
	assert.equal(code, 3);
	assert.deepEqual(JSON.parse(stdout).errors.map((e) => e.line).sort(), [1, 2, 3, 4, 5]);
	write('syntax.cedar', 'permit (principal action, resource);\npermit (principal, action);\n');
	await refused(3, /^syntax\.cedar:1:19: error: .*\nsyntax\.cedar:2:\d+: error: /, 'check', 'syntax.cedar');
});

test('a configuration: its policies, its schema, the entities that it makes', async () => {
	write('gw/fairlead.yaml', `apiVersion: fairlead/v1
server: { data_dir: data, connector_dirs: ["${connectors}"] }
instances: { orders: { connector: echo } }
consumers: { acme: { groups: [partners], labels: { scope: "orders:read" } } }
routes:
  orders: { match: { path: "/orders/**" }, to: { instance: orders, action: reply }, api: orders, auth: [api_key] }
policies: { include: ["orders.cedar"], headers: [x-purpose] }
`);
	write('gw/orders.cedar', `@id("orders.read")
permit (principal in Gw::Group::"partners", action in Gw::Action::"read", resource in Gw::Api::"orders")
when { principal.hasTag("scope") && principal.getTag("scope").contains("orders:read") };
`);
	const conf = ['-c', 'gw/fairlead.yaml'];
	assert.equal((await policy('check', ...conf)).stdout, '1 policy, valid\n');
	const schema = await policy('schema', 'gw/fairlead.yaml');
	assert.equal(schema.code, 0, schema.stderr);
	assert.match(schema.stdout, /"x-purpose"\?: String/);
	write('gw/made.cedarschema', schema.stdout);
	assert.equal((await policy('validate', '--policies', 'gw/orders.cedar', '--schema', 'gw/made.cedarschema')).stdout, 'valid\n');
	write('gw/context.json', { now: '2026-11-25T12:00:00Z', client: { ip: '192.0.2.1', tls: true }, amr: ['api_key'],
		req: { method: 'GET', host: 'a', contentLength: 0, targetBytes: 7, headerBytes: 90, hdr: {} } });
	const get = ['--principal', 'Gw::Consumer::"acme"', '--action', 'Gw::Action::"GET"', '--resource', 'Gw::Route::"orders"',
		'--context', 'gw/context.json'];
	assert.equal((await policy('authorize', ...conf, ...get)).stdout, 'allow by orders.read\n');
	await refused(2, /-c CONFIG alone/, 'authorize', ...conf, ...data, ...get);
	await refused(3, /does not apply to the resource/, 'explain', ...conf, ...get, '--resource', 'Gw::Api::"orders"');
	write('gw/orders.cedar', 'permit (principal, action, resource) when { principal.age > 1 };');
	await refused(3, /^gw\/orders\.cedar:1:45: error: /, 'check', ...conf);
	await refused(3, /^gw\/orders\.cedar:1:45: error: /, 'authorize', ...conf, ...get);
	write('gw/orders.cedar', '@mode("shadow") permit (principal, action, resource is Gw::Route);'); // none is in force
	assert.equal((await policy('check', ...conf)).stdout, '1 policy, valid\n');
	assert.equal((await policy('authorize', ...conf, ...get)).stdout, 'deny\n');
	write('gw/empty.yaml', 'apiVersion: fairlead/v1\nserver: { data_dir: data }\npolicies: { include: [] }\n');
	assert.equal((await policy('check', '-c', 'gw/empty.yaml')).stdout, '0 policies, valid\n');
	assert.equal((await policy('authorize', '-c', 'gw/empty.yaml', ...get)).stdout, 'deny\n');
	write('gw/none.yaml', 'apiVersion: fairlead/v1\nserver: { data_dir: data }\n');
	await refused(3, /there is no `policies`/, 'check', '-c', 'gw/none.yaml');
	await refused(3, /cannot read nope\.yaml/, 'schema', 'nope.yaml');
	await refused(2, /usage: fairlead policy schema CONFIG/, 'schema');
	await refused(2, /usage: fairlead policy check/, 'check', '--schema', 's.cedarschema');
});

const suite = (requests, more = {}) => ({ policies: 'b/p.cedar', entities: 'b/e.json', schema: 'b/s.cedarschema', shouldValidate: true,
	requests, ...more });
const expects = (decision, reason = [], errors = [], more = {}) => request({ decision, reason, errors, ...more });

test('test: the official format; names are relative to a folder above', async () => {
	write('b/p.cedar', 'permit (principal in Group::"staff", action == Action::"read", resource) when { principal.tier == "gold" };\n');
	write('b/s.cedarschema', 'entity Group; entity Doc; entity User in [Group] { tier: String };\n'
		+ 'action read appliesTo { principal: [User], resource: [Doc], context: { n: Long } };\n');
	write('b/e.json', [{ uid: uid('User', 'ann'), attrs: { tier: 'gold' }, parents: [uid('Group', 'staff')] },
		{ uid: uid('User', 'bob'), attrs: { tier: 'free' }, parents: [uid('Group', 'staff')] }]);
	write('b/tests/good.json', suite([expects('allow', ['policy0']), expects('deny', [], [], { principal: uid('User', 'bob') })]));
	write('b/tests/deep/more.json', suite([expects('allow', ['policy0', 'policy0'])], { schemaFormat: 'cedar' }));
	write('b/tests/x.entities.json', []);
	for (const mode of ['full', 'fast', 'linear']) {
		const { code, stdout, stderr } = await policy('test', '--mode', mode, 'b/tests');
		assert.deepEqual([code, stdout, stderr], [0, '3 requests; 2 passed, 0 failed\n', '']);
	}
	const rooted = await run(program('fairlead'), ['policy', 'test', '--root', dir, 'good.json'], { cwd: path.join(dir, 'b/tests') });
	assert.equal(rooted.stdout, '2 requests; 1 passed, 0 failed\n');
	/* Names of a folder that is called otherwise here: the files are beside the test. */
	for (const name of ['p.cedar', 's.cedarschema', 'e.json'])
		cpSync(path.join(dir, 'b', name), path.join(dir, 'flat', name));
	write('flat/one.json', suite([expects('allow', ['policy0'])],
		{ policies: 'else/p.cedar', schema: 'else/s.cedarschema', entities: 'else/e.json' }));
	assert.equal((await policy('test', 'flat/one.json')).stdout, '1 requests; 1 passed, 0 failed\n');
	const sums = JSON.parse((await policy('test', '--json', 'b/tests')).stdout);
	assert.deepEqual(sums, { passed: 2, failed: 0, requests: 3, broken: 0, decision_bad: 0, reason_bad: 0, error_bad: 0, verdict_bad: 0 });
});

test('test: each thing that differs fails it, and an explanation says why', async () => {
	const of = async (requests, more) => {
		write('b/one.json', suite(requests, more));
		const { code, stdout } = await policy('test', 'b/one.json');
		assert.equal(code, 1, stdout);
		assert.match(stdout, /^FAIL b\/one\.json\n[\s\S]*; 0 passed, 1 failed\n$/);
		return stdout;
	};
	assert.match(await of([expects('allow', ['policy0'], [], { principal: uid('User', 'bob'), description: 'bob reads' })]),
		/request 1 \(bob reads\): decision is deny, expected allow\n[\s\S]*`principal.tier == "gold"` is false[\s\S]*is "free"/);
	assert.match(await of([expects('allow', [])]), /request 1: reason is \[policy0\], expected \[\]/);
	assert.match(await of([expects('allow', ['policy0'], ['policy1'])]), /request 1: errors is \[\], expected \[policy1\]/);
	assert.match(await of([], { shouldValidate: false }), /validation: the policies are valid, expected not valid/);
	assert.match(await of([expects('allow', ['policy0'], [], { context: {} })]), /the context: the attribute `n` is missing/);
	assert.match(await of([expects('permit')]), /allow or deny/);
	assert.match(await of([expects('allow', 'policy0')]), /lists of policy ids/);
	assert.match(await of([expects('allow', ['policy0'], [], { reasons: [] })]), /no member `reasons`; did you mean `reason`\?/);
	assert.match(await of([], { request: [] }), /no member `request`; did you mean `requests`\?/);
	assert.match(await of([], { policies: 'nowhere.cedar' }), /neither a folder above the test has nowhere\.cedar/);
	assert.match(await of([], { policyFormat: 'json' }), /`policyFormat` of a test can be cedar here/);
	assert.match(await of([], { schema: undefined }), /both `schema` and `shouldValidate`, or neither/);
	assert.match(await of({}), /`requests` of a test cannot be an object/);
	assert.match(await of([], { entities: 'b/none.json' }), /cannot open .*none\.json/);
});

test('test: nothing to run is no success; links of folders are not followed in circles', async () => {
	mkdirSync(path.join(dir, 'empty'), { recursive: true });
	symlinkSync('..', path.join(dir, 'empty/up'));
	await refused(1, /no test there/, 'test', 'empty');
	await refused(1, /cannot read nowhere: No such file/, 'test', 'nowhere');
});

test('usage: each mistake is named', async () => {
	await refused(2, /usage: fairlead policy COMMAND/);
	await refused(2, /did you mean "explain"/, 'explian');
	await refused(2, /say which policies/, 'authorize', '--requests', 'x');
	await refused(2, /say which request/, 'authorize', '--policies', 'p.cedar');
	await refused(2, /say which request/, 'authorize', '--policies', 'p.cedar', '--principal', 'User::"ann"');
	await refused(2, /say which request/, 'explain', '--policies', 'p.cedar', '--requests', 'r.jsonl', ...one);
	await refused(2, /--mode is full, fast or linear, not quick/, 'test', '--mode', 'quick', '.');
	await refused(2, /validate: takes no --mode/, 'validate', '--mode', 'full');
	await refused(2, /--schema FILE is missing/, 'validate', '--policies', 'p.cedar');
	await refused(2, /more than 100 files/, 'check', ...Array(101).fill('p.cedar'));
	await refused(3, /^--action: error: not the name of an entity, such as User::"ann"/, 'authorize', '--policies', 'p.cedar',
		'--principal', 'User::"ann"', '--action', 'read', '--resource', 'Doc::"d"');
	await refused(1, /cannot open nope\.cedar/, 'check', 'nope.cedar');
	await refused(1, /not a regular file/, 'check', '.');
	const twice = await fed('permit (principal, action, resource);', 'check', '-', '-');
	assert.equal(twice.code, 3);
	assert.match(twice.stderr, /read once/);
});

test('standard input is read to its bound', async () => {
	assert.equal((await fed('permit (principal, action, resource);', 'check', '-')).code, 0);
	const big = await fed('/'.repeat(17 << 20), 'check', '-');
	assert.deepEqual([big.code, big.stderr], [1, 'error: standard input is over 16777216 bytes [file_too_large]\n']);
});

test('what cannot be written is no success', async (t) => {
	if (!existsSync('/dev/full')) return t.skip('no /dev/full');
	const { code, stderr } = await run('/bin/sh', ['-c', 'exec "$0" policy authorize "$@" >/dev/full', program('fairlead'), ...data, ...one,
		'--context', '{"n":1}'], { cwd: dir });
	assert.deepEqual([code, stderr], [1, 'fairlead: cannot write to standard output\n']);
});

// What each of these comes to in the library is tested there: tests/unit/policy. Here: that the
// program says so, in bounded words, and exits.
test('hostile policies are refused with their place', async () => {
	const permit = 'permit (principal, action, resource)';
	write('big.cedar', `${permit};\n`.repeat(300_000)); // 11 MB
	await refused(3, /big\.cedar.*1048576/, 'check', 'big.cedar');
	write('huge.cedar', Buffer.alloc(20 << 20, 0x20));
	await refused(1, /huge\.cedar is over 16777216 bytes/, 'check', 'huge.cedar');
	write('annotations.cedar', `${Array.from({ length: 100_000 }, (_, i) => `@a${i}`).join(' ')} ${permit};`);
	await refused(3, /annotations\.cedar:1:1: error: .*10240/, 'check', 'annotations.cedar');
	for (const [name, text] of [['parens', `${'('.repeat(3000)}true${')'.repeat(3000)}`], ['sets', `${'['.repeat(3000)}${']'.repeat(3000)} == 1`],
		['ifs', `${'if true then ('.repeat(300)}true${') else false'.repeat(300)}`], ['nots', `${'!'.repeat(3000)}true`]]) {
		write(`${name}.cedar`, `${permit} when { ${text} };`);
		await refused(3, new RegExp(`^${name}\\.cedar:1:\\d+: error: `), 'check', `${name}.cedar`);
	}
	write('nul.cedar', Buffer.from(`${permit} when { "a\0b" == 1 };`));
	assert.equal((await policy('check', 'nul.cedar')).signal, null);
	write('utf8.cedar', Buffer.from([...Buffer.from(permit), 0xff, 0x3b]));
	await refused(3, /utf8\.cedar/, 'check', 'utf8.cedar');
	write('long.cedar', `${permit} when { 9223372036854775808 == 1 };`);
	await refused(3, /long\.cedar:1:45: error: /, 'check', 'long.cedar');
	write('twice.cedar', `@a("1") @a("2") ${permit};`);
	await refused(3, /twice\.cedar:1:9: error: /, 'check', 'twice.cedar');
});

test('hostile entities are refused with their place', async () => {
	const entity = (id, parents = [], attrs = '{}') => `{"uid":{"type":"U","id":${JSON.stringify(id)}},"attrs":${attrs},"parents":${JSON.stringify(
		parents.map((p) => uid('U', p)))}}`;
	const bad = async (text, fits) => {
		write('bad.json', text);
		await refused(3, fits, 'authorize', '--policies', 'p.cedar', '--entities', 'bad.json', ...one);
	};
	await bad(`[${entity('a', ['b'])},${entity('b', ['c'])},${entity('c', ['a'])}]`, /bad\.json: error: .*U::"[abc]".*cycle|ancestor/);
	await bad(`[${entity('a', ['a'])}]`, /cycle|ancestor/);
	await bad(`[${entity('a', [], '{"x":1,"x":2}')}]`, /^bad\.json:1:\d+: error: .*`?x/);
	await bad(`[${entity('a', [], '{"x":9223372036854775808}')}]`, /^bad\.json:1:\d+: error: /);
	await bad(`[${entity('a', [], '{"x":1.5}')}]`, /^bad\.json:1:\d+: error: /);
	await bad(`[${entity('a', [], '{"x":null}')}]`, /^bad\.json:1:\d+: error: /);
	await bad(`[${entity('a', [], `{"x":${'['.repeat(5000)}${']'.repeat(5000)}}`)}]`, /^bad\.json:1:\d+: error: .*128/);
	await bad(`[${entity('a', [], '{"x":1}')},${entity('a', [], '{"x":2}')}]`, /U::"a"/);
	await bad(`[{"uid":{"type":"U U","id":"a"},"attrs":{},"parents":[]}]`, /^bad\.json:1:\d+: error: /);
	await bad('{}', /^bad\.json:1:1: error: /);
	await bad('', /^bad\.json:1:1: error: /);
	await bad(`["${'x'.repeat(10 << 20)}"]`, /^bad\.json:1:2: error: /); // 10 MB that are no entity
	for (const n of [20_000, 60_000, 7 << 20]) { // few bytes that become much memory, up to where it is refused
		write('many.json', `[${'1,'.repeat(n)}1]`);
		await refused([1, 3], /many\.json:.* error: (takes more memory than is allowed|expected an entity)/, 'authorize',
			'--policies', 'p.cedar', '--entities', 'many.json', ...one);
	}
	write('none.json', Buffer.alloc((16 << 20) + 1, 0x20));
	await refused(1, /none\.json is over 16777216 bytes/, 'authorize', '--policies', 'p.cedar', '--entities', 'none.json', ...one);
	write('unknown.json', `[${entity('a')}]`);
	await refused(3, /unknown\.json: error: .*U/, 'authorize', '--policies', 'p.cedar', '--schema', 's.cedarschema', '--entities', 'unknown.json',
		...one);
});

test('ids with NUL and astral characters are ids like others', async () => {
	for (const id of ['a\0b', '\u{1f6a2}', '', '\u001b[2J', '"\\']) {
		write('id.cedar', `permit (principal == U::"${id.replace(/["\\]/g, '\\$&').replaceAll('\0', '\\0')}", action, resource);`);
		write('id.jsonl', JSON.stringify(request({ principal: uid('U', id) })));
		const { code, stdout, stderr } = await policy('explain', '--policies', 'id.cedar', '--requests', 'id.jsonl');
		assert.equal(code, 0, stderr);
		assert.match(stdout, /\nallow: permitted by policy0\n/);
		assert.doesNotMatch(stdout, /[\0\u001b]/);
	}
});

test('hostile requests: each keeps its place, and the next one is answered', async () => {
	const good = JSON.stringify(request());
	const lines = ['{"principal":'.repeat(400), '[]', '"x"', `{"x":"${'x'.repeat(2 << 20)}"}`, good.replace('"n":1', '"n":1,"n":2'),
		good.replace('"n":1', '"n":9223372036854775808'), good.replace('"ann"', '"\\ud800"'), good.replace('"User"', '""'), '{}', 'x'];
	const { code, signal, stdout } = await fed(`${lines.join('\n')}\n${good}\n`, 'authorize', ...data, '--requests', '-', '--json');
	const answers = stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
	assert.deepEqual([code, signal, answers.length], [3, null, lines.length + 1]);
	answers.slice(0, -1).forEach((answer, i) => assert.deepEqual([answer.invalid.length, answer.invalid[0].line], [1, i + 1]));
	assert.match(answers[3].invalid[0].detail, /at most 1048576 bytes/);
	assert.equal(answers.at(-1).decision, 'allow');
});

test('hostile schemas are refused with their place', async () => {
	for (const text of ['entity A in [B];', 'entity A; entity A;', 'type A = B; type B = A;', 'entity A;\n'.repeat(200_000),
		`type A = ${'Set<'.repeat(3000)}Long${'>'.repeat(3000)};`, '{"": {"entityTypes": {"A": 1}, "actions": {}}}'])
		await refused(3, /^bad\.cedarschema:\d+:\d+: error: /, 'validate', '--policies', 'p.cedar', '--schema',
			write('bad.cedarschema', text));
});
