import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { joinWords, splitWords } from './words.ts';
import { anyText } from '../../test/rig/any-text.ts';

test('a command is split as a shell would', () => {
  for (const [text, words] of [
    ['node clock.js', ['node', 'clock.js']],
    ['  a\t\'b c\'  "d e"\n', ['a', 'b c', 'd e']],
    ['a\'b\'"c"d', ['abcd']],
    ['\'\' ""', ['', '']],
    ["a\\ b \\'", ['a b', "'"]],
    ['"a\\"b\\\\c\\n"', ['a"b\\c\\n']],
    ["'a\\'", ['a\\']],
    ['echo $HOME {in} *.txt', ['echo', '$HOME', '{in}', '*.txt']],
    ["awk '{ print $1; }' | cat".slice(0, 19), ['awk', '{ print $1; }']],
    ['"a|b;c" \'$(x)\'', ['a|b;c', '$(x)']],
    ['a \\\n b', ['a', 'b']],
    ['a \\ ', ['a', ' ']],
    ['', []],
  ] as const) {
    assert.deepEqual(splitWords(text), { ok: true, value: words }, text);
  }
});

test('what only a shell can do is refused', () => {
  for (const text of [
    'a | b',
    'a > f',
    'a<f',
    'a && b',
    'a; b',
    'a `b`',
    'a $(b)',
    '(a)',
    'a )',
    'a "$(b)"',
    'a "`b`"',
    'cd x\nrun',
  ]) {
    const split = splitWords(text);
    assert.ok(!split.ok, text);
    assert.match(split.error, /^cannot split .* into words: .*no shell runs here: write \[sh, -c, "…"\]$/);
  }
});

test('what is never closed, a last backslash and a NUL are refused', () => {
  for (const [text, why] of [
    ["a 'b", "the ' at character 3 is never closed"],
    ['"b', 'the " at character 1 is never closed'],
    ['a\\', 'nothing follows the last backslash'],
    ['a \0', 'it holds a NUL character'],
  ] as const) {
    assert.deepEqual(splitWords(text), {
      ok: false,
      error: `cannot split ${JSON.stringify(text.trim())} into words: ${why}`,
    });
  }
});

const letters = fc.string({
  unit: fc.oneof(
    fc.constantFrom(' ', "'", '"', '\\', '$', '(', '`', '\n', '\t', 'a', '-'),
    anyText({ minLength: 1, maxLength: 1 }),
  ),
});

test('joined words split into the same words', () => {
  const words = fc.array(letters.filter((word) => !word.includes('\0')));
  fc.assert(
    fc.property(words, (given) => assert.deepEqual(splitWords(joinWords(given)), { ok: true, value: given })),
    { numRuns: 500 },
  );
});

test('splitting never throws', () => {
  fc.assert(
    fc.property(letters, (text) => assert.equal(typeof splitWords(text).ok, 'boolean')),
    { numRuns: 500 },
  );
});

test('plain words are shown without quotes', () => {
  assert.equal(
    joinWords(['tm2lb', '{in}', '--day=$DAY', 'a b', "it's", '']),
    `tm2lb {in} --day=$DAY 'a b' "it's" ''`,
  );
});
