import type { Clock } from '../core/clock.ts';
import type { Files } from '../core/files.ts';
import type { Log } from '../core/log.ts';
import type { Scope } from '../core/scope.ts';
import type { StreamPosition, StreamSource } from '../core/source.ts';
import { type CollectCounts, emptyCounts } from './checkpoint.ts';
import { type Committer, createCommitter } from './committer.ts';
import type { Notice, OnReset } from './gate.ts';
import { createIntake, type Intake } from './intake.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { PartLength } from './period.ts';
import { createRateMeter } from './rate-meter.ts';
import { recover } from './recover.ts';

/** How often the parts are looked at when nothing comes. */
const IDLE_TICK_MS = 1_000;
/** After this long without an event, parts whose time is over by the wall clock are closed too. */
const IDLE_CLOSE_MS = 300_000;

export interface CollectorOptions {
  readonly source: StreamSource;
  /** Absolute path of the folder to collect into. */
  readonly into: string;
  readonly part: PartLength;
  /** Where to begin when nothing was ever collected here. */
  readonly start: StreamPosition;
  readonly onReset: OnReset;
  readonly files: Files;
  readonly boot: string;
}

/** A collector's figures, as its socket gives them. Times are milliseconds; null where there is none yet. */
export interface CollectFigures {
  readonly connection: 'connecting' | 'connected' | 'waiting';
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
  readonly open: readonly { readonly part: string; readonly lines: number; readonly bytes: number }[];
  readonly closed: number;
}

export interface Collector {
  /** Collects until `drain`; commits what was taken before it ends. Rejects where the disk fails: the process has to end then. */
  run(scope: Scope): Promise<void>;
  figures(): CollectFigures;
}

/** Collects a stream into parts below a folder, each event exactly once. The folder must be locked by the caller. */
export function createCollector(options: CollectorOptions, clock: Clock): Collector {
  const layout = layoutOf(options.into);
  const frameRate = createRateMeter(clock);
  const lineRate = createRateMeter(clock);
  const connection = {
    state: 'connecting' as CollectFigures['connection'],
    since: clock.now(),
    trouble: null as string | null,
    reconnects: 0,
  };
  let committer: Committer | undefined;
  let closed = 0;

  const notice = (message: Notice, log: Log): void => {
    noteConnection(connection, message, clock);
    logNotice(message, log);
  };

  const commitAll = async (intake: Intake, parts: Committer, scope: Scope): Promise<void> => {
    let lastEvent = clock.monotonic();
    while (!scope.stop.aborted) {
      const { pending, repeated } = await intake.batch(IDLE_TICK_MS);
      if (pending.length > 0 || repeated > 0) {
        const before = parts.checkpoint();
        await parts.commit(pending, repeated);
        const after = parts.checkpoint();
        frameRate.add(after.counts.frames - before.counts.frames);
        lineRate.add(after.k - before.k);
        if (pending.length > 0) lastEvent = clock.monotonic();
        scope.ready();
      }
      for (const line of await parts.closeDue(clock.monotonic() - lastEvent >= IDLE_CLOSE_MS)) {
        closed += 1;
        scope.log.info('closed part', {
          part: line.part,
          lines: line.lines,
          bytes: line.bytes,
          sha256: line.sha256,
        });
      }
      if (intake.ended() && pending.length === 0) return;
    }
  };

  return {
    async run(scope) {
      const recovered = await recover(options.files, layout, options.boot);
      for (const mended of recovered.mended) scope.log.warn('recovered', { mended });
      closed = recovered.closed.length;
      committer = await openCommitter(options, layout, recovered, clock);
      const { cursor, begin, latest, k } = recovered.checkpoint;
      const position = cursor ?? begin ?? options.start;
      scope.log.info('collecting', { into: options.into, position, lines: k });
      const { onReset } = options;
      const intake = createIntake({
        clock,
        position,
        latest,
        onReset,
        notice: (message) => notice(message, scope.log),
      });
      const parts = committer;
      try {
        await runBoth(options.source, intake, (inner) => commitAll(intake, parts, inner), scope);
      } finally {
        await parts.release();
      }
    },
    figures: () =>
      figuresOf(connection, committer, clock, frameRate.perSecond(), lineRate.perSecond(), closed),
  };
}

function openCommitter(
  options: CollectorOptions,
  layout: Layout,
  recovered: Awaited<ReturnType<typeof recover>>,
  clock: Clock,
): Promise<Committer> {
  return createCommitter({
    files: options.files,
    layout,
    length: options.part,
    clock,
    boot: options.boot,
    recovered,
  });
}

/** Source and committer live together: when one fails the other is stopped, and the first failure is what is told. */
async function runBoth(
  source: StreamSource,
  intake: Intake,
  commitAll: (scope: Scope) => Promise<void>,
  scope: Scope,
): Promise<void> {
  const failed = new AbortController();
  const inner: Scope = {
    ...scope,
    drain: AbortSignal.any([scope.drain, failed.signal]),
    stop: AbortSignal.any([scope.stop, failed.signal]),
  };
  const guard = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      failed.abort();
      throw error;
    }
  };
  const receiving = guard(source.run(inner, intake)).finally(() => intake.end());
  const outcomes = await Promise.allSettled([guard(commitAll(inner)), receiving]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

type Connection = {
  state: CollectFigures['connection'];
  since: number;
  trouble: string | null;
  reconnects: number;
};

function noteConnection(connection: Connection, message: Notice, clock: Clock): void {
  if (message.kind === 'connected') {
    connection.state = 'connected';
    connection.trouble = null;
  } else if (message.kind === 'disconnected') {
    connection.state = 'waiting';
    connection.trouble = message.reason;
    connection.reconnects += 1;
  } else {
    return;
  }
  connection.since = clock.now();
}

function logNotice(message: Notice, log: Log): void {
  switch (message.kind) {
    case 'connected':
      return log.info('connected', { cursor: message.cursor });
    case 'disconnected':
      return log.warn('disconnected', { reason: message.reason, retryMs: Math.round(message.retryMs) });
    case 'gap':
      // Marked, so that it stands in the time line as what it is.
      return log.error(`events are missing: ${message.detail}`, { vahti: 'gap', reason: message.reason });
    case 'reset':
      return log.error(`a new epoch: ${message.detail}`);
    case 'info':
      return log.warn('the stream says', { name: message.name, text: message.message });
    case 'bad':
      return log.error('cannot read a frame: it is in quarantine', {
        reason: message.reason,
        bytes: message.raw.length,
      });
  }
}

function figuresOf(
  connection: Connection,
  committer: Committer | undefined,
  clock: Clock,
  frameRate: number,
  lineRate: number,
  closed: number,
): CollectFigures {
  const checkpoint = committer?.checkpoint();
  const lastTime = committer?.lastTime() ?? Number.NaN;
  return {
    connection: connection.state,
    since: connection.since,
    trouble: connection.trouble,
    reconnects: connection.reconnects,
    cursor: checkpoint?.cursor ?? null,
    epoch: checkpoint?.epoch ?? 1,
    committed: checkpoint !== undefined && checkpoint.time > 0 ? checkpoint.time : null,
    lag: Number.isNaN(lastTime) ? null : Math.max(0, clock.now() - lastTime),
    frameRate,
    lineRate,
    lines: checkpoint?.k ?? 0,
    counts: checkpoint?.counts ?? emptyCounts(),
    open: (committer?.openParts() ?? []).map((part) => ({
      part: part.name,
      lines: part.state.lines,
      bytes: part.state.len,
    })),
    closed,
  };
}
