import { asError } from '../../../core/result.ts';
import type { Doors } from '../../server/doors.ts';
import type { Append } from '../../threads/messages.ts';
import type { Frame } from './frames.ts';

/** What an agent may have on its way without an answer. */
export const CREDIT = { batches: 32, bytes: 8 * 1024 * 1024 } as const;

const HEAD_BYTES = 8;
const RETRY_MS = 1000;

/** The numbered batches of one connection. */
export interface Batches {
  /** Answers what is to be sent when it is this batch's turn; never rejects. */
  take(frame: Buffer): Promise<Frame>;
}

/** Takes notice of what a batch has brought, and how it was stored. */
export type Brought = (json: Uint8Array, stored: Stored) => void;
export type Stored = Extract<Append, { readonly ok: true }>;

/**
 * A frame is 8 bytes, the number of the last record before the batch (big-endian), then its records, which the event loop does not
 * read. Where one was refused those behind it are refused as well, until it comes again.
 */
export function createBatches(doors: Doors, agent: string, series: string, brought: Brought): Batches {
  let [batches, bytes] = [0, 0];
  /** Where a batch that was refused here began. */
  let missing = Infinity;
  const refuse = (refusal: Refusal): Frame => {
    if (refusal.after !== undefined) missing = Math.min(missing, refusal.after);
    doors.counters.count(refusal.kind === 'bad' ? 'rejected' : 'deferred', 'ws');
    return { action: 'refused', ...refusal };
  };
  /** Why a batch is not even handed to the store. */
  const problemOf = (after: number, size: number, json: Uint8Array): Refusal | undefined => {
    if (after > missing) return later(after, 'cannot store it: a batch before it is missing');
    if (size > CREDIT.bytes)
      return bad(after, `cannot store it: a batch has ${CREDIT.bytes} bytes at most, not ${size}`);
    if (batches >= CREDIT.batches || bytes + size > CREDIT.bytes)
      return later(after, 'cannot take more now: too many batches wait for their answers');
    const waitMs = doors.limits.take(agent, countRecords(json), size);
    return waitMs === undefined
      ? undefined
      : later(after, `cannot take more of ${agent} now: it sends too much`, waitMs);
  };
  const store = async (after: number, json: Uint8Array): Promise<Frame> => {
    try {
      const answer = await doors.store.append({ agent, series, after }, json);
      if (!answer.ok) return refuse((answer.kind === 'bad' ? bad : later)(after, answer.message));
      const { stored, doubled, last } = answer;
      doors.counters.count('stored', 'ws', stored);
      if (doubled > 0) doors.counters.count('doubled', 'ws', doubled);
      brought(json, answer);
      return { action: 'stored', after, last, stored, doubled };
    } catch (thrown) {
      doors.log.error('cannot store a batch', { agent, error: asError(thrown).stack });
      return refuse(later(after, "cannot store it now: an error of the hub's own, see its log"));
    }
  };
  return {
    async take(frame) {
      const after = readStart(frame);
      if (typeof after === 'string') return refuse(bad(undefined, after));
      const json = frame.subarray(HEAD_BYTES);
      const size = json.length;
      const problem = problemOf(after, size, json);
      if (problem !== undefined) return refuse(problem);
      missing = Infinity;
      batches++;
      bytes += size;
      const answer = await store(after, own(json));
      batches--;
      bytes -= size;
      return answer;
    },
  };
}

interface Refusal {
  /** Undefined where it cannot be read. */
  readonly after: number | undefined;
  readonly kind: 'bad' | 'later';
  readonly message: string;
  readonly retryAfter?: number;
}

function bad(after: number | undefined, message: string): Refusal {
  return { after, kind: 'bad', message };
}

function later(after: number, message: string, ms = RETRY_MS): Refusal {
  return { after, kind: 'later', message, retryAfter: Math.ceil(ms) };
}

/** The number of the last record before the batch, or what is wrong. */
function readStart(frame: Buffer): number | string {
  if (frame.length < HEAD_BYTES) return `cannot read the batch: it has ${frame.length} bytes, 8 at least`;
  const start = frame.readBigUInt64BE(0);
  if (start <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(start);
  return `cannot read the batch: it begins behind ${start}, which is too high a number`;
}

/** What is handed to a thread is copied with all that lies around it. */
function own(json: Uint8Array): Uint8Array {
  return json.buffer.byteLength > json.length * 1.5 + 1024 ? new Uint8Array(json) : json;
}

const SEQ = Buffer.from('"seq":');

/** Without reading it, for the limits: what is counted too much or too little is the agent's own doing. */
function countRecords(json: Uint8Array): number {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  let count = 0;
  for (let at = bytes.indexOf(SEQ); at >= 0; at = bytes.indexOf(SEQ, at + SEQ.length)) count++;
  return Math.max(1, count);
}
