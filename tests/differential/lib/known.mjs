// tests/differential/lib/known.mjs - differences that are meant, from known.json
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

// A row of known.json matches a difference when each pattern it has is found: "what", "ours" and
// "theirs" (why it was refused, or messages), "text" (of the last question).
export class Known {
	static read(url) {
		return JSON.parse(readFileSync(url, 'utf8')).map((row) => new Known(row));
	}

	constructor({ name, reason, category, ...patterns }) {
		Object.assign(this, { name, reason, category });
		this.patterns = Object.entries(patterns).map(([key, text]) => [key, new RegExp(text, 's')]);
	}

	matches({ category, what, ours, theirs, script }) {
		const texts = { what, ours: ours.why ?? '', theirs: theirs.why ?? theirs.messages?.join('\n') ?? '', text: script.at(-1).text ?? '' };
		return (this.category === undefined || this.category === category) && this.patterns.every(([key, pattern]) => pattern.test(texts[key]));
	}
}
