// tests/differential/lib/ours.mjs - the library, through driver.c
// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Ours {
	#child;
	#waiting = [];

	constructor(program) {
		this.#child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
		createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift().done(JSON.parse(line)));
		this.#child.on('exit', (code, signal) => {
			for (const { failed } of this.#waiting) failed(new Error(`the driver ended: ${code ?? signal}`));
			this.#waiting = [];
		});
	}

	ask(question) {
		return new Promise((done, failed) => {
			this.#waiting.push({ done, failed });
			this.#child.stdin.write(`${JSON.stringify(question)}\n`);
		});
	}

	end() {
		this.#child.stdin.end();
	}
}
