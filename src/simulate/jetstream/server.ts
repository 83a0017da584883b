import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Timer } from '../../core/clock.ts';
import type { Runnable, Scope } from '../../core/scope.ts';
import type { ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import type { Draft } from '../../wire/jetstream/encode.ts';
import { startPace } from '../pace.ts';
import { addressOf, untilOver } from '../serving.ts';
import { planFaults } from './fault-plan.ts';
import { isResetFault, type JetstreamFault } from './faults.ts';
import { createFeed, createStamp, serve } from './feed.ts';
import { createHistory, type History, type Served } from './history.ts';
import { createResets } from './resets.ts';
import { createSite } from './site.ts';
import type { Subscriber } from './subscriber.ts';

export interface JetstreamSimulatorOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Firehose frames a second whose events come live; default 50; 0: none. */
  readonly rate?: number | undefined;
  /** Recorded firehose frames; without them they are made up. */
  readonly frames?: readonly Uint8Array[] | undefined;
  /** Begins anew after the last recorded frame. */
  readonly loop?: boolean | undefined;
  /** The same seed makes up the same frames. */
  readonly seed?: number | undefined;
  /** Events that are history from the start, by rising times, microseconds since 1970. */
  readonly history?: readonly (readonly [timeUs: number, draft: Draft])[] | undefined;
  readonly historyEvents?: number | undefined;
  readonly historyBytes?: number | undefined;
  /** How far back a cursor reaches. Default: 36 hours, as the servers have it. */
  readonly lookbackMs?: number | undefined;
  /** As which software's `/subscribe` it behaves: 2 numbers its events (`cursor`), and gives one time to those that come at once. */
  readonly version?: 1 | 2 | undefined;
  /** For readers that ask for packed messages. */
  readonly dictionary?: ZstdDictionary | undefined;
  /** What goes wrong, and when. */
  readonly faults?: readonly JetstreamFault[] | undefined;
  /** Told of each event that goes out to a reader. */
  readonly onSent?: ((event: Served) => void) | undefined;
}

export interface JetstreamSimulator extends Runnable {
  /** `HOST:PORT`, while it listens. */
  address(): string;
  /** How many readers are connected. */
  subscribers(): number;
  /** Lets events come live, all at once, beside those of the rate. */
  emit(drafts: readonly Draft[]): void;
  /** The times of all events that it has, microseconds. */
  times(): readonly number[];
}

const DEFAULT_RATE = 50;
const DEFAULT_HISTORY_EVENTS = 100_000;
const DEFAULT_HISTORY_BYTES = 128 * 1024 * 1024;
const DEFAULT_LOOKBACK_MS = 36 * 3_600_000;
/** Frames after which the readers get their turn. */
const TURN_FRAMES = 100;

/** A server that speaks the true Jetstream v1 (`/subscribe`), for rehearsal and tests. Its history is in memory. */
export function createJetstreamSimulator(options: JetstreamSimulatorOptions): JetstreamSimulator {
  const { version = 1, lookbackMs = DEFAULT_LOOKBACK_MS, dictionary, faults: list = [], seed = 1 } = options;
  const { historyEvents: events = DEFAULT_HISTORY_EVENTS, historyBytes: bytes = DEFAULT_HISTORY_BYTES } =
    options;
  const subscribers = new Set<Subscriber>();
  const history = createHistory({ events, bytes });
  for (const [i, [timeUs, draft]] of (options.history ?? []).entries())
    history.append(serve(draft, timeUs, i + 1, version));
  let server: Server | undefined;
  let append: (drafts: readonly Draft[]) => void = () => {};
  const advance = (): void => subscribers.forEach((subscriber) => subscriber.advance());

  return {
    async run(scope) {
      const stamp = createStamp(version, scope.clock, history.tip);
      const resets = createResets(list.filter(isResetFault), ({ shiftMs }) => {
        // Whoever reads gets first what it was to get.
        advance();
        stamp.reset(shiftMs);
        history.dropBefore(history.end);
        for (const { connection } of subscribers) connection.cut();
      });
      append = (drafts) => {
        resets.emitted(drafts.length);
        stamp(drafts).forEach(history.append);
      };
      const faults = planFaults(list, seed);
      const sent = options.onSent ?? (() => {});
      const arrived = resets.arrived;
      const site = createSite({
        version,
        history,
        lookbackMs,
        dictionary,
        faults,
        arrived,
        sent,
        subscribers,
        scope,
      });
      server = site.server;
      server.listen(options.port, options.host);
      await once(server, 'listening'); // rejects with the system's error
      scope.ready();
      const pace = startLive(scope, options, append, advance);
      await untilOver(scope, () => subscribers.forEach(({ connection }) => connection.ping()));
      pace?.cancel();
      await site.end();
    },
    address: () => addressOf(server),
    subscribers: () => subscribers.size,
    emit(drafts) {
      append(drafts);
      advance();
    },
    times: () => timesOf(history),
  };
}

function timesOf(history: History): number[] {
  return Array.from({ length: history.end - history.first }, (_, i) => history.at(history.first + i).timeUs);
}

/** Lets frames come at their rate. */
function startLive(
  scope: Scope,
  options: JetstreamSimulatorOptions,
  append: (drafts: readonly Draft[]) => void,
  advance: () => void,
): Timer | undefined {
  const { rate = DEFAULT_RATE, frames, loop = false, seed = 1 } = options;
  if (rate <= 0) return undefined;
  const feed = createFeed({ frames, loop, seed }, scope.clock);
  return startPace(scope.clock, rate, (count) => {
    for (let i = 1; i <= count; i++) {
      const drafts = feed();
      if (drafts === undefined) {
        advance();
        scope.log.info('all recorded frames are sent');
        return false;
      }
      append(drafts);
      if (i % TURN_FRAMES === 0 || i === count) advance();
    }
    return true;
  });
}
