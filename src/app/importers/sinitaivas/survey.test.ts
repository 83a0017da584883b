import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { tempFolder } from '../../../../test/rig/leaks.ts';
import { oldCommits, oldLine, writeCursor, writeHour } from '../../../../test/rig/old-writer.ts';
import { type ImportRecord, recordOf } from './record.ts';
import { survey } from './survey.ts';

const TIME = Date.UTC(2026, 6, 4, 14);
const HOUR = '2026-07-04T14';
const NEXT = '2026-07-04T15';
const HOUR_MS = 3_600_000;
const NOW = TIME + 100 * HOUR_MS;

async function importRecord(dir: string): Promise<ImportRecord> {
  const found = await survey(dir, NOW, () => {});
  assert.ok(found.ok, found.ok ? '' : found.error.message);
  assert.deepEqual(found.value.changed, []);
  return recordOf(found.value, NOW);
}

/** 400 commits, numbers 5000 to 6197, the last with one line; the cursor as a healthy stop leaves it. */
function healthy(t: TestContext): { dir: string; lines: string[] } {
  const dir = tempFolder(t);
  const lines = oldCommits(400, 5_000, TIME, HOUR_MS);
  writeHour(dir, HOUR, lines.join(''));
  writeCursor(dir, 6_197);
  return { dir, lines };
}

test('a healthy folder goes on behind its last commit, and nothing comes again', async (t) => {
  const { dir, lines } = healthy(t);
  const record = await importRecord(dir);
  assert.equal(record.cursor, 6_197);
  assert.equal(record.rule, 'cursor-and-data');
  assert.deepEqual(record.again, []);
  assert.deepEqual(record.holes, []);
  const content = lines.join('');
  assert.deepEqual(
    record.files.map((file) => ({ ...file, modified: '' })),
    [
      {
        path: 'firehose_stream/2026-07-04/2026-07-04T14.ndjson',
        gzip: false,
        modified: '',
        bytes: content.length,
        contentBytes: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
        counts: true,
        lines: lines.length,
        torn: 0,
        broken: null,
        first: 5_000,
        last: 6_197,
        suspicious: 0,
      },
    ],
  );
  const { repeated, suspicious, torn } = record.totals;
  assert.deepEqual([record.totals.lines, repeated, suspicious, torn], [lines.length, 0, 0, 0]);
});

test('without a usable cursor, the last commit, which may be cut short, comes again', async (t) => {
  const { dir, lines } = healthy(t);
  const cases: readonly (readonly [name: string, content: string | undefined, state: string])[] = [
    ['absent', undefined, 'missing'],
    ['empty', '', 'empty'],
    ['torn', '{"streamer": {"cur', 'unusable'],
    ['garbage', '\u0000\u0001 not JSON', 'unusable'],
    ['a list', '[1, 2]', 'unusable'],
    ['null', 'null', 'unusable'],
    ['without streamer', '{"other": {"cursor": 3}}', 'unusable'],
    ['a text for a number', '{"streamer": {"cursor": "6197"}}', 'unusable'],
    ['zero', '{"streamer": {"cursor": 0}}', 'unusable'],
    ['beyond 2^53', '{"streamer": {"cursor": 90071992547409930}}', 'unusable'],
  ];
  for (const [name, content, state] of cases) {
    if (content === undefined) rmSync(join(dir, 'cursors.json'));
    else writeFileSync(join(dir, 'cursors.json'), content);
    const record = await importRecord(dir);
    assert.deepEqual([record.cursor, record.rule, record.cursorFile.state], [6_194, 'data', state], name);
    const fromByte = lines.slice(0, -1).join('').length;
    assert.deepEqual(
      record.again,
      [
        {
          path: 'firehose_stream/2026-07-04/2026-07-04T14.ndjson',
          fromLine: lines.length,
          fromByte,
          lines: 1,
        },
      ],
      name,
    );
  }
});

test('a commit that was cut short comes again as a whole', async (t) => {
  const dir = tempFolder(t);
  const lines = oldCommits(300, 5_000, TIME, HOUR_MS);
  // The last commit has three lines, of which two were written; its number was not written down any more.
  assert.equal(oldLine({ seq: 5_897, time: 0, op: 2 }).slice(-30), lines.at(-1)?.slice(-30));
  writeHour(dir, HOUR, lines.slice(0, -1).join(''));
  writeCursor(dir, 5_894);
  const record = await importRecord(dir);
  assert.deepEqual([record.cursor, record.rule], [5_894, 'cursor-in-data']);
  assert.deepEqual(
    record.again.map(({ lines: count, fromLine }) => [fromLine, count]),
    [[lines.length - 2, 2]],
  );
});

