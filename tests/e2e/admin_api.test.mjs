// tests/e2e/admin_api.test.mjs - every operation of the admin API, right and wrong
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, build, connectors, until } from './lib/gateway.mjs';
import { check } from './lib/schema.mjs';

const echo1 = readFileSync(path.join(connectors, 'echo.so'));
const echo2 = readFileSync(path.join(build, 'tests/e2e/echo-2.so'));
let gateway, openapi;

before(async () => {
	gateway = await Gateway.start();
	openapi = (await gateway.api('GET', '/openapi.json', { token: '' })).body;
});
after(() => gateway?.stop());

// A call whose answer is what /openapi.json says of it.
async function call(method, url, options) {
	const answer = await gateway.api(method, url, options);
	check(openapi, method, url, answer);
	return answer;
}

// As fetch, but with any Host, and raw bytes: (options of http.request) -> status and body.
function raw(options, body = '') {
	const { hostname, port } = new URL(gateway.admin);
	return new Promise((done, fail) => {
		const request = http.request({ hostname, port, agent: false, ...options }, (answer) => {
			let text = '';
			answer.setEncoding('utf8').on('data', (part) => { text += part; })
				.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: text }));
		});
		request.once('error', fail);
		request.end(body);
	});
}

const bearer = () => ({ authorization: `Bearer ${gateway.token}` });
const code = (answer) => answer.body.type?.replace('urn:fairlead:problem:', '');

test('health answers without a token', async () => {
	assert.equal((await call('GET', '/healthz/live', { token: '' })).body.status, 'live');
	assert.equal((await call('GET', '/healthz/ready', { token: '' })).body.status, 'ready');
});

test('the token file is for its owner only', () => {
	assert.equal(statSync(gateway.tokenFile).mode & 0o777, 0o600);
	assert.match(gateway.token, /^[0-9a-f]{64}$/);
});

test('everything that is documented as protected refuses without the token, and with a wrong one', async () => {
	let seen = 0;
	for (const [url, methods] of Object.entries(openapi.paths))
		for (const [method, operation] of Object.entries(methods)) {
			if (operation.security.length === 0) continue;
			for (const token of ['', 'f'.repeat(64), gateway.token.slice(0, 63), `${gateway.token}0`]) {
				const answer = await gateway.api(method.toUpperCase(), url.replace(/\{\w+\}/g, 'x'), { token });
				assert.equal(answer.status, 401, `${method} ${url}`);
				assert.equal(code(answer), 'token_required');
				assert.match(answer.headers.get('www-authenticate'), /^Bearer/);
			}
			seen++;
		}
	assert.ok(seen >= 13, `only ${seen} operations are protected`);
	const { body } = await call('GET', '/v1/status');
	assert.ok(body.admin.auth_failures_total >= seen * 4);
});

test('a name that is not ours as Host, and a page of elsewhere, are refused even with the token', async () => {
	for (const host of ['evil.example', 'evil.example:8901', '127.0.0.1.evil.example', 'localhost.evil.example']) {
		const answer = await raw({ path: '/v1/status', headers: { ...bearer(), host } });
		assert.equal(answer.status, 421, host);
	}
	for (const host of ['localhost', '127.0.0.1:1', '[::1]', 'LOCALHOST:80'])
		assert.equal((await raw({ path: '/v1/status', headers: { ...bearer(), host } })).status, 200, host);
	const origin = await raw({ path: '/v1/status', headers: { ...bearer(), origin: 'https://evil.example' } });
	assert.equal(origin.status, 403);
	const own = await raw({ path: '/v1/status', headers: { ...bearer(), origin: gateway.admin } });
	assert.equal(own.status, 200);
});

