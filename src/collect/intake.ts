import type { Clock } from '../core/clock.ts';
import type { Spool, StreamPosition, StreamSink } from '../core/source.ts';
import { createGate, type Notice, type OnReset } from './gate.ts';
import { createLineBytes, type LineBytes } from './line-bytes.ts';
import type { Switch } from './switch.ts';
import type { Passed, PassedEvent, Pending, PendingEvent, TakenEvent } from './pending.ts';

/** A commit happens at the first of these (measured: larger batches gain little, smaller ones cost fsyncs). */
const COMMIT_LINES = 1_000;
const COMMIT_BYTES = 1_048_576;
const COMMIT_AFTER_MS = 200;

/** Over one of these the source is asked to pause, so that memory stays flat when the disk is slower than the stream. */
const FULL_MESSAGES = 2_000;
const FULL_BYTES = 4_194_304;

/** What is taken together. The bytes in it are good until the next batch is asked for. */
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
  readonly spool?: Spool;
  /** Another server than the one before. */
  readonly switched?: Switch | undefined;
  /** Told of everything that is not an event. */
  readonly notice: (message: Notice) => void;
}

export function createIntake(options: IntakeOptions): Intake {
  const { clock } = options;
  const queue = createQueue(clock);
  const gate = createGate(options, (item) => {
    // Whoever waits looks again when the batch begins, to learn until when, and when it is full.
    if (queue.push(item)) wake();
  });
  let over = false;
  let wake = (): void => {};
  let room: (() => void)[] = [];

  const ended = (): boolean => over;
  gate.open();

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
    spool: options.spool,
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
  const lineBytes = createLineBytes();
  const slots = createSlots();
  let pending: Pending[] = [];
  let lines = 0;
  let bytes = 0;
  let due = Number.POSITIVE_INFINITY;
  const isLarge = (): boolean => lines >= COMMIT_LINES || bytes >= COMMIT_BYTES;
  return {
    /** Answers whether that changed when the batch is due. */
    push(item: Passed): boolean {
      const first = pending.length === 0;
      if ('event' in item) {
        const slot = slots.next();
        fill(slot, item, lineBytes);
        pending.push(slot);
        lines += slot.event.lines;
        bytes += slot.event.end - slot.event.start;
      } else {
        pending.push(item);
        if ('raw' in item) bytes += item.raw.length;
      }
      if (first) due = clock.monotonic() + COMMIT_AFTER_MS;
      return first || isLarge();
    },
    isDue: () => isLarge() || clock.monotonic() >= due,
    dueAt: () => due,
    isFull: () => pending.length >= FULL_MESSAGES || bytes >= FULL_BYTES,
    swap(): readonly Pending[] {
      const all = pending;
      lineBytes.swap();
      slots.swap();
      pending = [];
      lines = 0;
      bytes = 0;
      due = Number.POSITIVE_INFINITY;
      return all;
    },
  };
}

/** A pending event that is used again. */
interface Slot extends PendingEvent {
  received: number;
  jumped: number;
  readonly event: { -readonly [Key in keyof TakenEvent]: TakenEvent[Key] };
}

/** Slots for the events of the batch that is filled and of the one that is committed, so that what waits is no garbage later. */
function createSlots() {
  const free: Slot[] = [];
  let filling: Slot[] = [];
  let taken: Slot[] = [];
  return {
    next(): Slot {
      const slot = free.pop() ?? emptySlot();
      filling.push(slot);
      return slot;
    },
    swap(): void {
      for (const slot of taken) {
        slot.event.chunk = NOTHING;
        if (free.length < FULL_MESSAGES) free.push(slot);
      }
      taken = filling;
      filling = [];
    },
  };
}

const NOTHING = Buffer.alloc(0);

function emptySlot(): Slot {
  const event = { seq: 0, time: 0, kind: '', lines: 0, mark: undefined, chunk: NOTHING, start: 0, end: 0 };
  return { received: 0, jumped: 0, event };
}

function fill(slot: Slot, { event, received, jumped }: PassedEvent, lineBytes: LineBytes): void {
  slot.received = received;
  slot.jumped = jumped;
  const { event: kept } = slot;
  kept.seq = event.seq;
  kept.time = event.time;
  kept.kind = event.kind;
  kept.mark = event.mark;
  kept.lines = event.lines.length;
  lineBytes.encode(event.lines, receivedText(received), kept);
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
