import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import * as v from 'valibot';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { writtenAt } from '../../../test/rig/watching.ts';
import { systemClock } from '../../core/clock.ts';
import { parseExpression } from '../../core/expression.ts';
import type { Reading, WatchContext, WatchKind } from '../kind.ts';
import type { KeptEvent } from '../looks/look.ts';
import { inHindsight } from '../replay/in-hindsight.ts';
import { backlog } from './backlog.ts';
import { command } from './command.ts';
import { cpu } from './cpu.ts';
import { disk } from './disk.ts';
import { fresh } from './fresh.ts';
import { httpKind, httpReading } from './http.ts';
import { lag } from './lag.ts';
import { log } from './log.ts';
import { memory } from './memory.ts';
import { progress } from './progress.ts';
import { record, recordReading } from './record.ts';
import { WATCH_KINDS } from './registry.ts';
import { tcp } from './tcp.ts';

const SECOND = 1000;
const NOW = 1e12;
const ABOUT = { service: 'svc', folder: '/f', graceMs: 0 };

/** The verdicts of readings, ten seconds apart, of a life that began an hour before them, or so many seconds. */
function verdicts(
  kind: WatchKind,
  options: object,
  readings: readonly object[],
  aliveForSeconds = 3600,
): string {
  const judge = kind.replay?.judge(v.parse(kind.options, options), ABOUT);
  const life = { id: 'life-1', pid: 1, startedAt: NOW - aliveForSeconds * SECOND };
  return readings
    .map((each, index) => judge?.(each as Reading, { now: NOW + index * 10 * SECOND, life }).verdict)
    .join(' ');
}

const ok = (value?: object): object => ({ ok: true, value });
const at = (second: number): number => NOW + second * SECOND;
const failed = { ok: false, reason: 'EIO' };
const file = (written: number, name = 'a'): object => ok({ name, at: at(written) });
const level = (name: string, message: string): object => {
  const isBad = parseExpression('level >= error');
  assert.ok(isBad.ok);
  const found = { values: { level: name, message, code: 7 }, text: '{}' };
  return ok(recordReading(isBad.value, { record: found, missing: false }));
};
const answered = (expect: string, status: number, ms: number, body: unknown): object => {
  const expected = parseExpression(expect);
  assert.ok(expected.ok);
  return httpReading(expected.value, { kind: 'answer', answer: { status, ms, body } });
};
const given = (committed: number, behind: number): object => ({
  given: true,
  committed: at(committed),
  lag: behind * SECOND,
});
const waiting = (count: number): object => ok({ count, oldestAt: at(-60) });
const free = (gigs: number): object => ok({ free: gigs * 1e9, total: 100e9, inodesFree: 50, inodes: 100 });

