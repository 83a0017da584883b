import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../test/rig/leaks.ts';
import {
  assignment,
  barePath,
  commandLine,
  isWritable,
  listedPath,
  sentence,
  timeSpan,
  word,
} from './quoting.ts';
import { anyText } from '../../test/rig/any-text.ts';

const noVerify = fs.existsSync('/usr/bin/systemd-analyze') ? false : 'systemd-analyze is not installed';

test('what systemd would read otherwise is escaped, the rest stays as it is', () => {
  assert.equal(word('/usr/bin/node'), '/usr/bin/node');
  assert.equal(word('100%'), '100%%');
  assert.equal(word('a b'), '"a b"');
  assert.equal(word(''), '""');
  assert.equal(word('a"b\\c\nd\u0001'), '"a\\"b\\\\c\\nd\\x01"');
  assert.equal(word(';'), '";"');
  assert.equal(commandLine(['/bin/echo', '$HOME', '${X}', "it's"]), `/bin/echo "$$HOME" "$\${X}" "it's"`);
  assert.equal(assignment('A', 'b c%'), '"A=b c%%"');
  assert.equal(listedPath('/a b/"c"'), '"/a b/\\"c\\""');
  assert.equal(barePath('/a b/100%'), '/a b/100%%');
  assert.equal(barePath('/a\\'), '/a\\/');
  assert.equal(sentence('two\nlines, 5 % \\'), 'two lines, 5 %%');
  assert.equal(sentence('no \ufffe character'), 'no \ufffd character');
  for (const [line, can] of [
    ['a b', true],
    ['a\nb', false],
    ['\ufdd0', false],
    ['\u{5ffff}', false],
    ['\ufffd', true],
  ] as const)
    assert.equal(isWritable(line), can, JSON.stringify(line));
  assert.deepEqual([30_000, 1500, 0].map(timeSpan), ['30s', '1500ms', '0s']);
});

/** A reader of the words of a line, after extract-word.c of systemd 252 with UNQUOTE and CUNESCAPE, and of specifiers. */
function readWords(line: string): string[] {
  const words: string[] = [];
  let now: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const character = line[at] as string;
    if (character === '\\') {
      const next = line[++at] as string;
      const plain = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" }[next];
      if (next === 'x') {
        now = (now ?? '') + String.fromCharCode(Number.parseInt(line.slice(at + 1, at + 3), 16));
        at += 2;
      } else if (plain === undefined) throw new Error(`bad escape \\${next}`);
      else now = (now ?? '') + plain;
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else now = (now ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      now ??= '';
    } else if (/[ \t\n\r]/.test(character)) {
      if (now !== undefined) words.push(now);
      now = undefined;
    } else now = (now ?? '') + character;
  }
  if (quote !== '') throw new Error('no closing quote');
  if (now !== undefined) words.push(now);
  return words.map((each) => {
    assert.doesNotMatch(each.replaceAll('%%', ''), /%/, 'a specifier');
    return each.replaceAll('%%', '%');
  });
}

const writtenText = fc
  .oneof(fc.string({ unit: fc.constantFrom(...`ab %$"'\\;#\t\n\r\u0001é{}@-:+!=`.split('')) }), anyText())
  // What cannot be written at all is refused by `isWritable`.
  .filter((text) => !/\0|\p{Noncharacter_Code_Point}/u.test(text) && text.isWellFormed());

test('any words are read back as they were: of commands, of environments', () => {
  fc.assert(
    fc.property(fc.array(writtenText, { minLength: 1 }), (words) => {
      const line = commandLine(words);
      assert.ok(!/[\n\r]/.test(line), 'a line break');
      const read = readWords(line).map((each) => {
        assert.doesNotMatch(each.replaceAll('$$', ''), /\$/, 'a variable');
        return each.replaceAll('$$', '$');
      });
      assert.deepEqual(read, words);
      const [value = ''] = words;
      assert.deepEqual(readWords(assignment('NAME', value)), [`NAME=${value}`]);
    }),
    { numRuns: 500 },
  );
});

test('systemd itself takes what is written, and reads the words that were meant', { skip: noVerify }, (t) => {
  const folder = tempFolder(t);
  const samples = fc.sample(
    fc.record({ words: fc.array(writtenText, { maxLength: 4 }), value: writtenText, folder: writtenText }),
    { numRuns: 40, seed: 7 },
  );
  const files = samples.map(({ words, value, folder: name }, index) => {
    const at = `/srv/${name.replace(/[\u0000-\u001f\u007f-\u009f/]/g, '_')}`;
    const text = [
      '[Unit]',
      `Description=${sentence(value)}`,
      '[Service]',
      `ExecStart=${commandLine(['/bin/true', ...words])}`,
      `Environment=${assignment('VALUE', value)}`,
      `WorkingDirectory=${barePath(at)}`,
      `ReadWritePaths=${listedPath(at)}`,
      '',
    ].join('\n');
    const file = path.join(folder, `sample-${index}.service`);
    fs.writeFileSync(file, text);
    return file;
  });
  const said = verify(files);
  assert.equal(said, '');
  // It finds what is wrong: without the quoting it is.
  const wrong = path.join(folder, 'wrong.service');
  fs.writeFileSync(wrong, '[Service]\nExecStart=/bin/true "open\nEnvironment=%j%!\n');
  assert.match(verify([wrong]), /wrong\.service/);
});

function verify(files: readonly string[]): string {
  const env = { ...process.env, SYSTEMD_LOG_LEVEL: 'warning', SYSTEMD_COLORS: '0' };
  try {
    return execFileSync('sh', ['-c', 'systemd-analyze verify "$@" 2>&1', 'sh', ...files], {
      env,
      encoding: 'utf8',
      timeout: 30_000,
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
