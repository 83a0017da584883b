import type { Checkpoint } from './checkpoint.ts';
import { reachOf } from './continuity.ts';
import type { Gap } from './gaps.ts';
import type { OpenPart, PartBatch, Parts } from './parts.ts';
import type { Pending, PendingEvent } from './pending.ts';
import { MOST_OFF_MS, type StreamClock } from './stream-clock.ts';

/** A batch, sorted by where it goes, and what the checkpoint will say of it. */
export interface Placed {
  readonly parts: readonly PartBatch[];
  readonly raw: readonly Uint8Array[];
  readonly gaps: readonly Gap[];
  readonly checkpoint: Checkpoint;
  /** The time that counted for the last event; undefined where there was none. */
  readonly lastTime: number | undefined;
}

/** Decides for each line of a batch which part it goes to. Pure but for the parts and the clock that it moves on. */
export function placeBatch(
  batch: readonly Pending[],
  parts: Parts,
  streamClock: StreamClock,
  before: Checkpoint,
  now: number,
): Placed {
  const byPart = new Map<OpenPart, PartBatch>();
  const raw: Uint8Array[] = [];
  const gaps: Gap[] = [];
  const after = { ...before, counts: { ...before.counts, kinds: { ...before.counts.kinds } } };
  let marks: Record<string, string> = { ...before.marks };
  let lastTime: number | undefined;

  const placeEvent = ({ event, received, jumped }: PendingEvent): void => {
    after.counts.frames += 1;
    after.counts.jumps += jumped;
    after.counts.kinds[event.kind] = (after.counts.kinds[event.kind] ?? 0) + 1;
    after.latest = Math.max(after.latest, reachOf({ event, received }));
    const { time, corrected } = streamClock.place(event.time, received);
    if (corrected) after.counts.corrected += 1;
    lastTime = time;
    if (event.seq > 0) after.cursor = event.seq;
    if (event.mark !== undefined) marks[event.mark[0]] = event.mark[1];
    if (event.lines === 0) return;
    const part = parts.at({ time, clock: streamClock.read(), epoch: after.epoch, k: after.k });
    const target = byPart.get(part) ?? emptyBatch(part, event.seq, after.k, time);
    byPart.set(part, target);
    target.stretches.push(event);
    after.k += event.lines;
    grow(target, event.seq, event.lines, after.k - 1, time);
  };

  streamClock.lookAhead(timesOf(batch));
  for (const [index, item] of batch.entries()) {
    if (isLeap(item, before.time, after.counts.frames === before.counts.frames)) {
      streamClock.restart();
      streamClock.lookAhead(timesOf(batch.slice(index)));
    }
    if ('event' in item) {
      placeEvent(item);
    } else if ('raw' in item) {
      after.counts.frames += 1;
      after.counts.quarantined += 1;
      raw.push(item.raw);
    } else if ('gap' in item) {
      gaps.push({ v: 1, epoch: after.epoch, ...item.gap, at: now });
    } else {
      after.epoch += 1;
      after.cursor = null;
      after.begin = item.epoch;
      if (item.by !== undefined) {
        after.server = item.by.server;
        after.overlap = item.by.until;
      }
      marks = {};
    }
  }
  if (before.marks !== undefined || Object.keys(marks).length > 0) after.marks = marks;
  return { parts: [...byPart.values()], raw, gaps, checkpoint: after, lastTime };
}

function timesOf(items: readonly Pending[]): number[] {
  return items.flatMap((item) => ('event' in item ? [item.event.time] : []));
}

/** Where the stream goes on somewhere else in time: behind a stretch that is missing, or after a long silence. */
function isLeap(item: Pending, committedAt: number, firstEvent: boolean): boolean {
  if ('gap' in item) return item.gap.reason !== 'jump';
  return 'event' in item && firstEvent && committedAt > 0 && item.received - committedAt > MOST_OFF_MS;
}

function emptyBatch(part: OpenPart, seq: number, k: number, time: number): PartBatch {
  return {
    part,
    stretches: [],
    lines: 0,
    firstSeq: seq,
    lastSeq: seq,
    firstK: k,
    lastK: k,
    from: time,
    to: time,
  };
}

function grow(batch: PartBatch, seq: number, lines: number, lastK: number, time: number): void {
  batch.lines += lines;
  batch.lastSeq = seq;
  batch.lastK = lastK;
  if (time < batch.from) batch.from = time;
  if (time > batch.to) batch.to = time;
}

/** The quarantine's budget, bytes: over it frames are still counted and told, but not kept. */
const QUARANTINE_BYTES = 67_108_864;

/** Frames that could not be read as the quarantine keeps them: `[u32 little-endian length][frame]…`. */
export function framesFile(frames: readonly Uint8Array[], kept: number): Buffer {
  if (frames.length === 0 || kept >= QUARANTINE_BYTES) return Buffer.alloc(0);
  return Buffer.concat(
    frames.flatMap((frame) => {
      const size = Buffer.alloc(4);
      size.writeUInt32LE(frame.length);
      return [size, frame];
    }),
  );
}
