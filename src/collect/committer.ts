import type { Clock } from '../core/clock.ts';
import type { Files } from '../core/files.ts';
import type { StreamEvent } from '../core/source.ts';
import { type Checkpoint, type CheckpointLog, openCheckpointLog, openOrCreate } from './checkpoint.ts';
import type { Layout } from './layout.ts';
import { type ManifestLine, openManifestLog } from './manifest.ts';
import { createParts, type OpenPart, type PartBatch, type Parts } from './parts.ts';
import type { PartLength } from './period.ts';
import type { Recovered } from './recover.ts';
import { createStreamClock, type StreamClock } from './stream-clock.ts';

/** A taken message that waits for its commit. `raw` is a frame that could not be read. */
export type Pending =
  | { readonly event: StreamEvent; readonly received: number; readonly raw?: undefined }
  | { readonly raw: Uint8Array; readonly received: number; readonly event?: undefined };

/**
 * Makes batches of events durable, one after another; calls to `commit` must not overlap.
 *
 * The order of a commit is what promise 1 and 2 rest on: lines into every open part → fdatasync of each →
 * one line into the checkpoint log → fdatasync. Only then is anything "taken". Whatever kills the process
 * in between, the next start cuts the parts to the last checkpoint and asks the stream for the rest again.
 * A rejection leaves the state unknown: the process has to end.
 */
export interface Committer {
  commit(batch: readonly Pending[], repeated: number): Promise<void>;
  /** Closes every part whose time has passed by the stream's clock, or, at `idle`, by the wall clock. */
  closeDue(idle: boolean): Promise<readonly ManifestLine[]>;
  checkpoint(): Checkpoint;
  openParts(): readonly OpenPart[];
  /** The time that counted for the last event committed in this life, milliseconds; NaN before. */
  lastTime(): number;
  release(): Promise<void>;
}

export interface CommitterOptions {
  readonly files: Files;
  readonly layout: Layout;
  readonly length: PartLength;
  readonly clock: Clock;
  readonly boot: string;
  readonly recovered: Recovered;
}

export async function createCommitter(options: CommitterOptions): Promise<Committer> {
  const { files, layout, clock, recovered } = options;
  const log = await openCheckpointLog(files, layout, recovered.checkpointBytes);
  const manifest = await openManifestLog(files, layout, recovered.manifestBytes);
  const parts = createParts({ files, layout, length: options.length, manifest, open: recovered.open, closed: recovered.closed });
  const streamClock = createStreamClock(recovered.checkpoint.clock);
  const quarantine = createQuarantine(files, layout, recovered.checkpoint.quarantine);
  let current = recovered.checkpoint;
  let lastTime = Number.NaN;

  return {
    async commit(batch, repeated) {
      const placed = placeBatch(batch, parts, streamClock, current);
      for (const part of placed.parts) await parts.write(part);
      await quarantine.append(placed.raw);
      current = await writeCheckpoint(log, {
        ...current,
        cursor: placed.cursor,
        k: placed.k,
        time: clock.now(),
        boot: options.boot,
        clock: streamClock.state(),
        files: Object.fromEntries(parts.open().map((part) => [part.name, part.state])),
        quarantine: quarantine.length(),
        counts: { ...placed.counts, repeated: placed.counts.repeated + repeated },
      });
      lastTime = placed.lastTime ?? lastTime;
    },
    async closeDue(idle) {
      const watermark = idle ? clock.now() : streamClock.read();
      const lines: ManifestLine[] = [];
      for (const part of parts.open()) {
        if (part.state.close <= watermark) lines.push(await parts.close(part, current.epoch, clock.now()));
      }
      return lines;
    },
    checkpoint: () => current,
    openParts: () => parts.open(),
    lastTime: () => lastTime,
    async release() {
      await parts.release();
      await quarantine.close();
      await manifest.close();
      await log.close();
    },
  };
}

async function writeCheckpoint(log: CheckpointLog, checkpoint: Checkpoint): Promise<Checkpoint> {
  const { crc: _, ...unsealed } = checkpoint;
  await log.append(unsealed);
  return unsealed;
}

interface Placed {
  readonly parts: readonly PartBatch[];
  readonly raw: readonly Uint8Array[];
  readonly cursor: number | null;
  readonly k: number;
  readonly counts: Checkpoint['counts'];
  readonly lastTime: number | undefined;
}

/** Decides for each line of a batch which part it goes to. Pure but for the parts and the clock that it moves on. */
function placeBatch(batch: readonly Pending[], parts: Parts, streamClock: StreamClock, before: Checkpoint): Placed {
  const byPart = new Map<OpenPart, PartBatch>();
  const raw: Uint8Array[] = [];
  const counts = { ...before.counts, kinds: { ...before.counts.kinds } };
  let { cursor, k } = before;
  let lastTime: number | undefined;
  streamClock.lookAhead(batch.flatMap((pending) => (pending.event === undefined ? [] : [pending.event.time])));
  for (const { event, raw: bad, received } of batch) {
    counts.frames += 1;
    if (event === undefined) {
      counts.quarantined += 1;
      raw.push(bad);
      continue;
    }
    counts.kinds[event.kind] = (counts.kinds[event.kind] ?? 0) + 1;
    const { time, corrected } = streamClock.place(event.time, received);
    if (corrected) counts.corrected += 1;
    lastTime = time;
    if (event.seq > 0) cursor = event.seq;
    if (event.lines.length === 0) continue;
    const part = parts.at(time, streamClock.read());
    let target = byPart.get(part);
    if (target === undefined) {
      target = { part, pieces: [], lines: 0, firstSeq: event.seq, lastSeq: 0, firstK: k, lastK: 0, from: time, to: time };
      byPart.set(part, target);
    }
    addLines(target, event, receivedText(received), time);
    k += event.lines.length;
    target.lastK = k - 1;
  }
  return { parts: [...byPart.values()], raw, cursor, k, counts, lastTime };
}

function addLines(target: PartBatch, event: StreamEvent, received: string, time: number): void {
  for (const line of event.lines) target.pieces.push(line.head, received, line.tail);
  target.lines += event.lines.length;
  target.lastSeq = event.seq;
  if (time < target.from) target.from = time;
  if (time > target.to) target.to = time;
}

let lastReceived = -1;
let lastText = '';

/** ISO text of a time in milliseconds; many events arrive in the same one. */
function receivedText(received: number): string {
  if (received !== lastReceived) {
    lastReceived = received;
    lastText = new Date(received).toISOString();
  }
  return lastText;
}

/** The quarantine's budget, bytes: over it frames are still counted and told, but not kept. */
const QUARANTINE_BYTES = 67_108_864;

/** Frames that could not be read, kept byte for byte as `[u32 little-endian length][frame]…`. */
function createQuarantine(files: Files, layout: Layout, committed: number) {
  let fd: number | undefined;
  let length = committed;
  return {
    async append(frames: readonly Uint8Array[]): Promise<void> {
      if (frames.length === 0 || length >= QUARANTINE_BYTES) return;
      fd ??= await openOrCreate(files, layout.quarantine, layout.own);
      const data = Buffer.concat(
        frames.flatMap((frame) => {
          const size = Buffer.alloc(4);
          size.writeUInt32LE(frame.length);
          return [size, frame];
        }),
      );
      await files.write(fd, data, length);
      await files.datasync(fd);
      length += data.length;
    },
    length: () => length,
    async close(): Promise<void> {
      if (fd !== undefined) await files.close(fd);
    },
  };
}