test('a cursor ahead of the data or far behind it is not believed, nor is a poisoned one', async (t) => {
  const { dir } = healthy(t);
  for (const cursor of [6_198, 6_400, 1_000_000, 9_007_199_254_740_991, 5_003, 12]) {
    writeCursor(dir, cursor);
    const { cursor: found, rule, because } = await importRecord(dir);
    assert.deepEqual([found, rule], [6_194, 'data'], String(cursor));
    assert.match(because, cursor > 6_197 ? /ahead of it/ : /behind it/);
  }
});

test('a torn end is no commit, and what is before it may not be whole', async (t) => {
  const { dir, lines } = healthy(t);
  const whole = lines.join('');
  for (const [torn, cursor, expected] of [
    // Torn in the commit that the cursor says is done: the disk was full.
    [lines.at(-1)?.slice(0, 90), 6_197, 6_194],
    [lines.at(-1)?.slice(0, 5), 6_197, 6_194],
    // The next one was begun.
    [oldLine({ seq: 6_200, time: TIME }).slice(0, 200), 6_197, 6_197],
    [oldLine({ seq: 6_200, time: TIME }).slice(0, 200), 6_194, 6_194],
  ] as const) {
    writeHour(dir, HOUR, whole + (torn ?? ''));
    writeCursor(dir, cursor);
    const record = await importRecord(dir);
    assert.deepEqual([record.cursor, record.totals.torn], [expected, 1], torn);
  }
  // Only its newline is missing: the line is whole.
  writeHour(dir, HOUR, whole.slice(0, -1));
  writeCursor(dir, 6_197);
  assert.deepEqual([(await importRecord(dir)).cursor, (await importRecord(dir)).totals.torn], [6_197, 0]);
});

test('half a line with the next one right behind it loses nobody else’s line', async (t) => {
  const dir = tempFolder(t);
  const lines = oldCommits(100, 5_000, TIME, HOUR_MS);
  const half = (lines[80] as string).slice(0, 150);
  // Killed in the middle of a line, then begun again from its cursor.
  writeHour(dir, HOUR, [...lines.slice(0, 80), half, ...lines.slice(80)].join(''));
  writeCursor(dir, 5_297);
  const { totals, cursor } = await importRecord(dir);
  assert.deepEqual([totals.lines, totals.torn, totals.suspicious, cursor], [lines.length, 1, 0, 5_297]);
});

test('an hour that lies there packed and unpacked counts once, unless the two differ', async (t) => {
  const lines = oldCommits(300, 5_000, TIME, HOUR_MS);
  const [early, late] = [lines.slice(0, 400), lines.slice(400)];
  const cases: readonly (readonly [name: string, packed: string, plain: string, counts: boolean[]])[] = [
    ['the same', lines.join(''), lines.join(''), [false, true]],
    ['packing was cut short', early.join(''), lines.join(''), [false, true]],
    ['the plain one is a rest', lines.join(''), early.join(''), [true, false]],
    ['written on after packing', early.join(''), late.join(''), [true, true]],
  ];
  for (const [name, packed, plain, counts] of cases) {
    const dir = tempFolder(t);
    writeHour(dir, HOUR, packed, 'gz');
    writeHour(dir, HOUR, plain);
    writeCursor(dir, 5_897);
    const found = await importRecord(dir);
    assert.deepEqual(
      found.files.map((file) => file.counts),
      counts,
      name,
    );
    assert.deepEqual(
      [found.cursor, found.totals.lines, found.totals.repeated],
      [5_897, lines.length, 0],
      name,
    );
  }
});

