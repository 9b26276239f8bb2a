// tests/unit/outbound/tls/peer.mjs - HTTPS servers for test_tls.c: one with HTTP/2, one without
// SPDX-License-Identifier: Apache-2.0
//
// Prints both ports on one line and ends when its standard input does. peer.pem holds a certificate
// for h1.test and h2.test that is its own authority, and its key: made for this test only.
import http2 from 'node:http2';
import https from 'node:https';
import { readFileSync } from 'node:fs';

const pem = readFileSync(new URL('peer.pem', import.meta.url));
let sessions = 0;

function answer(request, response) {
	if (request.url === '/reset') { request.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR); return; }
	if (request.url === '/hang') return;
	const chunks = [];
	request.on('data', (chunk) => chunks.push(chunk));
	request.on('end', () => {
		const body = Buffer.concat(chunks);
		response.setHeader('X-Version', request.httpVersion);
		response.setHeader('X-Sessions', String(sessions));
		response.setHeader('X-Host', request.headers[':authority'] ?? request.headers.host);
		response.setHeader('Content-Length', String(body.length));
		response.end(body);
	});
}

const two = http2.createSecureServer({ key: pem, cert: pem, allowHTTP1: false }, answer);
const one = https.createServer({ key: pem, cert: pem, ALPNProtocols: ['http/1.1'] }, answer);
two.on('session', () => { sessions++; });
two.listen(0, '127.0.0.1', () => one.listen(0, '127.0.0.1', () => {
	process.stdout.write(`${two.address().port} ${one.address().port}\n`);
}));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
