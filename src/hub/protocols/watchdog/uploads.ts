import type { IncomingRecord } from '../../ingest/intake.ts';
import type { Doors } from '../../server/doors.ts';
import type { ActionError } from '../../server/session.ts';
import type { Frame } from '../ws/frames.ts';
import type { Rooms } from '../ws/rooms.ts';
import type { OldEntry, UploadKind } from './entries.ts';
import { oldLevelOf } from './levels.ts';
import type { UploadKey, UploadKeys } from './upload-keys.ts';

/** What somebody uploads, checked. */
export interface Upload {
  readonly agent: string;
  readonly kind: UploadKind;
  readonly records: readonly IncomingRecord[];
  /** Names the upload, so that it is stored once however often it comes. */
  readonly key?: UploadKey | undefined;
  /** Entries as an old watchdog gave them. */
  readonly old?: readonly OldEntry[];
}

export type Uploaded =
  | { readonly ok: true; readonly stored: number; readonly doubled: number }
  /** `isLimit`: not the hub is short of something, the agent sends too much. */
  | { readonly ok: false; readonly error: ActionError; readonly isLimit?: true };

export interface Uploads {
  /** Stores all or nothing, and tells who may see it. @param from the connection that it came by: it is not told. */
  take(upload: Upload, protocol: 'ws' | 'http', from?: unknown): Promise<Uploaded>;
}

const RETRY_MS = 1000;
const ABOUT_BYTES = 100;

export function createUploads(doors: Doors, keys: UploadKeys, rooms: Rooms): Uploads {
  const { counters, limits, intake } = doors;
  return {
    async take(upload, protocol, from) {
      const { agent, records, key, kind } = upload;
      if (records.length === 0) return { ok: true, stored: 0, doubled: 0 };
      const bytes = records.reduce((sum, { message }) => sum + message.length + ABOUT_BYTES, 0);
      const waitMs = limits.take(agent, records.length, bytes);
      if (waitMs !== undefined) {
        counters.count('deferred', protocol);
        const told = later(`cannot take more of ${agent} now: it sends too much`, Math.ceil(waitMs));
        return { ...told, isLimit: true };
      }
      const answer = await (key === undefined ? intake.take(agent, records) : keys.take(agent, key, records));
      if (!answer.ok) {
        counters.count(answer.kind === 'later' ? 'deferred' : 'rejected', protocol);
        if (answer.kind === 'later') return later(answer.message, RETRY_MS);
        return { ok: false, error: { code: 'invalid', message: answer.message } };
      }
      counters.count('stored', protocol, answer.stored);
      if (answer.doubled > 0) counters.count('doubled', protocol, answer.doubled);
      if (kind === 'notification' && answer.stored > 0)
        rooms.push(agent, pushOf(upload, answer.first, doors.clock.micros()), from);
      return { ok: true, stored: answer.stored, doubled: answer.doubled };
    },
  };
}

function later(message: string, retryAfterMs: number): Extract<Uploaded, { readonly ok: false }> {
  return { ok: false, error: { code: 'later', message, retryAfterMs } };
}

/** Further than this ahead no clock is believed, as in the store. */
const MOST_AHEAD = 86_400_000_000;

/** Built by us: nothing in it is a client's own object. */
export function pushOf(
  { agent, records, old }: Pick<Upload, 'agent' | 'records' | 'old'>,
  first: number | undefined,
  received: number,
): { readonly v1: Frame; readonly v2: Frame } {
  const notifications = old ?? records.map(toOld);
  const rows = records.map((record, index) => ({
    ...(first === undefined ? {} : { id: `${agent}/${first + index}` }),
    agent,
    ...record,
    time: record.time > received + MOST_AHEAD ? received : record.time,
    received,
  }));
  return {
    v1: { action: 'uploadNotifications', notifications, success: true },
    v2: { event: 'notification', agent, rows },
  };
}

function toOld({ level, time, sender, message, fields }: IncomingRecord): OldEntry {
  const old = oldLevelOf(level, fields === undefined ? '' : JSON.stringify(fields));
  return { level: old, time: time / 1_000_000, sender, message };
}
