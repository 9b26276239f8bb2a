// tests/e2e/vendors/octokit_rest.test.mjs - GitHub's own client through the gateway
// SPDX-License-Identifier: Apache-2.0
//
// @octokit/rest speaks to the gateway as if it were api.github.com; the http connector forwards to a
// stand-in for GitHub on this machine, and the github connector's actions call the same stand-in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Octokit } from '@octokit/rest';
import { Gateway } from '../lib/gateway.mjs';
import { Peer } from '../lib/peer.mjs';

const token = 'ghs_notARealTokenButAsLongAsOne0123456789';
let gateway, github, octokit;

// As much of api.github.com as the tests ask for; it notes what it was asked.
const routes = [
	['GET', /^\/repos\/(\w+)\/(\w+)$/, ([owner, name]) => [200, { full_name: `${owner}/${name}` }]],
	['GET', /^\/repos\/(\w+)\/(\w+)\/issues\?per_page=100&page=(\d)$/, ([owner, name, page]) => [200,
		Array.from({ length: 2 }, (_, i) => ({ number: page * 10 + i })), page === '1'
			? { link: `<${gateway.url}/api/repos/${owner}/${name}/issues?per_page=100&page=2>; rel="next"` } : {}]],
	['POST', /^\/repos\/(\w+)\/(\w+)\/issues$/, (_, body) => [201, { number: 7, ...body }]],
	['POST', /^\/repos\/(\w+)\/(\w+)\/issues\/(\d+)\/comments$/, (_, body) => [201, { id: 8, ...body }]],
	['POST', /^\/repos\/(\w+)\/(\w+)\/check-runs$/, (_, body) => [201, { id: 9, ...body }]],
	['DELETE', /^\/repos\/(\w+)\/(\w+)\/git\/refs\/heads%2Fold$/, () => [204]],
];

function answer(request, body) {
	for (const [method, pattern, handler] of routes) {
		const match = pattern.exec(request.url);
		if (request.method !== method || !match) continue;
		github.seen.push({ method, url: request.url, headers: request.headers });
		const [status, value, headers = {}] = handler(match.slice(1), body.length ? JSON.parse(body) : undefined);
		return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
			body: value === undefined ? '' : JSON.stringify(value) };
	}
	return { status: 404, headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ message: 'Not Found', documentation_url: 'https://docs.github.com/rest' }) };
}

before(async () => {
	github = await Peer.start(answer);
	github.seen = [];
	gateway = await Gateway.start(`
secrets:
  github/token: "\${env:GITHUB_STANDIN_TOKEN}"
instances:
  github-api:
    connector: http
    config: { base_url: "${github.url}", rewrite: { strip_prefix: /api },
              headers: { set: { authorization: "token \${secret:github/token}" } } }
    grants: { egress: ["${github.host}"], private_addresses: true, secrets: ["github/token"] }
  github:
    connector: github
    config: { api: "${github.url}", token: "\${secret:github/token}" }
    grants: { egress: ["${github.host}"], private_addresses: true, secrets: ["github/token"] }
routes:
  github-api: { match: { path: "/api/**" }, request: { allow_encoded_slash: true },
                to: { instance: github-api, action: forward } }
  create-issue: { match: { path: /issues, methods: [POST] }, to: { instance: github, action: create_issue } }
  add-comment: { match: { path: /comments, methods: [POST] }, to: { instance: github, action: add_comment } }
  create-check-run: { match: { path: /check-runs, methods: [POST] }, to: { instance: github, action: create_check_run } }
`, { env: { GITHUB_STANDIN_TOKEN: token } });
	octokit = new Octokit({ baseUrl: `${gateway.url}/api`, log: { debug() {}, info() {}, warn() {}, error() {} } });
});
after(async () => {
	await gateway?.stop();
	await github?.stop();
});

test('reads a repository; GitHub sees the token that only the gateway knows', async () => {
	const { data, status } = await octokit.repos.get({ owner: 'octo', repo: 'hello' });
	assert.equal(status, 200);
	assert.equal(data.full_name, 'octo/hello');
	const { headers } = github.seen.at(-1);
	assert.equal(headers.authorization, `token ${token}`);
	assert.match(headers['user-agent'], /octokit/);
	assert.match(headers.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
	assert.equal(headers['x-forwarded-proto'], 'http');
});

test('follows pages by the Link header', async () => {
	const issues = await octokit.paginate(
		'GET /repos/{owner}/{repo}/issues?per_page=100&page=1', { owner: 'octo', repo: 'hello' });
	assert.deepEqual(issues.map(({ number }) => number), [10, 11, 20, 21]);
});

test('writes an issue with a body in UTF-8', async () => {
	const { data, status } = await octokit.issues.create(
		{ owner: 'octo', repo: 'hello', title: 'Grüße ⚓', body: 'x'.repeat(100_000) });
	assert.equal(status, 201);
	assert.equal(data.title, 'Grüße ⚓');
	assert.equal(data.body.length, 100_000);
});

test('deletes; an encoded slash goes through where the route allows it; 204 has no body', async () => {
	const { status } = await octokit.request('DELETE /repos/octo/hello/git/refs/{ref}', { ref: 'heads/old' });
	assert.equal(status, 204);
});

test("GitHub's errors arrive as they are", async () => {
	await assert.rejects(octokit.request('GET /nowhere'), ({ status, response }) => {
		assert.equal(status, 404);
		assert.equal(response.data.message, 'Not Found');
		return true;
	});
});

test("the github connector's actions create an issue, a comment and a check run", async () => {
	const act = (path, body) => fetch(`${gateway.url}${path}`, { method: 'POST',
		headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
	const here = { owner: 'octo', repo: 'hello' };
	const issue = await act('/issues', { ...here, title: 'From an action' });
	assert.equal(issue.status, 201);
	assert.equal((await issue.json()).number, 7);
	assert.equal(github.seen.at(-1).headers.authorization, `Bearer ${token}`);
	assert.equal((await act('/comments', { ...here, issue_number: 7, body: 'Hello' })).status, 201);
	assert.equal((await act('/check-runs', { ...here, name: 'lint', head_sha: 'a'.repeat(40) })).status, 201);
	const refused = await act('/issues', { ...here, title: 'x', colour: 'red' });
	assert.equal(refused.status, 400);
	assert.equal(refused.headers.get('content-type'), 'application/problem+json');
});

test('the token is in no log and in no answer of the admin API', async () => {
	const pages = await Promise.all(['/v1/status', '/v1/config', '/v1/instances', '/metrics']
		.map(async (page) => JSON.stringify((await gateway.api('GET', page)).body)));
	await gateway.logged(/check-runs/);
	for (const text of [...pages, gateway.stderr, readFileSync(gateway.accessLog, 'utf8')])
		assert.ok(!text.includes(token));
});
