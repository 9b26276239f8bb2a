// tests/bench/policy.mjs - decisions of policy/ beside Cedar's official engine, in one run
// SPDX-License-Identifier: Apache-2.0
//
//	node policy.mjs [--build DIR] [--modules FOLDER] [--json FILE]
//
// bench_policy measures the library and writes what it asked, with its answers, to files; the engine is
// asked the same and must answer the same. FOLDER has node_modules/ with the engine: without it, that
// half is left out by name. See docs/benchmarks.md.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { machine, table, target, targetTable } from './report.mjs';

const { values: options } = parseArgs({ options: { build: { type: 'string', default: '.' },
	modules: { type: 'string', default: '' }, json: { type: 'string', default: '' } } });
const WARM = 50, LEAST = 100, MOST_MS = 6000; // calls of the engine, and how long one world may take
const say = (text) => process.stdout.write(`${text}\n`);

// ---- the official engine ----

// A new instance, as one that ran out of stack is of no use any more. Null when it is not installed.
function engine() {
	const load = createRequire(path.resolve(options.modules, 'x'));
	try {
		const file = load.resolve('@cedar-policy/cedar-wasm/nodejs');
		delete load.cache[file];
		return load(file);
	} catch (error) {
		if (error.code !== 'MODULE_NOT_FOUND') throw error;
		return null;
	}
}

const key = ({ type, id }) => JSON.stringify([type, id]);

// The names in an attribute's value: as `{type, id}`, where the schema says that it is an entity.
function* names(value) {
	if (Array.isArray(value)) for (const item of value) yield* names(item);
	else if (value?.type !== undefined && value.id !== undefined) yield value;
	else if (typeof value === 'object') for (const item of Object.values(value)) yield* names(item);
}

// What a request can reach. The engine reads its entities anew at each call, so it gets no others.
function slice(entities, request) {
	const todo = [request.principal, request.resource], reached = new Map();
	while (todo.length > 0) {
		const uid = todo.pop(), entity = entities.get(key(uid));
		if (entity === undefined || reached.has(key(uid))) continue;
		reached.set(key(uid), entity);
		todo.push(...entity.parents, ...names(entity.attrs));
	}
	return [...reached.values()];
}

function calls(file) {
	let entities;
	return readFileSync(file, 'utf8').trim().split('\n').map(JSON.parse).flatMap((line) => {
		if (line.entities) {
			entities = new Map(line.entities.map((e) => [key(e.uid), e]));
			return [];
		}
		const { decision, reason, errors, ...request } = line;
		return [{ ours: { decision, reason, errors }, call: { ...request, entities: slice(entities, request),
			preparsedPolicySetId: 'p', preparsedSchemaName: 's', validateRequest: false } }];
	});
}

const must = (answer) => {
	if (answer.type !== 'success') throw new Error(`the engine: ${JSON.stringify(answer.errors)}`);
	return answer;
};

function isEqual(ours, { decision, diagnostics: { reason, errors } }) {
	return ours.decision === decision && ours.errors === errors.length &&
		JSON.stringify([...ours.reason].sort()) === JSON.stringify([...reason].sort());
}

// CPU time, so that a busy machine, which interrupts long calls more than short ones, does not flatter us.
function cpuUs(since) {
	const { user, system } = process.cpuUsage(since);
	return user + system;
}

const share = (sorted, of) => sorted[Math.floor(sorted.length * of)];

function ask(dir, name) {
	const cedar = engine();
	const text = (suffix) => readFileSync(path.join(dir, `${name}.${suffix}`), 'utf8');
	const asked = calls(path.join(dir, `${name}.jsonl`));
	const start = process.cpuUsage();
	must(cedar.preparsePolicySet('p', { staticPolicies: text('cedar') }));
	must(cedar.preparseSchema('s', text('cedarschema')));
	const load_ms = cpuUs(start) / 1e3, end = performance.now() + MOST_MS, times = [];
	let unequal = 0;
	for (const { call } of asked.slice(0, WARM)) cedar.statefulIsAuthorized(call);
	for (const { call, ours } of asked) {
		const before = process.cpuUsage();
		const answer = cedar.statefulIsAuthorized(call);
		times.push(cpuUs(before));
		if (!isEqual(ours, must(answer).response)) unequal++;
		if (times.length >= LEAST && performance.now() > end) break;
	}
	times.sort((a, b) => a - b);
	return { load_ms, calls: times.length, p50_us: share(times, 0.5), p99_us: share(times, 0.99), unequal };
}

// ---- the report ----

