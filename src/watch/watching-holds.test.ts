import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHeldWatch as createScene, SECOND, SETTINGS } from '../../test/rig/held-watch.ts';

test('in a snooze flips are stored with it and nothing is done; what fails behind it is acted on from then on', async () => {
  const { clock, scene, held, watching, done, flips } = createScene();
  await clock.advance(60 * SECOND);
  held.snoozedUntil = clock.now() + 120 * SECOND;
  scene.see = 'bad';
  await clock.advance(119 * SECOND);
  assert.deepEqual(done(), []);
  const [figures] = watching.figures();
  assert.deepEqual([figures?.state, figures?.silence?.by], ['bad', 'snooze']);
  assert.equal(figures?.nextAction?.what, 'note');
  assert.ok((figures?.nextAction?.at ?? 0) >= held.snoozedUntil, 'the outlook knows of it');
  assert.deepEqual(
    flips().map(({ fields }) => [fields?.['to'], fields?.['held']]),
    [['bad', { by: 'snooze', why: 'work', who: 'ann', until: held.snoozedUntil }]],
  );
  await clock.advance(11 * SECOND);
  assert.deepEqual(done(), ['note', 'restart']);
  await watching.close();
});

test('what was down and told before a window does not shout again behind it; what recovers in it and fails again is another incident', async () => {
  const { clock, scene, held, watching, done } = createScene();
  scene.see = 'bad';
  await clock.advance(300 * SECOND);
  assert.deepEqual(done(), ['note', 'restart', 'restart', 'page']);
  held.windows = [{ from: clock.now(), to: clock.now() + 600 * SECOND }];
  await clock.advance(900 * SECOND);
  assert.equal(done().length, 4, 'told before');
  held.windows = [{ from: clock.now(), to: clock.now() + 600 * SECOND }];
  scene.see = 'ok';
  await clock.advance(60 * SECOND);
  scene.see = 'bad';
  await clock.advance(500 * SECOND);
  assert.equal(done().length, 4);
  await clock.advance(60 * SECOND);
  assert.deepEqual(done().slice(4), ['note', 'page'], 'the restarts are spent');
  await watching.close();
});

test('an ack mutes what is said, not what is done, and is over with the incident', async () => {
  const { clock, scene, held, watching, done } = createScene();
  scene.see = 'bad';
  await clock.advance(35 * SECOND);
  assert.deepEqual(done(), ['note', 'restart']);
  held.acked = true;
  await clock.advance(300 * SECOND);
  assert.deepEqual(done(), ['note', 'restart', 'restart']);
  scene.see = 'ok';
  await clock.advance(60 * SECOND);
  assert.equal(held.acked, false);
  scene.see = 'bad';
  await clock.advance(60 * SECOND);
  assert.deepEqual(done().slice(3), ['note', 'page']);
  await watching.close();
});

test('after what it needs is well again, its grace begins anew: what it showed before is no reproach', async () => {
  const { clock, scene, held, watching, done, flips } = createScene();
  await clock.advance(60 * SECOND);
  held.trouble = 'db: alive is bad';
  scene.see = 'bad';
  await clock.advance(300 * SECOND);
  assert.deepEqual(done(), []);
  assert.deepEqual(flips()[0]?.fields?.['held'], {
    by: 'needs',
    why: 'db: alive is bad',
    who: '',
    until: null,
  });
  assert.equal(watching.figures()[0]?.nextAction, null);
  held.trouble = undefined;
  held.wellSince = clock.now();
  // Grace, and then as many looks as it takes: the second one that counts is 25 s behind.
  await clock.advance(24 * SECOND);
  assert.deepEqual(done(), []);
  await clock.advance(2 * SECOND);
  assert.deepEqual(done(), ['note', 'restart']);
  assert.equal(scene.looks.at(-1)?.startedAt, held.wellSince, 'for the watch it began then');
  await watching.close();
});

test('what became of a restart is told once, by the next daemon where there is another', async () => {
  const { clock, scene, records, watching } = createScene();
  const told = (): string[] =>
    records.filter(({ message }) => message.startsWith('after the restart')).map(({ message }) => message);
  scene.see = 'bad';
  await clock.advance(35 * SECOND);
  scene.see = 'ok';
  await clock.advance(60 * SECOND);
  assert.deepEqual(told(), [
    'after the restart by the watch alive: running after 0s, alive is ok again after 20s',
  ]);
  scene.see = 'bad';
  await clock.advance(20 * SECOND);
  const { saved } = scene;
  assert.equal(saved?.aftermath?.over, 'life-2');
  await clock.advance(40 * SECOND);
  assert.equal(told().length, 2);
  assert.match(told()[1] ?? '', /running after 0s, alive is still bad after 30s: it is bad$/);
  await watching.close();
  const later = createScene(saved);
  await later.clock.advance(60 * SECOND);
  assert.match(
    later.records.at(-1)?.message ?? '',
    /^after the restart by the watch alive: .*, alive is ok again after /,
  );
  assert.equal(later.scene.saved?.aftermath, undefined);
  await later.watching.close();
});

test('a new life that ends before anything is known of it is told too', async () => {
  const { clock, scene, records, watching } = createScene();
  scene.see = 'bad';
  await clock.advance(25 * SECOND);
  assert.equal(scene.life, 2);
  watching.serviceChanged();
  scene.lastExit = { at: clock.now(), life: 'life-2', message: 'exited with code 3 after 1s', level: 17 };
  watching.serviceChanged();
  watching.serviceChanged();
  const told = records.filter(({ message }) => message.startsWith('after the restart'));
  assert.deepEqual(
    told.map(({ message, level, life, fields }) => [message, level, life, fields?.['outcome']]),
    [
      [
        'after the restart by the watch alive: running after 0s, the new life exited with code 3 after 1s',
        13,
        'life-2',
        'ended',
      ],
    ],
  );
  assert.equal(scene.saved?.aftermath, undefined);
  await watching.close();
});

test('hours that begin are a beginning for the evidence too: what failed last evening does not count', async () => {
  const hours = { days: [0, 1, 2, 3, 4, 5, 6], from: 0, to: 20, zone: 'UTC' };
  const everyMs = 600 * SECOND;
  const gate = { ...SETTINGS.gate, graceMs: 0 };
  const { clock, scene, watching, done } = createScene(undefined, { ...SETTINGS, everyMs, gate, hours });
  await clock.advance(60 * SECOND);
  scene.see = 'bad';
  await clock.advance(24 * 3600 * SECOND);
  assert.equal(scene.looks.length, 3, 'the last of yesterday, and the first of today, fail');
  assert.deepEqual(done(), []);
  await clock.advance(everyMs);
  assert.deepEqual(done(), ['note', 'restart']);
  await watching.close();
});
