import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUSY_MS, type FarSide, type Taken } from '../../test/rig/far-side.ts';
import { openRig, type Rig, type RigOptions } from '../../test/rig/notifying.ts';
import { StoreFullError } from '../core/sqlite.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

type Work = (rig: Rig, ops: FarSide) => Promise<void>;

async function using(options: RigOptions, work: Work): Promise<void> {
  const rig = openRig(options);
  try {
    await rig.clock.advance(0);
    await work(rig, rig.sides['ops'] as FarSide);
    for (const side of Object.values(rig.sides))
      assert.ok(side.most <= 1, 'a channel is tried one at a time');
  } finally {
    for (const side of Object.values(rig.sides)) side.mood = 'yes';
    await rig.close();
  }
}

const gaps = (tries: readonly Taken[]): number[] =>
  tries.slice(1).map(({ at }, index) => Math.round((at - (tries[index]?.at ?? 0)) / SECOND));

test('what is refused is tried again and again, under the same id and with the same words, and says in the end that it is late', async () => {
  await using({}, async ({ flip, clock, told }, ops) => {
    ops.mood = 'no';
    flip('web', 'alive', 'bad');
    await clock.advance(2 * HOUR);
    assert.deepEqual(gaps(ops.tries).slice(0, 10), [6, 10, 20, 40, 80, 160, 320, 640, 810, 810]);
    assert.deepEqual(gaps(ops.tries).slice(-1), [810]);
    ops.mood = 'yes';
    await clock.advance(15 * MINUTE);
    assert.equal(ops.taken.length, 1);
    const plain = ops.tries.map(({ notice: { dueAt: _d, triedAt: _t, ...notice } }) => notice);
    for (const notice of plain) assert.deepEqual(notice, plain[0]);
    assert.equal(ops.tries[0]?.notice.dueAt, null);
    const [taken] = ops.taken;
    assert.equal(taken?.notice.dueAt, taken?.notice.at);
    assert.equal(taken?.notice.triedAt, taken?.at);
    const kinds = told.filter(({ kind }) => kind === 'delivery').map(({ fields }) => fields?.['outcome']);
    assert.deepEqual(kinds, ['failed', 'delivered']);
  });
});

test('an outage that ends while its channel is down is one message that says both, late', async () => {
  await using({}, async ({ flip, clock, messages, notifier }, ops) => {
    ops.mood = 'no';
    flip('web', 'alive', 'bad');
    flip('dns', 'alive', 'bad');
    await clock.advance(HOUR);
    flip('web', 'alive', 'ok');
    await clock.advance(HOUR);
    const waiting = notifier.view({ pending: true });
    assert.deepEqual(
      waiting.messages.map(({ event, state, tries }) => [event, state, tries > 0]),
      [
        ['outage', 'failing', false],
        ['recovery', 'failing', true],
      ],
    );
    assert.equal(waiting.channels[0]?.error, 'cannot deliver: refused');
    ops.mood = 'yes';
    await clock.advance(15 * MINUTE);
    assert.deepEqual(messages('ops'), ['recovery: web alive bad for 3600s', 'outage: dns alive bad']);
    for (const { notice } of ops.taken)
      assert.ok(notice.dueAt !== null && notice.dueAt < notice.triedAt - HOUR);
  });
});

test('what the far side may have is not said anew: after a try without an answer the same message goes, and the end is another one', async () => {
  for (const mood of ['lost', 'mute', 'hang'] as const)
    await using({}, async ({ flip, clock, messages }, ops) => {
      ops.mood = mood;
      flip('web', 'alive', 'bad');
      await clock.advance(30 * SECOND);
      flip('web', 'alive', 'ok');
      await clock.advance(30 * SECOND);
      ops.mood = 'yes';
      await clock.advance(2 * MINUTE);
      assert.deepEqual(messages('ops'), ['outage: web alive bad', 'recovery: web alive bad for 30s'], mood);
      assert.equal(new Set(ops.tries.map(({ notice }) => notice.id)).size, 2);
    });
});