const us = (n) => (n === undefined ? '-' : n < 10 ? n.toFixed(2) : Math.round(n).toLocaleString('en'));

function report(rows) {
	say(table([['world', 'policies', 'way', 'p50 us', 'p99 us', 'engine p50', 'engine p99', 'times', 'equal', 'allocations'],
		...rows.map((r) => [r.world, r.policies, r.mode, us(r.p50_us), us(r.p99_us), us(r.engine?.p50_us), us(r.engine?.p99_us),
			r.engine ? us(r.engine.p50_us / r.p50_us) : '-', r.engine ? `${r.engine.calls - r.engine.unequal}/${r.engine.calls}` : '-',
			r.allocations])]));
	say('');
	say(table([['loading', 'policies', 'parse ms', 'validate ms', 'index ms', 'bytes each', 'resident each', 'engine parse ms'],
		...rows.filter((r) => r.mode === 'indexed' && r.policies >= 10).map((r) => [r.world, r.policies, r.parse_ms.toFixed(1),
			r.validate_ms.toFixed(1), r.index_ms.toFixed(1), Math.round(r.bytes / r.policies),
			// A few pages are no measure for a few policies.
			r.policies >= 1000 ? Math.round(r.resident_bytes / r.policies) : '-', r.engine ? r.engine.load_ms.toFixed(1) : '-'])]));
}

function targets(rows, cedar) {
	const find = (world, size) => rows.find((r) => r.world === world && r.size === size && r.mode === 'indexed');
	const big = find('gateway', 10000), some = find('gateway', 1000), list = [
		target('10,000 policies: p50', big.p50_us, 1, ' us'),
		target('10,000 policies: p99', big.p99_us, 5, ' us'),
		target('10,000 policies: parsed, validated, indexed', big.parse_ms + big.validate_ms + big.index_ms, 500, ' ms'),
		target('10,000 policies: resident, each', big.resident_bytes / big.policies / 1024, 2, ' KiB'),
		target('calls for memory while deciding', rows.reduce((n, r) => n + r.allocations, 0), 0),
		target('10 KB policy, 64 deep, sets of 1,000: p99', find('hard', 0).p99_us, 50, ' us'),
	];
	for (const row of rows.filter((r) => r.world === 'request')) list.push(target(`a request with ${row.mode}: p50`, row.p50_us, 1.5, ' us'));
	for (const app of ['gdrive', 'github', 'tinytodo'])
		list.push(target(`${app}: p50`, find(app, 0).p50_us, 0.5, ' us'), target(`${app}: p99`, find(app, 0).p99_us, 2, ' us'));
	if (cedar)
		list.push(target('1,000 policies: p50, of the engine\'s', 100 * some.p50_us / some.engine.p50_us, 2, ' %'),
			target('decisions unlike the engine', rows.reduce((n, r) => n + (r.engine?.unequal ?? 0), 0), 0));
	return list;
}

function run(program, ...argv) {
	const lines = execFileSync(path.resolve(options.build, program), argv, { encoding: 'utf8' }).trim().split('\n');
	return lines.map(JSON.parse).map((r) => ({ ...r, p50_us: r.p50_ns / 1e3, p99_us: r.p99_ns / 1e3 }));
}

const dir = mkdtempSync(path.join(os.tmpdir(), 'fairlead-bench-'));
try {
	const cedar = engine();
	const rows = [...run('bench_policy', '--freeze', dir), ...run('bench_decide')];
	for (const row of rows) {
		const name = `${row.world}-${row.size}`;
		if (!cedar || row.mode !== 'indexed' || !existsSync(path.join(dir, `${name}.jsonl`))) continue;
		try {
			row.engine = ask(dir, name);
		} catch (error) {
			if (!(error instanceof RangeError)) throw error;
			say(`# ${row.world}: the engine's stack is too small for it: ${error.message}`);
		}
	}
	const about = machine(), held = targets(rows, cedar);
	say(`# ${about.cpu}, ${about.cores} cores, Linux ${about.kernel}, commit ${about.commit}`);
	if (cedar) say(`# beside @cedar-policy/cedar-wasm ${cedar.getCedarVersion()} on node ${process.versions.node}`);
	else say('# @cedar-policy/cedar-wasm is left out: it is not installed and could not be');
	report(rows);
	say('');
	say(targetTable(held));
	if (options.json) writeFileSync(options.json, JSON.stringify({ about, rows, targets: held }, null, '\t'));
	if (held.some((t) => t.what === 'decisions unlike the engine' && !t.held)) process.exitCode = 1;
} finally {
	rmSync(dir, { recursive: true, force: true });
}