test('unknown paths are 404, wrong methods 405 with Allow, nothing changes by GET', async () => {
	const nothing = await call('GET', '/v1/nothing');
	assert.equal(nothing.status, 404);
	assert.match(nothing.headers.get('content-type'), /^application\/problem\+json/);
	assert.match(nothing.body.request_id, /^[0-9a-f]{32}$/);
	for (const [method, url, allow] of [['DELETE', '/v1/status', 'GET, HEAD'],
		['GET', '/v1/config:reload', 'POST'], ['GET', '/v1/connectors/echo/versions/1.0.0:activate', 'POST'],
		['POST', '/v1/connectors/echo/versions/1.0.0', 'GET, HEAD, PUT']]) {
		const answer = await gateway.api(method, url);
		assert.equal(answer.status, 405, `${method} ${url}`);
		assert.equal(answer.headers.get('allow'), allow);
	}
});

test('a query or body that an operation does not know is refused, not passed over', async () => {
	assert.equal(code(await call('POST', '/v1/config:reload?dry_run=true')), 'query_unknown');
	assert.equal(code(await call('POST', '/v1/config:reload', { body: '{}' })), 'body_unexpected');
});

test('a request is explained; what is no question is refused', async () => {
	const headers = { 'content-type': 'application/json' };
	const body = JSON.stringify({ method: 'GET', url: `${gateway.url}/echo/1` });
	const told = (await call('POST', '/v1/explain', { headers, body })).body;
	assert.equal(told.decision, 'allow');
	assert.equal(told.has_policies, false);
	assert.equal(told.route.name, 'echo');
	assert.match(told.text, /no policies are configured/);
	assert.equal(code(await call('POST', '/v1/explain', { headers, body: '{}' })), 'explain_invalid');
	assert.equal(code(await call('POST', '/v1/explain', { headers, body: '{' })), 'json_syntax');
	assert.equal(code(await call('POST', '/v1/explain', { body })), 'media_type');
	assert.equal(code(await call('POST', '/v1/explain', { headers, body: 'x'.repeat(65537) })), 'body_too_large');
});

test('status is one page of truth', async () => {
	const { status, body, headers } = await call('GET', '/v1/status');
	assert.equal(status, 200);
	assert.equal(body.ready, true);
	assert.equal(body.workers, 2);
	assert.equal(body.pid, gateway.pid);
	assert.equal(body.zombies, 0);
	assert.equal(body.config.file, gateway.file);
	assert.deepEqual(body.connectors.map(({ id, active }) => [id, active]), [['echo', '1.0.0']]);
	assert.equal(headers.get('fairlead-revision'), String(body.config.revision));
	assert.equal(headers.get('cache-control'), 'no-store');
});

