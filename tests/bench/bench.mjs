// tests/bench/bench.mjs - fairlead beside its peers, in one run on one machine
// SPDX-License-Identifier: Apache-2.0
//
//	node bench.mjs --build DIR [--rounds 5] [--seconds 4] [--connections 64] [--swaps 1000]
//		[--cycles 10000] [--only echo,proxy,routes,policies,swap,cycles,idle] [--json FILE]
//
// Servers that are not installed are skipped by name. See docs/benchmarks.md.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import * as servers from './servers.mjs';
import { machine, median, serverTable, summary, target, targetTable } from './report.mjs';

const { values: options } = parseArgs({ options: {
	build: { type: 'string' }, rounds: { type: 'string', default: '5' },
	seconds: { type: 'string', default: '4' }, connections: { type: 'string', default: '64' },
	swaps: { type: 'string', default: '1000' }, cycles: { type: 'string', default: '10000' },
	only: { type: 'string', default: 'echo,proxy,routes,policies,swap,cycles,idle' },
	json: { type: 'string', default: '' },
} });
const build = path.resolve(options.build ?? '.');
const program = path.join(build, 'fairlead');
const loader = path.join(build, 'bench-load');
const dir = mkdtempSync(path.join(os.tmpdir(), 'fairlead-bench-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopAll().finally(() => process.exit(1)));
const rounds = Number(options.rounds);
const targets = [], results = {}, skipped = [];
let running = [];

const say = (text) => process.stdout.write(`${text}\n`);

async function load(server, extra, url) {
	const argv = servers.onOtherCores([loader, '-c', options.connections, '-w', '1',
		...server.pids.flatMap((pid) => ['-p', String(pid)]), ...extra,
		`127.0.0.1:${server.port}`, url]);
	const { stdout } = await promisify(execFile)(argv[0], argv.slice(1));
	return JSON.parse(stdout);
}

// makers: name -> function that starts the server, or null when it is not there.
async function start(makers) {
	const started = {};
	for (const [name, make] of Object.entries(makers)) {
		if (!make) { skipped.push(name); continue; }
		try {
			started[name] = await make();
			running.push(started[name]);
		} catch (error) {
			skipped.push(name);
			say(`# ${name} is left out: ${error.message}`);
		}
	}
	return started;
}

async function stopAll() {
	for (const server of running) await server.stop();
	running = [];
}

// Alternating rounds, so that what disturbs the machine disturbs all.
async function compare(title, makers, url, extra = () => []) {
	const started = await start(makers);
	const measured = Object.fromEntries(Object.keys(started).map((name) => [name, []]));
	for (let i = 0; i < rounds; i++)
		for (const [name, server] of Object.entries(started))
			measured[name].push(await load(server, ['-d', options.seconds, ...extra(name)], url));
	const all = Object.fromEntries(Object.entries(measured).map(([name, r]) => [name, summary(r)]));
	results[title] = all;
	say(`\n${title}\n${serverTable(all)}`);
	return all;
}

const ifThere = (name, make) => (servers.findProgram(name) ? make : null);
const ours = (make) => (existsSync(program) ? make : null);

function ratio(what, all, one, other, most) {
	if (all[one] && all[other]) targets.push(target(what, all[one].cpu_us / all[other].cpu_us, most));
}

const scenarios = {
	async echo() {
		const all = await compare('echo: 200 with an access log', {
			fairlead: ours(() => servers.fairlead(dir, build, program)),
			nginx: ifThere('nginx', () => servers.nginx(dir)),
			'nginx+lua': servers.hasLua() ? () => servers.lua(dir) : null,
			haproxy: ifThere('haproxy', () => servers.haproxy(dir)),
		}, '/echo');
		ratio('echo / nginx return, CPU', all, 'fairlead', 'nginx', 1.05);
		await stopAll();
	},

	async proxy() {
		if (!servers.findProgram('nginx')) { skipped.push('proxy (its upstream is nginx)'); return; }
		const up = await servers.upstream(dir);
		running.push(up);
		const all = await compare('proxy: to a local upstream, kept alive', {
			fairlead: ours(() => servers.fairleadProxy(dir, build, program, up.port)),
			nginx: () => servers.nginxProxy(dir, up.port),
			haproxy: ifThere('haproxy', () => servers.haproxy(dir, up.port)),
		}, '/proxy/orders/42');
		ratio('http connector / nginx proxy_pass, CPU', all, 'fairlead', 'nginx', 1.4);
		await stopAll();
	},

	async routes() {
		const of = (n) => ['-r', String(n)];
		const all = await compare('routes: /v1/rN/{id}, every N at random', {
			'fairlead 10': ours(() => servers.fairleadRoutes(dir, build, program, 10)),
			'fairlead 10000': ours(() => servers.fairleadRoutes(dir, build, program, 10000)),
			'nginx regex 10': ifThere('nginx', () => servers.nginxRoutes(dir, 10)),
			'nginx regex 10000': ifThere('nginx', () => servers.nginxRoutes(dir, 10000)),
		}, '/v1/r%d/42', (name) => of(name.endsWith('10000') ? 10000 : 10));
		ratio('10,000 routes / 10 routes, CPU', all, 'fairlead 10000', 'fairlead 10', 1.1);
		await stopAll();
	},

	async policies() {
		const all = await compare('policies: echo, allowed by one of 1,000', {
			'no policies': ours(() => servers.fairlead(dir, build, program)),
			'1,000 policies': ours(() => servers.fairleadPolicies(dir, build, program, 1000)),
		}, '/echo');
		const [none, some] = Object.values(all);
		if (some) targets.push(target('a decision by 1,000 policies, CPU', some.cpu_us - none.cpu_us, 1.5, ' us'));
		await stopAll();
	},

	async swap() {
		const server = await startOurs('swap');
		if (!server) return;
		const quiet = [];
		for (let i = 0; i < rounds; i++) quiet.push(await load(server, ['-d', options.seconds], '/echo'));
		const loadRun = startLoad(server);
		await servers.pause(1500); // its warm-up
		const admin = await activateInTurn(server, Number(options.swaps));
		loadRun.child.kill('SIGTERM');
		const during = JSON.parse(await loadRun.output);
		results.swap = { quiet: summary(quiet), during, admin };
		say(`\nswap: ${admin.requests - admin.failed} activations of echo 1.0.0 and 2.0.0 in turn, at full load`);
		say(serverTable({ quiet: summary(quiet), during }));
		say(`activation: p50 ${admin.p50_us} us, p99 ${admin.p99_us} us; versions seen: ${JSON.stringify(during.versions)}`);
		targets.push(target('swaps that failed', admin.failed, 0), target('requests failed in swaps', during.failed, 0),
			target('connections closed in swaps', during.closed, 0),
			target('p99 in swaps / quiet p99', during.p99_us / summary(quiet).p99_us, 1.5));
		await stopAll();
	},

	async cycles() {
		const server = await startOurs('cycles');
		if (!server) return;
		await activateInTurn(server, 200); // what is allocated once
		const before = { mib: server.memory(), files: server.files() };
		const admin = await activateInTurn(server, Number(options.cycles));
		const after = { mib: server.memory(), files: server.files() };
		results.cycles = { before, after, admin };
		say(`\ncycles: ${admin.requests} load/unload cycles, RSS ${before.mib.toFixed(1)} -> ${after.mib.toFixed(1)} MiB,`
			+ ` descriptors ${before.files} -> ${after.files}, ${admin.failed} failed`);
		targets.push(target('RSS growth over the cycles', after.mib - before.mib, 2, ' MiB'),
			target('descriptor growth over the cycles', after.files - before.files, 0),
			target('cycles that failed', admin.failed, 0));
		await stopAll();
	},

	async idle() {
		const starts = [];
		let mib = 0;
		for (let i = 0; i < rounds; i++) {
			const server = await startOurs('idle', false);
			if (!server) return;
			starts.push(server.readyMs);
			await servers.pause(500);
			mib = Math.max(mib, server.memory());
			await stopAll();
		}
		results.idle = { ready_ms: starts, rss_mib: mib };
		say(`\nidle: ready after ${median(starts).toFixed(1)} ms (median), RSS ${mib.toFixed(1)} MiB`);
		targets.push(target('idle RSS', mib, 15, ' MiB'), target('start to ready', median(starts), 100, ' ms'));
	},
};

async function startOurs(scenario, withVersions = true) {
	const { fairlead } = await start({ fairlead: ours(() => servers.fairlead(dir, build, program)) });
	if (!fairlead) { say(`# ${scenario}: left out, there is no ${program} that starts`); return null; }
	try {
		if (withVersions) {
			await fairlead.upload('echo', '1.0.0', path.join(build, 'connectors/echo.so'));
			await fairlead.upload('echo', '2.0.0', path.join(build, 'tests/bench/echo-2.so'));
		}
	} catch (error) {
		say(`# ${scenario}: left out: ${error.message}`);
		await stopAll();
		return null;
	}
	return fairlead;
}

function startLoad(server) {
	const argv = servers.onOtherCores([loader, '-c', options.connections, '-w', '1', '-d', '3600',
		...server.pids.flatMap((pid) => ['-p', String(pid)]), `127.0.0.1:${server.port}`, '/echo']);
	const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
	let text = '';
	child.stdout.on('data', (chunk) => { text += chunk; });
	return { child, output: new Promise((done) => child.once('close', () => done(text))) };
}

async function activateInTurn(server, times) {
	const argv = servers.onOtherCores([loader, '-c', '1', '-n', String(times), '-m', 'POST',
		'-h', `Authorization: Bearer ${server.token}`, `127.0.0.1:${server.adminPort}`,
		'/v1/connectors/echo/versions/2.0.0:activate', '/v1/connectors/echo/versions/1.0.0:activate']);
	const { stdout } = await promisify(execFile)(argv[0], argv.slice(1));
	return JSON.parse(stdout);
}

const about = machine();
say(`${about.cpu}, ${about.cores} cores, Linux ${about.kernel}, commit ${about.commit}, ${about.time}`);
say(`${rounds} rounds of ${options.seconds} s in turn, ${options.connections} connections, medians`);
try {
	for (const name of options.only.split(',')) {
		if (!scenarios[name]) throw new Error(`no scenario ${name}; there are: ${Object.keys(scenarios).join(', ')}`);
		await scenarios[name]();
	}
} finally {
	await stopAll();
}
if (targets.length) say(`\n${targetTable(targets)}`);
if (skipped.length) say(`\nskipped, not there: ${[...new Set(skipped)].join(', ')}`);
if (options.json) writeFileSync(options.json, JSON.stringify({ about, options, results, targets, skipped }, null, '\t'));
