import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import fc from 'fast-check';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import type {
  RecordDraft,
  RecordKind,
  RecordQuery,
  RecordStore,
  StoredRecord,
} from '../../src/core/record.ts';
import type { Keep } from '../../src/hub/store/sqlite-prune.ts';
import { openSqliteStore, type SqliteStoreOptions } from '../../src/hub/store/sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'vahti-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
/** A path for a database that nobody had. */
export const fresh = (): string => join(folder, `${(files += 1)}.db`);

const DAY = 86_400_000;
/** Microseconds. */
export const NOW = 1_800_000_000_000_000;
/** Keeps everything. */
export const ALL: Keep = { ageMs: { logs: 10_000 * DAY, other: 10_000 * DAY }, bytes: 1e12 };
/** A wall clock that stands still, over real timers. */
export const still = (micros = NOW): Clock => ({
  ...systemClock,
  micros: () => micros,
  now: () => Math.floor(micros / 1000),
});

/** An open store; the test closes it. */
export function open(options: Partial<SqliteStoreOptions> = {}): RecordStore {
  const opened = openSqliteStore({
    path: fresh(),
    agent: 'box',
    host: 'box.example',
    clock: still(),
    keep: ALL,
    ...options,
  });
  if (!opened.ok) throw opened.error;
  return opened.value;
}

export function draft(part: Partial<RecordDraft> = {}): RecordDraft {
  return {
    time: NOW,
    service: 'clock',
    life: '',
    kind: 'log',
    level: 9,
    sender: 'stdout',
    message: 'tick',
    ...part,
  };
}

export const drafts = (
  count: number,
  part: (index: number) => Partial<RecordDraft> = () => ({}),
): RecordDraft[] => Array.from({ length: count }, (_, index) => draft(part(index)));
export const seqs = (records: readonly StoredRecord[]): number[] => records.map((record) => record.seq);

/** Runs `work` with a store and closes that. */
export function using<T>(options: Partial<SqliteStoreOptions>, work: (store: RecordStore) => T): T {
  const store = open(options);
  try {
    return work(store);
  } finally {
    store.close();
  }
}

export const SERVICES = ['clock', 'firehose', 'job/Archive'];
export const KINDS: readonly RecordKind[] = ['log', 'log', 'log', 'flip', 'start'];

export const someDraft: fc.Arbitrary<RecordDraft> = fc.record({
  time: fc.integer({ min: NOW - 50, max: NOW + 50 }),
  service: fc.constantFrom(...SERVICES),
  life: fc.constantFrom('', 'l1', 'l2'),
  kind: fc.constantFrom(...KINDS),
  level: fc.constantFrom(1, 5, 9, 13, 17, 18, 24),
  sender: fc.constantFrom('stdout', 'stderr', 'daemon'),
  message: fc.string({ unit: fc.constantFrom('a', 'B', '%', '_', '\\', 'ä', "'"), maxLength: 6 }),
});

/** What a query means, without any index. */
export function model(records: readonly StoredRecord[], query: RecordQuery): StoredRecord[] {
  const has = <T>(values: readonly T[] | undefined, value: T): boolean =>
    values === undefined || values.includes(value);
  const found = records.filter(
    (record) =>
      record.seq > (query.after ?? 0) &&
      record.seq < (query.before ?? Infinity) &&
      record.time >= (query.since ?? -Infinity) &&
      record.time < (query.until ?? Infinity) &&
      has(query.services, record.service) &&
      has(query.kinds, record.kind) &&
      has(query.senders, record.sender) &&
      (query.life === undefined || record.life === query.life) &&
      record.level >= (query.level ?? 0) &&
      record.message.toLowerCase().includes((query.text ?? '').toLowerCase()),
  );
  const limit = query.limit ?? 100;
  return query.take === 'oldest' ? found.slice(0, limit) : found.slice(-limit);
}
