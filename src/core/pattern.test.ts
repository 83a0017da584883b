import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseExpression } from './expression.ts';
import { compilePattern, type Pattern } from './pattern.ts';

function compiled(source: string, flags?: string): Pattern {
  const pattern = compilePattern(source, flags);
  assert.ok(pattern.ok, pattern.ok ? '' : `${source}: ${pattern.error}`);
  return pattern.value;
}

test('a pattern is found anywhere, by its flags, and its named groups are told', () => {
  assert.equal(compiled('^disk FULL', 'i').test('Disk full: /var'), true);
  assert.equal(compiled('^b$').test('a\nb'), false);
  assert.equal(compiled('^b$', 'm').test('a\nb'), true);
  assert.deepEqual([compiled('a.b').test('a\nb'), compiled('a.b', 's').test('a\nb')], [false, true]);
  assert.equal(compiled('^.$', 'u').test('😀'), true);
  assert.equal(compiled('^\\u{1F600}\\/[^]\\-$').test('😀/\n-'), true);
  const line = compiled('^(?<level>\\w+)(?: (?<code>\\d+))?: (?<__proto__>.*)$');
  assert.deepEqual(line.names, ['level', 'code', '__proto__']);
  const found = line.groups('INFO: all well');
  assert.deepEqual(Object.entries(found ?? {}), [
    ['level', 'INFO'],
    ['__proto__', 'all well'],
  ]);
  assert.equal(line.groups('!'), undefined);
});

test('what cannot be bounded is refused, and so is what is no pattern', () => {
  const refused = (source: string, flags?: string): string => {
    const pattern = compilePattern(source, flags);
    return pattern.ok ? 'taken' : pattern.error;
  };
  const without = 'which could take for ever: write it without';
  assert.equal(refused('(a)\\1'), `it has a back reference \`\\1\`, ${without}`);
  assert.equal(refused('(?<a>x)\\k<a>'), `it has a back reference \`\\k\`, ${without}`);
  for (const around of ['(?=', '(?!', '(?<=', '(?<!'])
    assert.equal(refused(`a${around}b)`), `it has look-around \`${around}\`, ${without}`);
  for (const text of ['\\(?=a', '[(?=]a', '\\\\(?:a)', '[\\]\\k(?!]', '\\[(?<a>b)'])
    assert.equal(refused(text), 'taken', text);
  assert.equal(refused('(?:a', 'im'), 'missing closing ): `(?:a`');
  assert.equal(refused('a{1001}'), 'invalid repeat count: `{1001}`');
  assert.equal(
    refused('(?:[a-f]{30}x){20}(?:[a-f]{30}y){20}'),
    'it is too large: with its repetitions it has 1242 steps, 1000 at most',
  );
  assert.equal(refused('a'.repeat(1001)), 'it is over 1000 characters');
  assert.equal(refused('a', 'g'), 'its flags can be i, m, s and u');
});

const A = 'a'.repeat(50_000);
let seed = 1;
/** Without any order (MINSTD): of each place all that may follow has to be remembered. */
const AB = Array.from({ length: 50_000 }, () => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % 64 < 32 ? 'a' : 'b';
}).join('');
/** A backtracking engine takes from hours to for ever for each of these; the last four are the worst that we know for ours. */
const CATASTROPHES: readonly (readonly [source: string, text: string])[] = [
  ['(a+)+$', `${A}!`],
  ['(a|aa)+$', `${A}!`],
  ['^(?:.*a){12}$', `${A}!`],
  ['(?:a*)*b', A],
  ['(?:\\w+\\s?)+$', `${A}!`],
  ['a.{20}b.{20}c', AB],
  ['a.{200}b.{200}c', AB.toUpperCase()],
  ['(?<x>(?:a?){240}a{240}$)', A],
  ['(?<x>(?:.?.?){240}!?$)', AB],
];

test('no pattern takes long for any text, or much memory', { timeout: 20_000 }, () => {
  const before = process.memoryUsage().rss;
  for (const [source, text] of CATASTROPHES) {
    const pattern = compiled(source, 'i');
    const began = process.cpuUsage();
    pattern.test(text);
    pattern.groups(text.slice(0, 2000));
    const { user } = process.cpuUsage(began);
    assert.ok(user < 2_000_000, `${source} took ${user / 1e6} s`);
  }
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 80, `it grew by ${grown} MiB`);
});

test('an expression with such a pattern holds up nobody', { timeout: 20_000 }, () => {
  const parsed = parseExpression('message matches /(a+)+$/ and not (message matches /^(a|aa)+$/)');
  assert.ok(parsed.ok);
  assert.equal(parsed.value.test({ message: A }), false);
  assert.equal(parsed.value.test({ message: `${A}!` }), false);
  assert.equal(parsed.value.test({ message: `!${A}` }), true);
  const behind = parseExpression('a == 1 or message matches /(?<!x)y/');
  assert.deepEqual(behind.ok ? undefined : [behind.error.message, behind.error.offset], [
    'cannot use this regular expression: it has look-around `(?<!`, which could take for ever: write it without',
    26,
  ]);
});

const character = fc.oneof(
  fc.constantFrom('a', 'B', '1', '_', 'é', ' ', '\\.', '\\/', '😀'),
  fc.constantFrom('.', '\\d', '\\w', '\\S', '\\W', '[a-c]', '[^a\\d]', '[\\w é]', '\\p{L}', '[^]'),
);
const quantifier = fc.constantFrom(
  '',
  '',
  '*',
  '+',
  '?',
  '{2}',
  '{1,3}',
  '{0,2}',
  '*?',
  '+?',
  '??',
  '{1,3}?',
);
const edge = fc.constantFrom('^', '$', '\\b');

/** Patterns whose groups may be repeated, or not: which turn of a repeated one is told, JavaScript has rules of its own. */
function patterns(repeated: boolean): fc.Arbitrary<string> {
  const times = repeated ? quantifier : fc.constant('');
  const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
    piece: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      fc.tuple(character, quantifier).map((parts) => parts.join('')),
      edge,
      fc.tuple(tie('pattern'), times).map(([inner, often]) => `(?:${inner})${often}`),
      fc.tuple(tie('pattern'), times).map(([inner, often]) => `(${inner})${often}`),
    ),
    pattern: fc
      .array(fc.array(tie('piece'), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 })
      .map((branches) => branches.map((pieces) => pieces.join('')).join('|')),
  }));
  return pattern.filter((source) => source.length < 100);
}

const anyText = fc.string({
  unit: fc.constantFrom('a', 'b', 'B', '1', '_', 'é', ' ', '.', '/', '\n', '😀'),
  maxLength: 7,
});
const anyFlags = fc.subarray(['i', 'm', 's']).map((flags) => flags.join(''));

test('a pattern is found where JavaScript finds it', () => {
  fc.assert(
    fc.property(patterns(true), anyFlags, fc.array(anyText, { maxLength: 4 }), (source, flags, texts) => {
      const [ours, theirs] = [compiled(source, flags), new RegExp(source, `${flags}u`)];
      for (const text of texts) assert.equal(ours.test(text), theirs.test(text), JSON.stringify(text));
    }),
  );
});

test('named groups take what they take in JavaScript', () => {
  const parts = fc.array(patterns(false), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(parts, anyText, (given, text) => {
      const source = given.map((part, i) => `(?<n${i}>${part})`).join('');
      const theirs = new RegExp(source, 'u').exec(text)?.groups;
      assert.deepEqual(compiled(source).groups(text), theirs === undefined ? undefined : { ...theirs });
    }),
  );
});
