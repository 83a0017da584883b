import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDumpReader, type DumpRow } from './dump.ts';

function read(text: string, cut = text.length) {
  const rows: DumpRow[] = [];
  const bad: string[] = [];
  const reader = createDumpReader({
    onRow: (row) => rows.push(row),
    onBad: (line, why) => bad.push(`${line}: ${why}`),
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += cut) reader.push(bytes.subarray(at, at + cut));
  return { rows, bad, end: reader.end() };
}

/** As PostgreSQL writes it (CopyAttributeOutText of copyto.c). */
function written(value: string | null): string {
  if (value === null) return '\\N';
  const named: Record<string, string> = {
    '\b': 'b',
    '\f': 'f',
    '\n': 'n',
    '\r': 'r',
    '\t': 't',
    '\v': 'v',
    '\\': '\\',
  };
  return value.replaceAll(/[\b\f\n\r\t\v\\]/g, (character) => `\\${named[character]}`);
}

test('rows come as they were stored, whatever is in them and however the dump is cut', () => {
  const cell = fc.option(
    fc
      .string({
        unit: fc.oneof(
          fc.constantFrom('\\', '\t', '\n', '\r', 'N', '.', '\b', 'x41'),
          fc.string({ maxLength: 2 }),
        ),
      })
      .filter((text) => text.isWellFormed() && !text.includes('\0')),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell)), fc.integer({ min: 1, max: 50 }), (cells, cut) => {
      const lines = cells.map((row) => row.map(written).join('\t'));
      const dump = `SET x;\nCOPY public.logs (a, "time") FROM stdin;\n${lines.map((line) => `${line}\n`).join('')}\\.\n\nSELECT 1;\n`;
      const { rows, bad, end } = read(dump, cut);
      assert.deepEqual(bad, []);
      assert.equal(end, undefined);
      assert.deepEqual(
        rows.map(({ values }) => [values['a'], values['time']]),
        cells,
      );
    }),
  );
});

test('a row of another width, and a dump that breaks off, are told', () => {
  const { rows, bad, end } = read('COPY logs (a, b) FROM stdin;\n1\t2\n1\n3\t4\n');
  assert.equal(rows.length, 2);
  assert.deepEqual(bad, ['3: it has 1 columns, logs has 2']);
  assert.equal(end, 'logs');
});
