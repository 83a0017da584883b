import { join } from 'node:path';
import { type Clock, systemClock } from '../../../src/core/clock.ts';
import { bucketBytes, listBuckets } from '../../../src/hub/blocks/bucket-files.ts';
import { openBucketReadOnly } from '../../../src/hub/blocks/bucket.ts';
import { openBuckets } from '../../../src/hub/blocks/buckets.ts';
import { mergeNext, replace } from '../../../src/hub/blocks/merge.ts';
import type { HubQuery } from '../../../src/hub/blocks/query.ts';
import { readNewest } from '../../../src/hub/blocks/read.ts';
import { readCounts } from '../../../src/hub/blocks/read-counts.ts';
import { purge } from '../../../src/hub/blocks/retention.ts';
import { createBlockCache } from '../../../src/hub/blocks/search.ts';
import { openBlockWriter } from '../../../src/hub/blocks/writer.ts';
import type { Contestant } from './contestant.ts';

/** The hub's own store. @param hours that are kept: a sixteenth of them is in one file. */
export function blocks(folder: string, hours: number): Contestant {
  const path = join(folder, 'blocks');
  const keepMs = hours * 3_600_000;
  const note = (message: string): void => {
    throw new Error(message);
  };
  let now = 0;
  const clock: Clock = { ...systemClock, micros: () => now, now: () => Math.floor(now / 1000) };
  const writer = openBlockWriter({ folder: path, clock, groupOf: () => ({ name: 'logs', keepMs }), note });
  const buckets = openBuckets({ folder: path, cutoffOf: () => 0, damage: note });
  const cache = createBlockCache(32 * 1024 * 1024);
  const newest = (query: HubQuery): number => {
    const budget = { clock: systemClock, ms: 600_000 };
    const answer = buckets.read((found) => readNewest(found, query, budget, note, cache));
    return answer.ok ? answer.value.rows.length : (note(answer.error) as never);
  };
  const bytes = (): number => listBuckets(path).reduce((sum, file) => sum + bucketBytes(file), 0);
  return {
    name: 'Vahti, blocks',
    append(records, at) {
      now = at;
      writer.append([{ agent: 'a', records }]);
    },
    settle() {
      for (const file of listBuckets(path)) {
        const db = openBucketReadOnly(file.path);
        if (!db.ok) throw db.error;
        for (let made = mergeNext(db.value, true); made !== undefined; made = mergeNext(db.value, true)) {
          const merged = made;
          writer.write(file.path, (open) => replace(open, merged));
        }
        db.value.close();
        writer.shrink(file.path);
      }
    },
    bytes,
    questions: {
      newest: () => newest({ limit: 100 }),
      seconds: ({ end }) => newest({ since: end - 10_000_000, limit: 10_000 }),
      sender: ({ end, sender }) => newest({ since: end - 10_000_000, senders: [sender], limit: 10_000 }),
      errors: ({ end }) => newest({ since: end - 3_600_000_000, levelAtLeast: 17, limit: 1000 }),
      rare: ({ rare }) => newest({ text: rare, limit: 10_000 }),
      frequent: ({ frequent }) => newest({ text: frequent, limit: 100 }),
      minutes() {
        const reading = { budget: { clock: systemClock, ms: 600_000 }, damage: note, cache };
        const query = { filter: {}, step: 60_000_000 };
        const answer = buckets.read((found) => readCounts(found, query, reading));
        return answer.ok ? answer.value.counts.length : (note(answer.error) as never);
      },
    },
    purge(before) {
      now = before + keepMs * 1000;
      const ms = Math.floor(now / 1000);
      purge(path, { keepMs: () => keepMs, bytes: Infinity, free: 0, worth: () => 0 }, ms, () => Infinity);
      return bytes();
    },
    close() {
      buckets.close();
      writer.close();
    },
  };
}
