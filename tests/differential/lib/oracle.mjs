// tests/differential/lib/oracle.mjs - the official engine, asked for the same as driver.c
// SPDX-License-Identifier: Apache-2.0
//
// The package's glue passes arguments through JSON.stringify() and results through JSON.parse(); both
// are replaced here, so that raw text goes in (integers beyond 2^53, keys that are there twice, -0) and
// raw text comes out. A trap spoils the engine's instance: it is loaded again.
import { createRequire } from 'node:module';

const stringify = JSON.stringify, parse = JSON.parse;
JSON.stringify = (x, ...more) => (typeof x?.__raw === 'string' ? x.__raw : stringify.call(JSON, x, ...more));
let keepsRaw = false;
JSON.parse = (text, ...more) => (keepsRaw ? { raw: text } : parse.call(JSON, text, ...more));

export class Oracle {
	#require;
	#cedar;
	traps = 0;

	// `folder` has node_modules/.
	constructor(folder) {
		this.#require = createRequire(`${folder}/`);
		this.#load();
	}

	#load() {
		const path = this.#require.resolve('@cedar-policy/cedar-wasm/nodejs');
		delete this.#require.cache[path];
		this.#cedar = this.#require(path);
	}

	get version() {
		return this.#cedar.getCedarVersion();
	}

	// Calls a function of the engine; an exception counts as a refusal.
	call(name, ...args) {
		try {
			return this.#cedar[name](...args);
		} catch (e) {
			if (e instanceof WebAssembly.RuntimeError) {
				this.traps++;
				this.#load();
				return { type: 'trap', errors: [{ message: String(e) }] };
			}
			return { type: 'failure', errors: [{ message: String(e) }] };
		}
	}

	raw(name, ...args) {
		keepsRaw = true;
		try {
			return this.call(name, ...args).raw;
		} finally {
			keepsRaw = false;
		}
	}
}

const NO_JSON = { ok: false, why: 'no JSON' };
const isJson = (text) => {
	try {
		parse.call(JSON, text);
		return true;
	} catch {
		return false;
	}
};
const why = (answer) => (answer.errors ?? []).map((e) => e.message).join('; ');

// The engine's side of one "world": what is in force until it is replaced, as in driver.c.
export class OracleWorld {
	constructor(oracle) {
		this.oracle = oracle;
		this.schemaJson = null; // as JSON: a string in Cedar syntax, or an object
		this.entitiesJson = '[]';
	}

	#checked(answer) {
		return answer.type === 'success' ? { ok: true } : { ok: false, trap: answer.type === 'trap', why: why(answer) };
	}

	ask(q) {
		return this[q.op](q);
	}

	schema(q) {
		if (q.text === undefined) {
			this.schemaJson = null;
			return { ok: true };
		}
		const text = q.json ? q.text : stringify(q.text);
		// Text that is no JSON would break the call around it, and a JSON string would be read as Cedar syntax.
		if (q.json && (!isJson(text) || !/^\s*\{/.test(text))) return NO_JSON;
		const answer = this.#checked(this.oracle.call('preparseSchema', 's', { __raw: text }));
		this.schemaJson = answer.ok ? text : null;
		return answer;
	}

	policies(q) {
		const set = q.text !== undefined ? { staticPolicies: q.text } : {
			staticPolicies: Object.fromEntries((q.static ?? []).map((p) => [p.id, p.text])),
			templates: Object.fromEntries((q.templates ?? []).map((p) => [p.id, p.text])),
			templateLinks: (q.links ?? []).map((l) => ({
				templateId: l.template,
				newId: l.id,
				values: {
					...(l.principal && { '?principal': l.principal }),
					...(l.resource && { '?resource': l.resource }),
				},
			})),
		};
		this.set = set;
		return this.#checked(this.oracle.call('preparsePolicySet', 'p', set));
	}

	entities(q) {
		if (!isJson(q.text)) return NO_JSON;
		const schema = this.schemaJson === null ? '' : `,"schema":${this.schemaJson}`;
		const answer = this.#checked(this.oracle.call('checkParseEntities', { __raw: `{"entities":${q.text}${schema}}` }));
		this.entitiesJson = q.text;
		return answer;
	}

	request(q) {
		if (!isJson(q.text)) return NO_JSON;
		const inside = q.text.trim().replace(/\}$/, '');
		const schema = this.schemaJson === null ? '' : `,"preparsedSchemaName":"s"`;
		const call = `${inside},"validateRequest":${q.validate === true},"preparsedPolicySetId":"p"${schema},"entities":${this.entitiesJson}}`;
		const answer = this.oracle.call('statefulIsAuthorized', { __raw: call });
		if (answer.type !== 'success') return { ok: false, trap: answer.type === 'trap', why: why(answer) };
		const { decision, diagnostics } = answer.response;
		return {
			ok: true,
			allow: decision === 'allow',
			reason: diagnostics.reason.sort(),
			errors: diagnostics.errors.map((e) => e.policyId).sort(),
			messages: diagnostics.errors.map((e) => `${e.policyId}: ${e.error.message}`),
		};
	}

	context(q) {
		if (!isJson(q.text)) return NO_JSON;
		const schema = this.schemaJson === null ? '' : `,"schema":${this.schemaJson},"action":${q.action}`;
		return this.#checked(this.oracle.call('checkParseContext', { __raw: `{"context":${q.context}${schema}}` }));
	}

	validate() {
		const answer = this.oracle.call('validate', { __raw: `{"schema":${this.schemaJson},"policies":${stringify(this.set)}}` });
		if (answer.type !== 'success') return { ok: false, trap: answer.type === 'trap', why: why(answer) };
		return {
			ok: true,
			invalid: [...new Set(answer.validationErrors.map((e) => e.policyId))].sort(),
			impossible: [...new Set(answer.validationWarnings.filter((e) => /impossible/.test(e.error.message)).map((e) => e.policyId))].sort(),
			valid: answer.validationErrors.length === 0,
			messages: answer.validationErrors.map((e) => `${e.policyId}: ${e.error.message}`),
		};
	}

	parse(q) {
		return this.#checked(this.oracle.call('checkParsePolicySet', { staticPolicies: q.text }));
	}

	// A static policy or template as its JSON form, as raw text.
	est(text) {
		const policy = this.oracle.raw('policyToJson', text);
		if (policy.startsWith('{"type":"success"')) return policy;
		return this.oracle.raw('templateToJson', text);
	}
}
