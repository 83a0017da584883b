import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Cell,
  type Part,
  type Parts,
  calendarOf,
  cellText,
  monthAfter,
  monthBounds,
  readMonth,
} from './calendar.ts';

const at = (text: string): number => Date.parse(`2026-11-${text}Z`);
const NOW = at('03T10:30');
const part = (path: string, from: string | null, to: string | null, more: Partial<Part> = {}): Part => ({
  path,
  from: from === null ? null : at(from),
  to: to === null ? null : at(to),
  lines: 100,
  bytes: 1000,
  state: 'closed',
  proved: [],
  ...more,
});
const parts = (some: readonly Part[], more: Partial<Parts> = {}): Parts => ({
  every: 'hour',
  parts: some,
  gaps: [],
  purged: { parts: 0, until: null },
  cut: false,
  ...more,
});
const cellsOf = (of: Parts, month = '2026-11'): ReadonlyMap<string, Cell> =>
  new Map(
    calendarOf(of, month, NOW).rows.flatMap(({ cells }) =>
      cells.flatMap((cell) =>
        cell === null ? [] : [[new Date(cell.at).toISOString().slice(5, 13), cell] as const],
      ),
    ),
  );

test('each hour has what its parts say: the least far on its way counts, proof only where all of it is proved', () => {
  const cells = cellsOf(
    parts(
      [
        part('a', '02T05:00:01', '02T05:59:59', { state: 'archived', proved: ['offsite', 'tape'] }),
        part('a-late-1', '02T05:10', '02T05:11', { proved: ['offsite'], lines: 5 }),
        part('b', '02T06:00', '02T06:59:59.999', { state: 'archived' }),
        part('2026-11-03/2026-11-03T10.open.ndjson', null, null, { state: 'open', lines: null }),
      ],
      {
        gaps: [{ from: at('02T05:30'), to: at('02T06:10'), reason: 'the host was down', missing: '' }],
        purged: { parts: 3, until: at('01T03:59:50') },
      },
    ),
  );
  const five = cells.get('11-02T05');
  assert.deepEqual(
    [five?.state, five?.lines, five?.proved, five?.gaps.length, five?.parts.length],
    ['closed', 105, ['offsite'], 1, 2],
  );
  assert.deepEqual(
    [cells.get('11-02T06')?.state, cells.get('11-02T06')?.gaps.length, cells.get('11-02T06')?.shade],
    ['archived', 1, 4],
  );
  assert.deepEqual([cells.get('11-03T10')?.state, cells.get('11-03T10')?.lines], ['open', null]);
  assert.deepEqual([cells.get('11-01T03')?.state, cells.get('11-01T04')?.state], ['purged', 'none']);
  assert.deepEqual([cells.get('11-03T11')?.state, cells.get('11-04T00')], ['ahead', undefined]);
  const words = cellText(five as Cell, String, (value) => `${value} B`);
  assert.equal(
    words,
    '2026-11-02 05:00 – 06:00 UTC: complete · 105 lines, 2000 B · proved by offsite · a gap: the host was down',
  );
});

test('a part of several hours is shared out among them, and over the edge of the month', () => {
  const cells = cellsOf(parts([part('big', '01T02:30', '01T05:30', { lines: 300 })]));
  assert.deepEqual(
    ['02', '03', '04', '05'].map((hour) => cells.get(`11-01T${hour}`)?.lines),
    [50, 100, 100, 50],
  );
  const october = part('x', null, null, {
    from: Date.parse('2026-10-31T23:00Z'),
    to: Date.parse('2026-11-01T01:00Z'),
    lines: 200,
  });
  assert.equal(cellsOf(parts([october])).get('11-01T00')?.lines, 100);
  // What ends when the next hour begins is not in it.
  assert.equal(cellsOf(parts([part('y', '01T00:00', '01T02:00')])).get('11-01T02')?.state, 'none');
  assert.equal(cellsOf(parts([part('z', '01T02:00', '01T02:00')])).get('11-01T02')?.state, 'closed');
});

test('days stand in weeks', () => {
  const calendar = calendarOf(
    parts([part('d', '02T00:00', '02T23:59')], { every: 'day' }),
    '2026-11',
    at('30T12:00'),
  );
  assert.deepEqual([calendar.columns[0], calendar.rows.length], ['Mon', 6]);
  // 2026-11-01 was a Sunday.
  assert.deepEqual(
    calendar.rows[0]?.cells.map((cell) => cell === null),
    [true, true, true, true, true, true, false],
  );
  assert.equal(calendar.rows[1]?.cells[0]?.lines, 100);
});

test('months', () => {
  assert.deepEqual(monthBounds('2026-12'), { since: Date.UTC(2026, 11, 1), until: Date.UTC(2027, 0, 1) });
  assert.equal(monthAfter('2026-12', 1), '2027-01');
  assert.equal(monthAfter('2026-01', -1), '2025-12');
  assert.deepEqual(
    [readMonth('2026-13'), readMonth('2026-02'), readMonth(null)],
    [undefined, '2026-02', undefined],
  );
  const february = calendarOf(parts([]), '2024-02', Date.UTC(2024, 3, 1));
  assert.equal(february.rows.length, 29);
});
