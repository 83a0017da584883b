import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnvFile } from './env-file.ts';

// As systemd.exec(5) and systemd’s env-file.c have it.
const READ: readonly (readonly [text: string, values: Readonly<Record<string, string>>])[] = [
  ['A=1\nB=two words  \n', { A: '1', B: 'two words' }],
  ['# no\n ; no\n\n  A = 1', { A: '1' }],
  ['A="x y"\nB=\'$HOME "q"\'', { A: 'x y', B: '$HOME "q"' }],
  ['A="a\\"b\\\\c\\$d\\ne"', { A: 'a"b\\c$d\\ne' }],
  ['A="over\ntwo"\nB=2', { A: 'over\ntwo', B: '2' }],
  ['A=one \\\n two\nB=2', { A: 'one  two', B: '2' }],
  ['A=a\\ \\b', { A: 'a b' }],
  ['A=pre"in side"post  ', { A: 'prein sidepost' }],
  ['A=" x "', { A: ' x ' }],
  ['A=\nB=#1', { A: '', B: '#1' }],
  ['A=1\nA=2\r\nC=3\r\n', { A: '2', C: '3' }],
  ['\ufeffA=1', { A: '1' }],
];

for (const [text, values] of READ)
  test(`${JSON.stringify(text)} is read`, () => {
    assert.deepEqual(parseEnvFile(text), { ok: true, value: values });
  });

const MISTAKES: readonly (readonly [text: string, line: number, message: RegExp])[] = [
  ['A=1\n\nexport B=2', 3, /"export B" cannot name/],
  ['A="x\ny"\nplain', 3, /no NAME=value/],
  ['A=\\\n1\n2=3', 3, /"2" cannot name/],
  ['A=1\nB="open\nC=3', 2, /quotes of B are not closed/],
  ['A=\0', 1, /NUL/],
];

for (const [text, line, message] of MISTAKES)
  test(`${JSON.stringify(text)} is a mistake in line ${line}`, () => {
    const result = parseEnvFile(text);
    assert.ok(!result.ok);
    assert.equal(result.error.line, line);
    assert.match(result.error.message, message);
  });
