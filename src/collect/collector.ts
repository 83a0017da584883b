import type { Clock } from '../core/clock.ts';
import type { Files } from '../core/files.ts';
import type { Log } from '../core/log.ts';
import type { Scope } from '../core/scope.ts';
import type { StreamPosition, StreamSource } from '../core/source.ts';
import { type Committer, createCommitter } from './committer.ts';
import { freshStart, type Notice, type OnReset } from './gate.ts';
import { type CollectFigures, createGauges, type Gauges } from './gauges.ts';
import { createIntake, type Intake } from './intake.ts';
import { layoutOf } from './layout.ts';
import type { PartCut } from './period.ts';
import { recover } from './recover.ts';
import { type Room, waitingForRoom } from './room.ts';
import { createSpool } from './spool.ts';
import { meetServer } from './switch.ts';

/** How often the parts are looked at when nothing comes. */
const IDLE_TICK_MS = 1_000;
/** After this long without an event, parts whose time is over by the wall clock are closed too. */
const IDLE_CLOSE_MS = 300_000;

export interface CollectorOptions {
  readonly source: StreamSource;
  /** Absolute path of the folder to collect into. */
  readonly into: string;
  readonly part: PartCut;
  /** Where to begin when nothing was ever collected here. */
  readonly start: StreamPosition;
  readonly onReset: OnReset;
  readonly files: Files;
  /** How much room the disk has, and how much of it is left to others. */
  readonly room: Room;
  /** Bytes of messages that may wait on the disk while it does not keep up. */
  readonly spool: number;
  readonly boot: string;
}

export interface Collector {
  /** Collects until `drain`; commits what was taken before it ends. Rejects where the disk fails: the process has to end then. */
  run(scope: Scope): Promise<void>;
  figures(): CollectFigures;
}

/** Collects a stream into parts below a folder, each event exactly once. The folder must be locked by the caller. */
export function createCollector(options: CollectorOptions, clock: Clock): Collector {
  const gauges = createGauges(clock);
  let committer: Committer | undefined;
  return {
    async run(scope) {
      const full = (trouble: string | null): void => tellRoom(gauges, scope.log, trouble);
      const files = waitingForRoom(options.files, options.room, clock, scope.stop, full);
      const layout = layoutOf(options.into);
      const recovered = await recover(files, layout, options.boot);
      for (const mended of recovered.mended) scope.log.warn('recovered', { mended });
      gauges.closed(recovered.closed.length);
      const { part: cut, boot, onReset, source } = options;
      const switched = await meetServer(source, recovered.checkpoint, layout, freshStart(onReset));
      // What was collected before servers were noted is taken to be from this one.
      recovered.checkpoint.server ??= source.server?.name;
      const opened = await createCommitter({ files, layout, cut, clock, boot, recovered });
      committer = opened;
      const { spool: most, room } = options;
      const spool = createSpool({ files: options.files, path: layout.spool, most, room });
      await spool.discard();
      const { cursor, begin, latest, k } = recovered.checkpoint;
      const position = cursor ?? begin ?? options.start;
      scope.log.info('collecting', { into: options.into, position, lines: k });
      const notice = (heard: Notice): void => {
        gauges.hear(heard);
        logNotice(heard, scope.log);
      };
      const intake = createIntake({
        clock,
        position,
        marks: recovered.checkpoint.marks ?? {},
        latest,
        dense: source.numbers === 'dense',
        onReset,
        notice,
        spool,
        switched,
      });
      try {
        await runBoth(source, intake, (inner) => commitAll(intake, opened, gauges, inner), scope);
      } finally {
        await spool.close();
        await opened.release();
      }
    },
    figures: () => gauges.figures(committer),
  };
}

/** Commits batch after batch, and closes parts whose time is over, until the source has ended and everything is committed. */
async function commitAll(intake: Intake, committer: Committer, gauges: Gauges, scope: Scope): Promise<void> {
  const { clock, log } = scope;
  let closed = gauges.figures(committer).closed;
  let lastEvent = clock.monotonic();
  while (!scope.stop.aborted) {
    const { pending, repeated } = await intake.batch(IDLE_TICK_MS);
    if (pending.length > 0 || repeated > 0) {
      const before = committer.checkpoint();
      await committer.commit(pending, repeated);
      gauges.committed(before, committer.checkpoint());
      if (pending.length > 0) lastEvent = clock.monotonic();
      scope.ready();
    }
    for (const line of await committer.closeDue(clock.monotonic() - lastEvent >= IDLE_CLOSE_MS)) {
      closed += 1;
      gauges.closed(closed);
      log.info('closed part', { part: line.part, lines: line.lines, bytes: line.bytes, sha256: line.sha256 });
    }
    if (intake.ended() && pending.length === 0) return;
  }
}

/** Source and committer live together: when one fails the other is stopped, and the first failure is what is told. */
async function runBoth(
  source: StreamSource,
  intake: Intake,
  commit: (scope: Scope) => Promise<void>,
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
  const outcomes = await Promise.allSettled([guard(commit(inner)), receiving]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

function tellRoom(gauges: Gauges, log: Log, trouble: string | null): void {
  gauges.full(trouble);
  if (trouble === null) log.warn('the disk has room again: going on');
  else log.error(`cannot commit: ${trouble}; waiting for room`);
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
