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

test('a watch with a page on its ladder is told when that pages, and after an hour at the latest', async () => {
  await using({}, async ({ flip, record, clock, messages, world, notifier }) => {
    world.policyOf = () => ({ channels: ['ops'], tells: 'page' });
    for (const service of ['web', 'dns', 'mail']) flip(service, 'alive', 'bad');
    await clock.advance(10 * MINUTE);
    assert.equal(notifier.view().incidents[0]?.channels[0]?.by, 'not-paged');
    const fields = { subject: 'watch', watch: 'alive', action: 'page' };
    record({ service: 'web', kind: 'note', message: 'alive is bad: no answer', fields });
    flip('dns', 'alive', 'ok');
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: web alive bad']);
    await clock.advance(HOUR);
    assert.deepEqual(messages('ops').slice(1), ['outage: mail alive bad']);
  });
});

test('the hour of a ladder begins when nothing keeps it from trying any more', async () => {
  await using({}, async ({ flip, clock, messages, world, notifier }) => {
    world.policyOf = () => ({ channels: ['ops'], tells: 'page' });
    const until = clock.now() + 2 * HOUR;
    world.silenceOf = (_service, _watch, now) =>
      now < until ? { by: 'quiet', why: 'switch maintenance', who: '', until } : undefined;
    flip('web', 'alive', 'bad');
    await clock.advance(2 * HOUR + 59 * MINUTE);
    assert.deepEqual(messages('ops'), []);
    assert.equal(notifier.view().incidents[0]?.channels[0]?.by, 'not-paged');
    await clock.advance(2 * MINUTE);
    assert.deepEqual(messages('ops'), ['outage: web alive bad']);
  });
});

test('a unit that failed is told, and what somebody stops by systemctl is over', async () => {
  await using({}, async ({ flip, record, clock, messages, sides }) => {
    const message = 'failed (exit-code): systemd does not start it again';
    const fields = { subject: 'state', to: 'failed', result: 'exit-code', trouble: 'failed' };
    record({ service: 'web', life: 'l1', kind: 'exit', message: 'exited with code 3 after 2s' });
    record({ service: 'web', kind: 'flip', level: 17, message, fields });
    flip('dns', 'alive', 'bad');
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: web state failed, dns alive bad']);
    assert.equal(sides['ops']?.taken[0]?.notice.items[0]?.reason, `${message}: exited with code 3 after 2s`);
    record({
      service: 'web',
      kind: 'flip',
      message: 'no longer failed',
      fields: { subject: 'state', from: 'failed' },
    });
    const stop = { action: 'stop', by: 'systemd' };
    record({ service: 'dns', kind: 'action', message: 'stop through systemd, not by vahti', fields: stop });
    await clock.advance(10 * SECOND);
    assert.equal(messages('ops')[1], 'recovery: web state failed for 10s, dns alive bad for 10s');
    assert.deepEqual(sides['ops']?.taken[1]?.notice.lines, ['dns: stopped through systemd']);
  });
});

test('a watch that its own ladder stopped is told, though it can page no more', async () => {
  await using({}, async ({ flip, record, clock, messages, world }) => {
    world.policyOf = () => ({ channels: ['ops'], tells: 'page' });
    flip('web', 'alive', 'bad');
    const fields = { subject: 'watch', watch: 'alive', action: 'stop' };
    record({ service: 'web', kind: 'action', message: 'stop: alive is bad', fields });
    record({
      service: 'web',
      kind: 'action',
      message: 'stop by vahti',
      fields: { action: 'stop', by: 'vahti' },
    });
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: web alive bad']);
  });
});

test('a watch that cannot look is told after a quarter of an hour, even where its ladder never pages', async () => {
  await using({}, async ({ flip, clock, messages, world }) => {
    world.policyOf = () => ({ channels: ['ops'], tells: 'page' });
    flip('web', 'alive', 'unknown');
    flip('dns', 'alive', 'unknown');
    await clock.advance(14 * MINUTE);
    flip('dns', 'alive', 'ok');
    await clock.advance(MINUTE);
    assert.deepEqual(messages('ops'), []);
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: web alive unknown']);
  });
});

