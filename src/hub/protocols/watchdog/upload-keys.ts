import { createHash } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import { isDeeperThan } from '../../../core/json-depth.ts';
import { err, ok, type Result } from '../../../core/result.ts';
import { type Database, number, text } from '../../../core/sqlite.ts';
import type { IncomingRecord } from '../../ingest/intake.ts';
import type { HubStore } from '../../threads/hub-store.ts';
import type { Append } from '../../threads/messages.ts';
import { DEEPEST, type UploadKind } from './entries.ts';
import { createKeyWrites, KEPT_MS, type KeyWrites } from './key-writes.ts';

/**
 * Uploads that carry a key are stored once, however often they come. Before an upload goes to the store its numbers are written down
 * under its key, in a series of the agent that only these uploads have: sent again it gets the same numbers, and the store knows them.
 * Of one agent they are stored one after another, so whether the last one before a kill was stored is told by the series alone.
 */
export interface UploadKeys {
  /** Rejects with a DatabaseError. */
  take(agent: string, key: UploadKey, records: readonly IncomingRecord[]): Promise<KeyedAppend>;
  /** Writes down what is still to be. */
  close(): void;
}

export interface UploadKey {
  readonly key: string;
  /** Of what was sent, as it was sent. */
  readonly digest: string;
}

/** The error is what is wrong. @param sent what is uploaded, as it came. */
export function readUploadKey(key: string, kind: UploadKind, sent: unknown): Result<UploadKey, string> {
  if (!/^[\x20-\x7e]{1,200}$/.test(key))
    return err('its key is not made of 1 to 200 printable ASCII characters');
  if (isDeeperThan(sent, 2 * DEEPEST)) return err('it is nested too deeply');
  const given = `${kind} ${JSON.stringify(sent)}`;
  return ok({ key, digest: createHash('sha256').update(given).digest('base64') });
}

export type KeyedAppend = Append & { readonly first?: number };

export interface UploadKeysOptions {
  readonly db: Database;
  readonly store: Pick<HubStore, 'append' | 'lastOf'>;
  readonly clock: Clock;
  /** All keys that are kept; beyond that the oldest go. */
  readonly most?: number;
}

const MOST = 500_000;
const MOST_WAITING = 32;

const KEPT = { digest: text, first: number, count: number, done: number };
const NEWEST = { key: text, first: number, count: number, done: number };

export function createUploadKeys(options: UploadKeysOptions): UploadKeys {
  const { db, store, clock, most = MOST } = options;
  const writes = createKeyWrites(db, clock, most);
  const reserve = createNumbers(options, writes);
  const take = async (
    agent: string,
    upload: UploadKey,
    records: readonly IncomingRecord[],
  ): Promise<KeyedAppend> => {
    const series = seriesOf(agent);
    const kept = db.get(
      KEPT,
      'SELECT digest, first, count, done FROM uploads WHERE agent = ? AND key = ? AND at >= ?',
      [agent, upload.key, clock.now() - KEPT_MS],
    );
    if (kept !== undefined && kept.digest !== upload.digest)
      return { ok: false, kind: 'bad', message: 'cannot use this key: it came with another upload before' };
    if (kept?.done === 1) {
      const { first, count } = kept;
      return { ok: true, stored: 0, doubled: count, first, last: first + count - 1 };
    }
    const first = kept?.first ?? (await reserve(agent, upload, records.length));
    const numbered = records.map((record, index) => ({ seq: first + index, ...record }));
    const answer = await store.append({ agent, series }, Buffer.from(JSON.stringify(numbered)));
    if (!answer.ok) return answer;
    writes.later('UPDATE uploads SET done = 1 WHERE agent = ? AND key = ?', [agent, upload.key]);
    return { ...answer, first };
  };
  return { take: oneByOne(take), close: writes.close };
}

function seriesOf(agent: string): string {
  return `${agent}~keyed`;
}

/** Of one agent one after another; nobody waits behind too many. */
function oneByOne(take: UploadKeys['take']): UploadKeys['take'] {
  const queues = new Map<string, { waiting: number; tail: Promise<unknown> }>();
  return async (agent, key, records) => {
    const queue = queues.get(agent) ?? { waiting: 0, tail: Promise.resolve() };
    if (queue.waiting >= MOST_WAITING)
      return { ok: false, kind: 'later', message: `cannot take more of ${agent} now: too much of it waits` };
    queues.set(agent, queue);
    queue.waiting++;
    const done = queue.tail.then(() => take(agent, key, records));
    queue.tail = done.catch(() => {});
    try {
      return await done;
    } finally {
      if (--queue.waiting === 0) queues.delete(agent);
    }
  };
}

/** Gives an upload its numbers, and writes them down; what the last one before it came to is settled by the same commit. */
function createNumbers(
  { db, store, clock }: UploadKeysOptions,
  writes: KeyWrites,
): (agent: string, upload: UploadKey, count: number) => Promise<number> {
  return async (agent, { key, digest }, count) => {
    const last = await store.lastOf(seriesOf(agent));
    const newest = db.get(
      NEWEST,
      'SELECT key, first, count, done FROM uploads WHERE agent = ? ORDER BY first DESC LIMIT 1',
      [agent],
    );
    const end = newest === undefined ? 0 : newest.first + newest.count - 1;
    // One that was never stored has to be numbered anew when it comes again: higher numbers are given now.
    if (newest?.done === 0 && last < end)
      writes.later('DELETE FROM uploads WHERE agent = ? AND key = ?', [agent, newest.key]);
    if (newest?.done === 0 && last >= end)
      writes.later('UPDATE uploads SET done = 1 WHERE agent = ? AND key = ?', [agent, newest.key]);
    const first = Math.max(last, end) + 1;
    await writes.now(
      'INSERT OR REPLACE INTO uploads (agent, key, digest, first, count, done, at) VALUES (?, ?, ?, ?, ?, 0, ?)',
      [agent, key, digest, first, count, clock.now()],
    );
    return first;
  };
}
