import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Timer } from '../../core/clock.ts';
import type { Runnable, Scope } from '../../core/scope.ts';
import { startPace } from '../pace.ts';
import { addressOf, untilOver } from '../serving.ts';
import { planFaults } from './fault-plan.ts';
import { type FirehoseFault, isResetFault, type ResetFault } from './faults.ts';
import { createFeed, type Feed, type FeedOptions } from './feed.ts';
import { createHistory, type History } from './history.ts';
import { type ResettableFeed, withResets } from './resets.ts';
import { createSite } from './site.ts';
import type { Subscriber } from './subscriber.ts';

export interface FirehoseSimulatorOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /**
   * Live frames a second; 0: nothing comes live. Without it made-up frames come at 50 a second, and recorded ones are
   * history from the start (with `loop`, their repeats come at 50 a second).
   */
  readonly rate?: number | undefined;
  /** Recorded frames, served byte for byte. */
  readonly frames?: readonly Uint8Array[] | undefined;
  /** Repeats recorded frames under new numbers and times. */
  readonly loop?: boolean | undefined;
  /** The same seed makes up the same frames, but for numbers and times. */
  readonly seed?: number | undefined;
  readonly historyFrames?: number | undefined;
  readonly historyBytes?: number | undefined;
  /** Replays from the cursor's own frame on, as some servers do, instead of from the one after. */
  readonly inclusive?: boolean | undefined;
  /** First number of made-up frames; by default it follows the clock, so that no restart uses a number twice. */
  readonly startSeq?: number | undefined;
  /** Frames that a reader may fall behind before it is told ConsumerTooSlow. */
  readonly lagFrames?: number | undefined;
  /** What `/xrpc/_health` says. */
  readonly version?: string | undefined;
  /** What goes wrong, and when. */
  readonly faults?: readonly FirehoseFault[] | undefined;
}

export interface FirehoseSimulator extends Runnable {
  /** `HOST:PORT`, while it listens. */
  address(): string;
  /** How many readers are connected. */
  subscribers(): number;
  /** What it holds: the newest seq, frames and bytes kept. */
  holds(): { readonly tip: number; readonly frames: number; readonly bytes: number };
}

const DEFAULT_RATE = 50;
const DEFAULT_HISTORY_FRAMES = 50_000;
const DEFAULT_HISTORY_BYTES = 128 * 1024 * 1024;
/** As relays allow (indigo). */
const DEFAULT_LAG_FRAMES = 16_384;
/** Appended frames after which the readers get their turn: a batch must not push a frame out that nobody could send yet. */
const TURN_FRAMES = 100;

/**
 * A server that speaks the true `com.atproto.sync.subscribeRepos`, for rehearsal and tests. Its history is in memory.
 *
 * Cursors: absent = from now on; 0 = everything it has; N = frames after N. Where frames after N are not here, `#info
 * OutdatedCursor` comes first, then everything it has. That is so if they were dropped from its history, and also if N is
 * from before its first frame: after a restart it cannot know whether the life before sent frames that N's owner
 * missed, so it says so rather than let a reader believe that nothing is missing. Above the newest: FutureCursor, and close.
 */
export function createFirehoseSimulator(options: FirehoseSimulatorOptions): FirehoseSimulator {
  const subscribers = new Set<Subscriber>();
  let server: Server | undefined;
  let history: History | undefined;

  return {
    async run(scope) {
      const source = createFeed(feedOptions(options), scope.clock);
      const past = fillHistory(source, options);
      history = past;
      const { inclusive = false, lagFrames = DEFAULT_LAG_FRAMES, version = '0' } = options;
      const { seed = 1, faults: list = [] } = options;
      const feed = withResets(source, list.filter(isResetFault), (reset) =>
        startAnew(reset, past, subscribers),
      );
      const faults = planFaults(list, seed);
      const arrived = feed.arrive;
      const site = createSite({
        inclusive,
        lagFrames,
        version,
        history,
        subscribers,
        scope,
        faults,
        arrived,
      });
      server = site.server;
      server.listen(options.port, options.host);
      await once(server, 'listening'); // rejects with the system's error
      scope.ready();
      const pace = startLive(scope, feed, history, subscribers, options);
      await untilOver(scope, () => subscribers.forEach(({ connection }) => connection.ping()));
      pace?.cancel();
      await site.end();
    },
    address: () => addressOf(server),
    subscribers: () => subscribers.size,
    holds: () => ({
      tip: history?.tip ?? 0,
      frames: history === undefined ? 0 : history.end - history.first,
      bytes: history?.bytes ?? 0,
    }),
  };
}

function feedOptions(options: FirehoseSimulatorOptions): FeedOptions {
  const { frames, startSeq, loop = false, seed = 1 } = options;
  return { frames, startSeq, loop, seed, live: (options.rate ?? 0) > 0 };
}

function liveRate(options: FirehoseSimulatorOptions): number {
  return options.rate ?? (options.frames === undefined || options.loop === true ? DEFAULT_RATE : 0);
}

function fillHistory(feed: Feed, options: FirehoseSimulatorOptions): History {
  const { historyFrames: frames = DEFAULT_HISTORY_FRAMES, historyBytes: bytes = DEFAULT_HISTORY_BYTES } =
    options;
  const history = createHistory({ frames, bytes }, feed.before);
  for (const { seq, frame } of feed.history) history.append(seq, frame);
  return history;
}

/** Lets the numbers begin anew; whoever reads gets first what it was to get. */
function startAnew(reset: ResetFault, history: History, subscribers: ReadonlySet<Subscriber>): void {
  for (const subscriber of subscribers) subscriber.advance();
  history.goBack(reset.to);
  for (const subscriber of subscribers) {
    if (reset.restart === true) subscriber.connection.cut();
    else subscriber.skip();
  }
}

/** Lets frames come at their rate. */
function startLive(
  scope: Scope,
  feed: ResettableFeed,
  history: History,
  subscribers: ReadonlySet<Subscriber>,
  options: FirehoseSimulatorOptions,
): Timer | undefined {
  const rate = liveRate(options);
  const turnFrames = Math.min(TURN_FRAMES, options.historyFrames ?? TURN_FRAMES);
  const advance = (): void => {
    for (const subscriber of subscribers) subscriber.advance();
  };
  const emit = (count: number): boolean => {
    for (let i = 1; i <= count; i++) {
      const next = feed.next();
      if (next === undefined) {
        advance();
        scope.log.info('all recorded frames are sent');
        return false;
      }
      history.append(next.seq, next.frame);
      if (i % turnFrames === 0 || i === count) advance();
    }
    return true;
  };
  return rate > 0 ? startPace(scope.clock, rate, emit) : undefined;
}
