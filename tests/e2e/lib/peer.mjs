// tests/e2e/lib/peer.mjs - a server on this machine that the gateway talks to
// SPDX-License-Identifier: Apache-2.0
//
//	const peer = await Peer.start((request, body) => ({ status: 200, headers: {}, body: 'hello' }));
//	peer.url, peer.host ("127.0.0.1:PORT"), peer.handler = ..., await peer.stop()
import http from 'node:http';

export class Peer {
	static async start(handler) {
		const peer = new Peer();
		peer.handler = handler;
		peer.server = http.createServer((request, response) => peer.#answer(request, response));
		await new Promise((done) => peer.server.listen(0, '127.0.0.1', done));
		peer.host = `127.0.0.1:${peer.server.address().port}`;
		peer.url = `http://${peer.host}`;
		return peer;
	}

	async #answer(request, response) {
		const chunks = [];
		for await (const chunk of request) chunks.push(chunk);
		const { status, headers = {}, body = '' } = await this.handler(request, Buffer.concat(chunks));
		response.writeHead(status, headers).end(body);
	}

	async stop() {
		this.server.closeAllConnections();
		await new Promise((done) => this.server.close(done));
	}
}
