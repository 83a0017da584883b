import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import fc from 'fast-check';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { bucketBytes, listBuckets } from '../../src/hub/blocks/bucket-files.ts';
import { openBuckets } from '../../src/hub/blocks/buckets.ts';
import { mergeNext, replace } from '../../src/hub/blocks/merge.ts';
import type { HubFilter, HubPage, HubQuery } from '../../src/hub/blocks/query.ts';
import { createPump, type Pumped } from '../../src/hub/blocks/pump.ts';
import { readNewest } from '../../src/hub/blocks/read.ts';
import {
  type Around,
  type Context,
  countBehind,
  type Followed,
  readBehind,
  readContext,
  type Reading,
} from '../../src/hub/blocks/read-behind.ts';
import { type CountsPage, type CountsQuery, readCounts } from '../../src/hub/blocks/read-counts.ts';
import { readValues, type ValuesPage, type ValuesQuery } from '../../src/hub/blocks/read-values.ts';
import { createBlockCache } from '../../src/hub/blocks/search.ts';
import { type Gone, type Keeping, purge } from '../../src/hub/blocks/retention.ts';
import type { HubRow } from '../../src/hub/blocks/row.ts';
import { openBucket, openBucketReadOnly } from '../../src/hub/blocks/bucket.ts';
import { bytes, number } from '../../src/core/sqlite.ts';
import {
  type Batch,
  type BlockWriter,
  type Group,
  openBlockWriter,
  type SentRecord,
  type Taken,
} from '../../src/hub/blocks/writer.ts';
import { HUB_NOW, hubRow, someRow } from './hub-rows.ts';

