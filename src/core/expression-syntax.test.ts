import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Expression, parseExpression } from './expression.ts';
import { anyText } from '../../test/rig/any-text.ts';

function read(text: string): Expression {
  const parsed = parseExpression(text);
  assert.ok(parsed.ok, parsed.ok ? '' : `${text}: ${parsed.error.message}`);
  return parsed.value;
}

test('the normal form is one', () => {
  for (const [text, normal] of [
    ["  a=='x'and(b)", 'a == "x" and b'],
    ['a and (b and c) or (d or e)', 'a and b and c or d or e'],
    ['(a or b) and c', '(a or b) and c'],
    ['not (a == 1)', 'not a == 1'],
    ['a not in [ 1,"b" ]', 'not a in [1, "b"]'],
    ['5m < lag', 'lag > 5m'],
    ["a['b'] == -0", 'a.b == 0'],
    ['["error"] == 1', '["error"] == 1'],
    ['level >= ["error"]', 'level >= ["error"]'],
    ['x matches /a\\/b/im', 'x matches /a\\/b/im'],
  ] as const) {
    assert.equal(read(text).text, normal);
  }
});

test('the paths are told, each once, without names of levels', () => {
  assert.deepEqual(read('a.b[0] == 1 and level >= error or exists a.b[0] and c == d').paths, [
    'a.b[0]',
    'level',
    'c',
    'd',
  ]);
});

test('a mistake is told with its place and what to write', () => {
  for (const [text, message, offset, length] of [
    ['', 'cannot read the end here: expected a path or a value', 0, 1],
    ['a ==', 'cannot read the end here: expected a path or a value after ==', 4, 1],
    ['a = 1', 'cannot read "=" here: expected "and" or "or", write ==', 2, 1],
    ['a && b', 'cannot read "&&" here: expected "and" or "or", write and', 2, 2],
    ['!a', 'cannot read "!" here: expected a path or a value, write not', 0, 1],
    ['a AND b', 'cannot read "AND" here: expected "and" or "or", did you mean "and"?', 2, 3],
    ['(a', 'cannot read the end here: expected "and", "or" or ")"', 2, 1],
    ['a == "x', 'cannot find the end of the string that starts with "', 5, 2],
    ['a == "\\q"', 'cannot read the escape \\q: write \\\\ for a backslash', 6, 2],
    ['a == 10.0.0.1', 'cannot read 10.0.0.1: it is no number, duration or size; write text in quotes', 5, 8],
    ['a == 1e999', 'cannot read 1e999: it is too large', 5, 5],
    ['a.', 'cannot read the path a.: a name follows the dot', 0, 2],
    ['a[x]', 'cannot read what [ starts: write [0] or ["key"]', 1, 1],
    ['a in "b"', 'cannot read "\\"b\\"" here: expected a list such as ["a", "b"]', 5, 3],
    ['a in [up]', 'cannot use a path in a list: text goes in quotes: "up"', 6, 2],
    ['a contains 5m', 'cannot look for a duration in a text: write "5m"', 11, 2],
    ['a matches "b"', 'cannot read a regular expression here: write matches /…/', 10, 1],
    ['a matches /b/g', 'cannot use this regular expression: its flags can be i, m, s and u', 10, 4],
    [
      `a matches /${'b'.repeat(1001)}/`,
      'cannot use this regular expression: it is over 1000 characters',
      10,
      1003,
    ],
    ['exists 5', 'cannot ask whether 5 exists: give a path', 7, 1],
    ['"a"', 'cannot read the end here: expected a comparison such as == or >=', 3, 1],
    ['1 < a < 3', 'cannot read "<" here: expected "and" or "or"', 6, 1],
    ['a == #', 'cannot read "#" here', 5, 1],
  ] as const) {
    assert.deepEqual(parseExpression(text), { ok: false, error: { message, offset, length } }, text);
  }
  const broken = parseExpression('a matches /(/');
  assert.ok(!broken.ok && broken.error.offset === 10);
});

test('length and nesting are bounded', () => {
  const not = (depth: number): boolean => parseExpression(`${'not '.repeat(depth)}a`).ok;
  const brackets = (depth: number): boolean =>
    parseExpression(`${'('.repeat(depth)}a${')'.repeat(depth)}`).ok;
  assert.deepEqual([not(50), not(51), brackets(50), brackets(51)], [true, false, true, false]);
  assert.equal(parseExpression(`${'not '.repeat(49)}a not in [1]`).ok, true);
  assert.equal(parseExpression(`${'not '.repeat(50)}a not in [1]`).ok, false);
  assert.equal(parseExpression(Array(200).fill('(not a)').join(' or ')).ok, true);
  assert.equal(parseExpression(`a${' '.repeat(3999)}`).ok, true);
  assert.equal(parseExpression(`a${' '.repeat(4000)}`).ok, false);
});

test('a path that starts with an unknown name is a mistake where the names are known', () => {
  const names = ['level', 'status', 'body'];
  assert.equal(parseExpression('level >= error and body.anything == status', { names }).ok, true);
  for (const [text, message, offset] of [
    ['stauts == 200', 'cannot find "stauts" among the values here, did you mean "status"?', 0],
    ['status == happy', 'cannot find "happy" among the values here; text goes in quotes: "happy"', 10],
    ['status == error', 'cannot find "error" among the values here; text goes in quotes: "error"', 10],
    ['exists other.level', 'cannot find "other" among the values here', 7],
  ] as const) {
    const parsed = parseExpression(text, { names });
    assert.deepEqual(parsed.ok ? undefined : [parsed.error.message, parsed.error.offset], [message, offset]);
  }
  const field = parseExpression('status > error', { names: ['status', 'error'] });
  assert.ok(field.ok && field.value.test({ status: 500, error: 400 }));
});

