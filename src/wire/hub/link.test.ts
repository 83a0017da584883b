import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock, type FakeClock } from '../../../test/rig/fake-clock.ts';
import { createModelHub, type Fault, type ModelHub } from '../../../test/rig/model-hub.ts';
import { ok } from '../../core/result.ts';
import { createLink, type Link, type RecordSource } from './link.ts';
import type { LinkEffect } from './link-state.ts';
import { encodeRecord } from './record.ts';

const RECORD = {
  time: 1,
  host: 'box',
  service: 's',
  life: '',
  kind: 'log' as const,
  level: 9,
  sender: 'x',
};

/** Records with the numbers from 1 up to a growing end. */
function createNumbers() {
  let end = 0;
  let link: Link | undefined;
  let series = 'S';
  const replaced = new Set<number>();
  const source: RecordSource = {
    get series() {
      return series;
    },
    acked: 0,
    base: 0,
    get known() {
      return end;
    },
    async read(after, most) {
      await Promise.resolve();
      if (after >= end) return undefined;
      const seqs = Array.from({ length: Math.min(most, end - after) }, (_, index) => after + index + 1);
      const text = (seq: number): string => (replaced.has(seq) ? 'replaced' : `record ${seq}`);
      const records = seqs.map((seq) => encodeRecord({ ...RECORD, seq, message: text(seq) }));
      return { records, last: after + seqs.length, missing: 0 };
    },
    replace: (after) => void replaced.add(after + 1),
    renumber: () => {
      series += "'";
    },
  };
  return {
    source,
    replaced,
    use: (made: Link) => {
      link = made;
    },
    add(count: number) {
      end += count;
      link?.wake();
    },
    end: () => end,
  };
}

function startLink(clock: FakeClock, hub: ModelHub, numbers = createNumbers()) {
  const effects: LinkEffect[] = [];
  const link = createLink({
    source: numbers.source,
    dial: (events) => hub.connect(events),
    token: () => Promise.resolve(ok('token')),
    clock,
    random: () => 0.5,
    told: (effect) => effects.push(effect),
    failed: (error) => {
      throw error;
    },
  });
  numbers.use(link);
  link.start();
  return { link, effects, numbers };
}

const FAULTS: readonly Fault[] = ['none', 'none', 'none', 'lost', 'lost-stored', 'later', 'mute'];

test('whatever breaks when, everything is stored once and in order, and nothing is acknowledged that is not stored', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...FAULTS), { maxLength: 12 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 1300 }), fc.integer({ min: 0, max: 3_000 })), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.uniqueArray(fc.integer({ min: 1, max: 3_000 }), { maxLength: 3 }),
      async (faults, additions, poison) => {
        const clock = createFakeClock();
        const hub = createModelHub(clock);
        hub.faults = [...faults];
        hub.poison = ({ seq, message }) => poison.includes(seq) && message !== 'replaced';
        const { link, numbers } = startLink(clock, hub);
        for (const [count, ms] of additions) {
          numbers.add(count);
          await clock.advance(ms);
        }
        for (let ms = 0; link.state().acked < numbers.end(); ms += 5_000) {
          assert.ok(ms < 900_000, `stuck: ${JSON.stringify(link.state())}`);
          await clock.advance(5_000);
        }
        link.end();
        const found = hub.stored.get('S') ?? [];
        assert.deepEqual(
          found.map(({ seq }) => seq),
          Array.from({ length: numbers.end() }, (_, index) => index + 1),
        );
        const bad = poison.filter((seq) => seq <= numbers.end()).sort((a, b) => a - b);
        assert.deepEqual(
          found.filter(({ message }) => message === 'replaced').map(({ seq }) => seq),
          bad,
        );
        assert.ok(hub.mostWaiting <= 8);
        assert.equal(clock.nextTimer(), undefined, 'a timer is left');
      },
    ),
    { numRuns: 60 },
  );
});

