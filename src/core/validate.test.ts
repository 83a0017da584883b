import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { validate } from './validate.ts';
import { parseYaml } from './yaml-source.ts';

const SCHEMA = v.strictObject({
  name: v.string('cannot use this value: write text'),
  limits: v.optional(v.strictObject({ memory: v.optional(v.number()), files: v.optional(v.number()) })),
  services: v.optional(v.record(v.string(), v.strictObject({ run: v.string() }))),
});

function mistakes(text: string): string[] {
  const { diagnostics } = validate(SCHEMA, parseYaml(text, 'f.yaml'), 'f.yaml');
  return diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test('what fits comes back as it is', () => {
  const { value, diagnostics } = validate(
    SCHEMA,
    parseYaml('name: x\nservices: { a: { run: b } }\n', 'f'),
    'f',
  );
  assert.deepEqual(value, { name: 'x', services: { a: { run: 'b' } } });
  assert.deepEqual(diagnostics, []);
});

test('every mistake comes at once, each at its place, an unknown key with the one that was probably meant', () => {
  assert.deepEqual(mistakes('nmae: x\nlimits:\n  memroy: 3\n  files: many\n').sort(), [
    '1:1 cannot do without "name"',
    '1:1 cannot use the key "nmae", did you mean "name"?',
    '3:3 cannot use the key "memroy" in limits, did you mean "memory"?',
    '4:10 cannot use "many" for files in limits: expected number',
  ]);
});

test('a list is not taken for keys and values', () => {
  assert.deepEqual(
    mistakes('- name: x\n')[0],
    '1:1 cannot use a list for the file: it takes keys and values',
  );
  assert.deepEqual(mistakes('name: x\nservices:\n  - run: y\n'), [
    '3:3 cannot use a list for services: it takes keys and values',
  ]);
  assert.deepEqual(mistakes('name: x\nservices: []\n'), [
    '2:11 cannot use a list for services: it takes keys and values',
  ]);
});

test('an empty file lacks what is needed, and says so', () => {
  assert.deepEqual(mistakes(''), ['1:1 cannot do without "name"']);
});

test('what has no mistake is left to be checked further, and cannot be taken for the value', () => {
  const text =
    'name: x\nnmae: y\nlimits: { memory: lots, files: 3 }\nservices: { a: { run: b }, c: { rnu: d }, e: [] }\n';
  const { value, rest } = validate(SCHEMA, parseYaml(text, 'f'), 'f');
  assert.equal(value, undefined);
  assert.deepEqual(rest, { name: 'x', limits: { files: 3 }, services: { a: { run: 'b' } } });
});

test('nothing is left of what is wrong as a whole', () => {
  for (const text of ['', '- name: x\n', 'text\n', 'limits: {}\n']) {
    assert.equal(validate(SCHEMA, parseYaml(text, 'f'), 'f').rest, undefined, text);
  }
});
