// tests/e2e/authentication_docs.test.mjs - the examples of docs/authentication.md, as they stand there
// SPDX-License-Identifier: Apache-2.0
//
// Of each section: its command makes a credential, the hash goes where the configuration has "blake2b:...", and each
// curl gets the status that the remark behind it says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Gateway, makeFolder, program, run, top } from './lib/gateway.mjs';

const sections = readFileSync(path.join(top, 'docs/authentication.md'), 'utf8').split('\n## ').slice(1)
	.filter((section) => section.includes('```yaml'));
const lines = (section, program) => section.split('\n').filter((line) => line.startsWith(`    ${program} `))
	.map((line) => /^ *(.*?)(?: {2,}# (.*))?$/.exec(line).slice(1));

test('there are examples', () => { assert.ok(sections.length >= 4); });

for (const section of sections)
	test(`authentication.md: ${section.split('\n')[0]}`, async () => {
		const gateway = new Gateway(makeFolder());
		const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(section);
		const [[create]] = lines(section, 'fairlead');
		const curls = lines(section, 'curl');
		const secret = {};
		assert.ok(curls.length > 0);
		try {
			gateway.write('instances: { echo: { connector: echo } }\n');
			const [, ...args] = create.replace('fairlead.yaml', gateway.file).split(' ');
			const made = await run(program('fairlead'), args);
			assert.equal(made.code, 0, made.stderr);
			[, secret.text, secret.hash] = /: (fl_live_\w{49})\nhash: "(.*)"\n$/.exec(made.stdout);
			gateway.write(yaml.replace('blake2b:...', secret.hash));
			await gateway.run();
			for (const [line, status] of curls) {
				const command = line.replace('curl', "curl -s -o /dev/null -w '%{http_code}'")
					.replace('http://127.0.0.1:8080', gateway.url);
				const { stdout } = await run('/bin/sh', ['-c', command], { env: { ...process.env, SECRET: secret.text } });
				assert.equal(stdout, status, line);
			}
			assert.doesNotMatch(gateway.stderr + readFileSync(gateway.accessLog, 'utf8'), new RegExp(secret.text));
		} finally { await gateway.stop(); }
	});