test('a level that no level is called is a mistake, which names those that there are', () => {
  const levels = 'trace, debug, info, warn, error, fatal';
  for (const [text, name, meant, offset] of [
    ['level >= eror', 'eror', 'error', 9],
    ['level >= warning', 'warning', 'warn', 9],
    ['ERROR <= log.level', 'ERROR', 'error', 0],
    ['a or severity == critical', 'critical', 'fatal', 17],
    ['level >= "ERROR"', 'ERROR', 'error', 9],
    ['level in [warn, err]', 'err', 'error', 16],
  ] as const) {
    const parsed = parseExpression(text);
    assert.deepEqual(parsed.ok ? undefined : [parsed.error.message, parsed.error.offset], [
      `cannot find the level "${name}": write ${levels}; did you mean "${meant}"?`,
      offset,
    ]);
  }
  // Text that is compared as text, and other fields.
  for (const text of [
    'level == "ERROR"',
    'level >= threshold',
    'level >= other.level',
    'level == error.a',
    'level > 12',
    'level > "m"',
  ])
    assert.equal(parseExpression(text).ok, true, text);
  assert.equal(parseExpression('level > limits', { names: ['level', 'limits'] }).ok, true);
  assert.equal(parseExpression('level > warning', { names: ['level', 'warning'] }).ok, true);
});

test('no text makes reading throw', () => {
  const word = fc.constantFrom(
    'a',
    ' ',
    'and',
    'or',
    'not',
    'in',
    '[',
    ']',
    '(',
    ')',
    '==',
    '>=',
    '"',
    "'",
    '\\',
    '/',
    'matches',
    'level',
    'error',
    '5m',
    '-1',
    '.',
    ',',
    'exists',
    'contains',
    '\u{1f600}',
  );
  const text = fc.oneof(
    anyText(),
    fc.array(word, { maxLength: 30 }).map((words) => words.join('')),
    fc.array(word).map((words) => words.join(' ')),
  );
  fc.assert(
    fc.property(text, (written) => {
      const parsed = parseExpression(written);
      if (parsed.ok) assert.equal(read(parsed.value.text).text, parsed.value.text);
      else
        assert.ok(
          parsed.error.offset >= 0 && parsed.error.offset <= written.length && parsed.error.length >= 1,
        );
    }),
    { numRuns: 3000 },
  );
});

// Expressions of every form, written loosely.
const name = fc.constantFrom('a', 'b', 'level', 'error', 'in', 'odd key', '__proto__', 'é-1');
const step = fc.oneof(
  name.map((key) => `[${JSON.stringify(key)}]`),
  fc.constantFrom('.a', '.level', '.in', '[0]', '[1]'),
);
const path = fc
  .tuple(name, fc.array(step, { maxLength: 2 }))
  .map(
    ([first, steps]) =>
      (/^(a|b|level|error|é-1)$/.test(first) ? first : `[${JSON.stringify(first)}]`) + steps.join(''),
  );
const literal = fc.oneof(
  anyText().map((text) => JSON.stringify(text)),
  fc.double({ noDefaultInfinity: true, noNaN: true }).map(String),
  fc.constantFrom("'it\\'s'", 'true', 'null', '5m', '-1h30m', '400M', '1.5GiB', '17', '"error"'),
);
const operand = fc.oneof(path, literal, fc.constantFrom('error', 'warn'));
const operator = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');
const simple = fc.oneof(
  fc.tuple(operand, operator, operand).map((parts) => parts.join(' ')),
  fc
    .tuple(path, fc.constantFrom('in', 'not in'), fc.array(literal, { minLength: 1, maxLength: 3 }))
    .map(([left, word, items]) => `${left} ${word} [${items.join(',')}]`),
  fc
    .tuple(path, fc.constantFrom('contains', 'not  contains'), fc.constantFrom('"a"', '5', 'b'))
    .map((parts) => parts.join(' ')),
  fc
    .tuple(path, fc.constantFrom('/a/', '/[/]\\/x?/i', '/^\\d+$/u'))
    .map(([left, pattern]) => `${left} matches ${pattern}`),
  path.map((text) => `exists ${text}`),
  path,
);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    simple,
    fc
      .tuple(tie('condition'), fc.constantFrom(' and ', '  or\n'), tie('condition'))
      .map((parts) => parts.join('')),
    tie('condition').map((text) => `not(${text})`),
    tie('condition').map((text) => `( ${text} )`),
  ),
}));
const key = fc.oneof(name, fc.string());
const data = fc.dictionary(
  key,
  fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.dictionary(key, fc.jsonValue({ maxDepth: 1 })),
    fc.constantFrom('ERROR', 17, '17', 300_000),
  ),
);

test('the normal form reads back to itself and means the same, and no JSON makes evaluation throw', () => {
  fc.assert(
    fc.property(condition, fc.array(data, { minLength: 1, maxLength: 4 }), (text, list) => {
      const expression = read(text);
      const again = read(expression.text);
      assert.equal(again.text, expression.text);
      assert.deepEqual(again.paths, expression.paths);
      for (const values of list) {
        assert.equal(again.test(values), expression.test(values));
        assert.equal(again.explain(values), expression.explain(values));
      }
    }),
    { numRuns: 2000 },
  );
});
