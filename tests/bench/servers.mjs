// tests/bench/servers.mjs - starts and stops the servers that are compared
// SPDX-License-Identifier: Apache-2.0
//
// All get one worker thread, keep-alive without limits, and a JSON access log to a file, written in
// batches. With two cores or more, servers run on the first one and everything else on the others.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

export const cores = os.cpus().length;
const luaModule = '/usr/share/nginx/modules-available/mod-http-lua.conf';

export function findProgram(name) {
	for (const dir of (process.env.PATH + ':/usr/sbin:/sbin').split(':'))
		if (existsSync(path.join(dir, name))) return path.join(dir, name);
	return null;
}

export async function freePort() {
	const server = net.createServer().listen(0, '127.0.0.1');
	await new Promise((done) => server.once('listening', done));
	const { port } = server.address();
	await new Promise((done) => server.close(done));
	return port;
}

const pinned = (cpus, argv) =>
	cores > 1 && findProgram('taskset') ? ['taskset', '-c', cpus, ...argv] : argv;
export const onServerCore = (argv) => pinned('0', argv);
export const onOtherCores = (argv) => pinned(`1-${cores - 1}`, argv);

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function connects(port) {
	return new Promise((done) => {
		const socket = net.connect(port, '127.0.0.1');
		socket.once('connect', () => { socket.destroy(); done(true); });
		socket.once('error', () => done(false));
	});
}

// A process and all its descendants.
export function familyOf(pid) {
	const family = [pid];
	for (const parent of family) {
		let children = '';
		try {
			for (const task of readdirSync(`/proc/${parent}/task`))
				children += readFileSync(`/proc/${parent}/task/${task}/children`, 'utf8');
		} catch { /* gone meanwhile */ }
		family.push(...children.split(' ').filter(Boolean).map(Number));
	}
	return family;
}

export class Server {
	constructor(name, dir) {
		this.name = name;
		this.dir = path.join(dir, name);
		mkdirSync(this.dir, { recursive: true });
	}

	async start(argv, { upstream = false, ready = () => connects(this.port) } = {}) {
		const full = upstream ? onOtherCores(argv) : onServerCore(argv);
		const begin = process.hrtime.bigint();
		this.stderr = '';
		this.child = spawn(full[0], full.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
		this.child.stderr.on('data', (text) => { this.stderr = (this.stderr + text).slice(-4000); });
		this.exited = new Promise((done) => this.child.once('exit', (code, signal) => {
			if (!this.isStopping)
				process.stderr.write(`# ${this.name} ended by itself (${code ?? signal}):\n${this.stderr}\n`);
			done();
		}));
		while (!(await ready())) {
			if (this.child.exitCode !== null || Number(process.hrtime.bigint() - begin) > 20e9)
				throw new Error(`${this.name} did not start:\n${this.stderr}`);
			await pause(2);
		}
		this.readyMs = Number(process.hrtime.bigint() - begin) / 1e6;
		return this;
	}

	get pids() { return familyOf(this.child.pid); }

	async stop() {
		if (!this.child || this.child.exitCode !== null) return;
		this.isStopping = true;
		this.child.kill('SIGTERM');
		const timer = setTimeout(() => this.child.kill('SIGKILL'), 15000);
		await this.exited;
		clearTimeout(timer);
	}
}

const jsonLog = `log_format json escape=json '{"time":"$time_iso8601","request_id":"$request_id",`
	+ `"client":"$remote_addr","method":"$request_method","path":"$uri","status":$status,`
	+ `"bytes":$body_bytes_sent,"duration":$request_time,"route":"echo"}';`;

function nginxConfig(server, { head = '', http = '', location, log = true }) {
	const { dir, port } = server;
	return `daemon off; worker_processes 1; pid ${dir}/pid; error_log ${dir}/error.log warn; ${head}
events { worker_connections 8192; }
http { ${jsonLog} access_log ${log ? `${dir}/access.log json buffer=64k flush=1s` : 'off'};
 keepalive_requests 1000000000; keepalive_timeout 600s; client_body_temp_path ${dir}/body;
 proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u;
 scgi_temp_path ${dir}/s; ${http}
 server { listen 127.0.0.1:${port} backlog=4096; server_name _; ${location} } }`;
}

async function startNginx(server, options) {
	server.port = await freePort();
	const file = path.join(server.dir, 'nginx.conf');
	writeFileSync(file, nginxConfig(server, options));
	return server.start([findProgram('nginx'), '-c', file, '-e', `${server.dir}/error.log`], options);
}

const nginxReturn = 'location / { default_type text/plain; return 200 "ok\\n"; }';

export const upstream = (dir) =>
	startNginx(new Server('upstream', dir), { location: nginxReturn, log: false, upstream: true });
export const nginx = (dir) =>
	startNginx(new Server('nginx', dir), { location: nginxReturn });
export const nginxProxy = (dir, to) => startNginx(new Server('nginx-proxy', dir), {
	http: `upstream up { server 127.0.0.1:${to}; keepalive 256; keepalive_requests 1000000000; }`,
	location: 'location / { proxy_pass http://up; proxy_http_version 1.1; '
		+ 'proxy_set_header Connection ""; }',
});
export const nginxRoutes = (dir, n) => startNginx(new Server(`nginx-routes-${n}`, dir), {
	location: Array.from({ length: n }, (_, i) =>
		`location ~ ^/v1/r${i}/([^/]+)$ { default_type text/plain; return 200 "ok\\n"; }`).join('\n'),
});
export const hasLua = () => existsSync(luaModule);
export const lua = (dir) => startNginx(new Server('nginx-lua', dir), {
	head: readFileSync('/usr/share/nginx/modules-available/mod-http-ndk.conf', 'utf8')
		+ readFileSync(luaModule, 'utf8'),
	http: 'lua_load_resty_core off;',
	location: `location / { default_type text/plain;
		content_by_lua_block { ngx.header["X-Echo-Version"] = "1.0.0"; ngx.print("ok\\n") } }`,
});

export async function haproxy(dir, to) {
	const server = new Server(to ? 'haproxy-proxy' : 'haproxy', dir);
	server.port = await freePort();
	const file = path.join(server.dir, 'haproxy.cfg');
	writeFileSync(file, `global
  nbthread 1
  maxconn 8192
  log stderr format raw local0
defaults
  mode http
  timeout client 600s
  timeout server 600s
  timeout connect 5s
  timeout http-keep-alive 600s
  log global
  log-format '{"time":"%trl","client":"%ci","method":"%HM","path":"%HP","status":%ST,"bytes":%B,"duration":%Ta}'
frontend front
  bind 127.0.0.1:${server.port}
  ${to ? 'default_backend up' : 'http-request return status 200 content-type text/plain string "ok\\n"'}
${to ? `backend up\n  http-reuse always\n  server one 127.0.0.1:${to} pool-max-conn 256` : ''}
`);
	// Its log goes to standard error, which is a file here as it is for the others.
	const log = path.join(server.dir, 'access.log');
	return server.start(['/bin/sh', '-c',
		`exec ${findProgram('haproxy')} -db -f ${file} 2>>${log}`]);
}

// ---- fairlead ----

const call = async (port, token, method, url, body) => fetch(`http://127.0.0.1:${port}${url}`, {
	method, body,
	headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
});

export class Fairlead extends Server {
	async run(program, config) {
		this.port = await freePort();
		this.adminPort = await freePort();
		const file = path.join(this.dir, 'fairlead.yaml');
		writeFileSync(file, config(this));
		await this.start([program, 'run', '-c', file], { ready: () => this.isReady() });
		return this;
	}