test('what is refused for good is tried every hour, shown as refused, and holds up nothing else', async () => {
  await using({}, async ({ flip, clock, messages, notifier }, ops) => {
    ops.mood = 'never';
    flip('web', 'alive', 'bad');
    await clock.advance(11 * SECOND);
    ops.mood = 'yes';
    flip('dns', 'alive', 'bad');
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: dns alive bad']);
    assert.equal(notifier.view({ pending: true }).messages[0]?.state, 'refused');
    await clock.advance(HOUR + 12 * MINUTE);
    assert.deepEqual(messages('ops').slice(1), ['outage: web alive bad']);
    assert.equal(ops.tries.length, 3);
  });
});

test('the end of what was refused takes its place: nothing is said later that is not so any more', async () => {
  await using({}, async ({ flip, clock, messages }, ops) => {
    ops.mood = 'never';
    flip('web', 'alive', 'bad');
    flip('dns', 'alive', 'bad');
    await clock.advance(MINUTE);
    ops.mood = 'yes';
    flip('web', 'alive', 'ok');
    await clock.advance(2 * HOUR);
    assert.deepEqual(messages('ops'), ['recovery: web alive bad for 60s', 'outage: dns alive bad']);
  });
});

test('a far side that asks for a pause gets it, whatever else there is to say', async () => {
  await using({}, async ({ flip, clock }, ops) => {
    ops.mood = 'busy';
    flip('web', 'alive', 'bad');
    await clock.advance(10 * SECOND);
    flip('dns', 'alive', 'bad');
    await clock.advance(BUSY_MS - SECOND);
    assert.equal(ops.tries.length, 1);
    await clock.advance(SECOND);
    assert.equal(ops.tries.length, 2);
  });
});

