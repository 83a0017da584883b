import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as v from 'valibot';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { emptyCheckpoint } from '../../collect/checkpoint.ts';
import { gapLine } from '../../collect/gaps.ts';
import { layoutOf } from '../../collect/layout.ts';
import { systemClock } from '../../core/clock.ts';
import type { ManifestLine } from '../../core/parts-manifest.ts';
import { sealLine } from '../../core/sealed-line.ts';
import { openLedger } from '../../jobs/ledger/sqlite.ts';
import { ASKS } from '../../wire/page/asks.ts';
import type { Collecting } from '../plan.ts';
import { lookAtParts } from './parts-look.ts';

const HOUR = 3_600_000;
const DAY = Date.parse('2026-11-22T00:00:00Z');

/** A collector's folder with so many closed hourly parts, each of ten lines, and an open one behind them. */
function createFolder(t: TestContext, hours: number) {
  const root = realpathSync(tempFolder(t));
  const layout = layoutOf(root);
  mkdirSync(layout.own, { recursive: true });
  const nameOf = (hour: number): string => {
    const iso = new Date(DAY + hour * HOUR).toISOString();
    return `${iso.slice(0, 10)}/${iso.slice(0, 13)}`;
  };
  const line = (hour: number): ManifestLine => ({
    v: 1,
    part: nameOf(hour),
    epoch: 1,
    first: hour * 10,
    last: hour * 10 + 9,
    k: [hour * 10, hour * 10 + 9],
    lines: 10,
    bytes: 100,
    sha256: `sum-${hour}`,
    from: DAY + hour * HOUR + 1000,
    to: DAY + hour * HOUR + 3_000_000,
    ino: 1,
    closed: DAY + (hour + 1) * HOUR,
  });
  const put = (path: string, bytes: number): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), 'x'.repeat(bytes));
  };
  const lines = Array.from({ length: hours }, (_, hour) => line(hour));
  for (const { part } of lines) put(`${part}.ndjson`, 100);
  writeFileSync(layout.manifest, lines.map((each) => sealLine(each)).join(''));
  const gaps = [3, 30].map((hour) =>
    gapLine({
      v: 1,
      epoch: 1,
      from: hour * 10,
      to: hour === 3 ? hour * 10 + 5 : null,
      since: DAY + hour * HOUR,
      until: DAY + hour * HOUR + 60_000,
      reason: 'disconnected',
      detail: hour === 3 ? 'the connection broke' : '',
      at: DAY + hour * HOUR,
    }),
  );
  writeFileSync(layout.gaps, Buffer.concat(gaps));
  const [from, to] = [DAY + hours * HOUR + 500, DAY + hours * HOUR + 9000];
  const open = {
    ino: 2,
    len: 40,
    lines: 4,
    first: 1,
    last: 4,
    k: [1, 4] as [number, number],
    from,
    to,
    close: to,
  };
  const checkpoint = {
    ...emptyCheckpoint('boot'),
    k: hours * 10 + 4,
    time: to,
    files: { [nameOf(hours)]: open },
    gaps: Buffer.concat(gaps).length,
  };
  writeFileSync(layout.checkpoint, sealLine(checkpoint));
  put(`${nameOf(hours)}.open.ndjson`, 55);
  const collecting = { collect: { into: root, part: 'hour' } } as unknown as Collecting;
  return { root, nameOf, put, collecting };
}

const ALL = { since: DAY, until: DAY + 100 * HOUR };

