// tests/e2e/vendors/webhooks.test.mjs - what vendors' own libraries sign is let in, all else is not
// SPDX-License-Identifier: Apache-2.0
//
// The methods are those of docs/webhooks.md, word for word. Where a vendor has no library that signs,
// node's crypto does what the vendor's page says.
import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { sign as octokitSign } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import twilio from 'twilio';
import { Gateway, top } from '../lib/gateway.mjs';

const require = createRequire(import.meta.url);
const payloads = require('@octokit/webhooks-examples')
	.flatMap(({ examples }) => examples.map((payload) => JSON.stringify(payload)));
const page = readFileSync(path.join(top, 'docs/webhooks.md'), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
const methods = blocks.map((text) => /^auth:\n((?: .*\n)+)/m.exec(text)[1]).join('')
	.replace('"${secret:github/webhook}"]', '"${secret:old}", "${secret:github-hook}"]');
const names = [...methods.matchAll(/^  ([\w-]+):/gm)].map((match) => match[1]);

const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rawPublic = (pair) => pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
const secrets = Object.fromEntries(names.map((name) => [name, randomBytes(32).toString('hex')]));
for (const name of ['standard', 'svix', 'events']) secrets[name] = `whsec_${randomBytes(32).toString('base64')}`;
secrets['standard-public'] = `whpk_${rawPublic(ed25519).toString('base64')}`;
secrets.discord = rawPublic(ed25519).toString('hex');
secrets.sendgrid = p256.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
secrets.old = randomBytes(32).toString('hex');

const hmac = (name, text, encoding = 'hex', hash = 'sha256') =>
	createHmac(hash, secrets[name]).update(text).digest(encoding);
const seconds = () => Math.floor(Date.now() / 1000);
const json = () => JSON.stringify({ id: randomUUID(), text: 'Grüße, {} and \u{1f600}' });

// Each makes a delivery: { headers, body, path }.
const senders = {
	'github-hook': async () => {
		const body = json();
		return { body, headers: { 'x-hub-signature-256': await octokitSign(secrets['github-hook'], body) } };
	},
	slack: (time = seconds()) => {
		const body = `token=${randomUUID()}&text=a+b`;
		return { body, headers: { 'x-slack-request-timestamp': `${time}`,
			'x-slack-signature': `v0=${hmac('slack', `v0:${time}:${body}`)}` } };
	},
	stripe: (time = seconds()) => {
		const body = json();
		return { body, headers: { 'stripe-signature': new Stripe('sk_test_x').webhooks
			.generateTestHeaderString({ payload: body, secret: secrets.stripe, timestamp: time }) } };
	},
	standard: (time = seconds()) => {
		const body = json(), id = `msg_${randomUUID()}`;
		return { body, headers: { 'webhook-id': id, 'webhook-timestamp': `${time}`, 'webhook-signature':
			new StandardWebhook(secrets.standard).sign(id, new Date(time * 1000), body) } };
	},
	'standard-public': (time = seconds()) => {
		const body = json(), id = `msg_${randomUUID()}`;
		const signature = sign(null, Buffer.from(`${id}.${time}.${body}`), ed25519.privateKey).toString('base64');
		return { body, headers: { 'webhook-id': id, 'webhook-timestamp': `${time}`,
			'webhook-signature': `v1,AAAA v1a,${signature}` } };
	},
	svix: (time = seconds()) => {
		const body = json(), id = `msg_${randomUUID()}`;
		return { body, headers: { 'svix-id': id, 'svix-timestamp': `${time}`,
			'svix-signature': new SvixWebhook(secrets.svix).sign(id, new Date(time * 1000), body) } };
	},
	pagerduty: () => {
		const body = json();
		return { body, headers: { 'x-pagerduty-signature': `v1=${'0'.repeat(64)},v1=${hmac('pagerduty', body)}` } };
	},
	shopify: () => {
		const body = json();
		return { body, headers: { 'x-shopify-hmac-sha256': hmac('shopify', body, 'base64') } };
	},
	linear: (time = seconds()) => {
		const body = JSON.stringify({ action: 'create', data: { webhookTimestamp: 1 }, webhookTimestamp: time * 1000,
			webhookId: randomUUID() });
		return { body, headers: { 'linear-signature': hmac('linear', body) } };
	},
	sendgrid: (time = seconds()) => {
		const body = `[${json()}]\r\n`;
		return { body, headers: { 'x-twilio-email-event-webhook-timestamp': `${time}`,
			'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(time + body), p256.privateKey).toString('base64') } };
	},
	discord: (time = seconds()) => {
		const body = JSON.stringify({ type: 2, id: randomUUID() });
		return { body, headers: { 'x-signature-timestamp': `${time}`,
			'x-signature-ed25519': sign(null, Buffer.from(time + body), ed25519.privateKey).toString('hex') } };
	},
	twilio: () => {
		const params = { MessageSid: randomUUID(), Body: 'a+b=c & ä %', From: '+14158675309', Empty: '' };
		const where = '/hooks/twilio?x=1&y=%20z';
		return { path: where, body: `${new URLSearchParams(params)}`, headers: {
			'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature':
				twilio.getExpectedTwilioSignature(secrets.twilio, `https://api.example.com${where}`, params) } };
	},
	mine: (time = seconds()) => {
		const body = json(), id = randomUUID();
		return { body, headers: { 'x-id': id, 'x-time': `${time}`,
			'x-signature': `sig=${hmac('mine', `${id}/${time}/${body}`, 'base64url')}` } };
	},
	events: (time = seconds()) => {
		const body = json(), id = randomUUID();
		return { body, headers: { 'webhook-id': id, 'webhook-timestamp': `${time}`, 'webhook-signature':
			new StandardWebhook(secrets.events).sign(id, new Date(time * 1000), body) } };
	},
};
const timed = Object.keys(senders).filter((name) => senders[name].length === 0 && /time = /.test(`${senders[name]}`));

let gateway;
const variable = (name) => `HOOK_${name.replaceAll('-', '_').toUpperCase()}`;

before(async () => {
	const held = Object.keys(secrets);
	gateway = await Gateway.start(`
secrets:
${held.map((name) => `  ${name}: "\${env:${variable(name)}}"`).join('\n')}
consumers:
  github: {}
auth:
${methods}instances:
  echo: { connector: echo }
routes:
${names.map((name) => `  ${name}: { match: { path: /hooks/${name} }, auth: [${name}], to: { instance: echo, action: reply } }`).join('\n')}
`, { env: Object.fromEntries(held.map((name) => [variable(name), secrets[name]])) });
});
after(async () => { await gateway?.stop(); });

const deliver = async (name, { path: where, headers, body, method = 'POST' }) => {
	const answer = await fetch(`${gateway.url}${where ?? `/hooks/${name}`}`, { method, body, headers });
	return { status: answer.status, headers: answer.headers, text: await answer.text() };
};
const refused = async (name, delivery, why) => {
	const { status, headers, text } = await deliver(name, delivery);
	assert.equal(status, 401, `${name}, ${why}: ${text}`);
	assert.equal(JSON.parse(text).type, 'urn:fairlead:problem:credentials_invalid');
	assert.equal(headers.get('www-authenticate'), 'Webhook-Signature');
	assert.ok(!text.includes(why));
	await gateway.logged(new RegExp(`"route":"${name}".*"auth_refused":"[^"]*${why}`));
};

test('the page has a method for each that signs here', () => {
	assert.deepEqual(Object.keys(senders).sort(), names.sort());
});

for (const name of names) {
	test(`${name}: signed is let in once; changed, copied, or unsigned is not`, async () => {
		const good = await senders[name]();
		const answer = await deliver(name, good);
		assert.equal(answer.status, 200, answer.text);
		await refused(name, good, 'let in before');
		const other = await senders[name]();
		await refused(name, { ...other, body: other.body.replace(/[0-9]/, (digit) => `${(Number(digit) + 1) % 10}`) },
			'no signature fits');
		await refused(name, { ...other, body: `${other.body}${name === 'twilio' ? '&x=y' : ' '}` }, 'no signature fits');
		assert.equal((await deliver(name, other)).status, 200);
		const bare = await deliver(name, { ...other, headers: {} });
		assert.equal(bare.status, 401);
		assert.equal(JSON.parse(bare.text).type, 'urn:fairlead:problem:credentials_missing');
	});
}

for (const name of timed) {
	test(`${name}: an old or a coming time is refused`, async () => {
		for (const off of [-301, 303]) await refused(name, senders[name](seconds() + off), 'too far');
	});
}

test('the times of all that sign one were tried', () => {
	assert.equal(timed.length, 10);
});

test('JSON that was read and written again is another body', async () => {
	const body = '{"n": 1.0, "s": "\\u00e9"}';
	const headers = { 'x-hub-signature-256': await octokitSign(secrets['github-hook'], body) };
	await refused('github-hook', { headers, body: JSON.stringify(JSON.parse(body)) }, 'no signature fits');
	assert.equal((await deliver('github-hook', { headers, body })).status, 200);
});

test('all payloads of GitHub, signed by its own library, pass; each with one byte changed is refused', async () => {
	assert.equal(payloads.length, 329);
	const seen = new Set(); // two examples are the same text: a copy
	for (const [i, payload] of payloads.entries()) {
		const body = Buffer.from(payload), at = (i * 7919) % body.length;
		const headers = { 'x-hub-signature-256': await octokitSign(secrets['github-hook'], payload) };
		const changed = Buffer.from(body);
		changed[at] ^= 1 << i % 8;
		assert.equal((await deliver('github-hook', { headers, body: changed })).status, 401, `byte ${at} of ${payload}`);
		const hash = createHash('sha256').update(payload).digest('hex');
		assert.equal((await deliver('github-hook', { headers, body })).status, seen.has(hash) ? 401 : 200, payload);
		seen.add(hash);
	}
	assert.ok(seen.size > 300);
});

test('either secret of two', async () => {
	const body = json();
	const headers = { 'x-hub-signature-256': await octokitSign(secrets.old, body) };
	assert.equal((await deliver('github-hook', { headers, body })).status, 200);
});

test('of 200 copies at once exactly one passes', async () => {
	for (const name of ['github-hook', 'standard', 'discord']) {
		const good = await senders[name]();
		const answers = await Promise.all(Array.from({ length: 200 }, () => deliver(name, good)));
		assert.equal(answers.filter(({ status }) => status === 200).length, 1, name);
		assert.equal(answers.filter(({ status }) => status === 401).length, 199, name);
	}
});

test('two fields of signatures are refused', async () => {
	const { headers, body } = await senders['github-hook']();
	const [[field, value]] = Object.entries(headers);
	await refused('github-hook', { body, headers: [[field, value], [field, value]] }, 'no signature fits'); // joined by fetch
});

test("Twilio's JSON is signed by its hash in the URL", async () => {
	const body = json();
	const where = `/hooks/twilio?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
	const headers = { 'content-type': 'application/json', 'x-twilio-signature':
		twilio.getExpectedTwilioSignature(secrets.twilio, `https://api.example.com${where}`, {}) };
	await refused('twilio', { path: where, headers, body: `${body} ` }, 'cannot be what was signed');
	assert.equal((await deliver('twilio', { path: where, headers, body })).status, 200);
});

test('handshakes are answered here', async () => {
	const body = JSON.stringify({ token: 'x', challenge: 'c4a11e46e', type: 'url_verification' }), time = seconds();
	const slack = await deliver('slack', { body, headers: { 'x-slack-request-timestamp': `${time}`,
		'x-slack-signature': `v0=${hmac('slack', `v0:${time}:${body}`)}` } });
	assert.equal(slack.status, 200);
	assert.equal(slack.text, 'c4a11e46e');
	assert.match(slack.headers.get('content-type'), /^text\/plain/);
	await refused('slack', { body, headers: { 'x-slack-request-timestamp': `${time}`,
		'x-slack-signature': `v0=${'0'.repeat(64)}` } }, 'no signature fits');

	const ping = '{"type": 1}';
	const discord = await deliver('discord', { body: ping, headers: { 'x-signature-timestamp': `${time}`,
		'x-signature-ed25519': sign(null, Buffer.from(time + ping), ed25519.privateKey).toString('hex') } });
	assert.deepEqual([discord.status, discord.text], [200, '{"type":1}']);

	const ask = (origin) => deliver('events', { method: 'OPTIONS', headers: { 'webhook-request-origin': origin } });
	const allowed = await ask('events.example.com');
	assert.equal(allowed.status, 200);
	assert.equal(allowed.headers.get('webhook-allowed-origin'), 'events.example.com');
	assert.equal((await ask('evil.example.com')).status, 401);
});

test('a copy is refused after a restart, too', async () => {
	const copies = [];
	for (const name of ['github-hook', 'standard', 'sendgrid']) copies.push([name, await senders[name]()]);
	for (const [name, good] of copies) assert.equal((await deliver(name, good)).status, 200);
	assert.equal((await gateway.end()).code, 0);
	await gateway.run();
	for (const [name, good] of copies) await refused(name, good, 'let in before');
});