test('a channel that is slow, hangs, is mute or has a bug delays no other one', async () => {
  const moods = ['slow', 'hang', 'mute', 'throws'] as const;
  const channels = Object.fromEntries([...moods, 'ops'].map((name) => [name, {}]));
  await using({ channels }, async ({ flip, clock, messages, sides }) => {
    for (const mood of moods) (sides[mood] as FarSide).mood = mood;
    flip('web', 'alive', 'bad');
    await clock.advance(10 * SECOND);
    flip('dns', 'alive', 'bad');
    await clock.advance(10 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: web alive bad', 'outage: dns alive bad']);
    await clock.advance(20 * SECOND);
    assert.equal(messages('slow').length, 1);
    await clock.advance(5 * MINUTE);
    assert.equal(messages('slow').length, 2);
    assert.ok((sides['mute']?.tries.length ?? 0) >= 2, 'even a mute one is tried again');
  });
});

test('a kill between the yes and the commit repeats the message under its id, and nothing else does', async () => {
  await using({}, async ({ flip, clock, start, kill }, ops) => {
    const { send } = ops;
    let killed = false;
    ops.send = (notice, signal) => {
      if (!killed) kill('before-commit');
      killed = true;
      return send(notice, signal);
    };
    flip('web', 'alive', 'bad');
    await clock.advance(10 * SECOND);
    assert.equal(ops.taken.length, 1);
    start();
    await clock.advance(HOUR);
    assert.equal(ops.taken.length, 2);
    assert.equal(ops.taken[0]?.notice.id, ops.taken[1]?.notice.id);
  });
});

test('after such a kill a clear no does not unsay the yes: what the far side may have is not said in other words', async () => {
  await using({}, async ({ flip, clock, start, kill, messages }, ops) => {
    const { send } = ops;
    ops.send = (notice, signal) => {
      ops.send = send;
      kill('before-commit');
      return send(notice, signal);
    };
    flip('web', 'alive', 'bad');
    await clock.advance(10 * SECOND);
    ops.mood = 'no';
    start();
    await clock.advance(MINUTE);
    flip('web', 'alive', 'ok');
    await clock.advance(MINUTE);
    ops.mood = 'yes';
    await clock.advance(5 * MINUTE);
    assert.deepEqual(messages('ops'), ['outage: web alive bad', 'recovery: web alive bad for 70s']);
    assert.equal(ops.taken.length, 3);
  });
});

test('nothing is repeated that has not arrived', async () => {
  await using(
    { channels: { ops: { repeatMs: 5 * MINUTE } } },
    async ({ flip, clock, messages, notifier }, ops) => {
      ops.mood = 'hang';
      flip('web', 'alive', 'bad');
      await clock.advance(HOUR);
      assert.equal(notifier.view({ pending: true }).messages.length, 1);
      ops.mood = 'yes';
      await clock.advance(15 * MINUTE);
      assert.deepEqual(messages('ops').slice(0, 2), ['outage: web alive bad', 'repeat: web alive bad']);
      assert.ok((ops.taken[1]?.at ?? 0) - (ops.taken[0]?.at ?? 0) >= 10 * SECOND);
    },
  );
});

test('a reload during a try waits for its end: a message is never tried twice at the same time', async () => {
  await using({}, async ({ flip, clock, notifier, specs, messages }, ops) => {
    ops.mood = 'slow';
    flip('web', 'alive', 'bad');
    await clock.advance(11 * SECOND);
    const [name = '', spec] = [...specs][0] ?? [];
    if (spec !== undefined) notifier.apply({ channels: new Map([[name, { ...spec }]]) });
    await clock.advance(MINUTE);
    assert.equal(ops.most, 1);
    assert.deepEqual(messages('ops'), ['outage: web alive bad']);
  });
});

test('weeks of a dead channel are two messages with everything in them', async () => {
  await using({}, async ({ flip, lane, clock, notifier }, ops) => {
    ops.mood = 'no';
    lane('db', 'backoff');
    for (let round = 0; round < 70; round += 1) {
      flip(`s${round % 3}`, 'alive', 'bad');
      await clock.advance(15 * SECOND);
      flip(`s${round % 3}`, 'alive', 'ok');
      await clock.advance(15 * SECOND);
      assert.ok(notifier.view({ pending: true }).messages.length <= 2);
    }
    ops.mood = 'yes';
    await clock.advance(20 * MINUTE);
    const [recovery, outage] = ops.taken.map(({ notice }) => notice);
    assert.equal(ops.taken.length, 2);
    assert.equal(recovery?.items.length, 50);
    assert.equal(recovery?.lines.length, 3);
    assert.match(recovery?.lines[0] ?? '', /^earlier: s0 alive: 7 times from \S+ to \S+, 1m45s in all$/);
    assert.deepEqual(
      outage?.items.map(({ service }) => service),
      ['db'],
    );
  });
});

test('while the outbox cannot be written nothing is lost, and it goes on by itself', async () => {
  await using({ start: false }, async ({ flip, clock, messages, start, disk }, ops) => {
    start();
    await clock.advance(SECOND);
    disk.trouble = new StoreFullError('cannot use the outbox: no space left');
    flip('web', 'alive', 'bad');
    await clock.advance(MINUTE);
    assert.deepEqual(messages('ops'), []);
    disk.trouble = undefined;
    await clock.advance(12 * SECOND);
    assert.deepEqual(messages('ops'), ['outage: web alive bad']);
    // The far side has it; that it has cannot be stored for a while.
    const { send } = ops;
    ops.send = (notice, signal) => {
      disk.trouble = new StoreFullError('cannot use the outbox: no space left');
      return send(notice, signal);
    };
    flip('web', 'alive', 'ok');
    await clock.advance(MINUTE);
    disk.trouble = undefined;
    await clock.advance(MINUTE);
    assert.equal(ops.taken.length, 2);
  });
});

test('other trouble with the outbox ends the notifier: it is not for it to mend', async () => {
  await using({}, async ({ flip, clock, disk, died }) => {
    assert.equal(died(), undefined);
    disk.trouble = new TypeError('a bug');
    flip('web', 'alive', 'bad');
    await clock.advance(SECOND);
    assert.equal(died(), disk.trouble);
    disk.trouble = undefined;
  });
});

test('a clock that is set back by a year delays nothing by more than its own wait', async () => {
  await using({ channels: { ops: { repeatMs: HOUR } } }, async ({ flip, clock, messages }, ops) => {
    ops.mood = 'no';
    flip('web', 'alive', 'bad');
    await clock.advance(9 * SECOND);
    clock.jumpWall(-365 * 24 * HOUR);
    await clock.advance(MINUTE);
    assert.ok(ops.tries.length >= 2, 'it is tried though its time was in the future');
    clock.jumpWall(-365 * 24 * HOUR);
    await clock.advance(MINUTE);
    ops.mood = 'yes';
    await clock.advance(3 * MINUTE);
    assert.deepEqual(messages('ops'), ['outage: web alive bad']);
    clock.jumpWall(-365 * 24 * HOUR);
    await clock.advance(HOUR + MINUTE);
    assert.equal(messages('ops').length, 2, 'and repeated');
  });
});
