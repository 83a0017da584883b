import type { Clock } from '../core/clock.ts';
import type { StreamPosition, StreamSink } from '../core/source.ts';
import { createGate, type Notice, type OnReset } from './gate.ts';
import type { Pending } from './pending.ts';

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
  /** The last committed sequence number, or where to begin. */
  readonly position: StreamPosition;
  /** The marks that were committed. */
  readonly marks?: Readonly<Record<string, string>>;
  /** The furthest reach of what was committed, milliseconds; see `reachOf`. */
  readonly latest: number;
  /** Whether a number that is left out is a sign of a loss; see StreamSource. */
  readonly dense: boolean;
  /** What to do when the stream's numbers begin anew. */
  readonly onReset: OnReset;
  /** Told of everything that is not an event. */
  readonly notice: (message: Notice) => void;
}

export function createIntake(options: IntakeOptions): Intake {
  const { clock } = options;
  const queue = createQueue(clock);
  const gate = createGate(options, (item, lines, bytes) => {
    // Whoever waits looks again when the batch begins, to learn until when, and when it is full.
    if (queue.push(item, lines, bytes)) wake();
  });
  let over = false;
  let wake = (): void => {};
  let room: (() => void)[] = [];

  const ended = (): boolean => over;

  const until = (moment: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = clock.timer(moment - clock.monotonic(), resolve);
      wake = () => {
        timer.cancel();
        resolve();
      };
    });

  return {
    take(message) {
      gate.pass(message);
      return !queue.isFull();
    },
    drained: () => (queue.isFull() ? new Promise((resolve) => room.push(resolve)) : Promise.resolve()),
    position: gate.position,
    marks: gate.marks,
    async batch(idleMs) {
      const giveUpAt = clock.monotonic() + idleMs;
      while (!ended() && !queue.isDue() && clock.monotonic() < giveUpAt)
        await until(Math.min(giveUpAt, queue.dueAt()));
      wake = () => {};
      const batch = { pending: queue.swap(), repeated: gate.takeRepeated() };
      for (const go of room) go();
      room = [];
      return batch;
    },
    end() {
      over = true;
      wake();
    },
    ended,
  };
}

/** What waits, and when it is due. */
function createQueue(clock: Clock) {
  let pending: Pending[] = [];
  let lines = 0;
  let bytes = 0;
  let due = Number.POSITIVE_INFINITY;
  const isLarge = (): boolean => lines >= COMMIT_LINES || bytes >= COMMIT_BYTES;
  return {
    /** Answers whether that changed when the batch is due. */
    push(item: Pending, itemLines: number, itemBytes: number): boolean {
      const first = pending.length === 0;
      pending.push(item);
      lines += itemLines;
      bytes += itemBytes;
      if (first) due = clock.monotonic() + COMMIT_AFTER_MS;
      return first || isLarge();
    },
    isDue: () => isLarge() || clock.monotonic() >= due,
    dueAt: () => due,
    isFull: () => pending.length >= FULL_MESSAGES || bytes >= FULL_BYTES,
    swap(): readonly Pending[] {
      const all = pending;
      pending = [];
      lines = 0;
      bytes = 0;
      due = Number.POSITIVE_INFINITY;
      return all;
    },
  };
}