test('a hub that has fewer records than it acknowledged gets them again; one that has more gets a new series', async () => {
  const clock = createFakeClock();
  const hub = createModelHub(clock);
  const { link, numbers, effects } = startLink(clock, hub);
  numbers.add(700);
  await clock.advance(1_000);
  assert.equal(link.state().acked, 700);
  hub.faults = ['forgets'];
  // It forgets what it had acknowledged just before.
  (hub.stored.get('S') as unknown[]).splice(600);
  numbers.add(10);
  await clock.advance(10_000);
  assert.deepEqual(
    effects.filter((effect) => effect.do === 'rewound'),
    [{ do: 'rewound', from: 700, to: 600 }],
  );
  assert.equal(hub.stored.get('S')?.length, 710);
  link.end();

  const later = createNumbers();
  later.add(5);
  const second = startLink(clock, hub, later);
  await clock.advance(10_000);
  assert.ok(second.effects.some((effect) => effect.do === 'renumber' && effect.last === 710));
  assert.deepEqual(
    hub.stored.get("S'")?.map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  );
  second.link.end();
});

test('a token that is not taken is shown once a minute, a hub that is not there more and more rarely', async () => {
  const clock = createFakeClock();
  const hub = createModelHub(clock);
  hub.denies = 'the token was revoked';
  const { link, effects } = startLink(clock, hub);
  await clock.advance(10 * 60_000);
  assert.ok(hub.dials >= 8 && hub.dials <= 11, `${hub.dials} dials in ten minutes`);
  assert.ok(effects.filter((effect) => effect.do === 'away').every((effect) => effect.isDenied === true));
  hub.denies = undefined;
  await clock.advance(80_000);
  assert.equal(link.state().phase, 'open');
  const before = hub.dials;
  const breakSoon = (): void => {
    hub.cut();
    clock.timer(300, breakSoon);
  };
  breakSoon();
  await clock.advance(10 * 60_000);
  assert.ok(hub.dials - before <= 20, `${hub.dials - before} dials in ten minutes`);
});

test('a hub that refuses even what is sent in the place of a record is not hammered', async () => {
  const clock = createFakeClock();
  const hub = createModelHub(clock);
  hub.poison = ({ seq }) => seq === 3;
  const { link, numbers, effects } = startLink(clock, hub);
  numbers.add(5);
  await clock.advance(600_000);
  assert.equal(link.state().acked, 2);
  assert.equal(effects.filter((effect) => effect.do === 'replace').length, 1);
  const refused = effects.filter((effect) => effect.do === 'refused').length;
  assert.ok(refused >= 10 && refused <= 20, `refused ${refused} times in ten minutes`);
  hub.poison = () => false;
  await clock.advance(100_000);
  assert.equal(link.state().acked, 5);
  link.end();
});

test('what comes while the source is asked is asked for again', async () => {
  const clock = createFakeClock();
  const hub = createModelHub(clock);
  const numbers = createNumbers();
  const { read } = numbers.source;
  let isFirst = true;
  const source: RecordSource = {
    ...numbers.source,
    series: 'S',
    known: 0,
    async read(after, most) {
      const found = await read(after, most);
      // Between the look and its answer.
      if (isFirst) numbers.add(3);
      isFirst = false;
      return found;
    },
  };
  const { link } = startLink(clock, hub, { ...numbers, source });
  await clock.advance(1_000);
  assert.equal(link.state().acked, 3);
  link.end();
});

test('an idle connection is asked whether it is there, and given up when it does not answer', async () => {
  const clock = createFakeClock();
  const hub = createModelHub(clock);
  const { link, effects } = startLink(clock, hub);
  await clock.advance(300_000);
  assert.equal(hub.dials, 1);
  assert.ok(effects.filter((effect) => effect.do === 'ping').length >= 28);
  link.end();
  assert.equal(clock.nextTimer(), undefined);
});
