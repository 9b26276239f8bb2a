// tests/e2e/vendors/github_webhooks.test.mjs - every webhook that GitHub documents, as a CloudEvent
// SPDX-License-Identifier: Apache-2.0
//
// The payloads are those of @octokit/webhooks-examples; the sink reads what arrives with the
// CloudEvents SDK, which checks it against the specification.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { HTTP } from 'cloudevents';
import { Gateway } from '../lib/gateway.mjs';
import { Peer } from '../lib/peer.mjs';

const events = createRequire(import.meta.url)('@octokit/webhooks-examples');
const payloads = events.flatMap(({ name, examples }) => examples.map((payload) => ({ name, payload })));
let gateway, sink;

before(async () => {
	sink = await Peer.start((request, body) => {
		sink.received.push({ headers: request.headers, body: body.toString() });
		return { status: 202 };
	});
	sink.received = [];
	gateway = await Gateway.start(`
instances:
  github:
    connector: github
    config: { sink: "${sink.url}/events" }
    grants: { egress: ["${sink.host}"], private_addresses: true }
routes:
  github-hook: { match: { path: /hooks/github, methods: [POST] }, to: { instance: github, action: receive } }
`);
});
after(async () => {
	await gateway?.stop();
	await sink?.stop();
});

const deliver = (name, payload, id, headers = {}) => fetch(`${gateway.url}/hooks/github`, {
	method: 'POST',
	headers: { 'content-type': 'application/json', 'x-github-event': name, 'x-github-delivery': id,
		'user-agent': 'GitHub-Hookshot/044aadd', ...headers },
	body: typeof payload === 'string' ? payload : JSON.stringify(payload),
});

test('the examples are the ones this test was written for', () => {
	assert.equal(payloads.length, 329);
});

test('all payloads arrive as CloudEvents that the SDK accepts', async () => {
	for (const { name, payload } of payloads) {
		const id = randomUUID();
		sink.received.length = 0;
		const answer = await deliver(name, payload, id);
		assert.equal(answer.status, 202, `${name}: ${await answer.text()}`);
		assert.equal(sink.received.length, 1, name);
		const event = HTTP.toEvent(sink.received[0]);
		assert.ok(event.validate(), name);
		assert.equal(event.id, id);
		assert.equal(event.type, `com.github.${name}${payload.action ? `.${payload.action}` : ''}`);
		assert.match(event.source, /^https:\/\/github\.com(\/.|$)/); // of all GitHub: security advisories
		if (payload.repository)
			assert.equal(event.source, `https://github.com/${payload.repository.full_name}`);
		assert.ok(Math.abs(Date.parse(event.time) - Date.now()) < 60_000);
		assert.deepEqual(event.data, payload);
	}
});

test('a pull request is the subject of its event', async () => {
	const { payload } = payloads.find((p) => p.name === 'pull_request');
	sink.received.length = 0;
	assert.equal((await deliver('pull_request', payload, randomUUID())).status, 202);
	assert.equal(HTTP.toEvent(sink.received[0]).subject, String(payload.pull_request.number));
});

test('a delivery without id, of another type, or that is no JSON is refused and not passed on', async () => {
	sink.received.length = 0;
	assert.equal((await deliver('ping', {}, '')).status, 400);
	assert.equal((await deliver('ping', '{"zen": ', randomUUID())).status, 400);
	assert.equal((await deliver('ping', 'a=b', randomUUID(),
		{ 'content-type': 'application/x-www-form-urlencoded' })).status, 415);
	assert.equal(sink.received.length, 0);
});

test('a sink that fails makes the delivery fail, so that it can be sent again', async () => {
	const { payload } = payloads.find((p) => p.name === 'ping');
	sink.handler = () => ({ status: 500 });
	assert.equal((await deliver('ping', payload, randomUUID())).status, 502);
	sink.handler = () => ({ status: 503 });
	assert.equal((await deliver('ping', payload, randomUUID())).status, 503);
});
