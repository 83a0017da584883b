import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRig } from '../../test/rig/child.ts';
import { leakCheck, testStateId } from '../../test/rig/leaks.ts';
import { treeMemory } from './process-memory.ts';
import { startProcess } from './processes.ts';

const MIB = 1_048_576;

test('the memory of a tree is that of all its processes, whatever group they went to', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  const life = `${testStateId}/svc/LIFE`;
  const start = () => startProcess({ argv: rig.argv, cwd: '/', env: { ...rig.env, VAHTI_LIFE: life } });
  const main = start();
  const child = await rig.nextChild();
  const tree = { life, ...(main.pid === undefined ? {} : { pgid: main.pid }) };
  const before = (await treeMemory(tree)) ?? 0;
  await child.allocate(64 * MIB);
  const after = (await treeMemory(tree)) ?? 0;
  assert.ok(after - before > 60 * MIB && after - before < 90 * MIB, `${before} → ${after}`);
  const other = start();
  const second = await rig.nextChild();
  const both = (await treeMemory(tree)) ?? 0;
  // A second Node shares the pages of Node's file with the first: less than twice, though a process of its own.
  assert.ok(both > after + 5 * MIB && both < after + before, `${after} → ${both}, one alone ${before}`);
  for (const each of [child, second]) each.exit(0);
  await Promise.all([main.exited, other.exited]);
  assert.equal(await treeMemory(tree), undefined);
});
