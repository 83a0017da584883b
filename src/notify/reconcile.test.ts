import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig, type Rig } from '../../test/rig/notifying.ts';
import { begin, type Incident, subjectKey } from './incident.ts';
import { type Present, type PresentWatch, reconcile } from './reconcile.ts';

const NOW = 1_000_000;

const snapshot: Present['snapshot'] = {
  name: 'web',
  state: 'running',
  since: 500,
  wanted: true,
  life: 'l1',
  ready: null,
  lane: 'fast',
  failures: 0,
  startsInWindow: 1,
  nextStartAt: null,
};
const watch: PresentWatch = {
  name: 'alive',
  state: 'bad',
  since: 700,
  verdict: 'bad',
  value: 'status 500',
  reason: 'no answer',
  countsFrom: null,
};

function present(more: Partial<Present['snapshot']> = {}, ...watches: PresentWatch[]): Present {
  return { snapshot: { ...snapshot, ...more }, watches };
}

function incident(kind: Incident['kind'], state: string, name = ''): Incident {
  const subject = { service: 'web', kind, watch: name, state, level: 17, since: 100 };
  return begin({ ...subject, id: `${kind}-${state}`, life: '', value: null, reason: '' });
}

/** What changes, in words: `+ watch bad`, `- lane backoff: reason`. */
function changes(open: readonly Incident[], ...presents: Present[]): readonly string[] {
  const known = new Map(open.map((each) => [subjectKey(each), each]));
  return reconcile(known, presents, NOW, () => 'new').map(({ kind, state, until, ending }) =>
    until === null
      ? `+ ${kind} ${state}`
      : `- ${kind} ${state} at ${until}${ending === '' ? '' : `: ${ending}`}`,
  );
}

const CASES: readonly (readonly [
  name: string,
  open: readonly Incident[],
  now: Present,
  found: readonly string[],
])[] = [
  ['nothing is wrong', [], present({}, { ...watch, state: 'ok', verdict: 'ok' }), []],
  ['a bad watch without an incident', [], present({}, watch), ['+ watch bad']],
  [
    'one that cannot look',
    [],
    present({}, { ...watch, state: 'unknown', verdict: 'unknown' }),
    ['+ watch unknown'],
  ],
  ['one whose present life shows nothing yet', [], present({}, { ...watch, verdict: null }), []],
  ['one whose present life looks well by now', [], present({}, { ...watch, verdict: 'ok' }), []],
  ['one in its grace', [], present({}, { ...watch, countsFrom: NOW + 5 }), []],
  ['one of a service that a person stopped', [], present({ wanted: false, state: 'stopped' }, watch), []],
  ['a bad watch with its incident', [incident('watch', 'bad', 'alive')], present({}, watch), []],
  [
    'a watch that is well',
    [incident('watch', 'bad', 'alive')],
    present({}, { ...watch, state: 'ok' }),
    ['- watch bad at 700'],
  ],
  [
    'a watch that begins anew',
    [incident('watch', 'bad', 'alive')],
    present({}, { ...watch, state: 'new' }),
    [`- watch bad at ${NOW}: the watch changed, and begins anew`],
  ],
  [
    'a watch that is gone',
    [incident('watch', 'bad', 'alive')],
    present(),
    [`- watch bad at ${NOW}: the watch is not in the config any more`],
  ],
  ['a lane without an incident', [], present({ lane: 'slow', state: 'waiting' }), ['+ lane slow']],
  ['a lane that is fast again', [incident('lane', 'slow')], present(), [`- lane slow at ${NOW}`]],
  ['a lane of what is not wanted', [], present({ lane: 'slow', state: 'stopped', wanted: false }), []],
  ['stuck', [], present({ state: 'stuck' }), ['+ state stuck']],
  ['stuck no longer', [incident('state', 'stuck')], present(), [`- state stuck at ${NOW}`]],
  ['failed', [], present({ state: 'failed', wanted: false }), ['+ state failed']],
  ['done', [], present({ state: 'done' }), ['+ state done']],
  ['done, as known', [incident('state', 'done')], present({ state: 'done' }), []],
  ['late, and not ready yet', [incident('ready', 'late')], present({ ready: false }), []],
  [
    'late, and between two lives',
    [incident('ready', 'late')],
    present({ ready: null, state: 'waiting' }),
    [],
  ],
  ['late, and ready now', [incident('ready', 'late')], present({ ready: true }), [`- ready late at ${NOW}`]],
];