test('parts as they are: closed, archived, proved elsewhere, open, gone; and the gaps between them', async (t) => {
  const { root, nameOf, put, collecting } = createFolder(t, 6);
  const opened = openLedger(join(tempFolder(t), 'ledger.db'), systemClock);
  assert.ok(opened.ok);
  const ledger = opened.value;
  onEnd(t, () => ledger.close());
  const file = (hour: number, sha256 = `sum-${hour}`) => ({
    root,
    path: `${nameOf(hour)}.ndjson`,
    sha256,
    bytes: 100,
    mtimeMs: 1,
  });
  const copy = (job: string, sha256: string) => ({
    job,
    target: 'x:/y',
    path: 'z',
    sha256,
    bytes: 1,
    verifiedAt: 1,
  });
  // 0 and 1 are gone, 2 is archived and proved by two jobs, of 3 another content was proved.
  for (const hour of [0, 1, 2]) rmSync(join(root, `${nameOf(hour)}.ndjson`));
  put(`${nameOf(2)}.ndjson.zst`, 33);
  ledger.take(file(2));
  ledger.archived(root, file(2).path, {
    path: `${nameOf(2)}.ndjson.zst`,
    sha256: 'packed',
    bytes: 33,
    at: 1,
  });
  ledger.proved(root, file(2).path, copy('offsite', 'packed'));
  ledger.proved(root, file(2).path, copy('disk', 'sum-2'));
  ledger.proved(root, file(2).path, copy('stale', 'other'));
  ledger.take(file(3, 'another'));
  ledger.proved(root, file(3).path, copy('offsite', 'another'));
  const found = await lookAtParts(collecting, ALL, { ledger, clock: systemClock });
  assert.deepEqual(v.parse(ASKS.parts.value, found), found);
  assert.deepEqual(
    found.parts.map(({ path, state, bytes, proved }) => [path.slice(11), state, bytes, proved]),
    [
      ['2026-11-22T02.ndjson.zst', 'archived', 33, ['disk', 'offsite']],
      ['2026-11-22T03.ndjson', 'closed', 100, []],
      ['2026-11-22T04.ndjson', 'closed', 100, []],
      ['2026-11-22T05.ndjson', 'closed', 100, []],
      ['2026-11-22T06.open.ndjson', 'open', 40, []],
    ],
  );
  assert.deepEqual(found.purged, { parts: 2, until: DAY + HOUR + 3_000_000 });
  assert.deepEqual(
    found.gaps.map(({ reason, missing }) => [reason, missing]),
    [
      ['disconnected: the connection broke', 'the numbers between 30 and 35'],
      ['disconnected', 'an unknown number of events'],
    ],
  );
  assert.deepEqual([found.every, found.cut], ['hour', false]);
});

test('only what lies in the window', async (t) => {
  const { collecting } = createFolder(t, 6);
  const window = { since: DAY + 3 * HOUR, until: DAY + 4 * HOUR };
  const found = await lookAtParts(collecting, window, { ledger: undefined, clock: systemClock });
  assert.deepEqual(
    found.parts.map(({ path }) => path),
    ['2026-11-22/2026-11-22T03.ndjson'],
  );
  assert.equal(found.gaps.length, 1);
  const before = await lookAtParts(
    collecting,
    { since: 0, until: DAY },
    { ledger: undefined, clock: systemClock },
  );
  assert.deepEqual([before.parts, before.gaps], [[], []]);
});

test('of very many the newest, and others have their turn meanwhile', async (t) => {
  const { collecting } = createFolder(t, 5010);
  const clock = createFakeClock();
  const course = { isDone: false };
  const looking = lookAtParts(collecting, { since: 0, until: DAY * 2 }, { ledger: undefined, clock });
  const over = (): void => {
    course.isDone = true;
  };
  looking.then(over, over);
  let turns = 0;
  while (!course.isDone) {
    await clock.advance(1);
    turns++;
  }
  const found = await looking;
  assert.ok(turns > 10, `${turns} turns`);
  assert.deepEqual([found.parts.length, found.cut], [5001, true]);
  assert.equal(found.parts[0]?.from, DAY + 10 * HOUR + 1000);
});

test('where nothing was ever collected there is nothing', async (t) => {
  const collecting = { collect: { into: tempFolder(t), part: 1_048_576 } } as unknown as Collecting;
  const found = await lookAtParts(collecting, ALL, { ledger: undefined, clock: systemClock });
  assert.deepEqual(found, {
    every: '1M',
    parts: [],
    gaps: [],
    purged: { parts: 0, until: null },
    cut: false,
  });
});
