import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UnitWorld } from '../../../test/rig/unit-world.ts';

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant('ask' as const) },
    { weight: 2, arbitrary: fc.constant('hand' as const) },
    { weight: 12, arbitrary: fc.constantFrom('ok' as const, 'fail' as const) },
    { weight: 1, arbitrary: fc.constant('die' as const) },
    { weight: 3, arbitrary: fc.constant('daemon' as const) },
    { weight: 3, arbitrary: fc.constantFrom('wait' as const, 'look' as const) },
    { weight: 1, arbitrary: fc.constant('disk' as const) },
    { weight: 12, arbitrary: fc.constant('deliver' as const) },
  ),
  { minLength: 40, maxLength: 120, size: 'max' },
);

test('whoever starts it, and whenever daemons die: each run is begun by one process at most, and settled once', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (course) => {
      const world = new UnitWorld();
      world.turn();
      for (const each of course) {
        if (each === 'daemon') world.turn();
        else if (each === 'ask') world.scheduler?.run('j', { who: 'ada', set: {}, dryRun: false });
        else if (each === 'hand') world.startByHand();
        else if (each === 'wait') await world.clock.advance(500);
        else if (each === 'look') void world.look();
        else if (each === 'deliver') world.deliver();
        else if (each === 'disk') world.isFull = !world.isFull;
        else world.goOn(each === 'fail', each === 'die');
        await world.clock.advance(0);
      }
      world.isFull = false;
      if (!world.alive) world.turn();
      // In the end everything that was asked for comes to its end.
      for (let round = 0; round < 60; round++) {
        for (let count = 0; count < 4; count++) {
          world.deliver();
          await world.clock.advance(0);
        }
        world.goOn(false, false);
        await world.clock.advance(2500);
      }
      assert.ok(world.byHand <= world.hands, 'nothing is begun that nobody wanted');
      for (const [run, count] of world.begun) assert.equal(count, 1, `${run} was begun ${count} times`);
      const settled = world.said.map((text) => text.split(' ')[0] ?? '');
      assert.deepEqual(settled, [...new Set(settled)], 'settled once');
      for (const run of world.begun.keys()) assert.ok(settled.includes(run), `${run} is settled`);
      for (const [run, row] of world.rows) assert.notEqual(row.outcome, null, `${run} is over`);
      for (const text of world.said) {
        const [run = '', outcome] = text.split(' ');
        if (outcome === 'failed') assert.ok(world.begun.has(run) || world.deaths.has('nobody'), text);
        if (outcome === 'interrupted') assert.ok(!world.begun.has(run) || world.deaths.has(run), text);
      }
    }),
    { numRuns: 150 },
  );
});