test('what was read is judged again, by other options too', () => {
  const table: readonly (readonly [WatchKind, object, readonly object[], string])[] = [
    [fresh, { files: '*', within: '90s' }, [file(-5), file(-81), failed, ok()], 'ok late unknown late'],
    [fresh, { files: '*', within: '3s' }, [file(-5), file(10)], 'late ok'],
    [fresh, { within: '20s' }, [given(-5, 1), given(-15, 1), { given: false }], 'ok late unknown'],
    [lag, { max: '20s' }, [given(-5, 1), given(-5, 21), { given: true }], 'ok late late'],
    [
      lag,
      { field: 't', max: '20s' },
      [ok({ missing: false, time: at(-5) }), ok({ missing: true })],
      'ok late',
    ],
    [backlog, { files: '*', max: 5 }, [waiting(4), waiting(6), failed], 'ok bad unknown'],
    [backlog, { files: '*', oldest: '65s' }, [waiting(1), waiting(1)], 'ok late'],
    [backlog, { files: '*', growing: '20s' }, [waiting(1), waiting(2), waiting(3)], 'ok ok late'],
    [
      backlog,
      { max: 5 },
      [
        { given: true, backlog: 6 },
        { given: true, lag: 1 },
      ],
      'bad unknown',
    ],
    [disk, { left: '10%' }, [free(11), free(9), failed], 'ok bad unknown'],
    [disk, { 'full-in': '1m', over: '20s' }, [free(60), free(50), free(40), free(40)], 'ok ok late ok'],
    [
      log,
      { file: 'l', within: '30s' },
      [ok({ inode: 1, size: 5, mtime: at(-5) }), ok({ inode: 1, size: 5, mtime: at(-25) })],
      'ok late',
    ],
    [
      log,
      { file: 'l', within: '30s' },
      [ok({ inode: 1, size: 5, mtime: at(-25) }), ok({ inode: 2, size: 0, mtime: at(9) }), ok()],
      'ok late late',
    ],
    [memory, { max: '1M' }, [{ bytes: 1e6 }, { bytes: 2e6 }, {}], 'ok bad unknown'],
    [
      cpu,
      { max: '50%' },
      [
        { read: true },
        { read: true, processors: 0.4, elapsedMs: 9 },
        { read: true, processors: 0.6, elapsedMs: 9 },
        { read: false },
      ],
      'unknown ok bad unknown',
    ],
    [
      tcp,
      { address: 'h:1' },
      [
        { kind: 'connected', ms: 1 },
        { kind: 'timeout', ms: 5 },
        { kind: 'error', trouble: { codes: ['EMFILE'], message: '' } },
      ],
      'ok bad unknown',
    ],
    [
      command,
      { run: 'c' },
      [
        { exit: { kind: 'exited', code: 0 }, ms: 1, line: null },
        { exit: { kind: 'timeout' }, ms: 1, line: null },
      ],
      'ok bad',
    ],
    [
      progress,
      { input: 'a', output: 'b', within: '1m' },
      [ok({ waiting: 0 }), ok({ waiting: 1, firstAt: at(-51) })],
      'ok late',
    ],
    [
      record,
      { bad: 'level >= error' },
      [level('info', 'x'), level('error', 'x'), ok({ missing: true })],
      'ok bad unknown',
    ],
    [
      record,
      { bad: 'level >= warn and message contains "disk"' },
      [level('warn', 'disk'), level('error', 'x')],
      'bad ok',
    ],
    [record, { bad: 'code == 7' }, [level('info', 'x')], 'unknown'],
    [
      httpKind,
      { url: 'http://a/' },
      [answered('status == 200', 204, 9, ''), answered('status == 200', 500, 9, '')],
      'ok bad',
    ],
    [
      httpKind,
      { url: 'http://a/', expect: 'ms < 10' },
      [answered('status == 200', 200, 9, ''), answered('status == 200', 200, 11, '')],
      'ok bad',
    ],
    [
      httpKind,
      { url: 'http://a/', expect: 'body.n == 1' },
      [answered('body.n > 0', 200, 1, { n: 1 }), answered('status == 200', 200, 1, { n: 1 })],
      'ok unknown',
    ],
  ];
  for (const [kind, options, readings, expected] of table)
    assert.equal(verdicts(kind, options, readings), expected, `${kind.kind} ${JSON.stringify(options)}`);
});

test('where only the newest file of before was looked at, a later look shows whether it was the newest', () => {
  const known = (written: number, name = 'a'): object => ok({ name, at: at(written), known: true });
  const seen = (...readings: object[]): string => {
    const life = { id: 'life-1', startedAt: NOW - 3600 * SECOND, readyAt: NOW, wellSince: 0 };
    const looks = readings.map((reading, index): KeptEvent => {
      const now = NOW + index * 10 * SECOND;
      return {
        kind: 'look',
        now,
        at: now,
        life,
        silence: undefined,
        reading: reading as Reading,
        failed: '',
      };
    });
    const mended = [...inHindsight(looks, fresh.replay?.hindsight)];
    assert.deepEqual(
      mended.map((each) => each.kind === 'look' && each.now),
      looks.map((each) => each.kind === 'look' && each.now),
      'in the same order',
    );
    const again = mended.map((each) => (each.kind === 'look' ? (each.reading ?? {}) : {}));
    return verdicts(fresh, { files: '*', within: '5s' }, again);
  };
  // It was written on later: so it was the one, and silent meanwhile.
  assert.equal(seen(file(0), known(10), known(10), known(30)), 'ok ok late ok');
  // A search finds that it is the newest still.
  assert.equal(seen(file(0), known(0), known(0), file(0)), 'ok late late late');
  // A search finds another one: that may have been there all the time, and the looks count for nothing.
  assert.equal(seen(file(0), known(0), known(0), file(29, 'b')), 'ok unknown unknown ok');
  // A look that could not look settles nothing, nor does the end.
  assert.equal(seen(file(0), known(0), failed, known(25)), 'ok late unknown ok');
  assert.equal(seen(file(0), known(0), known(0)), 'ok unknown unknown');
});

