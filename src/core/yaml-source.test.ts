import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseYaml } from './yaml-source.ts';
import { anyText } from '../../test/rig/any-text.ts';

/** Each diagnostic as `line:column message`. */
function complaints(text: string): string[] {
  return parseYaml(text, 'v.yaml').diagnostics.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );
}

test('a file is read as YAML 1.2', () => {
  const { value, diagnostics } = parseYaml(
    'at: 00:10\non: yes\nn: 0o17\nd: 2026-01-01\nlist: [1, ~, true]\n',
    'v.yaml',
  );
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(value, { at: '00:10', on: 'yes', n: 15, d: '2026-01-01', list: [1, null, true] });
  assert.equal(parseYaml('# nothing\n', 'v.yaml').value, null);
});

test('all syntax errors are told at once, with their places', () => {
  const { value, diagnostics } = parseYaml('a: @x\nb: `y\nc: [1\nd: 2\n', 'v.yaml');
  assert.equal(value, undefined);
  assert.deepEqual(
    diagnostics.map(({ file, line, column, severity }) => [file, line, column, severity]),
    [
      ['v.yaml', 1, 4, 'error'],
      ['v.yaml', 2, 4, 'error'],
      ['v.yaml', 4, 1, 'error'],
    ],
  );
  for (const { message } of diagnostics) assert.match(message, /^cannot read this as YAML: [a-z]/);
});

test('what YAML allows and a config does not is refused with its place', () => {
  for (const [text, complaint] of [
    ['a: 1\nb:\n  c: 1\n  "c": 2\n', '4:3 cannot set "c" twice in one map'],
    ['a: 1\n---\nb: 2\n', '2:1 cannot read more than one YAML document in a file'],
    ['a: 1\n2.5: x\n', '2:1 cannot use 2.5 as a key: a key is a string'],
    ['a: 1\n02: x\n', '2:1 cannot use 02 as a key: a key is a string'],
    ['a: 1\ntrue: x\n', '2:1 cannot use true as a key: a key is a string'],
    ['? [a]\n: x\n', '1:3 cannot use an alias, a list or a map as a key: a key is a string'],
    ['a: !secret x\n', '1:4 cannot read a YAML tag here: Unresolved tag: !secret'],
    ['a: !!binary aGk=\n', '1:4 cannot read a YAML tag here: Unresolved tag: tag:yaml.org,2002:binary'],
    ['a: &x {b: 1}\nc:\n  <<: *x\n', '3:3 cannot merge maps with <<: it is no part of YAML 1.2'],
    ['a: *x\n', '1:4 cannot find the anchor &x before *x'],
    ['a: &x [1, *x]\n', '1:11 cannot use *x inside the value that it stands for'],
    ['%YAML 1.1\n---\na: 1\n', '1:1 cannot read YAML 1.1: this is read as YAML 1.2'],
  ] as const) {
    assert.deepEqual(complaints(text), [complaint], text);
  }
});

test('a double key leaves a value that can be checked further, and never reaches a prototype', () => {
  assert.deepEqual(parseYaml('a: 1\na: 2\n', 'v.yaml').value, { a: 2 });
  const { value } = parseYaml('__proto__: {evil: 1}\n', 'v.yaml');
  assert.equal((value as { evil?: number }).evil, undefined);
  assert.ok(Object.hasOwn(value as object, '__proto__'));
});

test('aliases are followed, within bounds', () => {
  assert.deepEqual(parseYaml('a: &x {b: 1}\nc: *x\n', 'v.yaml').value, { a: { b: 1 }, c: { b: 1 } });
  const laughs = Array.from(
    { length: 12 },
    (_, n) =>
      `l${n}: &l${n} [${
        n === 0
          ? 'ha'
          : Array(9)
              .fill(`*l${n - 1}`)
              .join(', ')
      }]`,
  );
  const { value, diagnostics } = parseYaml(laughs.join('\n'), 'v.yaml');
  assert.equal(value, undefined);
  assert.deepEqual(
    diagnostics.map(({ line, column }) => [line, column]),
    [[2, 10]],
  );
});

test('deep nesting is refused, not crashed on', () => {
  for (const depth of [200, 3000])
    assert.notDeepEqual(complaints(`a: ${'['.repeat(depth)}${']'.repeat(depth)}`), []);
});

const CONFIG = `services:
  clock:
    run: [node, clock.js]
    env: &env { LEVEL: info }
  other:
    env: *env
    watch:
`;

test('keys and values are found by their path', () => {
  const { locate } = parseYaml(CONFIG, 'v.yaml');
  for (const [path, key, value] of [
    [['services'], [1, 1], [2, 3]],
    [
      ['services', 'clock', 'run'],
      [3, 5],
      [3, 10],
    ],
    [
      ['services', 'clock', 'run', 1],
      [3, 17],
      [3, 17],
    ],
    [
      ['services', 'clock', 'env', 'LEVEL'],
      [4, 17],
      [4, 24],
    ],
    [
      ['services', 'other', 'env'],
      [6, 5],
      [6, 10],
    ],
    [
      ['services', 'other', 'env', 'LEVEL'],
      [4, 17],
      [4, 24],
    ],
    [
      ['services', 'other', 'watch'],
      [7, 5],
      [7, 11],
    ],
    [[], [1, 1], [1, 1]],
    [
      ['services', 'clock', 'run', 7],
      [3, 5],
      [3, 10],
    ],
    [
      ['services', 'clock', 'missing', 'deeper'],
      [2, 3],
      [3, 5],
    ],
    [['missing'], [1, 1], [1, 1]],
  ] as const) {
    const at = (what: 'key' | 'value'): number[] => Object.values(locate(path, what));
    assert.deepEqual([at('key'), at('value')], [key, value], path.join('.'));
  }
});

test('no text makes it throw, and every place is in the text or at its end', () => {
  const snippet = fc.constantFrom(
    'a',
    ': ',
    '\n',
    '- ',
    '  ',
    '[',
    ']',
    '{',
    '}',
    '&x ',
    '*x',
    '!t ',
    '"',
    "'",
    '? ',
    '---\n',
    '|\n',
    '#',
    '%',
    '1',
    '<<',
    '\t',
    '@',
    ',',
  );
  const text = fc.oneof(
    fc.array(snippet, { maxLength: 40 }).map((parts) => parts.join('')),
    anyText(),
  );
  fc.assert(
    fc.property(text, (written) => {
      const { diagnostics, locate } = parseYaml(written, 'v.yaml');
      const places = [...diagnostics, locate(['a', 0, 'a'], 'value'), locate(['x'], 'key')];
      for (const { line, column } of places)
        assert.ok(line >= 1 && column >= 1 && line <= written.split('\n').length);
    }),
    { numRuns: 1000 },
  );
});

test('what JSON can say reads back as it is', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (given) => {
      const text = JSON.stringify(given);
      assert.deepEqual(parseYaml(text, 'v.yaml').value, JSON.parse(text));
    }),
  );
});