test('metrics are Prometheus text and want the token', async () => {
	// The first has ended when the second, on the same connection, is answered.
	for (let i = 0; i < 2; i++) await (await fetch(`${gateway.url}/echo`)).text();
	const { status, body, headers } = await gateway.api('GET', '/metrics');
	assert.equal(status, 200);
	assert.match(headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
	assert.match(body, /^fairlead_requests_total\{.*route="echo".*\} [1-9]/m);
	assert.match(body, /^fairlead_snapshots_alive [12]$/m);
	assert.match(body, /^fairlead_build_info\{version="[^"]+"\} 1$/m);
	const families = [...body.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1]);
	assert.equal(new Set(families).size, families.length, 'a family is printed twice');
});

test('the configuration is canonical, and a secret stays a reference', async () => {
	const { status, body } = await call('GET', '/v1/config');
	assert.equal(status, 200);
	assert.equal(body.routes.echo.to.action, 'reply');
});

test('an upload is created, repeated, and refused under another name', async () => {
	const url = '/v1/connectors/echo/versions/2.0.0';
	const created = await call('PUT', url, { body: echo2 });
	assert.equal(created.status, 201, JSON.stringify(created.body));
	assert.equal(created.headers.get('location'), url);
	assert.equal(created.body.origin, 'uploaded');
	assert.equal(created.body.manifest.id, 'echo');
	const again = await call('PUT', url, { body: echo2 });
	assert.equal(again.status, 200);
	assert.equal(again.body.sha256, created.body.sha256);
	const shipped = await call('PUT', '/v1/connectors/echo/versions/1.0.0', { body: echo1 });
	assert.equal(shipped.status, 200);
	for (const wrong of ['/v1/connectors/echo/versions/3.0.0', '/v1/connectors/other/versions/2.0.0'])
		assert.equal(code(await call('PUT', wrong, { body: echo2 })), 'connector_mismatch');
	assert.equal((await call('GET', url)).body.sha256, created.body.sha256);
});

test('what serves is never replaced under its version', async () => {
	await call('POST', '/v1/connectors/echo/versions/2.0.0:activate');
	const other = Buffer.from(echo2);
	const at = other.indexOf('"license": "Apache-2.0"');
	assert.ok(at > 0);
	other.write('"license": "Apache-2.1"', at);
	const answer = await call('PUT', '/v1/connectors/echo/versions/2.0.0', { body: other });
	assert.equal(answer.status, 409);
	assert.equal(code(answer), 'version_taken');
	await call('POST', '/v1/connectors/echo/versions/1.0.0:activate');
	assert.equal((await call('PUT', '/v1/connectors/echo/versions/2.0.0', { body: other })).status, 201);
	assert.equal((await call('PUT', '/v1/connectors/echo/versions/2.0.0', { body: echo2 })).status, 201);
});

test('an upload that is no connector, of a wrong type, or too large is refused and leaves nothing', async () => {
	const url = '/v1/connectors/echo/versions/9.0.0';
	for (const body of [Buffer.alloc(0), Buffer.from('not a connector'), echo2.subarray(0, 1000), echo2.subarray(0, echo2.length - 1)]) {
		const answer = await call('PUT', url, { body });
		assert.equal(answer.status, 422, String(body.length));
		assert.ok(answer.body.errors.length > 0);
		assert.ok(answer.body.errors[0].hint, JSON.stringify(answer.body.errors[0]));
	}
	const type = await call('PUT', url, { body: echo2, headers: { 'content-type': 'text/html' } });
	assert.equal(type.status, 415);
	const large = await raw({ method: 'PUT', path: url, headers: { ...bearer(),
		'content-length': String((16 << 20) + 1) } }).catch((error) => ({ error }));
	assert.equal(large.status, 413, String(large.error));
	assert.equal((await call('GET', url)).status, 404);
	const { body } = await call('GET', '/v1/connectors/echo');
	assert.deepEqual(body.versions.map(({ version }) => version), ['2.0.0', '1.0.0']);
});

test('server.admin.max_body is the largest upload, to the byte', async () => {
	const size = 70_000;
	const own = await Gateway.start(undefined, { adminKeys: `, max_body: ${size}` });
	try {
		const file = path.join(own.dir, 'echo.so');
		const padded = (n) => writeFileSync(file, Buffer.concat([echo2, Buffer.alloc(n - echo2.length)]));
		padded(size + 1);
		const refused = await own.ctl('connector', 'install', file);
		assert.equal(refused.code, 3, refused.stderr);
		assert.match(refused.stderr, /over the limit.*\n.*raise server\.admin\.max_body/);
		padded(size);
		const taken = await own.ctl('connector', 'install', file);
		assert.equal(taken.code, 0, taken.stderr);
		assert.equal((await fetch(`${own.url}/echo`)).status, 200);
	} finally {
		await own.stop();
	}
});

test('an upload that is cut off leaves nothing', async () => {
	const { hostname, port } = new URL(gateway.admin);
	const socket = net.connect(Number(port), hostname);
	await new Promise((done) => socket.once('connect', done));
	await new Promise((done) => socket.write('PUT /v1/connectors/echo/versions/8.0.0 HTTP/1.1\r\n'
		+ `Host: ${hostname}\r\nAuthorization: Bearer ${gateway.token}\r\n`
		+ `Content-Length: ${echo2.length}\r\n\r\n`, done));
	await new Promise((done) => socket.write(echo2.subarray(0, 4000), done));
	socket.destroy();
	assert.equal((await call('GET', '/v1/connectors/echo/versions/8.0.0')).status, 404);
	assert.equal((await call('GET', '/v1/status')).status, 200);
});

test('connectors and versions are listed; what is not there is 404 with what is', async () => {
	const list = await call('GET', '/v1/connectors');
	const ids = list.body.items.map(({ id }) => id);
	assert.deepEqual([...ids].sort(), ids);
	for (const id of ['echo', 'github', 'http']) assert.ok(ids.includes(id), id);
	assert.deepEqual(list.body.items.find(({ id }) => id === 'echo').used_by, ['echo']);
	assert.equal((await call('GET', '/v1/connectors/nobody')).status, 404);
	assert.equal((await call('GET', '/v1/connectors/echo/versions/7.7.7')).status, 404);
	assert.equal((await call('GET', '/v1/connectors/echo/versions/1.x')).status, 404);
	assert.equal((await call('POST', '/v1/connectors/echo/versions/7.7.7:activate')).status, 404);
});

test('inspect says what a version is and executes nothing', async () => {
	const { status, body } = await call('POST', '/v1/connectors/github/versions/1.0.0:inspect');
	assert.equal(status, 200);
	assert.equal(body.loadable, true);
	assert.equal(body.manifest.id, 'github');
	await until(() => call('GET', '/v1/status'), ({ body: { modules_live } }) => modules_live === 1);
});

test('activate swaps, says how fast, and is idle the second time', async () => {
	const version = async () => (await fetch(`${gateway.url}/echo`)).headers.get('x-echo-version');
	const first = await call('POST', '/v1/connectors/echo/versions/2.0.0:activate');
	assert.equal(first.status, 200, JSON.stringify(first.body));
	assert.equal(first.body.changed, true);
	assert.ok(first.body.live_in_ms > 0);
	assert.equal(await version(), '2.0.0');
	const second = await call('POST', '/v1/connectors/echo/versions/2.0.0:activate');
	assert.equal(second.body.changed, false);
	assert.equal(second.body.generation, first.body.generation);
	const back = await call('POST', '/v1/connectors/echo/versions/1.0.0:activate');
	assert.ok(back.body.generation > first.body.generation);
	assert.equal(await version(), '1.0.0');
});

test('a connector that the configuration does not mention is not activated', async () => {
	const answer = await call('POST', '/v1/connectors/github/versions/1.0.0:activate');
	assert.equal(answer.status, 422);
	assert.equal(code(answer), 'connector_not_configured');
	assert.ok(answer.body.errors[0].hint);
});

test('limits are listed, none if there are none', async () => {
	assert.deepEqual((await call('GET', '/v1/limits')).body.items, []);
});

test('instances and generations', async () => {
	const list = await call('GET', '/v1/instances');
	assert.deepEqual(list.body.items.map(({ name, state }) => [name, state]), [['echo', 'running']]);
	const one = await call('GET', '/v1/instances/echo');
	assert.deepEqual(one.body.routes, ['echo']);
	const renewed = await call('POST', '/v1/instances/echo:reload');
	assert.equal(renewed.status, 200);
	assert.ok(renewed.body.generation > one.body.generation);
	const lives = await call('GET', '/v1/instances/echo/generations');
	assert.equal(lives.body.items[0].generation, renewed.body.generation);
	assert.equal(lives.body.items[0].state, 'running');
	assert.equal(lives.body.items[0].module_generation, one.body.module_generation, 'no code was loaded');
	for (const url of ['/v1/instances/nobody', '/v1/instances/nobody/generations'])
		assert.equal((await call('GET', url)).status, 404);
	assert.equal((await call('POST', '/v1/instances/nobody:reload')).status, 404);
});

test('reload of an unchanged file makes no new generation and no new revision', async () => {
	const before = (await call('GET', '/v1/instances/echo')).body;
	const { status, body } = await call('POST', '/v1/config:reload');
	assert.equal(status, 200);
	assert.equal(body.changed, false);
	const after = (await call('GET', '/v1/instances/echo')).body;
	assert.equal(after.generation, before.generation);
});

test('every documented operation has been called', () => {
	assert.deepEqual(check.missing(openapi), []);
});