test('what is too large to be kept is answered by what the expression said then', () => {
  const body = `${'x'.repeat(5000)} up`;
  const reading = answered('body contains "up"', 200, 1, body);
  assert.ok(JSON.stringify(reading).length < 500);
  assert.equal(verdicts(httpKind, { url: 'http://a/', expect: 'body contains "up"' }, [reading]), 'ok');
  assert.equal(
    verdicts(httpKind, { url: 'http://a/', expect: 'body contains "down"' }, [reading]),
    'unknown',
  );
  const parsed = v.parse(httpKind.options, { url: 'http://a/', expect: 'body contains "down"' });
  assert.equal(httpKind.replay?.fits?.(parsed)(reading as Reading), false);
});

test('lines of the output are read as a look would have read them', () => {
  const life = { id: 'l', pid: 1, startedAt: NOW };
  const read = (kind: WatchKind, options: object, lines: readonly (readonly [number, string])[]) => {
    const parsed = v.parse(kind.options, options);
    const reader = kind.replay?.lines?.(parsed);
    for (const [second, text] of lines) reader?.take({ at: at(second), text });
    const moment = { now: at(10), life };
    const reading = reader?.reading(moment);
    return reading === undefined ? undefined : kind.replay?.judge(parsed, ABOUT)(reading, moment).verdict;
  };
  const lines = [
    [-1, '{"level":"error"}'],
    [3, '{"level":"warn","t":"2001-09-09T01:46:40Z"}'],
    [4, 'text'],
  ] as const;
  assert.equal(read(record, { bad: 'level >= error' }, lines), 'ok');
  assert.equal(read(record, { bad: 'level >= error' }, lines.slice(0, 1)), 'unknown', 'of an earlier life');
  assert.equal(read(record, { bad: 'level >= error', where: 'level == "none"' }, lines), 'unknown');
  assert.equal(read(lag, { field: 't', max: '11s' }, lines), 'ok');
  assert.equal(read(lag, { field: 't', max: '9s' }, lines), 'late');
  assert.equal(read(log, { within: '7s' }, lines), 'ok');
  assert.equal(read(log, { within: '5s' }, lines), 'late');
  for (const [kind, options] of [
    [record, { file: 'a', bad: 'x' }],
    [lag, { field: 't', file: 'a', max: '1s' }],
    [lag, { max: '1s' }],
    [log, { file: 'a', within: '1s' }],
    [memory, { max: '1M' }],
  ] as const)
    assert.equal(read(kind, options, lines), undefined, kind.kind);
});

test('every kind can be replayed; readings of one source fit whatever limits there are', () => {
  const source = (kind: WatchKind, options: object, folder = '/f'): string =>
    JSON.stringify(kind.replay?.source(v.parse(kind.options, options), { ...ABOUT, folder }));
  for (const { kind, replay } of WATCH_KINDS) assert.ok(replay !== undefined, kind);
  assert.equal(source(fresh, { files: '*', within: '1s' }), source(fresh, { files: '*', within: '9s' }));
  assert.notEqual(source(fresh, { files: '*', within: '1s' }), source(fresh, { files: 'a', within: '1s' }));
  assert.equal(
    source(fresh, { files: 'a', within: '1s' }),
    source(fresh, { files: '/f/a', within: '1s' }, '/g'),
  );
  assert.equal(source(fresh, { within: '1s' }), source(lag, { max: '1s' }), 'the figures of a built-in kind');
  assert.notEqual(source(fresh, { files: '*', within: '1s' }), source(backlog, { files: '*', max: 1 }));
  assert.equal(source(record, { bad: 'a' }), source(record, { bad: 'b' }));
  assert.notEqual(source(record, { bad: 'a', where: 'b' }), source(record, { bad: 'a' }));
});

test('a look at a file keeps whether others were looked for', async (t) => {
  const folder = tempFolder(t);
  const context = { folder, clock: systemClock, service: 'svc' } as unknown as WatchContext;
  const { look } = fresh.open(v.parse(fresh.options, { files: '*.txt', within: '90s' }), context);
  const now = Date.now();
  fs.writeFileSync(`${folder}/a.txt`, '');
  writtenAt(`${folder}/a.txt`, now);
  const kept: Reading[] = [];
  const keep = (reading: Reading): boolean => kept.push(reading) > 0;
  const life = { id: 'l', pid: 1, startedAt: now - 1000 };
  const { signal } = new AbortController();
  for (const later of [0, 44_000, 46_000]) await look({ now: now + later, life, signal, keep });
  const value = { name: 'a.txt', at: now };
  assert.deepEqual(kept, [
    { ok: true, value },
    { ok: true, value: { ...value, known: true } },
    { ok: true, value },
  ]);
  const late = await look({ now, life, signal, keep: () => false });
  assert.equal(late.verdict, 'unknown', 'what comes too late is not judged');
});
