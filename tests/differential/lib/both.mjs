// tests/differential/lib/both.mjs - asks both sides, compares, keeps what differs
// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { OracleWorld } from './oracle.mjs';

const STATE = ['schema', 'policies', 'entities'];
const MINIMISED_MAX = 12, TRIES_MAX = 400;

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// What of the answers must be equal; null: they are.
export function difference(q, ours, theirs) {
	if (ours.modes) return ours.modes;
	if (ours.ok !== theirs.ok) return ours.ok ? 'we take it, they refuse it' : 'we refuse it, they take it';
	if (!ours.ok) return null;
	if (q.op === 'request') {
		if (ours.allow !== theirs.allow) return `the decision: we ${ours.allow ? 'allow' : 'deny'}`;
		if (!same([...ours.reason].sort(), theirs.reason)) return 'the reasons';
		if (!same([...ours.errors].sort(), theirs.errors)) return 'the errors';
	}
	if (q.op === 'validate') {
		if (ours.valid !== theirs.valid) return `the verdict: we say ${ours.valid ? 'valid' : 'not valid'}`;
		if (!same([...ours.invalid].sort(), theirs.invalid.filter((id) => q.ids.includes(id)))) return 'which policies are valid';
		// Of a policy that is not valid the warning says nothing more.
		const valid = (id) => q.ids.includes(id) && !theirs.invalid.includes(id);
		if (!same(ours.impossible.filter(valid).sort(), theirs.impossible.filter(valid))) return 'which policies are impossible';
	}
	if (q.op === 'print' && theirs.est !== theirs.printed) return 'the printed policy means something else';
	return null;
}

// A line for driver.c to replay: of the answer only what is compared.
function frozenRow({ parts, n, ids, ...q }, { ok, allow, reason, errors, valid, invalid }) {
	return { a: { ok, allow, reason, errors, valid, invalid: invalid?.filter((id) => ids.includes(id)) }, q };
}

export class Both {
	// `frozen`: a list that takes every question with their answer, or null.
	constructor({ random, oracle, ours, corpus, known, folder, frozen = null }) {
		Object.assign(this, { random, oracle, ours, corpus, known, folder, frozen });
		this.world = new OracleWorld(oracle);
		this.state = {};
		this.counts = {};
		this.explained = {};
		this.differences = [];
		this.agreed = {}; // how many of a category were answered, not refused
		this.traps = 0;
	}

	get total() {
		return Object.entries(this.counts).reduce((sum, [name, n]) => sum + (name === 'setup' ? 0 : n), 0);
	}

	// What is printed is compared by the engine itself, in its JSON form.
	#theirs(q, ours) {
		if (q.op !== 'print') return this.world.ask(q);
		const parts = this.oracle.call('policySetTextToParts', q.text);
		if (parts.type !== 'success') return { ok: false, trap: parts.type === 'trap', why: parts.errors.map((e) => e.message).join('; ') };
		const answer = { ok: true, n: parts.policies.length + parts.policy_templates.length };
		if (answer.n === 1 && ours.ok && q.text.length < 20000) {
			answer.est = this.world.est(q.text);
			answer.printed = this.world.est(ours.printed);
		}
		return answer;
	}

	async ask(category, q) {
		return (await this.askAll(category, [q]))[0];
	}

	// Their answers; {ok: false} too when the two differ, so that a round goes no further.
	async askAll(category, questions) {
		const asked = questions.map((q) => this.ours.ask(q));
		const answers = [];
		for (const [i, q] of questions.entries()) {
			const ours = await asked[i], theirs = this.#theirs(q, ours);
			answers.push(await this.#judge(category, q, ours, theirs));
		}
		return answers;
	}

	async #judge(category, q, ours, theirs) {
		if (STATE.includes(q.op)) this.state[q.op] = q;
		if (theirs.trap) {
			this.traps++;
			return { ok: false };
		}
		this.counts[category] = (this.counts[category] ?? 0) + (q.n ?? 1);
		if (theirs.ok) this.agreed[category] = (this.agreed[category] ?? 0) + (q.n ?? 1);
		const what = difference(q, ours, theirs);
		if (what === null) {
			this.frozen?.push(frozenRow(q, theirs));
			return theirs;
		}
		const found = { category, what, script: [...STATE.map((s) => this.state[s]).filter((s) => s && s !== q), q], ours, theirs };
		const reason = this.known.find((k) => k.matches(found));
		if (reason) {
			this.explained[reason.name] = (this.explained[reason.name] ?? 0) + 1;
		} else {
			this.differences.push(found);
			if (this.differences.length <= MINIMISED_MAX) await this.#keep(found);
		}
		return { ok: false };
	}

	// ---- Differences ----

	// Asks a script from nothing on; the last question's difference, or null.
	async #replay(script) {
		const world = new OracleWorld(this.oracle), kept = this.world;
		let what = null, answers;
		this.world = world;
		for (const q of script) {
			const ours = await this.ours.ask(q), theirs = this.#theirs(q, ours);
			what = theirs.trap ? null : difference(q, ours, theirs);
			answers = { ours, theirs };
		}
		this.world = kept;
		return { what, ...answers };
	}

	// Leaves out parts (policies, entities; of printed policies: pieces of text) while it still differs.
	async #minimise(found) {
		let script = found.script, tries = 0, best = found;
		const attempt = async (candidate) => {
			if (tries++ > TRIES_MAX) return false;
			const now = await this.#replay(candidate);
			if (now.what !== found.what) return false;
			script = candidate;
			best = { ...found, script, ours: now.ours, theirs: now.theirs };
			return true;
		};
		for (let i = 0; i < script.length; i++) {
			if (script[i].parts) {
				const wrap = (parts) => ({ ...script[i], parts, text: script[i].op === 'entities' ? `[${parts}]` : parts.join('\n') });
				for (let size = script[i].parts.length >> 1; size >= 1; size >>= 1)
					for (let at = 0; at < script[i].parts.length;) {
						const parts = script[i].parts.toSpliced(at, size);
						if (!(await attempt(script.with(i, wrap(parts))))) at += size;
					}
			}
			if (script[i].op === 'print' || (i === script.length - 1 && script[i].op === 'schema' && script[i].text && !script[i].json))
				for (let size = script[i].text.length >> 1; size >= 1; size >>= 1)
					for (let at = 0; at < script[i].text.length;) {
						const text = script[i].text.slice(0, at) + script[i].text.slice(at + size);
						if (!(await attempt(script.with(i, { ...script[i], text })))) at += size;
					}
		}
		return best;
	}

	async #keep(found) {
		const small = await this.#minimise(found);
		Object.assign(found, small);
		mkdirSync(this.folder, { recursive: true });
		const lines = small.script.map(({ parts, ...q }) => JSON.stringify(q));
		found.file = `${this.folder}/${this.differences.length}-${process.pid}.jsonl`;
		writeFileSync(found.file, `${lines.join('\n')}\n`);
		// The engine and the driver stand elsewhere now.
		for (const q of STATE.map((s) => this.state[s]).filter(Boolean)) await this.ours.ask(q);
		for (const q of STATE.map((s) => this.state[s]).filter(Boolean)) this.world.ask(q);
	}
}