test('a crash loop is a message when its lane changes, one when it becomes slow, and one when it is over', async () => {
  await using({}, async ({ lane, record, clock, messages, sides }) => {
    const tail = ['Error: no such table', '    at main'];
    record({
      service: 'web',
      life: 'l4',
      kind: 'exit',
      message: 'exited with code 3 after 12ms',
      fields: { tail },
    });
    lane('web', 'backoff');
    await clock.advance(MINUTE);
    lane('web', 'slow');
    await clock.advance(HOUR);
    lane('web', 'fast');
    await clock.advance(MINUTE);
    assert.deepEqual(messages('ops'), [
      'outage: web lane backoff',
      'update: web lane slow',
      'recovery: web lane slow for 3660s',
    ]);
    const [outage, update] = sides['ops']?.taken ?? [];
    const title = 'web is in the backoff lane on box1: 4 failures in a row: exited with code 3 after 12ms';
    assert.equal(outage?.notice.title, title);
    assert.deepEqual(outage?.notice.items[0]?.tail, tail);
    assert.match(update?.notice.title ?? '', /^web is in the slow lane on box1: 12 starts in 10 minutes/);
  });
});

test('what a person does ends an outage: silently where it was not told, else with the reason', async () => {
  await using({}, async ({ flip, lane, person, record, clock, messages, sides }) => {
    flip('web', 'alive', 'bad');
    lane('mail', 'backoff');
    await clock.advance(5 * SECOND);
    person('web', 'stop');
    person('mail', 'restart');
    lane('mail', 'fast');
    await clock.advance(MINUTE);
    assert.deepEqual(messages('ops'), []);
    flip('dns', 'alive', 'bad');
    const late = { subject: 'ready', to: 'late', withinMs: 30_000, missing: 'no line "listening"' };
    record({ service: 'db', kind: 'flip', level: 17, message: 'late', fields: late });
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: dns alive bad, db ready late']);
    person('dns', 'stop');
    record({ service: 'db', kind: 'start', message: 'started', fields: { by: 'person' } });
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops').slice(1), ['recovery: dns alive bad for 10s, db ready late for 10s']);
    assert.deepEqual(sides['ops']?.taken[1]?.notice.lines, [
      'dns: stopped by a person',
      'db: started by a person',
    ]);
  });
});

test('stuck and done are told at once, and end with what follows', async () => {
  await using({}, async ({ record, person, clock, messages, sides }) => {
    const state = (service: string, fields: object): void =>
      void record({
        service,
        kind: 'flip',
        level: 17,
        message: 'x',
        fields: { subject: 'state', ...fields },
      });
    state('web', { to: 'stuck', pids: [7, 8] });
    state('mail', { to: 'done', code: 78 });
    state('dns', { to: 'blocked', waitsFor: ['db'] });
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: web state stuck, mail state done']);
    const reasons = sides['ops']?.taken[0]?.notice.items.map(({ reason }) => reason);
    assert.deepEqual(reasons, [
      'SIGKILL does not end its processes (7, 8); nothing new starts until they are gone',
      'exit code 78 means no restart; a person can start it again',
    ]);
    person('web', 'stop');
    await clock.advance(MINUTE);
    assert.equal(messages('ops').length, 1);
    state('web', { from: 'stuck' });
    record({ service: 'mail', kind: 'start', message: 'started', fields: { by: 'boot' } });
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops').slice(1), [
      'recovery: web state stuck for 70s, mail state done for 70s',
    ]);
  });
});

test('a notifier that was killed goes on where it was: nothing is told twice, and ends are told', async () => {
  await using({}, async ({ flip, clock, messages, start, stop, kill }) => {
    flip('web', 'alive', 'bad');
    await clock.advance(MINUTE);
    kill();
    flip('dns', 'alive', 'bad');
    await clock.advance(HOUR);
    flip('web', 'alive', 'ok');
    start();
    await clock.advance(MINUTE);
    await stop();
    start();
    await clock.advance(MINUTE);
    assert.deepEqual(messages('ops'), [
      'outage: web alive bad',
      'recovery: web alive bad for 3660s',
      'outage: dns alive bad',
    ]);
  });
});

test('the first notifier of all begins with what is to come', async () => {
  await using({ start: false }, async ({ flip, clock, messages, start }) => {
    flip('web', 'alive', 'bad');
    start();
    await clock.advance(MINUTE);
    flip('dns', 'alive', 'bad');
    await clock.advance(MINUTE);
    assert.deepEqual(messages('ops'), ['outage: dns alive bad']);
  });
});
