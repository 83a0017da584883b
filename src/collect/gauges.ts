import type { Clock } from '../core/clock.ts';
import { type Checkpoint, type CollectCounts, emptyCounts } from './checkpoint.ts';
import type { Committer } from './committer.ts';
import type { Notice } from './gate.ts';
import { createRateMeter } from './rate-meter.ts';

/** A collector's figures, as its socket gives them. Times are milliseconds; null where there is none yet. */
export interface CollectFigures {
  /** `full`: the disk has no room, and the collector waits for some. */
  readonly connection: 'connecting' | 'connected' | 'waiting' | 'full';
  readonly since: number;
  readonly trouble: string | null;
  readonly reconnects: number;
  readonly cursor: number | null;
  readonly epoch: number;
  readonly committed: number | null;
  /** Now minus the time of the last event that was committed in this life. */
  readonly lag: number | null;
  /** Frames and lines a second, over ten seconds. */
  readonly frameRate: number;
  readonly lineRate: number;
  readonly lines: number;
  readonly counts: CollectCounts;
  /** Gaps found in this life. */
  readonly gaps: number;
  readonly open: readonly { readonly part: string; readonly lines: number; readonly bytes: number }[];
  readonly closed: number;
}

/** What is measured while a collector runs. */
export interface Gauges {
  hear(notice: Notice): void;
  /** The disk is full, and for what, or has room again. */
  full(trouble: string | null): void;
  committed(before: Checkpoint, after: Checkpoint): void;
  /** So many parts are closed by now. */
  closed(count: number): void;
  figures(committer: Committer | undefined): CollectFigures;
}

export function createGauges(clock: Clock): Gauges {
  const frameRate = createRateMeter(clock);
  const lineRate = createRateMeter(clock);
  let state: 'connecting' | 'connected' | 'waiting' = 'connecting';
  let since = clock.now();
  let trouble: string | null = null;
  let fullOf: string | null = null;
  let reconnects = 0;
  let gaps = 0;
  let closed = 0;

  const turn = (to: typeof state, why: string | null): void => {
    state = to;
    trouble = why;
    since = clock.now();
  };

  return {
    hear(notice) {
      if (notice.kind === 'connected') turn('connected', null);
      else if (notice.kind === 'disconnected') turn('waiting', notice.reason);
      reconnects += notice.kind === 'disconnected' ? 1 : 0;
      gaps += notice.kind === 'gap' ? 1 : 0;
    },
    full(why) {
      fullOf = why;
    },
    committed(before, after) {
      frameRate.add(after.counts.frames - before.counts.frames);
      lineRate.add(after.k - before.k);
    },
    closed(count) {
      closed = count;
    },
    figures: (committer) => ({
      connection: fullOf === null ? state : 'full',
      since,
      trouble: fullOf ?? trouble,
      reconnects,
      gaps,
      closed,
      frameRate: frameRate.perSecond(),
      lineRate: lineRate.perSecond(),
      ...committedFigures(committer, clock.now()),
    }),
  };
}

function committedFigures(committer: Committer | undefined, now: number) {
  const checkpoint = committer?.checkpoint();
  const lastTime = committer?.lastTime() ?? Number.NaN;
  const open = committer?.openParts() ?? [];
  return {
    cursor: checkpoint?.cursor ?? null,
    epoch: checkpoint?.epoch ?? 1,
    committed: checkpoint !== undefined && checkpoint.time > 0 ? checkpoint.time : null,
    lag: Number.isNaN(lastTime) ? null : Math.max(0, now - lastTime),
    lines: checkpoint?.k ?? 0,
    counts: checkpoint?.counts ?? emptyCounts(),
    open: open.map((part) => ({ part: part.name, lines: part.state.lines, bytes: part.state.len })),
  };
}
