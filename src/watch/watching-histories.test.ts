import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHeldWatch, EVERY, GRACE, type Held, LIMITS } from '../../test/rig/held-watch.ts';
import type { Verdict } from './judgement.ts';

type Happening =
  | { readonly do: 'see'; readonly what: Verdict }
  | { readonly do: 'snooze'; readonly looks: number }
  | { readonly do: 'window'; readonly in: number; readonly looks: number }
  | { readonly do: 'ack' | 'trouble' | 'well' | 'unsnooze' };

const looksLong = fc.integer({ min: 0, max: 12 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('see' as const),
      what: fc.constantFrom('ok', 'bad', 'late', 'unknown'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('snooze' as const), looks: looksLong }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('window' as const), in: looksLong, looks: looksLong }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('ack', 'trouble', 'well', 'unsnooze') }) },
) as fc.Arbitrary<Happening>;
const history = fc.array(fc.tuple(happening, fc.integer({ min: 1, max: 6 })), { maxLength: 25 });

/**
 * What should be done after each look, reckoned on its own: two looks in a row that count and fail are acted on where nothing
 * holds; `note` and `page` once in an incident, a restart as long as there are some, each 30 s behind the one before.
 */
function createOracle() {
  let epoch = '';
  let failed = 0;
  let said = new Set<string>();
  let restarts: number[] = [];
  let over = '';
  return (
    { at, life, verdict }: { at: number; life: string; verdict: Verdict },
    from: number,
    held: Held,
  ): string[] => {
    if (`${life} ${from}` !== epoch) failed = 0;
    epoch = `${life} ${from}`;
    if (at - from < GRACE) return [];
    if (verdict === 'ok') {
      failed = 0;
      said = new Set();
    }
    if (verdict === 'ok' || verdict === 'unknown') return [];
    failed += 1;
    const holds =
      held.trouble !== undefined ||
      at < held.snoozedUntil ||
      held.windows.some((each) => at >= each.from && at < each.to);
    if (failed < 2 || holds || life === over) return [];
    const now: string[] = [];
    const say = (word: string): void => {
      if (!said.has(word) && !held.acked) now.push(word);
      said.add(word);
    };
    say('note');
    restarts = restarts.filter((each) => at - each < LIMITS.perMs);
    if (restarts.length >= LIMITS.mostRestarts) say('page');
    else if (at - (restarts.at(-1) ?? Number.NEGATIVE_INFINITY) >= LIMITS.coolMs) {
      now.push('restart');
      restarts.push(at);
      over = life;
    }
    return now;
  };
}

test('whatever happens: within a hold nothing is done, behind it exactly what should be, and nothing is said twice in an incident', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (happenings) => {
      const { clock, scene, held, watching, done, flips } = createHeldWatch();
      const oracle = createOracle();
      let before = 0;
      const said: string[] = [];
      const lookOnce = async (): Promise<void> => {
        const { startedAt } = scene;
        const seen = scene.looks.length;
        const acked = held.acked;
        await clock.advance(EVERY);
        assert.equal(scene.looks.length, seen + 1, 'one look');
        const [look] = scene.looks.slice(seen);
        const now = done().slice(before);
        before = done().length;
        const from = Math.max(startedAt, held.wellSince);
        assert.deepEqual(now, oracle(look ?? assert.fail(), from, { ...held, acked }), JSON.stringify(look));
        const state = watching.figures()[0]?.state;
        if (state === 'ok') {
          said.length = 0;
          assert.equal(held.acked, false, 'over with the incident');
        }
        for (const word of now.filter((each) => each !== 'restart')) {
          assert.ok(!said.includes(word), `${word} is said twice`);
          said.push(word);
        }
      };
      for (const [what, looks] of happenings) {
        happen(what, scene, held, clock.now());
        for (let look = 0; look < looks; look++) await lookOnce();
      }
      for (const { fields } of flips()) assert.equal(fields?.['subject'], 'watch');
      await watching.close();
    }),
    { numRuns: 80 },
  );
});

function happen(what: Happening, scene: { see: Verdict }, held: Held, now: number): void {
  switch (what.do) {
    case 'see':
      scene.see = what.what;
      return;
    case 'snooze':
      held.snoozedUntil = now + what.looks * EVERY;
      return;
    case 'window':
      held.windows.push({ from: now + what.in * EVERY, to: now + (what.in + what.looks) * EVERY });
      return;
    case 'unsnooze':
      held.snoozedUntil = 0;
      return;
    case 'ack':
      held.acked = true;
      return;
    case 'trouble':
      held.trouble = 'db: alive is bad';
      return;
    default:
      if (held.trouble !== undefined) held.wellSince = now;
      held.trouble = undefined;
  }
}
