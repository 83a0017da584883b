import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, type Diagnostic, formatDiagnostic, sortDiagnostics } from './diagnostics.ts';

const wrong: Diagnostic = {
  severity: 'error',
  message: 'cannot read 90 as a duration',
  file: 'vahti.yaml',
  line: 2,
  column: 10,
  hint: 'write 90s',
};

test('a diagnostic is one line without its source', () => {
  const { hint: _, ...plain } = wrong;
  assert.equal(formatDiagnostic(plain), 'vahti.yaml:2:10: error: cannot read 90 as a duration');
});

test('the source line is shown with a caret, then the hint', () => {
  const text = formatDiagnostic(wrong, { source: 'a:\n\twithin: 90\r\n' });
  assert.deepEqual(text.split('\n').slice(1), [
    '    2 | \twithin: 90',
    '      | \t        ^',
    '  hint: write 90s',
  ]);
});

test('a long source line is shown around the column', () => {
  const source = `\n${'x'.repeat(500)}Y${'z'.repeat(500)}`;
  const [, text = '', caret = ''] = formatDiagnostic({ ...wrong, column: 501 }, { source }).split('\n');
  assert.equal(text[caret.indexOf('^')], 'Y');
  assert.ok(text.length < 140 && text.includes('…x') && text.endsWith('z…'));
});

test('a column or line beyond the text is no trouble', () => {
  assert.match(formatDiagnostic({ ...wrong, column: 99 }, { source: 'a\nbc' }), /\| bc\n {6}\| {3}\^/);
  assert.doesNotMatch(formatDiagnostic({ ...wrong, line: 99 }, { source: 'a\nbc' }), /\^/);
});

test('colour is there only when asked for, and control characters never', () => {
  const evil = { ...wrong, message: 'cannot \u001b[2J\u202e' };
  const source = 'a\n\u001b]0;x\u0007';
  const controls = /[^\P{Cc}\t\n]|\u202e/u;
  assert.doesNotMatch(formatDiagnostic(evil, { source }), controls);
  const coloured = formatDiagnostic(evil, { source, colour: true });
  assert.match(coloured, controls);
  assert.equal(coloured.replace(/\p{Cc}\[[\d;]*m/gu, ''), formatDiagnostic(evil, { source }));
});

test('diagnostics are sorted by place, errors before warnings', () => {
  const at = (
    file: string,
    line: number,
    column: number,
    severity: Diagnostic['severity'] = 'error',
  ): Diagnostic => ({ severity, message: '', file, line, column });
  const sorted = [at('a', 1, 2), at('a', 2, 1), at('a', 2, 1, 'warning'), at('a', 10, 1), at('b', 1, 1)];
  assert.deepEqual(sortDiagnostics(sorted.toReversed()), sorted);
});

test('a config error tells the first mistake and how many there are', () => {
  const warning: Diagnostic = { ...wrong, severity: 'warning', line: 1 };
  const error = new ConfigError([wrong, { ...wrong, line: 9 }, warning]);
  assert.equal(error.message, 'vahti.yaml:2:10: error: cannot read 90 as a duration (and 1 more)');
  assert.deepEqual(
    error.diagnostics.map((diagnostic) => diagnostic.line),
    [1, 2, 9],
  );
});