for (const [name, open, now, found] of CASES)
  test(`compared with what is: ${name}`, () => assert.deepEqual(changes(open, now), found));

test('compared with what is: a service that is gone takes all its incidents with it', () => {
  const all = [incident('watch', 'bad', 'alive'), incident('lane', 'slow')];
  const why = `at ${NOW}: the service is not in the config any more`;
  assert.deepEqual(changes(all), [`- watch bad ${why}`, `- lane slow ${why}`]);
});

async function using(work: (rig: Rig) => Promise<void>, start = true): Promise<void> {
  const rig = openRig({ start });
  try {
    await rig.clock.advance(0);
    await work(rig);
  } finally {
    await rig.close();
  }
}

test('what a change of the config ends is told only where the beginning was', async () => {
  await using(async ({ world, clock, messages, flip, sides }) => {
    flip('dns', 'alive', 'bad');
    await clock.advance(55_000);
    flip('web', 'alive', 'bad');
    world.present = () => [present({}, { ...watch, state: 'new' })];
    await clock.advance(120_000);
    assert.equal(messages('ops').length, 2);
    const why = 'the service is not in the config any more';
    const title = `dns is no longer in trouble on box1 (${why}): alive was bad for 55s`;
    assert.equal(sides['ops']?.taken[1]?.notice.title, title);
  });
});

test('at its start a notifier compares: what is in trouble is told, what is well again ends', async () => {
  await using(async ({ world, clock, messages, flip, stop, start }) => {
    flip('dns', 'alive', 'bad');
    await clock.advance(20_000);
    await stop();
    // As if the record of the flip back had been lost.
    const dns = present({ name: 'dns' }, { ...watch, state: 'ok', since: clock.now(), verdict: 'ok' });
    world.present = () => [dns, present({}, { ...watch, since: clock.now() })];
    start();
    await clock.advance(60_000);
    assert.deepEqual(messages('ops'), [
      'outage: dns alive bad',
      'recovery: dns alive bad for 20s',
      'outage: web alive bad',
    ]);
    await clock.advance(600_000);
    assert.equal(messages('ops').length, 3);
  });
});

test('what is compared is what the time line has come to: a flip that was just stored is not told twice', async () => {
  await using(async ({ world, clock, messages, flip }) => {
    world.present = () => [present({}, { ...watch, since: clock.now() })];
    await clock.advance(59_000);
    flip('web', 'alive', 'bad');
    await clock.advance(600_000);
    assert.equal(messages('ops').length, 1);
  });
});

test('records that went before they were read are said to be missing, and so is a time line that was replaced', async () => {
  await using(async ({ store, record, flip, clock, told, stop, start }) => {
    flip('web', 'alive', 'bad');
    await clock.advance(60_000);
    await stop();
    for (let lines = 0; lines < 5; lines += 1) record({ service: 'web', message: 'tick' });
    const { query } = store;
    const end = query({ limit: 1 })[0]?.seq ?? 0;
    const lost = (): readonly string[] =>
      told.filter(({ kind }) => kind === 'note').map(({ message }) => message);
    store.query = (asked) => query({ ...asked, after: Math.max(asked.after ?? 0, end - 1) });
    start();
    await clock.advance(60_000);
    const words = `${end - 4} to ${end - 1} went before they were read`;
    assert.equal(lost()[0], `notifications: records ${words}; what is in trouble now is compared instead`);
    await stop();
    store.query = (asked) => query({ ...asked, before: 2 });
    start();
    await clock.advance(60_000);
    assert.match(lost()[1] ?? '', /it was replaced; what is in trouble now is compared instead$/);
    store.query = query;
  });
});

for (const [how, idleMs] of [
  ['ended', 1000],
  ['was killed after a minute', 61_000],
] as const)
  test(`a notifier that ${how} does not believe later that something went`, async () => {
    await using(async ({ record, clock, told, store, stop, kill, start }) => {
      for (let lines = 0; lines < 5; lines += 1) record({ service: 'web', message: 'tick' });
      await clock.advance(idleMs);
      if (how === 'ended') await stop();
      else kill();
      const { query } = store;
      store.query = (asked) => query({ ...asked, after: Math.max(asked.after ?? 0, 5) });
      start();
      await clock.advance(1000);
      assert.deepEqual(told, []);
      store.query = query;
    });
  });