const root = mkdtempSync(join(tmpdir(), 'vahti-hub-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

/** A store of the hub in one thread, on a wall clock that is turned by hand. */
export interface HubStore {
  /** What is new of it, as it is stored. */
  append(batches: readonly Batch[]): HubRow[];
  taken(batches: readonly Batch[]): readonly Taken[];
  lastOf(agent: string): number;
  newest(query: HubQuery, ms: number): HubPage;
  behind(filter: HubFilter, position: number, ms?: number, limit?: number): Followed;
  countBehind(
    filter: HubFilter,
    position: number,
    ms: number,
  ): { readonly count: number; readonly position: number };
  counts(query: CountsQuery, ms: number): CountsPage;
  values(query: ValuesQuery, ms: number): ValuesPage;
  context(around: Omit<Around, 'upTo'>, ms: number): Context | null;
  watch(tail: number, filter: HubFilter): void;
  pump(position: number, ms: number): Pumped;
  /** Until there is nothing more to be merged. */
  mergeAll(): void;
  purge(keeping?: Partial<Keeping>, freeOf?: () => number): Gone['why'][];
  record(part: Partial<SentRecord>): SentRecord;
  pass(ms: number): void;
  files(group: string): number;
  bytes(): number;
  notes(): readonly string[];
  damageOldest(): void;
  /** Changes the last byte of each block, which is of its fields; answers with how many blocks there are. */
  damageBlocks(): number;
  restart(): void;
  open(): void;
  close(): void;
}

const DAY = 86_400_000;

export function hubStore(
  keep: { readonly logs: number; readonly other: number } = { logs: 7 * DAY, other: 90 * DAY },
): HubStore {
  const folder = join(root, String(++folders));
  const notes: string[] = [];
  let now = HUB_NOW;
  const clock: Clock = { ...systemClock, micros: () => now, now: () => Math.floor(now / 1000) };
  const groupOf = ({ kind }: { readonly kind: string }): Group =>
    kind === 'log' ? { name: 'logs', keepMs: keep.logs } : { name: 'other', keepMs: keep.other };
  const keepMs = (group: string): number => (group === 'logs' ? keep.logs : keep.other);
  const note = (message: string): void => void notes.push(message);
  const cutoffOf = (group: string): number => now - keepMs(group) * 1000;
  let writer: BlockWriter = openBlockWriter({ folder, clock, groupOf, note });
  let buckets = openBuckets({ folder, cutoffOf, damage: note });
  const open = (): void => {
    writer = openBlockWriter({ folder, clock, groupOf, note });
    buckets = openBuckets({ folder, cutoffOf, damage: note });
  };
  const close = (): void => {
    buckets.close();
    writer.close();
  };
  const read = <T>(
    answer: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string },
  ): T => {
    if (!answer.ok) throw new Error(answer.error);
    return answer.value;
  };
  const pump = createPump();
  const cache = createBlockCache(1_000_000);
  const reading = (ms: number): Reading => ({ budget: { clock, ms }, damage: note, cache });
  return {
    append(batches) {
      const last = new Map<string, number>();
      let position = writer.newest();
      const rows = batches.flatMap(({ agent, records }) =>
        records.flatMap((record) => {
          const key = `${groupOf(record).name} ${agent}`;
          if (record.seq <= (last.get(key) ?? 0)) return [];
          last.set(key, record.seq);
          return [{ ...record, agent, position: ++position, received: now }];
        }),
      );
      writer.append(batches);
      return rows;
    },
    taken: (batches) => writer.append(batches),
    lastOf: (agent) => writer.lastOf(agent),
    newest: (query, ms) => read(buckets.read((found) => readNewest(found, query, { clock, ms }, note))),
    behind: (filter, position, ms = 60_000, limit = 10_000) =>
      read(
        buckets.read((found) =>
          readBehind(found, { filter, position, upTo: writer.newest(), limit }, reading(ms)),
        ),
      ),
    countBehind: (filter, position, ms) =>
      read(
        buckets.read((found) => countBehind(found, { filter, position, upTo: writer.newest() }, reading(ms))),
      ),
    counts: (query, ms) => read(buckets.read((found) => readCounts(found, query, reading(ms)))),
    values: (query, ms) => buckets.read((found) => readValues(found, query, reading(ms))),
    context: (around, ms) =>
      buckets.read((found) => readContext(found, { ...around, upTo: writer.newest() }, reading(ms))),
    watch: (tail, filter) => void read(pump.watch(tail, filter)),
    pump: (position, ms) =>
      buckets.read((found) => pump.pump(found, { position, upTo: writer.newest() }, reading(ms))),
    mergeAll() {
      for (const { path } of listBuckets(folder)) {
        const db = openBucketReadOnly(path);
        if (!db.ok) throw db.error;
        for (
          let merged = mergeNext(db.value, true);
          merged !== undefined;
          merged = mergeNext(db.value, true)
        ) {
          const made = merged;
          if (writer.write(path, (bucket) => replace(bucket, made)) !== true)
            throw new Error('it was not replaced');
        }
        db.value.close();
        writer.shrink(path);
      }
    },
    purge: (keeping = {}, freeOf = () => Infinity) => {
      writer.begin({ name: 'logs', keepMs: keep.logs });
      writer.begin({ name: 'other', keepMs: keep.other });
      return purge(
        folder,
        { keepMs, bytes: Infinity, free: 0, worth: (group) => (group === 'logs' ? 0 : 1), ...keeping },
        clock.now(),
        freeOf,
      ).map(({ why }) => why);
    },
    record(part) {
      const { position: _, received: __, agent: ___, ...sent } = hubRow({ time: now });
      return { ...sent, ...part };
    },
    pass(ms) {
      now += ms * 1000;
    },
    files: (group) => listBuckets(folder).filter((bucket) => bucket.group === group).length,
    bytes: () => listBuckets(folder).reduce((sum, bucket) => sum + bucketBytes(bucket), 0),
    notes: () => notes,
    damageBlocks() {
      let count = 0;
      for (const { path } of listBuckets(folder)) {
        const db = openBucket(path);
        if (!db.ok) throw db.error;
        for (const { first, data } of db.value.all(
          { first: number, data: bytes },
          'SELECT first, data FROM blocks',
        )) {
          const changed = Buffer.from(data);
          changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
          db.value.run('UPDATE blocks SET data = ? WHERE first = ?', [changed, first]);
          count++;
        }
        db.value.close();
      }
      return count;
    },
    damageOldest() {
      const [oldest] = listBuckets(folder);
      if (oldest === undefined) throw new Error('there is no bucket');
      writeFileSync(oldest.path, 'x'.repeat(20_000));
      for (const name of readdirSync(join(folder, oldest.group)))
        if (/-(?:wal|shm)$/.test(name)) rmSync(join(folder, oldest.group, name));
    },
    restart() {
      close();
      open();
    },
    open,
    close,
  };
}

let seqs = 0;

/** What agents send at a time; their numbers only ever grow. */
export const someBatches: fc.Arbitrary<Batch[]> = fc
  .array(fc.tuple(fc.constantFrom('a1', 'a2', 'ä'), fc.array(someRow, { minLength: 1, maxLength: 8 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((given) =>
    given.map(([agent, rows]) => ({
      agent,
      records: rows.map((row) => ({ ...row, seq: ++seqs, message: row.message.toWellFormed() })),
    })),
  );
