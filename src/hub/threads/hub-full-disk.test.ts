import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HUB_KEEP, sent } from '../../../test/rig/hub-threads.ts';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { openHubStore } from './hub-store.ts';

/** Records that no packing makes smaller, numbered on. */
function noise(after: number, count: number): Uint8Array {
  const records = JSON.parse(Buffer.from(sent(after + 1, after + count)).toString('utf8')) as object[];
  return Buffer.from(
    JSON.stringify(records.map((record) => ({ ...record, message: randomBytes(300).toString('base64') }))),
  );
}

test('on a disk that is really full batches are put off, merging and cleaning do no harm, and with room it goes on; what was acknowledged is there once', async (t) => {
  leakCheck(t);
  const disk = join(tempFolder(t), 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk], { encoding: 'utf8' });
  if (mounted.status !== 0) return t.skip('a small disk cannot be mounted here (needs root)');
  onEnd(t, () => spawnSync('umount', ['-l', disk]));
  const filler = join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc(4_000_000));
  const deaths: Error[] = [];
  const notes: string[] = [];
  // Merging, which alone waits by this clock, begins when there is no room any more, and is due again and again: at once where it was done.
  let isFull = false;
  const turns: number[] = [];
  const held = new Set<() => void>();
  const hold = (fn: () => void) => {
    held.add(fn);
    return { cancel: () => void held.delete(fn) };
  };
  const store = await openHubStore({
    folder: join(disk, 'store'),
    keep: HUB_KEEP,
    clock: {
      ...systemClock,
      timer(ms, fn) {
        if (!isFull) return hold(fn);
        turns.push(ms);
        return systemClock.timer(ms / 100, fn);
      },
    },
    note: (note) => notes.push(note),
    died: (error) => deaths.push(error),
  });
  onEnd(t, () => store.close());
  let after = 0;
  const send = async (): Promise<boolean> => {
    const answer = await store.append({ agent: 'a', after }, noise(after, 100));
    if (answer.ok) after += 100;
    else assert.equal(answer.kind, 'later', answer.message);
    return answer.ok;
  };
  await until(async () => !(await send()), { what: 'the disk to be full' });
  assert.ok(after > 0);
  isFull = true;
  for (const fn of held) fn();
  // Blocks that wait to be merged, and what is past its time, are looked for meanwhile.
  await until(
    async () => {
      await store.purge();
      await send();
      return turns.length >= 3 || deaths.length > 0;
    },
    { what: 'merging to be tried' },
  );
  assert.deepEqual(deaths, []);
  assert.ok(!turns.includes(0), 'it could not be done');
  assert.equal(notes.filter((note) => note.startsWith('cannot store records now: ')).length, 1, notes.join());
  const stuck = after;
  rmSync(filler);
  await until(send, { what: 'a batch to be taken again' });
  assert.ok(after > stuck);
  await until(() => turns.includes(0), { what: 'what waited to be merged' });
  const page = await store.newest({ limit: 10_000 }, 5000);
  assert.ok(page.ok);
  assert.deepEqual(
    page.value.rows.map(({ seq }) => seq).toSorted((a, b) => a - b),
    Array.from({ length: after }, (_, index) => index + 1),
  );
  assert.equal(notes.at(-1), 'records are stored again');
  assert.deepEqual(deaths, []);
});