test('a packed file that breaks off counts as far as it can be unpacked', async (t) => {
  const dir = tempFolder(t);
  const lines = oldCommits(3_000, 5_000, TIME, HOUR_MS);
  const path = join(dir, writeHour(dir, HOUR, lines.join(''), 'gz'));
  const size = readFileSync(path).length;
  truncateSync(path, Math.floor(size / 2));
  writeCursor(dir, 13_997);
  const torn = await importRecord(dir);
  const file = torn.files[0];
  assert.match(file?.broken ?? '', /unexpected end of file/);
  assert.equal(file?.bytes, Math.floor(size / 2));
  assert.equal(file?.sha256, createHash('sha256').update(readFileSync(path)).digest('hex'));
  assert.ok(torn.totals.lines > 1_000 && torn.totals.lines < lines.length, String(torn.totals.lines));
  assert.equal(torn.rule, 'data');
  assert.ok(torn.cursor < (file?.last ?? 0));

  // Damaged in the middle, and no archive at all.
  const damaged = Buffer.from(gzipSync(lines.join('')));
  damaged.fill(0xff, Math.floor(size / 2), Math.floor(size / 2) + 40);
  writeFileSync(path, damaged);
  assert.notEqual((await importRecord(dir)).files[0]?.broken, null);
  writeFileSync(path, 'no archive');
  writeHour(dir, NEXT, oldCommits(300, 14_000, TIME + HOUR_MS, HOUR_MS).join(''));
  const none = await importRecord(dir);
  assert.deepEqual([none.files[0]?.lines, none.files[0]?.broken === null], [0, false]);
  assert.equal(none.files[0]?.bytes, 10);
});

test('a cursor alone is believed; nothing at all is refused', async (t) => {
  const dir = tempFolder(t);
  writeCursor(dir, 77);
  assert.deepEqual([(await importRecord(dir)).cursor, (await importRecord(dir)).rule], [77, 'cursor-only']);
  writeFileSync(join(dir, 'cursors.json'), '');
  const refused = await survey(dir, NOW, () => {});
  assert.ok(!refused.ok);
  assert.match(refused.error.message, /^cannot import .*neither|^cannot import .* it has no firehose_stream/);
  writeHour(dir, HOUR, '');
  const empty = await survey(dir, NOW, () => {});
  assert.match(empty.ok ? '' : empty.error.message, /^cannot import .*no line in its 1 files has a number/);
});

test('what came before the cursor was sent before the file was last written, or its hour was over', async (t) => {
  const { dir } = healthy(t);
  const path = join(dir, `firehose_stream/2026-07-04/${HOUR}.ndjson`);
  const latest = async (): Promise<number> => {
    const found = await survey(dir, NOW, () => {});
    return found.ok ? found.value.latest : Number.NaN;
  };
  // A copy has a time of its own.
  assert.equal(await latest(), TIME + HOUR_MS);
  utimesSync(path, new Date(NOW), new Date(TIME + HOUR_MS - 5_000));
  assert.equal(await latest(), TIME + HOUR_MS - 5_000);
});

test('any cut of a healthy folder goes on where nothing is lost, and says what comes again', async (t) => {
  const dir = tempFolder(t);
  const lines = oldCommits(120, 5_000, TIME, HOUR_MS);
  const text = lines.join('');
  const seqs = lines.map((line) => Number(/"seq": (\d+)/.exec(line)?.[1]));
  let tried = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1_000, max: text.length }),
      fc.constantFrom('moved', 'behind', 'missing'),
      async (cut, moved) => {
        tried += 1;
        writeHour(dir, HOUR, text.slice(0, cut));
        // Killed at that byte: commits are done whose lines all lie before it.
        const begun = text.slice(0, cut).split('\n').length - 1;
        const next = seqs[begun] ?? Number.POSITIVE_INFINITY;
        const done = seqs.filter((seq) => seq < next).at(-1) ?? 0;
        if (moved === 'missing') rmSync(join(dir, 'cursors.json'), { force: true });
        else writeCursor(dir, moved === 'moved' ? done : Math.max(1, done - 3));
        const { cursor, again } = await importRecord(dir);
        assert.ok(cursor <= done, `cursor ${cursor} is behind ${done}, which is the last that is done`);
        const listed = again.reduce((sum, { lines: count }) => sum + count, 0);
        const whole = text.slice(0, cut + 1).split('\n').length - 1;
        assert.equal(listed, seqs.slice(0, whole).filter((seq) => seq > cursor).length);
        // Half a line that does not say its number may be of the commit that the cursor names: then it comes again.
        const rest = text.slice(text.lastIndexOf('\n', cut - 1) + 1, cut);
        const mute = rest !== '' && !/"seq": \d+,/.test(rest);
        if (moved === 'moved' && !mute) assert.equal(cursor, done);
      },
    ),
    { numRuns: 100 },
  );
  assert.equal(tried, 100);
});
