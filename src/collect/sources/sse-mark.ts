import { createHash } from 'node:crypto';
import type { GapReason } from '../../core/source.ts';
import type { ServerSentEvent } from '../../wire/sse/event-stream.ts';

/** Of a fingerprint: 66 bits. */
const PRINT_CHARACTERS = 11;
/** So many of the last events are known again when the server repeats them. */
const KNOWN_EVENTS = 32;
const KNOWN_CHARACTERS = KNOWN_EVENTS * (PRINT_CHARACTERS + 1) - 1;
/** Behind so many steps of one, ids are numbers without a hole. */
const STEADY = 20;
/** Longer ids are not sent back: servers take headers of 8 KiB in all, or of 16. */
const MOST_ID_BYTES = 4_096;

/** Where a stream of events stands, as it is committed with each of them that has an `id`. */
export interface SseMark {
  /** The last id; undefined where there is none that could be sent back. */
  readonly id: string | undefined;
  /** How many ids in a row were the number after the one before; counted up to `STEADY`. */
  readonly steps: number;
  /** The last events, oldest first: as `fingerprint` has them, with a space between them. */
  readonly known: string;
}

/** Reads a mark: the id in its first line, the steps in the second, the known events in the third. */
export function parseMark(text: string | undefined): SseMark {
  const [id = '', steps = '', known = ''] = (text ?? '').split('\n');
  return {
    id: id === '' ? undefined : id,
    steps: Number.parseInt(steps, 10) || 0,
    known,
  };
}

function writeMark({ id, steps, known }: SseMark): string {
  // An id has no line end, by the format that it came in.
  return id === undefined ? '' : `${id}\n${steps}\n${known}`;
}

/** Whether an id can stand in a header, so that it can be sent back; the empty one means that there is none. */
export function isUsableId(id: string): boolean {
  return id !== '' && !/[\0-\x08\x0a-\x1f\x7f]/.test(id) && Buffer.byteLength(id) <= MOST_ID_BYTES;
}

/** What is to be done with an event that has an id. */
export type Verdict =
  | { readonly kind: 'repeat' }
  | {
      readonly kind: 'new';
      readonly mark: string;
      readonly gap?: { readonly reason: GapReason; readonly detail: string };
    };

export interface Follower {
  judge(event: ServerSentEvent, id: string): Verdict;
  /** An id without an event. */
  mark(id: string): string;
}

/**
 * Follows the ids of one connection, which began behind `mark`. The server should begin with the event behind it. Some begin
 * with that one, or a little earlier: what is known, by id and content, is a repeat, up to the first event that is not.
 * Whether a server still has what it is asked for it does not say; where ids are numbers without a hole it can be seen.
 */
export function followIds(mark: SseMark): Follower {
  let { id: last, steps, known } = mark;
  const before = new Set(known.split(' '));
  let overlap = last !== undefined;

  const next = (id: string): string => {
    if (!isUsableId(id)) {
      last = undefined;
      steps = 0;
      return '';
    }
    const step = stepOf(last, id);
    // The step over an interruption says nothing of the stream's ways.
    if (!overlap || step === 1n) steps = step === 1n ? Math.min(steps + 1, STEADY) : 0;
    last = id;
    return writeMark({ id, steps, known });
  };

  return {
    judge(event, id) {
      const print = fingerprint(event, id);
      if (overlap && before.has(print)) return { kind: 'repeat' };
      const gap = overlap && steps === STEADY ? missing(last, id) : undefined;
      known = known === '' ? print : `${known} ${print}`.slice(-KNOWN_CHARACTERS);
      const text = next(id);
      overlap = false;
      return gap === undefined ? { kind: 'new', mark: text } : { kind: 'new', mark: text, gap };
    },
    mark: next,
  };
}

/** How far one id is from another, where both are numbers. */
function stepOf(before: string | undefined, id: string): bigint | undefined {
  const isNumber = (text: string | undefined): text is string =>
    text !== undefined && /^\d{1,30}$/.test(text);
  return isNumber(before) && isNumber(id) ? BigInt(id) - BigInt(before) : undefined;
}

function missing(before: string | undefined, id: string): { reason: GapReason; detail: string } | undefined {
  const step = stepOf(before, id);
  if (step === undefined || step === 0n || step === 1n) return undefined;
  if (step > 1n) {
    const detail = `the server no longer had what we asked for: behind id ${before} it went on with ${id}`;
    return { reason: 'outdated', detail };
  }
  return { reason: 'reset', detail: `the server's ids began anew: behind ${before} came ${id}` };
}

/** An event by its id and content, short. */
function fingerprint({ type, data }: ServerSentEvent, id: string): string {
  return createHash('sha1')
    .update(`${id}\n${type}\n`)
    .update(data)
    .digest('base64url')
    .slice(0, PRINT_CHARACTERS);
}
