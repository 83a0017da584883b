import type { Clock } from '../core/clock.ts';
import type { Files } from '../core/files.ts';
import { createAppendFile } from './append-file.ts';
import { type Checkpoint, type CheckpointLog, openCheckpointLog } from './checkpoint.ts';
import { gapLine } from './gaps.ts';
import type { Layout } from './layout.ts';
import type { ManifestLine } from '../core/parts-manifest.ts';
import { openManifestLog } from './manifest.ts';
import { createParts, type OpenPart } from './parts.ts';
import type { Pending } from './pending.ts';
import type { PartCut } from './period.ts';
import { framesFile, placeBatch } from './placing.ts';
import type { Recovered } from './recover.ts';
import { createStreamClock } from './stream-clock.ts';

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
  readonly cut: PartCut;
  readonly clock: Clock;
  readonly boot: string;
  readonly recovered: Recovered;
}

export async function createCommitter(options: CommitterOptions): Promise<Committer> {
  const { files, layout, clock, recovered } = options;
  const log = await openCheckpointLog(files, layout, recovered.checkpointBytes);
  const manifest = await openManifestLog(files, layout, recovered.manifestBytes);
  const parts = createParts({
    files,
    layout,
    cut: options.cut,
    manifest,
    open: recovered.open,
    closed: recovered.closed,
  });
  const streamClock = createStreamClock(recovered.checkpoint.clock);
  const quarantine = createAppendFile(files, layout.quarantine, layout.own, recovered.checkpoint.quarantine);
  const gaps = createAppendFile(files, layout.gaps, layout.own, recovered.checkpoint.gaps);
  let current = recovered.checkpoint;
  let lastTime = Number.NaN;

  return {
    async commit(batch, repeated) {
      const placed = placeBatch(batch, parts, streamClock, current, clock.now());
      for (const part of placed.parts) await parts.write(part);
      await quarantine.append(framesFile(placed.raw, quarantine.length()));
      await gaps.append(Buffer.concat(placed.gaps.map(gapLine)));
      current = await writeCheckpoint(log, {
        ...placed.checkpoint,
        time: clock.now(),
        boot: options.boot,
        clock: streamClock.state(),
        files: Object.fromEntries(parts.open().map((part) => [part.name, part.state])),
        quarantine: quarantine.length(),
        gaps: gaps.length(),
        counts: { ...placed.checkpoint.counts, repeated: placed.checkpoint.counts.repeated + repeated },
      });
      lastTime = placed.lastTime ?? lastTime;
    },
    async closeDue(idle) {
      const watermark = idle ? clock.now() : streamClock.read();
      const lines: ManifestLine[] = [];
      for (const part of parts.due(watermark)) lines.push(await parts.close(part, clock.now()));
      return lines;
    },
    checkpoint: () => current,
    openParts: () => parts.open(),
    lastTime: () => lastTime,
    async release() {
      await parts.release();
      await quarantine.close();
      await gaps.close();
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
