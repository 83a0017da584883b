import type { Clock } from '../core/clock.ts';
import type { SourceMessage, StreamSink } from '../core/source.ts';
import type { Pending } from './committer.ts';

/** A commit happens at the first of these (measured: larger batches gain little, smaller ones cost fsyncs). */
const COMMIT_LINES = 1_000;
const COMMIT_BYTES = 1_048_576;
const COMMIT_AFTER_MS = 200;

/** Over one of these the source is asked to pause, so that memory stays flat when the disk is slower than the stream. */
const FULL_MESSAGES = 4_000;
const FULL_BYTES = 33_554_432;

export interface Batch {
  readonly pending: readonly Pending[];
  /** Events dropped since the last batch because they were taken before. */
  readonly repeated: number;
}

/** The bounded queue between a source, which hands over as it receives, and the committer, which takes batches. */
export interface Intake extends StreamSink {
  /** Resolves when a commit is due, at the latest after `idleMs`; the batch may be empty. */
  batch(idleMs: number): Promise<Batch>;
  /** No more will come: whatever waits is due now. */
  end(): void;
  ended(): boolean;
}

export interface IntakeOptions {
  readonly clock: Clock;
  /** The last committed sequence number. */
  readonly cursor: number | undefined;
  /** Told of everything that is not an event. */
  readonly notice: (message: Exclude<SourceMessage, { kind: 'event' }>) => void;
}

export function createIntake(options: IntakeOptions): Intake {
  const { clock } = options;
  let pending: Pending[] = [];
  let lines = 0;
  let bytes = 0;
  let repeated = 0;
  let position = options.cursor;
  let dueAt: number | undefined;
  let over = false;
  let wake = (): void => {};
  let room: (() => void)[] = [];

  const due = (): boolean =>
    over || lines >= COMMIT_LINES || bytes >= COMMIT_BYTES || (dueAt !== undefined && clock.monotonic() >= dueAt);

  const add = (item: Pending, itemLines: number, itemBytes: number): boolean => {
    pending.push(item);
    lines += itemLines;
    bytes += itemBytes;
    if (dueAt === undefined) {
      dueAt = clock.monotonic() + COMMIT_AFTER_MS;
      wake();
    } else if (lines >= COMMIT_LINES || bytes >= COMMIT_BYTES) {
      wake();
    }
    return pending.length < FULL_MESSAGES && bytes < FULL_BYTES;
  };

  const swap = (): Batch => {
    const batch = { pending, repeated };
    pending = [];
    lines = bytes = repeated = 0;
    dueAt = undefined;
    for (const go of room) go();
    room = [];
    return batch;
  };

  return {
    take(message) {
      if (message.kind === 'event') {
        const { event } = message;
        if (event.seq > 0 && position !== undefined && event.seq <= position) {
          repeated += 1;
          return true;
        }
        if (event.seq > 0) position = event.seq;
        return add({ event, received: clock.now() }, event.lines.length, message.bytes);
      }
      options.notice(message);
      if (message.kind !== 'bad') return true;
      return add({ raw: message.raw, received: clock.now() }, 0, message.raw.length);
    },
    drained: () => (pending.length < FULL_MESSAGES && bytes < FULL_BYTES ? Promise.resolve() : new Promise((resolve) => room.push(resolve))),
    position: () => position,
    async batch(idleMs) {
      const giveUpAt = clock.monotonic() + idleMs;
      while (!due() && clock.monotonic() < giveUpAt) {
        const until = Math.min(giveUpAt, dueAt ?? giveUpAt);
        await new Promise<void>((resolve) => {
          const timer = clock.timer(until - clock.monotonic(), resolve);
          wake = () => {
            timer.cancel();
            resolve();
          };
        });
        wake = () => {};
      }
      return swap();
    },
    end() {
      over = true;
      wake();
    },
    ended: () => over,
  };
}