	async isReady() {
		try {
			return (await fetch(`http://127.0.0.1:${this.adminPort}/healthz/ready`)).status === 200;
		} catch { return false; }
	}

	get token() { return readFileSync(path.join(this.dir, 'data', 'admin.token'), 'utf8').trim(); }

	async upload(id, version, file) {
		const answer = await call(this.adminPort, this.token, 'PUT',
			`/v1/connectors/${id}/versions/${version}`, readFileSync(file));
		if (!answer.ok) throw new Error(`upload ${id} ${version}: ${answer.status} ${await answer.text()}`);
	}

	memory() {
		const status = readFileSync(`/proc/${this.daemonPid}/status`, 'utf8');
		return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
	}

	files() { return readdirSync(`/proc/${this.daemonPid}/fd`).length; }

	get daemonPid() { // taskset execs, so this is it unless something wraps the daemon
		return this.child.pid;
	}
}

const fairleadConfig = (build, { instances, routes, connectors = '' }) => (server) => `apiVersion: fairlead/v1
server:
  listen: ["127.0.0.1:${server.port}"]
  admin: { listen: ["127.0.0.1:${server.adminPort}"] }
  data_dir: ${server.dir}/data
  connector_dirs: ["${build}/connectors"]
  workers: 1
  access_log: ${server.dir}/access.log
connectors:
  echo: { version: "1.0.0" }
${connectors}instances:
  echo: { connector: echo }
${instances}routes:
${routes}`;

export const fairlead = (dir, build, program) => new Fairlead('fairlead', dir).run(program,
	fairleadConfig(build, { instances: '',
		routes: '  echo: { match: { path: /echo }, to: { instance: echo, action: reply } }\n' }));
// Decided by one of n permits, and two forbids over all.
export const fairleadPolicies = (dir, build, program, n) => {
	const file = path.join(dir, `policies-${n}.cedar`);
	writeFileSync(file, Array.from({ length: n }, (_, i) => 'permit (principal is Gw::Anonymous, action in Gw::Action::"read", '
		+ `resource in Gw::Api::"a${i}") when { context.req.host != "evil.example" };\n`).join('')
		+ 'forbid (principal is Gw::Consumer, action, resource) when { principal.suspended };\n'
		+ 'forbid (principal, action, resource is Gw::Route) when { resource.sensitivity >= 3 } unless { context.client.tls };\n');
	return new Fairlead(`fairlead-policies-${n}`, dir).run(program, fairleadConfig(build, { instances: '',
		routes: '  echo: { match: { path: /echo }, to: { instance: echo, action: reply }, api: a7 }\n'
			+ `policies: { include: ["${file}"] }\n` }));
};
export const fairleadProxy = (dir, build, program, to) =>
	new Fairlead('fairlead-proxy', dir).run(program, fairleadConfig(build, {
		connectors: '  http: { version: "1.x" }\n',
		instances: `  up: { connector: http, config: { base_url: "http://127.0.0.1:${to}" },\n`
			+ `        grants: { egress: ["127.0.0.1:${to}"], private_addresses: true } }\n`,
		routes: '  up: { match: { path: "/**" }, to: { instance: up, action: forward } }\n' }));
export const fairleadRoutes = (dir, build, program, n) =>
	new Fairlead(`fairlead-routes-${n}`, dir).run(program, fairleadConfig(build, { instances: '',
		routes: Array.from({ length: n }, (_, i) => `  r${i}: { match: { path: "/v1/r${i}/{id}" }, `
			+ 'to: { instance: echo, action: reply } }\n').join('') }));
