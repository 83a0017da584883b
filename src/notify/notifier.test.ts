import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRig, type Rig, type RigOptions } from '../../test/rig/notifying.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

async function using(options: RigOptions, work: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = openRig(options);
  try {
    await rig.clock.advance(0);
    await work(rig);
    for (const side of Object.values(rig.sides))
      assert.ok(side.most <= 1, 'a channel is tried one at a time');
  } finally {
    await rig.close();
  }
}

test('an outage is one message, and its end is one, with how long it was', async () => {
  await using({}, async ({ flip, clock, messages, sides }) => {
    flip('web', 'alive', 'bad', 'no answer within 5s');
    await clock.advance(9 * SECOND);
    assert.deepEqual(messages('ops'), []);
    await clock.advance(1 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: web alive bad']);
    await clock.advance(HOUR);
    flip('web', 'alive', 'ok');
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: web alive bad', 'recovery: web alive bad for 3610s']);
    const [outage, recovery] = sides['ops']?.taken ?? [];
    assert.equal(outage?.notice.title, 'web is bad on box1: alive: no answer within 5s');
    assert.equal(recovery?.notice.title, 'web is well again on box1: alive was bad for 1h');
    assert.equal(recovery?.notice.thread, outage?.notice.id);
    assert.notEqual(recovery?.notice.id, outage?.notice.id);
    await clock.advance(3 * HOUR);
    assert.equal(messages('ops').length, 2);
  });
});

test('what happens within ten seconds is one message, and ends are a message of their own', async () => {
  await using({}, async ({ flip, clock, messages, sides }) => {
    flip('web', 'alive', 'bad');
    await clock.advance(5 * SECOND);
    flip('mail', 'queue', 'late');
    await clock.advance(5 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: web alive bad, mail queue late']);
    assert.equal(sides['ops']?.taken[0]?.notice.title, '2 services are in trouble on box1: web and mail');
    flip('web', 'alive', 'ok');
    flip('disk', 'room', 'bad');
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops').slice(1), ['recovery: web alive bad for 10s', 'outage: disk room bad']);
  });
});

test('an outage that is over before its message went is one message that says both', async () => {
  await using({}, async ({ flip, clock, messages, sides }) => {
    flip('web', 'alive', 'bad');
    await clock.advance(4 * SECOND);
    flip('web', 'alive', 'ok');
    await clock.advance(MINUTE);
    assert.deepEqual(messages('ops'), ['recovery: web alive bad for 4s']);
    const title = 'web was bad on box1 for 4s, and is well again: alive: it is bad';
    assert.equal(sides['ops']?.taken[0]?.notice.title, title);
  });
});

test('thirty services down with their database are one message, and one when they are up again', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `s${index}`);
  await using({}, async ({ flip, clock, messages, world }) => {
    world.needs = Object.fromEntries(
      names.map((name, index) => [name, [index === 0 ? 'db' : `s${index >> 1}`]]),
    );
    for (const name of names.slice(0, 10)) flip(name, 'alive', 'bad');
    await clock.advance(3 * SECOND);
    flip('db', 'alive', 'bad');
    await clock.advance(20 * SECOND);
    for (const name of names.slice(10)) flip(name, 'alive', 'bad');
    await clock.advance(30 * MINUTE);
    assert.deepEqual(messages('ops'), ['outage: db alive bad']);
    flip('db', 'alive', 'ok');
    for (const name of names) {
      await clock.advance(SECOND);
      flip(name, 'alive', 'ok');
    }
    await clock.advance(10 * MINUTE);
    assert.deepEqual(messages('ops').slice(1), ['recovery: db alive bad for 1820s']);
  });
});

test('what stays in trouble when what it needs is well again is told a minute later', async () => {
  await using({}, async ({ flip, clock, messages, world, notifier }) => {
    world.needs = { web: ['db'] };
    flip('db', 'alive', 'bad');
    flip('web', 'alive', 'bad');
    await clock.advance(5 * MINUTE);
    const [, held] = notifier.view().incidents;
    assert.equal(held?.channels[0]?.by, 'needs');
    assert.equal(held?.channels[0]?.why, 'it needs db: alive is bad');
    flip('db', 'alive', 'ok');
    await clock.advance(MINUTE);
    assert.deepEqual(messages('ops'), ['outage: db alive bad', 'recovery: db alive bad for 300s']);
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops').slice(2), ['outage: web alive bad']);
  });
});

test('a channel that hears nothing of the database hears of what needs it', async () => {
  await using({ channels: { dba: {}, ops: {} } }, async ({ flip, clock, messages, world }) => {
    world.needs = { web: ['db'] };
    world.policyOf = (service) => ({ channels: [service === 'db' ? 'dba' : 'ops'], tells: 'flip' });
    flip('db', 'alive', 'bad');
    flip('web', 'alive', 'bad');
    await clock.advance(MINUTE);
    assert.deepEqual(messages('dba'), ['outage: db alive bad']);
    assert.deepEqual(messages('ops'), ['outage: web alive bad']);
  });
});

