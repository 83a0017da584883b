import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import type { Report } from '../wire/page/report.ts';
import { type AskAnswer, createBoardTalk } from './reporting.ts';

type Body = Readonly<Record<string, unknown>>;

/** A talk with a hub that the test plays. */
function createRig({ answer }: { answer?: (ask: Body) => Promise<AskAnswer> } = {}) {
  const clock = createFakeClock();
  const frames: Body[] = [];
  const failures: Error[] = [];
  let begun = 0;
  let ended = 0;
  let news: string[] = [];
  let ready = (): void => {};
  let isOpen = true;
  const of = (whole: boolean, names: readonly string[]): Report => ({
    whole,
    services: names.map((name) => ({ name }) as Report['services'][number]),
    jobs: [],
    gone: { services: [], jobs: [] },
  });
  const talk = createBoardTalk({
    clock,
    failed: (error) => failures.push(error),
    send(text) {
      if (isOpen) frames.push(JSON.parse(text) as Body);
      return isOpen;
    },
    asks: answer ?? (async () => ({ value: null })),
    reports: {
      begin(call) {
        begun++;
        ready = call;
        return {
          whole: () => of(true, ['a', 'b']),
          changes() {
            const names = news;
            news = [];
            return names.length === 0 ? undefined : of(false, names);
          },
          end: () => ended++,
        };
      },
    },
  });
  const answered = (success: boolean, body: Body = {}): void =>
    talk.heard({ is: 'answer', id: 'report', success, body });
  return {
    clock,
    talk,
    answered,
    failures,
    sent: () => frames.splice(0),
    counts: () => ({ begun, ended }),
    happens(...names: string[]) {
      news.push(...names);
      ready();
    },
    breaks() {
      isOpen = false;
      talk.away();
      isOpen = true;
    },
  };
}

const namesOf = ({ services }: Body): string[] => (services as { name: string }[]).map(({ name }) => name);

test('all of it when a connection is made, then changes; one report at a time, what comes meanwhile together', () => {
  const rig = createRig();
  rig.talk.opened();
  const [whole, ...none] = rig.sent();
  assert.deepEqual([whole?.['action'], whole?.['id'], whole?.['whole']], ['report', 'report', true]);
  assert.deepEqual(none, []);
  rig.happens('a');
  rig.happens('b');
  assert.deepEqual(rig.sent(), [], 'the first is not answered yet');
  rig.answered(true);
  const [change, ...more] = rig.sent();
  assert.deepEqual([change?.['whole'], namesOf(change ?? {}), more], [false, ['a', 'b'], []]);
  rig.answered(true);
  assert.deepEqual(rig.sent(), []);
  rig.happens('c');
  assert.deepEqual(rig.sent().map(namesOf), [['c']]);
});

test('nothing is kept while the hub is away: the next connection begins with all of it', () => {
  const rig = createRig();
  rig.talk.opened();
  rig.answered(true);
  rig.sent();
  rig.breaks();
  assert.deepEqual(rig.counts(), { begun: 1, ended: 1 });
  rig.happens('a');
  assert.deepEqual(rig.sent(), []);
  rig.talk.opened();
  assert.deepEqual(
    rig.sent().map(({ whole }) => whole),
    [true],
  );
  rig.talk.away();
  assert.equal(rig.clock.nextTimer(), undefined);
});

test('a hub that knows no reports is told nothing more over this connection; one that cannot now gets all of it later', async () => {
  for (const code of ['unknown', 'forbidden', 'invalid']) {
    const rig = createRig();
    rig.talk.opened();
    rig.answered(false, { error: { code, message: 'cannot do "report"' } });
    rig.sent();
    rig.happens('a');
    await rig.clock.advance(600_000);
    assert.deepEqual(rig.sent(), [], code);
    assert.deepEqual(rig.counts(), { begun: 1, ended: 1 });
    rig.breaks();
    rig.talk.opened();
    assert.equal(rig.sent().length, 1, 'another connection may be to another hub');
    rig.talk.away();
  }
  const rig = createRig();
  rig.talk.opened();
  rig.answered(false, { error: { code: 'later', message: 'not now' } });
  rig.sent();
  await rig.clock.advance(31_000);
  assert.deepEqual(
    rig.sent().map(({ whole }) => whole),
    [true],
  );
  rig.talk.away();
});

test('a hub that never answers gets one report', async () => {
  const rig = createRig();
  rig.talk.opened();
  rig.sent();
  rig.happens('a');
  await rig.clock.advance(31_000);
  rig.happens('b');
  assert.deepEqual(rig.sent(), []);
  assert.equal(rig.clock.nextTimer(), undefined);
});

test('asks are answered on the connection they came by, so many at a time', async () => {
  const waiting: (() => void)[] = [];
  const rig = createRig({
    answer: (ask) =>
      ask['method'] === 'breaks'
        ? Promise.reject(new Error('a bug'))
        : new Promise((resolve) => waiting.push(() => resolve({ value: ask['method'] }))),
  });
  const ask = (id: unknown, method: string): void =>
    rig.talk.heard({ is: 'event', event: 'ask', body: { event: 'ask', ask: id, method } });
  rig.talk.opened();
  rig.sent();
  ask('q1', 'plan');
  ask(7, 'plan');
  rig.talk.heard({ is: 'event', event: 'missed', body: { event: 'missed', count: 1 } });
  waiting.shift()?.();
  await turn();
  assert.deepEqual(rig.sent(), [{ action: 'answer', id: 'answer', ask: 'q1', value: 'plan' }]);
  ask('q2', 'breaks');
  await turn();
  const [broken] = rig.sent();
  assert.equal((broken?.['error'] as { code: string } | undefined)?.code, 'failed');
  assert.deepEqual(
    rig.failures.map(({ message }) => message),
    ['a bug'],
  );
  for (let each = 0; each < 101; each++) ask(`q${each}`, 'plan');
  await turn();
  assert.deepEqual(
    rig.sent().map((frame) => [frame['ask'], (frame['error'] as { code: string }).code]),
    [['q100', 'busy']],
  );
  rig.breaks();
  rig.talk.opened();
  rig.sent();
  for (const done of waiting) done();
  await turn();
  assert.deepEqual(rig.sent(), [], 'the new connection asked for none of it');
  rig.talk.away();
});
