import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Aftermath, beginAftermath, followService, followWatch, overtaken } from './aftermath.ts';

type Facts = Parameters<typeof followService>[1];

const OLD: Facts = {
  state: 'running',
  wanted: true,
  life: 'old',
  pid: 1,
  startedAt: 0,
  ready: null,
  readyAt: null,
  lastExit: null,
};
const exit = (life: string, at: number): NonNullable<Facts['lastExit']> => ({
  at,
  life,
  message: 'exited with code 3 after 400ms',
  level: 17,
});
const NEW: Facts = { ...OLD, life: 'new', pid: 2, startedAt: 10_200, lastExit: exit('old', 10_100) };

/** What is told at the end, where the service goes through these states after a restart at 10 s. */
function told(states: readonly Facts[], now = 12_000): { aftermath: Aftermath; message: string | undefined } {
  let aftermath = beginAftermath('alive', 'old', 10_000);
  for (const facts of states) {
    const followed = followService(aftermath, facts, now);
    if (followed.outcome !== undefined) return { aftermath, message: followed.outcome.message };
    ({ aftermath } = followed);
  }
  return { aftermath, message: undefined };
}

test('as long as only the old life ends and the new one begins, nothing is known', () => {
  assert.equal(told([OLD, { ...OLD, state: 'stopping' }, NEW]).message, undefined);
  assert.equal(
    told([{ ...OLD, state: 'waiting', life: null, lastExit: exit('old', 10_100) }]).message,
    undefined,
  );
});

test('a new life that ends is told, whether it was seen or not', () => {
  const over: Facts = { ...OLD, state: 'waiting', life: null, lastExit: exit('new', 10_600) };
  const after = 'after the restart by the watch alive: ';
  assert.equal(
    told([NEW, over]).message,
    `${after}running after 200ms, the new life exited with code 3 after 400ms`,
  );
  assert.equal(told([over]).message, `${after}the new life exited with code 3 after 400ms`);
});

test('a person who stops it is told', () => {
  const stopped: Facts = {
    ...OLD,
    state: 'stopped',
    wanted: false,
    life: null,
    lastExit: exit('old', 10_100),
  };
  assert.equal(
    told([stopped]).message,
    'after the restart by the watch alive: it was stopped before alive was well again',
  );
});

test('the watch itself says how it ended, with when the new life was ready, or ran', () => {
  const judgement = { verdict: 'bad', value: null, reason: 'no answer' } as const;
  const ready: Facts = { ...NEW, ready: true, readyAt: 11_500 };
  const owing: Facts = { ...NEW, ready: false };
  const said = (states: readonly Facts[], found: 'ok' | 'failing'): string =>
    followWatch(told(states).aftermath, found, judgement, 40_000).message;
  const after = 'after the restart by the watch alive: ';
  assert.equal(said([NEW], 'ok'), `${after}running after 200ms, alive is ok again after 30s`);
  assert.equal(said([owing, ready], 'ok'), `${after}ready after 1.5s, alive is ok again after 30s`);
  assert.equal(said([owing], 'failing'), `${after}alive is still bad after 30s: no answer`);
  assert.deepEqual(followWatch(told([ready]).aftermath, 'ok', judgement, 40_000).fields, {
    afterMs: 30_000,
    upMs: 1500,
  });
  assert.equal(overtaken(told([NEW]).aftermath, 'fresh', 40_000).outcome, 'restarted');
});
