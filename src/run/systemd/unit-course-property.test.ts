import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { facts, follow, running, SINCE, word } from '../../../test/rig/unit-history.ts';
import type { Happening } from './journal-entry.ts';
import type { UnitEvent } from './unit-course.ts';

const EXITED = { kind: 'exited', command: 'ExecStart', exit: 'exited', status: 3 } as const;

/** One life as it was, and how it is heard and seen. */
interface True {
  readonly asked: boolean;
  readonly seen: boolean;
  readonly seenOver: boolean;
}

/** Words and looks of lives, all words so many places later than they happened. */
function happenings(lives: readonly True[], deaf: boolean, late: number): UnitEvent[] {
  const events: { readonly place: number; readonly event: UnitEvent }[] = [];
  const hearing = deaf ? 'deaf' : 'live';
  for (const [index, life] of lives.entries()) {
    const id = `L${index}`;
    const at = SINCE + index * 10_000;
    const place = index * 100;
    const say = (about: Happening, ms: number, order: number): void => {
      if (!deaf)
        events.push({
          place: place + late + order,
          event: { kind: 'word', word: word(id, about, ms), own: false },
        });
    };
    say({ kind: 'started' }, at, 0);
    if (life.seen)
      events.push({
        place: place + 1,
        event: { kind: 'observed', facts: running(id, index + 1, at), hearing, now: at },
      });
    if (life.asked) say({ kind: 'stopping' }, at + 5000, 50);
    else say(EXITED, at + 5000, 50);
    say({ kind: 'over', result: life.asked ? 'success' : 'exit-code' }, at + 5000, 51);
    say({ kind: 'stopped', job: life.asked ? 'stop' : 'restart' }, at + 5000, 52);
    const over = life.asked
      ? facts()
      : facts({ active: 'activating', sub: 'auto-restart', invocation: id, result: 'exit-code' });
    if (life.seenOver)
      events.push({ place: place + 60, event: { kind: 'observed', facts: over, hearing, now: at + 5000 } });
  }
  const end = SINCE + lives.length * 10_000;
  const waits = facts({ active: 'activating', sub: 'auto-restart' });
  const last = lives.at(-1)?.asked === false ? waits : facts();
  for (const now of [end, end + 3000])
    events.push({ place: 1e9, event: { kind: 'observed', facts: last, hearing, now } });
  return events.toSorted((a, b) => a.place - b.place).map(({ event }) => event);
}

const trueLife = fc.record({
  asked: fc.boolean(),
  seen: fc.boolean(),
  seenOver: fc.boolean(),
});

test('property: words and looks in any order make one start and one end of each life, in this order', () => {
  fc.assert(
    fc.property(fc.array(trueLife, { maxLength: 8 }), fc.boolean(), fc.nat(150), (lives, deaf, late) => {
      const unit = follow();
      for (const event of happenings(lives, deaf, late)) unit.take(event);
      for (const [index, life] of lives.entries()) {
        const own = unit.told.filter(
          (each) => each.life === `L${index}` && (each.kind === 'start' || each.kind === 'exit'),
        );
        const known = !deaf || life.seen;
        assert.deepEqual(
          own.map(({ kind }) => kind),
          known ? ['start', 'exit'] : [],
          `L${index}`,
        );
        assert.ok((own[0]?.time ?? 0) <= (own[1]?.time ?? 0));
        // A look may see the end long before the journal says why.
        const heard = !deaf && late < 9;
        if (heard) assert.equal(own[1]?.level, life.asked ? 9 : 17, own[1]?.message);
      }
      const last = lives.at(-1);
      if (!deaf && last !== undefined) assert.equal(unit.course.wanted, !last.asked);
    }),
    { numRuns: 500 },
  );
});
