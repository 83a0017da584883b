import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FarSide } from '../../test/rig/far-side.ts';
import { openRig } from '../../test/rig/notifying.ts';

const MINUTE = 60_000;

test('a person has a message tried at once, whatever holds it or its channel; one that does not wait is refused', async () => {
  const rig = openRig({});
  const ops = rig.sides['ops'] as FarSide;
  const { notifier, clock, told } = rig;
  try {
    await clock.advance(0);
    assert.equal(notifier.retry('none-1', 'ada'), false);
    ops.mood = 'no';
    rig.flip('web', 'alive', 'bad');
    await clock.advance(30 * MINUTE);
    const [waits] = notifier.view({ pending: true }).messages;
    assert.equal(waits?.state, 'failing');
    const before = ops.tries.length;
    assert.equal(notifier.retry(waits?.id ?? '', 'ada via hub'), true);
    await clock.advance(0);
    assert.equal(ops.tries.length, before + 1, 'tried, though the channel holds');
    ops.mood = 'yes';
    assert.equal(notifier.retry(waits?.id ?? '', 'ada via hub'), true);
    await clock.advance(0);
    assert.deepEqual(
      ops.taken.map(({ notice }) => notice.id),
      [waits?.id],
    );
    assert.equal(notifier.retry(waits?.id ?? '', 'ada via hub'), false, 'it is delivered');
    const said = told.filter(({ fields }) => fields?.['outcome'] === 'retried');
    assert.equal(said.length, 2);
    assert.match(said[0]?.message ?? '', /^tried again for ada via hub: the message to ops: /);
    await clock.advance(60 * MINUTE);
    assert.equal(ops.taken.length, 1, 'it is not told twice');
  } finally {
    ops.mood = 'yes';
    await rig.close();
  }
});
