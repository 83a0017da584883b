import assert from 'node:assert/strict';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { trimLogs } from './log-budget.ts';

test('the oldest logs of runs go first, by their bytes and by their number', async (t) => {
  const folder = tempFolder(t);
  for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
    writeFileSync(join(folder, name), 'x'.repeat(100));
    utimesSync(join(folder, name), 1000 - index, 1000 - index);
  }
  assert.equal(await trimLogs(folder, 0, { bytes: 1000, files: 10 }), 0);
  assert.equal(await trimLogs(folder, 0, { bytes: 300, files: 10 }), 1);
  assert.deepEqual(readdirSync(folder).toSorted(), ['a', 'b', 'c']);
  assert.equal(await trimLogs(folder, 0, { bytes: 1000, files: 1 }), 2);
  assert.deepEqual(readdirSync(folder), ['a']);
  assert.equal(await trimLogs(join(folder, 'nowhere'), 0), 0);
  assert.equal(await trimLogs(folder, 1_000_001, { bytes: 1000, files: 10 }), 1, 'too old');
});
