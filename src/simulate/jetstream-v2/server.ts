import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Timer } from '../../core/clock.ts';
import type { Runnable, Scope } from '../../core/scope.ts';
import { decodeFrame } from '../../wire/atproto/frame.ts';
import { createSynthesizer } from '../../wire/atproto/synthetic.ts';
import type { ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import { type Draft, draftsOf, encodeMessage } from '../../wire/jetstream-v2/encode.ts';
import { startPace } from '../pace.ts';
import { addressOf, untilOver } from '../serving.ts';
import type { JetstreamV2Fault } from './faults.ts';
import { createHistory, type History } from './history.ts';
import { createSite } from './site.ts';
import type { Subscriber } from './subscriber.ts';

export interface JetstreamV2SimulatorOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Made-up firehose frames a second whose events come live; default 50; 0: none. */
  readonly rate?: number | undefined;
  /** The same seed makes up the same frames. */
  readonly seed?: number | undefined;
  /** How many events it keeps, about; default 100,000. */
  readonly historyEvents?: number | undefined;
  /** For readers that ask for packed messages. */
  readonly dictionary?: ZstdDictionary | undefined;
  /** What goes wrong with the n-th attempt to connect, counted from 1. */
  readonly faults?: ((connection: number) => readonly JetstreamV2Fault[]) | undefined;
}

export interface JetstreamV2Simulator extends Runnable {
  /** `HOST:PORT`, while it listens. */
  address(): string;
  /** How many readers are connected. */
  subscribers(): number;
  /** Lets events come live, all at once and of one time, beside those of the rate. */
  emit(drafts: readonly Draft[]): void;
  /** The number that the next event gets. */
  next(): number;
  /** Forgets what is before a number: it is too old from now on. */
  forget(before: number): void;
  /** Takes an event out, as servers do with what was deleted later. */
  remove(seq: number): void;
  /** Uses another dictionary, or none, from now on. */
  useDictionary(dictionary: ZstdDictionary | undefined): void;
  /** Refuses readers for now, as a server does that has just started. */
  warmUp(on: boolean): void;
  /** Begins anew with number 1 and nothing to replay, as a server that lost its disk; all readers are cut off. */
  restart(): void;
}

const DEFAULT_RATE = 50;
const DEFAULT_HISTORY_EVENTS = 100_000;

/** A server that speaks the true Jetstream, version 2 (`network.bsky.jetstream.subscribeEvents`), for rehearsal and tests. Its history is in memory. */
export function createJetstreamV2Simulator(options: JetstreamV2SimulatorOptions): JetstreamV2Simulator {
  const { historyEvents = DEFAULT_HISTORY_EVENTS, faults = () => [] } = options;
  const subscribers = new Set<Subscriber>();
  let history = createHistory(historyEvents);
  let { dictionary } = options;
  let warmingUp = false;
  let server: Server | undefined;
  let append: (drafts: readonly Draft[]) => void = () => {};
  const advance = (): void => subscribers.forEach((subscriber) => subscriber.advance());

  return {
    async run(scope) {
      append = (drafts) => appendTo(history, drafts, scope);
      const site = createSite({
        history: () => history,
        dictionary: () => dictionary,
        warmingUp: () => warmingUp,
        faults,
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
    next: () => history.next,
    forget: (before) => history.forget(before),
    remove: (seq) => history.remove(seq),
    useDictionary(other) {
      dictionary = other;
    },
    warmUp(on) {
      warmingUp = on;
    },
    restart() {
      history = createHistory(historyEvents);
      for (const { connection } of subscribers) connection.cut();
    },
  };
}

/** All events that come at once have one time, as with the servers (9a30def, internal/ingest/live/consumer.go). */
function appendTo(history: History, drafts: readonly Draft[], { clock }: Scope): void {
  const timeUs = Math.max(history.tipUs, clock.micros());
  for (const draft of drafts) {
    const { did, kind, collection } = draft;
    const seq = history.next;
    const json = Buffer.from(encodeMessage(draft, seq, timeUs));
    history.append({ seq, timeUs, did, kind, collection, json });
  }
}

/** Lets made-up frames come at their rate. */
function startLive(
  scope: Scope,
  { rate = DEFAULT_RATE, seed = 1 }: JetstreamV2SimulatorOptions,
  append: (drafts: readonly Draft[]) => void,
  advance: () => void,
): Timer | undefined {
  if (rate <= 0) return undefined;
  const synthesizer = createSynthesizer({ seed, time: () => scope.clock.now(), startSeq: 1 });
  return startPace(scope.clock, rate, (count) => {
    for (let i = 1; i <= count; i++) {
      const frame = decodeFrame(synthesizer.next().frame);
      const drafts = 'seq' in frame ? draftsOf(frame) : undefined;
      if (drafts?.ok === true) append(drafts.value);
    }
    advance();
    return true;
  });
}
