/** A thread that reads, and makes large blocks: so that neither stops the others. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import { listBuckets } from '../blocks/bucket-files.ts';
import { openBuckets } from '../blocks/buckets.ts';
import { keepMsOf } from '../blocks/groups.ts';
import { mergeNext } from '../blocks/merge.ts';
import { readBehind, readCounts, readNewest } from '../blocks/read.ts';
import type { MergeAnswer, ReaderAnswer, ReaderCall, ReaderValues, ThreadData } from './messages.ts';

const { folder, keep } = workerData as ThreadData;
const clock = systemClock;
const answer = (message: ReaderAnswer): void => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows, this is a thread
  parentPort?.postMessage(message);
};
const note = (message: string): void => answer({ note: message });
const buckets = openBuckets({
  folder,
  cutoffOf: (group) => clock.micros() - keepMsOf(keep, group) * 1000,
  damage: note,
});
/** Files of which everything is merged. */
const merged = new Set<string>();

function valueOf(call: ReaderCall): Result<ReaderValues[keyof ReaderValues], string> {
  switch (call.what) {
    case 'newest':
      return buckets.read((found) => readNewest(found, call.query, { clock, ms: call.ms }, note));
    case 'behind':
      return buckets.read((found) => readBehind(found, call.filter, call.position, call.upTo, note));
    case 'counts':
      return ok(buckets.read((found) => readCounts(found, call.filter, { clock, ms: call.ms }, note)));
    case 'merge':
      return ok(merge());
  }
}

function merge(): MergeAnswer {
  const files = listBuckets(folder).filter(({ path }) => !merged.has(path));
  for (const { path, end } of files) {
    const isOver = end <= clock.now();
    const made = buckets.one(path, (db) => mergeNext(db, isOver));
    if (made !== undefined) return { kind: 'merged', merged: made };
    if (!isOver) continue;
    merged.add(path);
    return { kind: 'over', path };
  }
  return { kind: 'nothing' };
}

parentPort?.on('message', (call: ReaderCall) => {
  const value = valueOf(call);
  answer(value.ok ? { id: call.id, value: value.value } : { id: call.id, problem: value.error });
});
