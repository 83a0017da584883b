import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Ack, heldBy, heldUntil, type HoldSources, silencesOf, type Snooze } from './holds.ts';

interface World {
  readonly windows: readonly { readonly service: string; readonly from: number; readonly to: number }[];
  readonly snoozes: readonly Pick<Snooze, 'service' | 'watch' | 'until'>[];
  readonly acks: readonly Pick<Ack, 'service' | 'watch'>[];
  readonly troubled: readonly string[];
}

function sourcesOf({ windows, snoozes, acks, troubled }: Partial<World>): HoldSources {
  return {
    quiet: (name) =>
      (windows ?? [])
        .filter(({ service }) => service === name)
        .map(({ from, to }) => ({
          why: 'maintenance',
          end: (now) => (now >= from && now < to ? to : undefined),
        })),
    snoozes: () => (snoozes ?? []).map((snooze) => ({ ...snooze, why: 'work', who: 'ann', at: 0 })),
    acks: () => (acks ?? []).map((ack) => ({ ...ack, why: '', who: 'bob', at: 0 })),
    trouble: (name) => (troubled?.includes(name) ? 'db: alive is bad' : undefined),
  };
}

const WEB = { service: 'web', watch: null };
const ALIVE = { service: 'web', watch: 'alive' };

test('windows, snoozes, needs and acks hold for whom they are meant', () => {
  const by = (
    world: Partial<World>,
    subject = ALIVE as { service: string; watch: string | null },
    now = 10,
  ) =>
    silencesOf(subject, sourcesOf(world), now)
      .map((silence) => silence.by)
      .join(' ');
  for (const [world, expected, subject = ALIVE] of [
    [{}, ''],
    [{ windows: [{ service: 'web', from: 0, to: 20 }] }, 'quiet'],
    [{ windows: [{ service: 'web', from: 0, to: 10 }] }, ''],
    [{ windows: [{ service: 'web', from: 11, to: 20 }] }, ''],
    [{ windows: [{ service: 'other', from: 0, to: 20 }] }, ''],
    [{ snoozes: [{ service: 'web', watch: null, until: 20 }] }, 'snooze'],
    [{ snoozes: [{ service: 'web', watch: null, until: 20 }] }, 'snooze', WEB],
    [{ snoozes: [{ service: 'web', watch: null, until: 10 }] }, ''],
    [{ snoozes: [{ service: 'web', watch: 'alive', until: 20 }] }, 'snooze'],
    [{ snoozes: [{ service: 'web', watch: 'alive', until: 20 }] }, '', WEB],
    [{ snoozes: [{ service: 'web', watch: 'fresh', until: 20 }] }, ''],
    [{ snoozes: [{ service: null, watch: null, until: 20 }] }, 'snooze'],
    [{ snoozes: [{ service: 'other', watch: null, until: 20 }] }, ''],
    [{ acks: [ALIVE] }, 'ack'],
    [{ acks: [ALIVE] }, '', WEB],
    [{ acks: [WEB] }, ''],
    [{ acks: [WEB] }, 'ack', WEB],
    [{ troubled: ['web'] }, 'needs'],
    [{ troubled: ['other'] }, ''],
    [
      {
        acks: [ALIVE],
        troubled: ['web'],
        windows: [{ service: 'web', from: 0, to: 15 }],
        snoozes: [{ service: 'web', watch: null, until: 20 }],
      },
      'snooze quiet needs ack',
    ],
  ] as const)
    assert.equal(by(world, subject), expected, JSON.stringify([world, subject]));
});

test('what is said is muted by an ack, every step by anything else', () => {
  assert.deepEqual(
    (['quiet', 'snooze', 'needs', 'ack'] as const).map((by) => heldBy({ by, why: '', who: '', until: null })),
    ['all', 'all', 'all', 'words'],
  );
  assert.equal(heldBy(undefined), undefined);
});

const moments = fc.integer({ min: 0, max: 60 });
const worlds = fc.record({
  windows: fc.array(fc.record({ service: fc.constantFrom('web', 'db'), from: moments, to: moments }), {
    maxLength: 6,
  }),
  snoozes: fc.array(
    fc.record({
      service: fc.constantFrom('web', 'db', null),
      watch: fc.constantFrom('alive', null),
      until: moments,
    }),
    { maxLength: 6 },
  ),
});

test('until the end that is told something holds without a gap, and at that moment nothing planned does', () => {
  fc.assert(
    fc.property(worlds, moments, (world, now) => {
      const sources = sourcesOf(world);
      const holds = (at: number): boolean => silencesOf(ALIVE, sources, at).length > 0;
      const until = heldUntil(ALIVE, sources, now);
      assert.equal(until !== null, holds(now));
      for (let at = now; at < (until ?? now); at++) assert.ok(holds(at), `at ${at} of ${until}`);
      if (until !== null) assert.ok(!holds(until));
    }),
  );
});
