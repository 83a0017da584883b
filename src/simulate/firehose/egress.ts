import type { Random } from '../../wire/atproto/random.ts';
import { insertedMessage, rewriteFrame } from './fault-frames.ts';
import type { FrameFault, PassingFault, StreamTime } from './faults.ts';

/** What faults make of the frames of one connection. */
export interface Egress {
  /**
   * What happens before the next frame; empty: nothing (more).
   * @param upcoming the next frame's number, undefined where there is none yet.
   */
  acts(upcoming: number | undefined): readonly Act[];
  /** The frame as it goes out; undefined: it is swallowed. */
  shape(outgoing: Outgoing): Uint8Array | undefined;
}

export type Act =
  | { readonly kind: 'send'; readonly data: Uint8Array | string }
  | { readonly kind: 'repeat'; readonly frames: number }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  | { readonly kind: 'error'; readonly error: string; readonly message: string | undefined }
  | { readonly kind: 'cut' }
  | { readonly kind: 'mute'; readonly deaf: boolean };

export interface Outgoing {
  /** Its place in the history, which no other frame ever has. */
  readonly position: number;
  readonly seq: number;
  readonly frame: Uint8Array;
}

/** The faults of the stream, shared by all connections. */
export interface StreamState {
  readonly passing: readonly Entry<PassingFault>[];
  readonly frames: readonly FrameEntry[];
  /** Frames sent, over all connections. */
  sent: number;
  readonly seed: number;
  readonly random: Random;
}

interface Entry<F> {
  readonly fault: F;
  /** On how many connections more it happens. */
  left: number;
}

interface FrameEntry extends Entry<FrameFault> {
  /** The places where it has happened: it is there at every replay. */
  readonly hit: Set<number>;
  /** The last of them. */
  last: number;
  /** The first place of a fault without end. */
  from: number | undefined;
}

/** A fault on this connection. */
interface Local<E> {
  readonly entry: E;
  /** Whether its time has come here. */
  due: boolean;
  /** Whether it has happened here: it counts once a connection. */
  counted: boolean;
}

/** @param connection which one it is, from 1. @param previous the number before the first frame that it will send. */
export function createEgress(stream: StreamState, connection: number, previous: number): Egress {
  const passing = stream.passing.map(toLocal);
  const frames = stream.frames.map(toLocal);
  let sent = 0;
  let last = previous;

  const isTime = (when: StreamTime | undefined, upcoming: number | undefined): boolean => {
    const { connection: k = 1, afterAllFrames = 0, afterFrames = 0, seq } = when ?? {};
    if (connection < k || stream.sent < afterAllFrames || sent < afterFrames) return false;
    return seq === undefined || (upcoming !== undefined && last < seq && upcoming >= seq);
  };

  return {
    acts(upcoming) {
      // A repeat, or a reset, goes back: that place is passed anew.
      if (upcoming !== undefined && upcoming <= last) last = upcoming - 1;
      for (const local of frames) local.due ||= isTime(local.entry.fault.when, upcoming);
      const acts: Act[] = [];
      for (const local of passing) {
        const { entry, counted } = local;
        if (counted || entry.left === 0 || !isTime(entry.fault.when, upcoming)) continue;
        count(local);
        acts.push(actOf(entry.fault, stream.random));
      }
      return acts;
    },
    shape({ position, seq, frame }) {
      last = seq;
      let shaped: Uint8Array | undefined = frame;
      for (const local of frames) shaped &&= applyTo(local, position, shaped, stream.seed);
      if (shaped === undefined) return undefined;
      sent++;
      stream.sent++;
      return shaped;
    },
  };
}

function toLocal<E>(entry: E): Local<E> {
  return { entry, due: false, counted: false };
}

function count(local: Local<Entry<unknown>>): void {
  if (local.counted) return;
  local.counted = true;
  local.entry.left--;
}

function actOf(fault: PassingFault, random: Random): Act {
  switch (fault.kind) {
    case 'close':
      return { kind: 'close', code: fault.code, reason: fault.reason ?? '' };
    case 'cut':
      return { kind: 'cut' };
    case 'half-open':
      return { kind: 'mute', deaf: !fault.pongs };
    case 'error':
      return { kind: 'error', error: fault.error, message: fault.message };
    case 'duplicate':
      return { kind: 'repeat', frames: fault.frames };
    default:
      return { kind: 'send', data: insertedMessage(fault, random) };
  }
}

/** The frame with a fault in it where it had it before, or where the fault finds its place now; undefined: swallowed. */
function applyTo(
  local: Local<FrameEntry>,
  position: number,
  frame: Uint8Array,
  seed: number,
): Uint8Array | undefined {
  const { entry } = local;
  const { fault } = entry;
  if (entry.left === 0 && !local.counted) return frame;
  const limit = fault.count ?? (fault.kind === 'clock' ? Number.POSITIVE_INFINITY : 1);
  if (!isPlace(local, position, limit)) return frame;
  const rewritten = fault.kind === 'swallow' ? undefined : rewriteFrame(fault, frame, seed);
  if (rewritten === undefined && fault.kind !== 'swallow') return frame;
  count(local);
  if (limit === Number.POSITIVE_INFINITY) entry.from ??= position;
  else entry.hit.add(position);
  entry.last = Math.max(entry.last, position);
  return rewritten;
}

function isPlace({ entry, due }: Local<FrameEntry>, position: number, limit: number): boolean {
  const { from, hit, last } = entry;
  if (from !== undefined) return position >= from;
  if (hit.has(position)) return true;
  if (hit.size >= limit) return false;
  // What has begun goes on behind its last place; the frames before it stay as they were seen.
  return hit.size === 0 ? due : position > last;
}
