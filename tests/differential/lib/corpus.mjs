// tests/differential/lib/corpus.mjs - the official corpus, unpacked, when it is at hand
// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export class Corpus {
	#texts = new Map();

	// `folder` is the corpus folder; null when it is not there.
	static open(folder) {
		return folder && existsSync(folder) ? new Corpus(folder) : null;
	}

	constructor(folder) {
		this.folder = folder;
		this.names = readdirSync(folder).filter((n) => /^[0-9a-f]+\.json$/.test(n)).map((n) => n.slice(0, -5)).sort();
	}

	#read(name) {
		if (!this.#texts.has(name)) this.#texts.set(name, readFileSync(`${this.folder}/${name}`, 'utf8'));
		return this.#texts.get(name);
	}

	policyOf = (test) => this.#read(`${test}.cedar`);
	schemaOf = (test) => this.#read(`${test}.cedarschema`);
	entitiesOf = (test) => this.#read(`${test}.entities.json`);

	policies() {
		this.all ??= this.names.map(this.policyOf).filter((t) => t.length < 2000);
		return this.all;
	}

	// Tests of one schema; those with many tests come up more often.
	group(random) {
		if (!this.groups) {
			const by = new Map();
			for (const name of this.names) by.set(this.schemaOf(name), [...(by.get(this.schemaOf(name)) ?? []), name]);
			this.groups = [...by.values()].filter((g) => g.length > 1);
		}
		return random.pick(this.groups);
	}

	// The requests' text as it is written: integers may be too long for JavaScript.
	requestsOf(test) {
		const text = this.#read(`${test}.json`);
		const list = text.match(/\{\s*"description":.*?"validateRequest": (?:true|false)/gs) ?? [];
		return [...new Set(list.map((r) => `${r.replace(/"description":\s*"(?:[^"\\]|\\.)*",/, '').replace(/,\s*"validateRequest":.*$/s, '')}}`))];
	}
}
