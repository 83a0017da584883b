import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import * as v from 'valibot';
import { openWatch } from '../../../test/rig/watching.ts';
import { backlog, isGrowing, judgeBacklog } from './backlog.ts';
import type { Sample } from './trend.ts';

const HOUR = 3_600_000;
const NOW = 1_800_000_000_000;

/** Counts an hour apart, the last of them now. */
function hourly(...counts: number[]): Sample[] {
  return counts.map((value, index) => ({ at: NOW - (counts.length - 1 - index) * HOUR, value }));
}

test('a backlog is judged by its count, its oldest and its trend', () => {
  for (const [samples, oldestAgo, startedAgo, limits, verdict, reason] of [
    [hourly(0), undefined, 9, { max: 5 }, 'ok', 'nothing waits'],
    [hourly(5), 1, 9, { max: 5 }, 'ok', '5 wait, the oldest for 1h'],
    [hourly(6), 1, 9, { max: 5 }, 'bad', '6 wait, the oldest for 1h; 5 at most'],
    [hourly(1), 3, 9, { oldest: 2 * HOUR }, 'late', '1 wait, the oldest for 3h; 2h at most'],
    [hourly(1), 3, 1, { oldest: 2 * HOUR }, 'ok', '1 wait, the oldest for 3h'],
    [
      hourly(1),
      9,
      3,
      { oldest: 2 * HOUR },
      'late',
      '1 wait, the oldest for 9h, 3h of it in this life; 2h at most',
    ],
    [
      hourly(1, 2, 4),
      1,
      9,
      { growing: 2 * HOUR },
      'late',
      '4 wait, the oldest for 1h; 1.5 more an hour; there were 1 2h ago, and always some',
    ],
    [hourly(1, 2, 4), 1, 9, { growing: 3 * HOUR }, 'ok', '4 wait, the oldest for 1h; 1.5 more an hour'],
    [
      hourly(10, 20, 30),
      1,
      9,
      { max: 100 },
      'ok',
      '30 wait, the oldest for 1h; 10 more an hour, over 100 in about 7h',
    ],
    [
      hourly(30, 20, 10),
      1,
      9,
      { max: 100 },
      'ok',
      '10 wait, the oldest for 1h; 10 fewer an hour, none in about 1h',
    ],
    [
      hourly(30, 20, 10),
      1,
      9,
      { max: 5 },
      'bad',
      '10 wait, the oldest for 1h; 10 fewer an hour, none in about 1h; 5 at most',
    ],
  ] as const) {
    const judged = judgeBacklog(
      {
        now: NOW,
        startedAt: NOW - startedAgo * HOUR,
        count: samples.at(-1)?.value ?? 0,
        oldestAt: oldestAgo === undefined ? undefined : NOW - oldestAgo * HOUR,
        samples,
      },
      limits,
    );
    assert.deepEqual([judged.verdict, judged.reason], [verdict, reason]);
  }
});

test('growing: always some over the whole window, and no fewer', () => {
  for (const [counts, hours, growing] of [
    [[5, 5, 5, 5, 5, 5, 5, 5, 5], 8, true], // stuck
    [[5, 5, 5, 5, 5, 5, 5, 5, 5], 9, false], // not long enough yet
    [[1, 2, 3, 2, 4, 5, 6, 7, 8], 8, true], // a single decrease hides nothing
    [[1, 2, 3, 0, 4, 5, 6, 7, 8], 8, false], // it was empty once
    [[8, 7, 6, 5, 4, 3, 2, 1, 1], 8, false],
    [[5, 9, 9, 9, 9, 9, 9, 9, 4], 8, false], // fewer at its end
    [[5, 5], 1, false],
  ] as const)
    assert.equal(isGrowing(hourly(...counts), hours * HOUR), growing, String(counts));
});

test('real files: count, age from when they came, trend of one life', async (t) => {
  const { folder, look } = openWatch(t, backlog, { files: 'in/*.xml', max: 3, growing: '2h' });
  const now = Date.now();
  const life = { startedAt: now - HOUR };
  fs.mkdirSync(`${folder}/in`);
  assert.equal((await look({ now, life })).value, 'nothing waits');
  for (const name of ['a.xml', 'b.xml', 'c.txt']) fs.writeFileSync(`${folder}/in/${name}`, '');
  fs.utimesSync(`${folder}/in/a.xml`, 1, 1);
  for (const hours of [1, 2, 3]) {
    const judged = await look({ now: now + hours * HOUR, life });
    assert.match(judged.value ?? '', /^2 wait, the oldest for \d+/);
    assert.equal(judged.verdict, hours === 3 ? 'late' : 'ok', judged.reason);
  }
  assert.equal((await look({ now: now + 4 * HOUR, life: { ...life, id: 'life-2' } })).verdict, 'ok');
  for (const name of ['d.xml', 'e.xml']) fs.writeFileSync(`${folder}/in/${name}`, '');
  assert.equal((await look({ now: now + 4 * HOUR, life: { ...life, id: 'life-2' } })).verdict, 'bad');
});

test('a built-in kind gives its own figures', async (t) => {
  const now = Date.now();
  let figures: Record<string, unknown> | undefined = { backlog: 7, oldest: now - 60_000 };
  const { look } = openWatch(
    t,
    backlog,
    { max: 5 },
    { context: { figures: () => Promise.resolve(figures) } },
  );
  assert.deepEqual(await look({ now }), {
    verdict: 'bad',
    value: '7 wait, the oldest for 1m',
    reason: '7 wait, the oldest for 1m; 5 at most',
  });
  figures = { lag: 5 };
  assert.equal((await look()).verdict, 'unknown');
  figures = undefined;
  assert.equal((await look()).verdict, 'unknown');
});

test('a backlog without a limit is refused', () => {
  const problems = (options: object, figures: readonly 'backlog'[] = []) =>
    backlog.problems?.(v.parse(backlog.options, options), { folder: '/', figures });
  assert.deepEqual(problems({ files: 'a' }), [
    'cannot judge a backlog without any of "max", "oldest" and "growing"',
  ]);
  assert.deepEqual(problems({ files: 'a', max: 0 }), []);
  assert.deepEqual(problems({ max: 0 }), ['cannot tell what waits without "files", the files that wait']);
  assert.deepEqual(problems({ max: 0 }, ['backlog']), []);
});