test('under a snooze nothing begins to be told, but the end of what was told is', async () => {
  await using({}, async ({ flip, clock, messages, world, notifier }) => {
    flip('web', 'alive', 'bad');
    await clock.advance(10 * SECOND);
    const until = clock.now() + HOUR;
    const snooze = { by: 'snooze', why: 'new switch', who: 'ada', until } as const;
    world.silenceOf = (_service, _watch, now) => (now < until ? snooze : undefined);
    notifier.wake();
    flip('mail', 'queue', 'late');
    flip('dns', 'alive', 'bad');
    await clock.advance(10 * MINUTE);
    assert.deepEqual(messages('ops'), ['outage: web alive bad']);
    const held = notifier.view().incidents.find(({ service }) => service === 'mail')?.channels[0];
    assert.deepEqual([held?.by, held?.why, held?.until], ['snooze', 'snoozed: new switch (ada)', until]);
    flip('web', 'alive', 'ok');
    flip('mail', 'queue', 'ok');
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops').slice(1), ['recovery: web alive bad for 610s']);
    await clock.advance(HOUR);
    assert.deepEqual(messages('ops').slice(2), ['outage: dns alive bad']);
  });
});

test('who is told after 15 minutes is not told of what is over or acknowledged by then', async () => {
  await using({ channels: { ops: {}, phone: { afterMs: 15 * MINUTE } } }, async (rig) => {
    const { flip, clock, messages, world, notifier } = rig;
    flip('web', 'alive', 'bad');
    flip('dns', 'alive', 'bad');
    flip('mail', 'alive', 'bad');
    await clock.advance(10 * MINUTE);
    flip('dns', 'alive', 'ok');
    world.silenceOf = (service) =>
      service === 'mail' ? { by: 'ack', why: 'I look at it', who: 'ada', until: null } : undefined;
    notifier.wake();
    await clock.advance(5 * MINUTE);
    assert.deepEqual(messages('phone'), []);
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('phone'), ['outage: web alive bad']);
    flip('web', 'alive', 'ok');
    world.silenceOf = () => undefined;
    flip('mail', 'alive', 'ok');
    await clock.advance(MINUTE);
    assert.deepEqual(messages('phone').slice(1), ['recovery: web alive bad for 910s']);
    assert.equal(messages('ops').length, 3);
    assert.match(messages('ops')[2] ?? '', /^recovery: web alive .*, mail alive/);
  });
});

test('the time of a channel that hears later begins when nothing else holds back', async () => {
  await using({ channels: { phone: { afterMs: 15 * MINUTE } } }, async ({ flip, clock, messages, world }) => {
    const until = clock.now() + 10 * MINUTE;
    world.silenceOf = (_service, _watch, now) =>
      now < until ? { by: 'snooze', why: 'a test', who: 'ada', until } : undefined;
    flip('web', 'alive', 'bad');
    await clock.advance(24 * MINUTE);
    assert.deepEqual(messages('phone'), []);
    await clock.advance(2 * MINUTE);
    assert.deepEqual(messages('phone'), ['outage: web alive bad']);
  });
});

test('trouble that lasts is repeated as the channel asks, with what was done meanwhile, and not once it is acknowledged', async () => {
  await using(
    { channels: { ops: { repeatMs: 30 * MINUTE } } },
    async ({ flip, record, clock, messages, sides, world, notifier }) => {
      flip('web', 'alive', 'bad');
      record({ service: 'web', life: 'l1', message: 'cannot bind port' });
      await clock.advance(MINUTE);
      record({ service: 'web', kind: 'action', message: 'restart by the watch alive: alive is bad' });
      await clock.advance(30 * MINUTE);
      assert.deepEqual(messages('ops'), ['outage: web alive bad', 'repeat: web alive bad']);
      const [outage, repeat] = sides['ops']?.taken ?? [];
      assert.equal(repeat?.notice.title, 'web is still bad on box1, for 30m20s: alive: it is bad');
      assert.deepEqual(outage?.notice.items[0]?.tail, ['cannot bind port']);
      assert.deepEqual(outage?.notice.items[0]?.actions, []);
      assert.equal(repeat?.notice.items[0]?.actions[0]?.text, 'restart by the watch alive: alive is bad');
      assert.equal(outage?.notice.snooze, 'vahti snooze web 2h --why …');
      world.silenceOf = () => ({ by: 'ack', why: 'I look at it', who: 'ada', until: null });
      notifier.wake();
      await clock.advance(HOUR);
      assert.equal(messages('ops').length, 2);
      flip('web', 'alive', 'ok');
      await clock.advance(10 * SECOND);
      assert.match(messages('ops')[2] ?? '', /^recovery: web alive bad/);
    },
  );
});
