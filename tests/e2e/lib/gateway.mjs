// tests/e2e/lib/gateway.mjs - the built gateway in a folder of its own, on ports of its own
// SPDX-License-Identifier: Apache-2.0
//
//	const gateway = await Gateway.start('instances: ...\nroutes: ...');
//	await fetch(`${gateway.url}/echo`); await gateway.api('GET', '/v1/status'); await gateway.stop();
//
// It is ready when it says so on standard error; nothing here sleeps.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const top = path.resolve(process.env.top_srcdir ?? path.join(import.meta.dirname ?? '.', '../../..'));
export const build = path.resolve(process.env.top_builddir ?? path.join(top, 'build'));
export const connectors = path.join(build, 'connectors');
export const mocks = path.join(build, 'tests/mock'); // connectors that misbehave
export const program = (name) => path.join(build, name);
const patience = 20_000; // a machine that runs every test at once is slow; a hang is longer

// The demo of most tests.
export const echo = `
instances:
  echo: { connector: echo }
routes:
  echo: { match: { path: "/echo/**" }, to: { instance: echo, action: reply } }
`;

const folders = [];
process.on('exit', () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

// Gone when the test is, at the latest, however it ended.
export function makeFolder() {
	const folder = mkdtempSync(path.join(os.tmpdir(), 'fairlead-e2e-'));
	folders.push(folder);
	return folder;
}

const within = (promise, what) => {
	let timer;
	const late = new Promise((_, fail) => {
		timer = setTimeout(() => fail(new Error(`${what}: not within ${patience} ms`)), patience);
	});
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

// Runs a program to its end: { code, signal, stdout, stderr }.
export function run(file, argv = [], options = {}) {
	return within(new Promise((done) => {
		execFile(file, argv, { encoding: 'utf8', maxBuffer: 64 << 20, ...options }, (error, stdout, stderr) =>
			done({ code: error ? error.code : 0, signal: error?.signal ?? null, stdout, stderr }));
	}), `${file} ${argv.join(' ')}`);
}

// Asks again until the answer fits: for what other threads of the gateway do after they answered.
export async function until(ask, fits) {
	const end = Date.now() + patience;
	for (;;) {
		const answer = await ask();
		if (fits(answer)) return answer;
		if (Date.now() > end) throw new Error(`never came: ${fits}; last: ${JSON.stringify(answer)}`);
	}
}

export class Gateway {
	// options: env, args (of fairlead run), server (more lines under server:), adminKeys (more keys of
	// server.admin), dir (an old one)
	static async start(config = echo, options = {}) {
		const gateway = new Gateway(options.dir ?? makeFolder(), options);
		gateway.write(config);
		return gateway.run();
	}

	constructor(dir, options = {}) {
		this.dir = dir;
		this.options = options;
		this.data = path.join(dir, 'data');
		this.file = path.join(dir, 'fairlead.yaml');
		this.accessLog = path.join(dir, 'access.log');
		this.stderr = '';
		this.waiting = [];
	}

	// The whole file: what is given, under a server section with free ports.
	text(config) {
		const { listen = '127.0.0.1:0', admin = '127.0.0.1:0', adminKeys = '', server = '' } = this.options;
		return `apiVersion: fairlead/v1
server:
  listen: ["${listen}"]
  admin: { listen: ["${admin}"]${adminKeys} }
  data_dir: "${this.data}"
  connector_dirs: ["${connectors}", "${mocks}"]
  workers: 2
  access_log: "${this.accessLog}"
${server}${config}`;
	}

	write(config) { writeFileSync(this.file, this.text(config)); }

	// As editors do: the new file is written beside and renamed over the old one.
	replace(config) {
		writeFileSync(`${this.file}~`, this.text(config));
		renameSync(`${this.file}~`, this.file);
	}

	spawn() {
		this.stderr = '';
		this.child = spawn(program('fairlead'), ['run', '-c', this.file, ...(this.options.args ?? [])],
			{ stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...this.options.env } });
		this.exited = new Promise((done) => this.child.once('close', (code, signal) => {
			this.isGone = true;
			this.#wake();
			done({ code, signal });
		}));
		this.child.stderr.setEncoding('utf8').on('data', (text) => {
			this.stderr += text;
			this.#wake();
		});
		return this;
	}

	#wake() { for (const look of [...this.waiting]) look(); }

	// Resolves when standard error matches, from `from` on; fails when the process ends before.
	said(pattern, from = 0) {
		return within(new Promise((done, fail) => {
			const look = () => {
				const match = pattern.exec(this.stderr.slice(from));
				if (!match && !this.isGone) return;
				this.waiting.splice(this.waiting.indexOf(look), 1);
				if (match) done(match);
				else fail(new Error(`the gateway ended without saying ${pattern}:\n${this.stderr}`));
			};
			this.waiting.push(look);
			look();
		}), `waiting for ${pattern} in:\n${this.stderr}`);
	}

	async run() {
		this.isGone = false;
		this.spawn();
		await this.said(/gateway\.ready/);
		const at = JSON.parse(readFileSync(path.join(this.data, 'run.json'), 'utf8'));
		this.url = at.data[0];
		this.admin = at.admin[0];
		this.pid = at.pid;
		return this;
	}

	// Resolves when the access log (or another) has a line that matches: lines are written in batches.
	logged(pattern, log) {
		return within(new Promise((done) => {
			const files = (log ? [log] : [this.accessLog, path.join(this.data, 'access.log')]).filter(existsSync);
			const look = () => files.some((name) => pattern.test(readFileSync(name, 'utf8')));
			const watchers = files.map((name) => watch(name, () => { if (look()) end(); }));
			const end = () => { watchers.forEach((watcher) => watcher.close()); done(); };
			if (look()) end();
		}), `waiting for ${pattern} in ${log ?? 'the access log'}`);
	}

	// Resolves when the access log (or another beside it) is there: after a reopening, when the new file is in use.
	async reopened(log = this.accessLog) {
		const watcher = watch(this.dir);
		await within(new Promise((done) => {
			const look = () => { if (existsSync(log)) done(); };
			watcher.on('change', look);
			look();
		}), `waiting for ${log}`).finally(() => watcher.close());
	}

	get tokenFile() { return path.join(this.data, 'admin.token'); }
	get token() { return readFileSync(this.tokenFile, 'utf8').trim(); }

	// One call of the admin API: { status, headers, body } with the body parsed when it is JSON.
	async api(method, url, { body, headers = {}, token = this.token } = {}) {
		const answer = await fetch(`${this.admin}${url}`, { method, body,
			headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers } });
		const text = await answer.text();
		const isJson = /json/.test(answer.headers.get('content-type') ?? '');
		return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
	}

	ctl(...argv) {
		return run(program('fairleadctl'), argv, { env: { ...process.env, ...this.options.env,
			FAIRLEAD_SERVER: this.admin, FAIRLEAD_TOKEN_FILE: this.tokenFile } });
	}

	signal(name) { this.child.kill(name); }

	// Ends it and says how it ended; the folder stays.
	async end(signal = 'SIGTERM') {
		this.signal(signal);
		return within(this.exited, `the end after ${signal}`);
	}

	// Ends it, unless it has ended, and removes the folder. What goes wrong on the way down, and what
	// sanitizers found, fails the test.
	async stop() {
		if (!this.isGone) {
			const { code, signal } = await this.end();
			if (code !== 0) throw new Error(`the gateway ended with ${code ?? signal}:\n${this.stderr}`);
		}
		rmSync(this.dir, { recursive: true, force: true });
	}
}
