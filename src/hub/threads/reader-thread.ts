/** A thread that reads, and makes large blocks: so that neither stops the others. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../core/clock.ts';
import { ok, type Result } from '../../core/result.ts';
import { listBuckets } from '../blocks/bucket-files.ts';
import { openBuckets } from '../blocks/buckets.ts';
import { keepMsOf } from '../blocks/groups.ts';
import { mergeNext } from '../blocks/merge.ts';
import { createPump } from '../blocks/pump.ts';
import { readNewest } from '../blocks/read.ts';
import { countBehind, readBehind, readContext, type Reading } from '../blocks/read-behind.ts';
import { readCounts } from '../blocks/read-counts.ts';
import { readValues } from '../blocks/read-values.ts';
import { createBlockCache } from '../blocks/search.ts';
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

/** Unpacked blocks that are kept: bytes. */
const CACHE_BYTES = 32 * 1024 * 1024;
const cache = createBlockCache(CACHE_BYTES);
const pump = createPump();

function valueOf(call: ReaderCall): Result<ReaderValues[keyof ReaderValues], string> {
  switch (call.what) {
    case 'watch':
      return pump.watch(call.tail, call.filter);
    case 'unwatch':
      pump.unwatch(call.tail);
      return ok(true);
    case 'merge':
      return ok(merge());
    default:
      return read(call);
  }
}

type Read = Exclude<ReaderCall, { readonly what: 'watch' | 'unwatch' | 'merge' }>;

function read(call: Read): Result<ReaderValues[keyof ReaderValues], string> {
  const reading: Reading = { budget: { clock, ms: call.ms }, damage: note, cache };
  return buckets.read((found): Result<ReaderValues[keyof ReaderValues], string> => {
    switch (call.what) {
      case 'newest':
        return readNewest(found, call.query, reading.budget, note, cache);
      case 'behind':
        return readBehind(found, call, reading);
      case 'countBehind':
        return countBehind(found, call, reading);
      case 'counts':
        return readCounts(found, call.query, reading);
      case 'values':
        return ok(readValues(found, call.query, reading));
      case 'context':
        return ok(readContext(found, call.around, reading));
      case 'pump':
        return ok(pump.pump(found, call, reading));
    }
  });
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
