import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FarSide } from '../../test/rig/far-side.ts';
import { openRig, type Rig, type RigOptions } from '../../test/rig/notifying.ts';
import { nextDigest, parseDigestTimes } from './digest-times.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

async function using(options: RigOptions, work: (rig: Rig, ops: FarSide) => Promise<void>): Promise<void> {
  const rig = openRig(options);
  try {
    await rig.clock.advance(0);
    await work(rig, rig.sides['ops'] as FarSide);
  } finally {
    for (const side of Object.values(rig.sides)) side.mood = 'yes';
    await rig.close();
  }
}

const daily = { days: '*', hour: 1, minute: 30, zone: 'Europe/Zurich' };

test('a digest tells what is in trouble, what is silenced and how the last day was, once a day', async () => {
  await using(
    { channels: { ops: { digest: daily } } },
    async ({ clock, flip, record, world, notifier }, ops) => {
      world.silenceOf = (service) =>
        service === 'mail'
          ? { by: 'snooze', why: 'new disk', who: 'ada', until: clock.now() + 12 * HOUR }
          : undefined;
      world.silences = [
        {
          service: 'mail',
          watch: '',
          silence: { by: 'snooze', why: 'new disk', who: 'ada', until: clock.now() + 12 * HOUR },
        },
      ];
      // It is 2026-11-22T00:00Z: 01:30 in Zurich is 00:30 UTC.
      flip('web', 'alive', 'bad');
      flip('mail', 'queue', 'late');
      await clock.advance(20 * MINUTE);
      flip('web', 'alive', 'ok');
      for (let starts = 0; starts < 3; starts += 1)
        record({ service: 'web', kind: 'start', message: 'started' });
      await clock.advance(10 * MINUTE - SECOND);
      assert.equal(ops.taken.length, 2);
      await clock.advance(2 * SECOND);
      const digest = ops.taken[2]?.notice;
      assert.equal(digest?.event, 'digest');
      assert.equal(digest?.title, 'the last day on box1: 1 in trouble, 1 over, 1 silenced');
      assert.deepEqual(digest?.lines, [
        'In trouble now:',
        '  mail: queue is late for 30m: it is late (not told: snoozed: new disk (ada))',
        'Silenced:',
        '  mail: snooze by ada, for another 11h30m: new disk',
        'Over within the last day:',
        '  web: alive was bad for 20m from 2026-11-22T00:00:00.000Z',
        'Starts within the last day:',
        '  web: 3',
      ]);
      assert.equal(notifier.view().channels[0]?.nextDigestAt, Date.parse('2026-11-23T00:30:00Z'));
      await clock.advance(5 * MINUTE);
      assert.equal(ops.taken.length, 3);
    },
  );
});

test('a digest that was missed comes once, late; another time of day begins anew', async () => {
  await using(
    { channels: { ops: { digest: daily } } },
    async ({ clock, stop, start, specs, running }, ops) => {
      await clock.advance(MINUTE);
      await stop();
      await clock.advance(50 * HOUR);
      start();
      await clock.advance(MINUTE);
      assert.equal(ops.taken.length, 1);
      const [name, spec] = [...specs][0] ?? [];
      assert.ok(name !== undefined && spec !== undefined);
      running().apply({ channels: new Map([[name, { ...spec, digest: { ...daily, hour: 3 } }]]) });
      await clock.advance(MINUTE);
      assert.equal(running().view().channels[0]?.nextDigestAt, Date.parse('2026-11-24T02:30:00Z'));
    },
  );
});

test('times of digests are read, and follow the clocks of their zone', () => {
  const times = (text: string): unknown => {
    const read = parseDigestTimes(text);
    return read.ok ? read.value : read.error;
  };
  assert.deepEqual(times('08:00'), { days: '*', hour: 8, minute: 0, zone: '' });
  assert.deepEqual(times('Mon-Fri 7:30 Europe/Zurich'), {
    days: 'Mon-Fri',
    hour: 7,
    minute: 30,
    zone: 'Europe/Zurich',
  });
  assert.deepEqual(times('mon,thu 07:30'), { days: 'mon,thu', hour: 7, minute: 30, zone: '' });
  for (const [text, why] of [
    ['8', 'write a time of day'],
    ['24:00', 'a time is 00:00 to 23:59'],
    ['08:61', 'a time is 00:00 to 23:59'],
    ['08:00 Mars/Olympus', 'there is no zone "Mars/Olympus"'],
    ['Fun 08:00', 'write a time of day'],
    ['', 'write a time of day'],
  ] as const)
    assert.match(
      String(times(text)),
      new RegExp(`^cannot read ${JSON.stringify(text)} as the time of a digest: ${why}`),
    );
  const next = (text: string, after: string): string => {
    const read = parseDigestTimes(text);
    return read.ok ? new Date(nextDigest(read.value, Date.parse(after))).toISOString() : read.error;
  };
  assert.equal(next('08:00 Europe/Zurich', '2026-03-28T07:00:00Z'), '2026-03-29T06:00:00.000Z');
  assert.equal(next('08:00 Europe/Zurich', '2026-10-24T06:00:00Z'), '2026-10-25T07:00:00.000Z');
  // 02:30 does not exist that day: the clocks go from 02:00 to 03:00.
  assert.equal(next('02:30 Europe/Zurich', '2026-03-29T00:00:00Z'), '2026-03-29T01:00:00.000Z');
  // 02:30 is there twice that day: it is told once.
  assert.equal(next('02:30 Europe/Zurich', '2026-10-25T00:00:00Z'), '2026-10-25T00:30:00.000Z');
  assert.equal(next('02:30 Europe/Zurich', '2026-10-25T00:30:00Z'), '2026-10-26T01:30:00.000Z');
  assert.equal(next('Mon-Fri 08:00', '2026-11-20T09:00:00Z'), '2026-11-23T08:00:00.000Z');
});
