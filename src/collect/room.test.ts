import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { disk, type Files } from '../core/files.ts';
import { waitingForRoom } from './room.ts';

/** A disk that can be full, with a journal of what reached it. */
function open() {
  const clock = createFakeClock();
  const state = { free: 1_000, refuse: false };
  const written: string[] = [];
  const told: (string | null)[] = [];
  const stop = new AbortController();
  const files: Files = {
    ...disk,
    async write(_fd, data, position) {
      if (state.refuse) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      written.push(`${position}:${Buffer.from(data).toString()}`);
    },
    async datasync() {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    },
  };
  const room = { floor: 100, free: async () => state.free };
  const patient = waitingForRoom(files, room, clock, stop.signal, (trouble) => told.push(trouble));
  return { clock, state, written, told, stop, patient };
}

test('a write that finds no room waits, says so once, and is done again at the same place', async () => {
  const { clock, state, written, told, patient } = open();
  state.refuse = true;
  const writing = patient.write(3, Buffer.from('abc'), 40);
  await clock.advance(5_000);
  assert.deepEqual(written, []);
  state.refuse = false;
  await clock.advance(1_000);
  await writing;
  assert.deepEqual(written, ['40:abc']);
  assert.equal(told.at(-1), null);
  assert.ok(told.includes('the disk is full'));
});

test('below the floor nothing is written, although the disk would still take it', async () => {
  const { clock, state, written, told, patient } = open();
  state.free = 99;
  const writing = patient.write(3, Buffer.from('x'), 0);
  await clock.advance(3_000);
  assert.deepEqual(written, []);
  state.free = 100;
  await clock.advance(1_000);
  await writing;
  assert.deepEqual(told, ['99 bytes are free, 100 are left to others', null]);
});

test('a stop ends the waiting', async () => {
  const { clock, state, stop, patient } = open();
  state.refuse = true;
  const writing = assert.rejects(patient.write(3, Buffer.from('x'), 0), /cannot go on: the disk is full/);
  await clock.advance(100);
  stop.abort();
  await writing;
});

test('a sync that failed is never tried again', async () => {
  const { patient } = open();
  await assert.rejects(patient.datasync(3), /no space/);
});
