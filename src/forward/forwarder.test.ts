import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHurriedClock } from '../../test/rig/hurried-clock.ts';
import { draft, open } from '../../test/rig/store.ts';
import { until } from '../../test/rig/wait.ts';
import { type ForwardDeps, runForwarder } from './forwarder.ts';
import type { ForwardTarget } from './target.ts';

/** What a far side does with a batch: takes it, takes it and the answer is lost, says `later`, or the daemon is killed before or behind it. */
const deed = fc.constantFrom('take', 'take', 'take', 'lose', 'later', 'die-before', 'die-behind');
const bads = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 4 });

test('whatever the far side does, and whenever the daemon dies: each record arrives at least once, but those that are refused', async () => {
  const clock = createHurriedClock(10_000);
  const property = fc.asyncProperty(
    fc.array(deed, { maxLength: 20 }),
    fc.integer({ min: 1, max: 60 }),
    bads,
    async (deeds, count, refused) => {
      const store = open();
      let saved: number | undefined = 0;
      const arrived: string[] = [];
      const notes: string[] = [];
      const left = [...deeds];
      let life = new AbortController();
      const target: ForwardTarget = {
        async send(records) {
          const messages = records.map(({ message }) => message);
          const next = left.shift() ?? 'take';
          if (next === 'die-before') life.abort();
          if (next === 'later' || next === 'die-before')
            return { kind: 'later', why: 'busy', retryAfterMs: 0 };
          if (messages.some((each) => refused.includes(Number(each)))) return { kind: 'refused', why: 'bad' };
          arrived.push(...messages);
          if (next === 'die-behind') life.abort();
          return next === 'take' ? { kind: 'taken' } : { kind: 'later', why: 'lost', retryAfterMs: 0 };
        },
        close() {},
      };
      const cursor: ForwardDeps['cursor'] = {
        load: () => saved,
        save(seq) {
          // What a dead daemon saved is not saved.
          if (!life.signal.aborted) saved = seq;
        },
      };
      const records: ForwardDeps['records'] = (drafts) => {
        notes.push(...drafts.map(({ message }) => message));
        store.append(drafts);
      };
      const spec = { name: 'far', level: 1, services: undefined, target };
      store.append(Array.from({ length: count }, (_, index) => draft({ message: String(index + 1) })));
      const isDone = (): boolean => saved === store.query({ limit: 1 }).at(-1)?.seq;
      while (!isDone()) {
        life = new AbortController();
        const { signal } = life;
        const over = runForwarder(spec, { store, cursor, records, clock, random: Math.random }, signal);
        await until(() => isDone() || signal.aborted, {
          what: 'everything to be sent, or the daemon to die',
        });
        life.abort();
        await over;
      }
      store.close();
      const good = Array.from({ length: count }, (_, index) => index + 1).filter(
        (each) => !refused.includes(each),
      );
      const firsts = [...new Set(arrived)].map(Number);
      assert.deepEqual(firsts, good, 'each of the good ones, in their order');
      const isTold = notes.some((note) => note.includes('leaves it out'));
      assert.equal(
        isTold,
        refused.some((each) => each <= count),
      );
    },
  );
  await fc.assert(property, { numRuns: 25 });
});
