// tests/bench/report.mjs - medians, ratios and the table
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { readFileSync } from 'node:fs';

export function median(numbers) {
	const sorted = [...numbers].sort((a, b) => a - b);
	const half = sorted.length >> 1;
	return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

// The rounds of one server: medians of what varies, sums of what must be zero.
export function summary(rounds) {
	const of = (key) => median(rounds.map((r) => r[key]));
	return {
		cpu_us: of('cpu_us'), per_s: of('per_s'), p50_us: of('p50_us'), p99_us: of('p99_us'),
		failed: sum(rounds.map((r) => r.failed)), closed: sum(rounds.map((r) => r.closed)),
	};
}

export function table(rows) {
	const widths = rows[0].map((_, i) => Math.max(...rows.map((r) => String(r[i]).length)));
	return rows.map((row) => row.map((cell, i) =>
		i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i])).join('  ')).join('\n');
}

export function serverTable(results) {
	return table([['server', 'CPU us/request', 'requests/s', 'p50 us', 'p99 us', 'failed', 'closed'],
		...Object.entries(results).map(([name, s]) => [name, s.cpu_us.toFixed(2), Math.round(s.per_s),
			Math.round(s.p50_us), Math.round(s.p99_us), s.failed, s.closed])]);
}

// A row of the targets: what, measured, at most, held.
export function target(what, value, most, unit = '') {
	return { what, value, most, unit, held: value <= most };
}

export function targetTable(targets) {
	return table([['target', 'measured', 'at most', ''],
		...targets.map((t) => [t.what, `${t.value.toFixed(2)}${t.unit}`, `${t.most}${t.unit}`,
			t.held ? 'held' : 'MISSED'])]);
}

function commit() {
	try {
		const run = (...argv) => execFileSync('git', argv, { encoding: 'utf8',
			cwd: new URL('.', import.meta.url).pathname, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
		return run('rev-parse', '--short', 'HEAD') + (run('status', '--porcelain') ? ' (changed)' : '');
	} catch { return 'unknown'; }
}

export function machine() {
	const cpu = /model name\s*:\s*(.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'));
	return { cpu: cpu ? cpu[1] : os.arch(), cores: os.cpus().length, kernel: os.release(),
		memory_gib: Math.round(os.totalmem() / 2 ** 30), commit: commit(),
		time: new Date().toISOString() };
}
