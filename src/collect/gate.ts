import { hash } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { SourceMessage, StreamPosition } from '../core/source.ts';
import { type Continuity, createContinuity, type ReceivedEvent } from './continuity.ts';
import type { EpochOfServer, Passed, PendingGap } from './pending.ts';
import type { Switch } from './switch.ts';

/** What to do when the stream's numbers begin anew: go on at the live end, with the oldest that there is, or not at all. */
export type OnReset = 'live' | 'oldest' | 'stop';

/** What happens to a stream beside its events. */
export type Notice = Exclude<SourceMessage, { kind: 'event' }>;

/** The stream's numbers began anew, and the config says to stop then. */
export class StreamResetError extends Error {
  override readonly name = 'StreamResetError';
  readonly retryable = false;
}

/** Where to go on when the numbers that we have mean nothing any more. */
export function freshStart(onReset: OnReset): 'live' | 'oldest' {
  return onReset === 'oldest' ? 'oldest' : 'live';
}

export interface GateOptions {
  readonly clock: Clock;
  readonly position: StreamPosition;
  readonly marks?: Readonly<Record<string, string>>;
  readonly latest: number;
  /** Whether a number that is left out is a sign of a loss; see StreamSource. */
  readonly dense: boolean;
  readonly onReset: OnReset;
  readonly notice: (message: Notice) => void;
  /** Another server than the one before. */
  readonly switched?: Switch | undefined;
}

/** Decides what of a stream is new, and writes down what is missing. */
export interface Gate {
  /** To be called once, before anything passes. */
  open(): void;
  pass(message: SourceMessage): void;
  position(): StreamPosition;
  marks(): Readonly<Record<string, string>>;
  /** How many events were dropped, since the last call, because they were taken before. */
  takeRepeated(): number;
}

/** Puts something into the queue. */
type Add = (item: Passed) => void;

export function createGate(options: GateOptions, add: Add): Gate {
  const { clock, switched } = options;
  const continuity = createContinuity(options.position, options.latest, options.dense);
  const mark = createMarks(options, continuity, add);
  let marks: Record<string, string> = { ...options.marks };
  let repeated = 0;
  const judgeSwitch = createSwitchJudge(switched, (gap) => mark.gap(gap), clock);

  const passEvent = (given: ReceivedEvent): void => {
    const verdict = continuity.judge(given, clock.monotonic());
    if (verdict.kind === 'repeat') {
      repeated += 1;
    } else if (verdict.kind === 'take') {
      if (verdict.gap !== undefined) mark.gap({ since: null, until: null, ...verdict.gap });
      const { event, received } = given;
      if (switched?.had(event, received)) {
        repeated += 1;
        return;
      }
      judgeSwitch(event.time);
      if (event.mark !== undefined) marks[event.mark[0]] = event.mark[1];
      const jumped = verdict.gap === undefined ? verdict.jumped : 0;
      add({ event, received, jumped });
    } else {
      const first = verdict.events[0]?.event.seq ?? 1;
      // Held back, they were counted as events that came again.
      repeated -= verdict.events.length - 1;
      mark.newEpoch(`the numbers began anew at ${first}, without a word from the server`, first - 1);
      for (const held of verdict.events) passEvent(held);
    }
  };

  const again = (): void => {
    repeated += 1;
  };
  const hear = createHearing(options, { continuity, mark, add, again });

  return {
    open() {
      if (switched?.begins === undefined) return;
      marks = {};
      mark.otherServer(switched.begins, switched.detail);
    },
    pass(message) {
      if (message.kind === 'reset') marks = {};
      if (message.kind !== 'event') hear(message);
      else passEvent({ event: message.event, received: message.received ?? clock.now() });
    },
    position: () => continuity.position(),
    marks: () => marks,
    takeRepeated() {
      const count = repeated;
      repeated = 0;
      return count;
    },
  };
}

interface HearingDeps {
  readonly continuity: Continuity;
  readonly mark: ReturnType<typeof createMarks>;
  readonly add: Add;
  /** Something came again, and is dropped. */
  readonly again: () => void;
}

/** What is done about everything that is no event. */
function createHearing(
  { clock, notice, onReset }: GateOptions,
  { continuity, mark, add, again }: HearingDeps,
): (message: Notice) => void {
  const bad = createLastSeen();
  return (message) => {
    if (message.kind === 'reset') {
      mark.newEpoch(message.detail, freshStart(onReset));
      return;
    }
    if (message.kind === 'gap') {
      const { since = null, until = null, reason, detail } = message;
      mark.gap({ from: numberOf(continuity.position()), to: null, since, until, reason, detail });
      return;
    }
    // Within what is asked for again at a reconnect it comes again, too.
    if (message.kind === 'bad' && bad.had(message.raw)) {
      return again();
    }
    notice(message);
    if (message.kind === 'connected') continuity.connected(message.cursor);
    else if (message.kind === 'bad') add({ raw: message.raw, received: clock.now() });
    else if (message.kind === 'info' && message.name === 'OutdatedCursor')
      continuity.outdated(`OutdatedCursor: ${message.message}`);
  };
}

/** Writes into the queue what is no event: where something is missing, and where a new count of numbers begins. */
function createMarks({ clock, notice, onReset }: GateOptions, continuity: Continuity, add: Add) {
  const gap = (found: PendingGap): void => {
    notice({ kind: 'gap', reason: found.reason, detail: found.detail });
    add({ gap: found, received: clock.now() });
  };
  const stopIfAsked = (detail: string): void => {
    notice({ kind: 'reset', detail });
    if (onReset === 'stop') {
      throw new StreamResetError(`cannot go on: ${detail}; the config says on-reset: stop`);
    }
  };
  return {
    gap,
    otherServer(by: EpochOfServer, detail: string): void {
      stopIfAsked(detail);
      add({ epoch: by.at, by, received: clock.now() });
      continuity.begin(by.at);
    },
    newEpoch(detail: string, at: StreamPosition): void {
      stopIfAsked(detail);
      const from = numberOf(continuity.position());
      gap({ from, to: null, since: null, until: null, reason: 'reset', detail });
      add({ epoch: at === 'oldest' ? at : 'live', received: clock.now() });
      continuity.begin(at);
    },
  };
}

/**
 * At the first event that only the new server has: what lies before it is missing, unless the new server sent some of what we
 * had, too.
 */
function createSwitchJudge(
  switched: Switch | undefined,
  gap: (found: PendingGap) => void,
  clock: Clock,
): (time: number) => void {
  let open = switched?.open ?? false;
  return (time) => {
    if (!open || switched === undefined) return;
    open = false;
    if (switched.overlaps()) return;
    const until = Number.isFinite(time) ? time : clock.now();
    const { reach: since, detail } = switched;
    gap({ from: null, to: null, since, until, reason: 'switched', detail });
  };
}

/** How many frames in quarantine are remembered, so that none of them goes there twice. */
const LAST_BAD = 1_000;

function createLastSeen() {
  const digests = new Set<string>();
  return {
    had(bytes: Uint8Array): boolean {
      const digest = hash('sha256', bytes);
      if (digests.has(digest)) return true;
      digests.add(digest);
      const [oldest] = digests;
      if (digests.size > LAST_BAD && oldest !== undefined) digests.delete(oldest);
      return false;
    },
  };
}

function numberOf(position: StreamPosition): number | null {
  return typeof position === 'number' ? position : null;
}
