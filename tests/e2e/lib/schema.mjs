// tests/e2e/lib/schema.mjs - holds answers of the admin API against its own /openapi.json
// SPDX-License-Identifier: Apache-2.0
//
// As much of JSON Schema as fairlead's own descriptions use; a keyword that is not known here fails
// the test. What a keyword does not apply to passes it.
import assert from 'node:assert/strict';

const called = new Set();

const isType = {
	object: (v) => v !== null && typeof v === 'object' && !Array.isArray(v),
	array: Array.isArray,
	string: (v) => typeof v === 'string',
	integer: Number.isInteger,
	number: (v) => typeof v === 'number',
	boolean: (v) => typeof v === 'boolean',
	null: (v) => v === null,
};

const keywords = {
	$ref: (ref, value, at, root) => validate(resolve(root, ref), value, at, root),
	type: (types, value, at) => assert.ok([types].flat().some((type) => isType[type](value)),
		`${at} is no ${types}: ${JSON.stringify(value)}`),
	enum: (values, value, at) => assert.ok(values.includes(value), `${at}: ${value} is not one of ${values}`),
	const: (only, value, at) => assert.equal(value, only, at),
	minimum: (least, value, at) => assert.ok(!(value < least), `${at}: ${value} < ${least}`),
	maximum: (most, value, at) => assert.ok(!(value > most), `${at}: ${value} > ${most}`),
	minItems: (least, value, at) => assert.ok(!Array.isArray(value) || value.length >= least, `${at} has too few`),
	maxItems: (most, value, at) => assert.ok(!Array.isArray(value) || value.length <= most, `${at} has too many`),
	minProperties: (least, value, at) => assert.ok(!isType.object(value) || Object.keys(value).length >= least, at),
	maxProperties: (most, value, at) => assert.ok(!isType.object(value) || Object.keys(value).length <= most, at),
	maxLength: (most, value, at) => assert.ok(!isType.string(value) || value.length <= most, `${at} is too long`),
	pattern: (pattern, value, at) => assert.ok(!isType.string(value) || new RegExp(pattern, 'u').test(value),
		`${at}: ${value} is not of ${pattern}`),
	anyOf: (schemas, value, at, root) => {
		const faults = schemas.map((schema) => {
			try { return validate(schema, value, at, root); } catch (error) { return error; }
		});
		assert.ok(faults.includes(undefined), `${at}: ${faults.map((fault) => fault?.message).join('; or ')}`);
	},
	$schema: () => {},
	title: () => {},
	description: () => {},
	format: (format, value, at) => {
		assert.equal(format, 'date-time');
		assert.ok(value === null || !Number.isNaN(Date.parse(value)), `${at}: ${value} is no time`);
	},
	required: (names, value, at) => names.forEach((name) => assert.ok(name in value, `${at} lacks ${name}`)),
	properties: (schemas, value, at, root) => Object.entries(value ?? {}).forEach(([name, member]) => {
		if (schemas[name]) validate(schemas[name], member, `${at}/${name}`, root);
	}),
	additionalProperties: (rest, value, at, root, { properties = {} }) => Object.entries(value ?? {})
		.filter(([name]) => !(name in properties)).forEach(([name, member]) => {
			assert.notEqual(rest, false, `${at} may have no ${name}`);
			validate(rest, member, `${at}/${name}`, root);
		}),
	propertyNames: (schema, value, at, root) => Object.keys(value ?? {}).forEach((name) =>
		validate(schema, name, `${at}/${name}`, root)),
	items: (schema, value, at, root) => (Array.isArray(value) ? value : []).forEach((item, i) =>
		validate(schema, item, `${at}/${i}`, root)),
};

export function validate(schema, value, at, root) {
	for (const [keyword, argument] of Object.entries(schema)) {
		assert.ok(keywords[keyword], `${at}: unknown keyword ${keyword}`);
		keywords[keyword](argument, value, at, root, schema);
	}
}

function resolve(root, ref) {
	return ref.slice(2).split('/').reduce((node, key) => {
		assert.ok(node && key in node, `${ref} leads nowhere`);
		return node[key];
	}, root);
}

// The path template that a URL belongs to.
function find(openapi, url) {
	const pathname = url.replace(/\?.*/, '');
	return Object.keys(openapi.paths).find((template) =>
		new RegExp(`^${template.replace(/\{\w+\}/g, '[^/:]+')}$`).test(pathname));
}

export function check(openapi, method, url, answer) {
	const template = find(openapi, url);
	const operation = template && openapi.paths[template][method.toLowerCase()];
	if (!operation) {
		assert.ok(answer.status === 404 || answer.status === 405, `${method} ${url} is not documented`);
		return validate(openapi.components.schemas.Problem, answer.body, `${method} ${url}`, openapi);
	}
	called.add(operation.operationId);
	let response = operation.responses[answer.status];
	assert.ok(response || answer.status >= 400, `${method} ${url}: ${answer.status} is not documented`);
	response ??= operation.responses.default;
	if (response.$ref) response = resolve(openapi, response.$ref);
	for (const [type, { schema }] of Object.entries(response.content)) {
		assert.equal(answer.headers.get('content-type').split(';')[0], type);
		if (schema) validate(schema, answer.body, `${method} ${url}`, openapi);
	}
}

// Operations that no call was checked of; /openapi.json and /metrics are asked without check().
check.missing = (openapi) => Object.values(openapi.paths).flatMap((methods) => Object.values(methods))
	.map(({ operationId }) => operationId)
	.filter((id) => !called.has(id) && !['getOpenapi', 'getMetrics'].includes(id));
