// tests/e2e/vendors/jwt.test.mjs - what jose signs is let in; what it should never have signed is not
// SPDX-License-Identifier: Apache-2.0
//
// Configuration and policy are those of docs/jwt.md, word for word, with more methods beside.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { Gateway, makeFolder, top } from '../lib/gateway.mjs';

const page = readFileSync(path.join(top, 'docs/jwt.md'), 'utf8');
const block = (kind) => new RegExp(`^\`\`\`${kind}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)[1];

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'];
const pairs = {}, secret = '0123456789abcdef0123456789abcdef';
let gateway;

const now = () => Math.floor(Date.now() / 1000);
const claims = () => ({ iss: 'https://idp.example.com', aud: 'api', sub: 'alice', exp: now() + 300,
	scope: 'openid orders:read' });
const sign = (alg, changes = {}, header = {}, key = pairs[alg]?.privateKey) =>
	new SignJWT({ ...claims(), ...changes }).setProtectedHeader({ alg, kid: alg, ...header })
		.sign(key ?? new TextEncoder().encode(secret));
const ask = (token, where = '/orders') =>
	fetch(`${gateway.url}${where}`, { headers: { authorization: `Bearer ${token}` } });
const refused = async (token, why, where) => {
	const answer = await ask(token, where), text = await answer.text();
	assert.equal(answer.status, 401, `${why}: ${text}`);
	assert.equal(JSON.parse(text).type, 'urn:fairlead:problem:credentials_invalid');
	assert.equal(answer.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
	assert.ok(!text.includes(why));
	await gateway.logged(new RegExp(`"auth_refused":"[^"]*${why}`));
};

before(async () => {
	const dir = makeFolder(), keys = [];
	for (const alg of algorithms) {
		pairs[alg] = await generateKeyPair(alg, { extractable: true });
		keys.push({ ...await exportJWK(pairs[alg].publicKey), kid: alg, alg, use: 'sig' });
	}
	pairs.pem = await generateKeyPair('ES256');
	writeFileSync(path.join(dir, 'jwks.json'), JSON.stringify({ keys }));
	writeFileSync(path.join(dir, 'key.pem'), await exportSPKI(pairs.pem.publicKey));
	writeFileSync(path.join(dir, 'secret'), secret, { mode: 0o600 });
	mkdirSync(path.join(dir, 'policies'));
	writeFileSync(path.join(dir, 'policies/orders.cedar'), `${block('cedar')}
		permit (principal, action, resource) unless { resource == Gw::Route::"orders" };`);
	const methods = ['key.pem'].map((file) => `
  pem: { jwt: { issuer: "https://idp.example.com", audience: [x, api], keys: "\${file:${file}}" } }
  shared: { jwt: { issuer: "https://idp.example.com", audience: api, secrets: ["\${secret:tokens}"] } }`);
	gateway = await Gateway.start(`secrets: { tokens: "\${file:secret}" }\n${block('yaml')
		.replace('\npolicies:', `${methods}\npolicies:`)
		.replace('\ninstances:', `
  pem: { match: { path: /pem }, auth: [pem], to: { instance: echo, action: reply } }
  shared: { match: { path: /shared }, auth: [shared], to: { instance: echo, action: reply } }
  either: { match: { path: /either }, auth: [api_key, staff-token], to: { instance: echo, action: reply } }
instances:`)}`, { dir, server: '  limits: { auth_failures: off }\n' });
});
after(async () => { await gateway?.stop(); });

for (const alg of algorithms) {
	test(`${alg}: let in, twice; changed it is not; the connector sees no token`, async () => {
		const token = await sign(alg);
		for (let i = 0; i < 2; i++) {
			const answer = await ask(token), text = await answer.text();
			assert.equal(answer.status, 200, text);
			assert.ok(!text.includes(token.split('.')[2]));
		}
		await gateway.logged(/"consumer":"alice".*"auth":"jwt"|"auth":"jwt".*"consumer":"alice"/);
		const at = token.lastIndexOf('.') + 10;
		await refused(`${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`, 'no key fits');
		await refused(await sign(alg, { exp: now() - 61 }), 'not good any more');
	});
}

test('HS256, PEM, and beside API keys', async () => {
	assert.equal((await ask(await sign('HS256'), '/shared')).status, 200);
	assert.equal((await ask(await sign('ES256', { aud: ['api', 'y'] }, {}, pairs.pem.privateKey), '/pem')).status, 200);
	assert.equal((await ask(await sign('ES256'), '/either')).status, 200);
	await refused(await sign('ES256'), 'no key fits', '/pem');
	await refused(await sign('HS256'), 'no key fits'); // nobody has secrets there
	await refused('x', 'three parts', '/either');
});

test('who is nobody of ours is the method\'s consumer', async () => {
	assert.equal((await ask(await sign('ES256', { sub: 'somebody' }))).status, 200);
	await gateway.logged(/"consumer":"staff"/);
});

test('the policy looks at the scope', async () => {
	assert.equal((await ask(await sign('ES256', { scope: 'orders:write' }))).status, 403);
	assert.equal((await ask(await sign('ES256', { scope: undefined }))).status, 403);
	assert.equal((await ask(await sign('ES256', { scope: ['orders:read'] }))).status, 200);
});

test('what no token may say', async () => {
	await refused(new UnsecuredJWT(claims()).encode(), 'no base64url, or empty');
	await refused(await sign('ES256', {}, { jku: 'https://evil.example.com/jwks.json' }), 'no token may say');
	await refused(await sign('ES256', {}, { jwk: await exportJWK(pairs.pem.publicKey) }, pairs.pem.privateKey), 'no token may say');
	await refused(await sign('ES256', {}, { kid: 'ES384' }), 'no key fits');
	await refused(await sign('ES256', {}, { typ: 'dpop+jwt' }), 'no access token');
	await refused(await sign('ES256', { iss: 'https://evil.example.com' }), 'another issuer');
	await refused(await sign('ES256', { aud: 'other' }), 'another audience');
	await refused(await sign('ES256', { nbf: now() + 100 }), 'not good yet');
	// the text of a public key as a secret
	const pem = new TextEncoder().encode(readFileSync(path.join(gateway.dir, 'key.pem'), 'utf8'));
	await refused(await sign('HS256', {}, {}, pem), 'no key fits', '/pem');
});

test('after a reload without its key a token is not taken any more', async () => {
	const token = await sign('ES256', { sub: 'alice' });
	assert.equal((await ask(token)).status, 200);
	const file = path.join(gateway.dir, 'jwks.json');
	const { keys } = JSON.parse(readFileSync(file, 'utf8'));
	writeFileSync(file, JSON.stringify({ keys: keys.filter(({ kid }) => kid !== 'ES256') }));
	await gateway.api('POST', '/v1/config:reload');
	await refused(token, 'no key fits');
	assert.equal((await ask(await sign('EdDSA'))).status, 200);
});
