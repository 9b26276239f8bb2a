// tests/differential/main.mjs - the library against Cedar's official engine
// SPDX-License-Identifier: Apache-2.0
//
//	node main.mjs --seed N --count N --driver PROGRAM --modules FOLDER --out FOLDER [--corpus FOLDER]
//	              [--jobs N] [--only ROUND] [--freeze FILE]
//
// Parts the count among processes, each with its own stream of the seed, and sums up. Exit 0: every
// answer was the same or is explained in known.json; 1: not so; 2: it could not run.
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Both } from './lib/both.mjs';
import { Corpus } from './lib/corpus.mjs';
import { Known } from './lib/known.mjs';
import { Oracle } from './lib/oracle.mjs';
import { Ours } from './lib/ours.mjs';
import { Random } from './lib/random.mjs';
import { ROUNDS } from './lib/rounds.mjs';

const { values: args } = parseArgs({ options: Object.fromEntries(
	['seed', 'count', 'driver', 'modules', 'out', 'corpus', 'jobs', 'only', 'freeze', 'stream'].map((name) => [name, { type: 'string' }])) });
const count = Number(args.count ?? 50000), jobs = Number(args.jobs ?? 2);
const known = Known.read(new URL('known.json', import.meta.url));

// One process's share of the work.
async function work(stream, share) {
	const random = new Random(args.seed ?? 1, stream), ours = new Ours(args.driver);
	const both = new Both({ random, oracle: new Oracle(args.modules), ours, corpus: Corpus.open(args.corpus), known, folder: args.out,
		frozen: args.freeze ? [] : null });
	const rounds = args.only ? ROUNDS.filter(([, round]) => round.name === args.only) : ROUNDS;
	while (both.total < share) await random.weighted(rounds)(both);
	ours.end();
	const { counts, agreed, explained, differences, traps, frozen } = both;
	return { version: both.oracle.version, counts, agreed, explained, traps, frozen, differences: differences.map(({ category, what, file, ours: o, theirs: t, script }) => (
		{ category, what, file, ours: o.why ?? '', theirs: t.why ?? t.messages?.join('; ') ?? '', text: script.at(-1).text?.slice(0, 300) })) };
}

function add(sums, more) {
	for (const [name, n] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + n;
}

function tell(results) {
	const counts = {}, agreed = {}, explained = {}, differences = results.flatMap((r) => r.differences);
	for (const r of results) {
		add(counts, r.counts);
		add(agreed, r.agreed);
		add(explained, r.explained);
	}
	const setup = counts.setup ?? 0;
	delete counts.setup;
	const total = Object.values(counts).reduce((a, b) => a + b, 0), traps = results.reduce((n, r) => n + r.traps, 0);
	console.log(`seed ${args.seed ?? 1}, official engine ${results[0].version}`);
	for (const [name, n] of Object.entries(counts).sort()) console.log(`${name.padEnd(16)} ${String(n).padStart(8)}  (${agreed[name] ?? 0} answered, ${n - (agreed[name] ?? 0)} refused)`);
	console.log(`${'all'.padEnd(16)} ${String(total).padStart(8)}  and ${setup} answers to what they stand on; ${traps} traps of the engine left out`);
	console.log(`explained: ${Object.values(explained).reduce((a, b) => a + b, 0)}`);
	for (const [name, n] of Object.entries(explained).sort()) console.log(`  ${name}: ${n}: ${known.find((k) => k.name === name).reason}`);
	console.log(`differences: ${differences.length}`);
	for (const d of differences.slice(0, 40)) {
		console.log(`  ${d.category}: ${d.what}${d.file ? `; ${d.file}` : ''}`);
		for (const side of ['text', 'ours', 'theirs']) if (d[side]) console.log(`    ${side}: ${JSON.stringify(d[side].slice(0, 400))}`);
	}
	if (args.freeze && differences.length === 0) writeFileSync(args.freeze, results.flatMap((r) => r.frozen).map((row) => `${JSON.stringify(row)}\n`).join(''));
	return differences.length === 0 ? 0 : 1;
}

if (args.stream !== undefined) {
	process.send(await work(Number(args.stream), count));
	process.disconnect();
} else if (jobs === 1) {
	process.exitCode = tell([await work(0, count)]);
} else {
	const results = await Promise.all(Array.from({ length: jobs }, (_, i) => new Promise((done, failed) => {
		const child = fork(new URL(import.meta.url), [...process.argv.slice(2), '--stream', String(i), '--count', String(Math.ceil(count / jobs))]);
		child.on('message', done);
		child.on('exit', (code) => code && failed(new Error(`process ${i} ended with ${code}`)));
	})));
	process.exitCode = tell(results);
}
