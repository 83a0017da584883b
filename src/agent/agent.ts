import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { LEVELS, type RecordDraft, type RecordStore } from '../core/record.ts';
import type { Result } from '../core/result.ts';
import { DatabaseError } from '../core/sqlite.ts';
import { createLink, type HubSocket, type Link, type SocketEvents } from '../wire/hub/link.ts';
import type { LinkEffect, LinkState } from '../wire/hub/link-state.ts';
import {
  cursorBehind,
  type CursorKeeper,
  firstCursor,
  keepCursor,
  type Mark,
  newestOf,
  readCursor,
} from './cursor.ts';
import { type BoardSeam, type BoardTalk, createBoardTalk } from './reporting.ts';
import { createStoreSource, newSeries, type StoreSource } from './store-source.ts';
import { createTelling, type Telling } from './telling.ts';

/** Holes in a long way back are told together, a minute after the first at most. */
const MISSING_MS = 60_000;

export interface AgentOptions {
  readonly store: RecordStore;
  /** Names the series of numbers; random, and as old as they are. */
  readonly identity: string;
  /** Where the cursor is kept. */
  readonly mark: Mark;
  /** The hub's address, as it is shown. */
  readonly hub: string;
  readonly dial: (events: SocketEvents) => HubSocket;
  /** The error is a clause. */
  readonly token: () => Promise<Result<string, string>>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Brings what the agent has to say into the time line. */
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly failed: (error: Error) => void;
  /** The number of the newest record that may have been sent before; by default of the newest there is. */
  readonly known?: number | undefined;
  /** What it says beside the records, and what it does for people at the hub; neither without it. */
  readonly board?: BoardSeam | undefined;
}

/** How it stands with the hub. Times are wall milliseconds. */
export interface AgentState {
  readonly standing: 'connecting' | 'connected' | 'away' | 'denied' | 'refused' | 'closed';
  readonly hub: string;
  /** Whom the hub takes us for. */
  readonly name: string | undefined;
  readonly series: string;
  /** Since when it stands so. */
  readonly since: number;
  /** When it is tried again. */
  readonly retryAt: number | undefined;
  /** Up to this record everything is stored by the hub. */
  readonly acked: number;
  /** What the hub does not have yet: how many records, and when the oldest was received. */
  readonly backlog: { readonly records: number; readonly oldest: number | undefined };
  readonly lastError: string | undefined;
  /** Since the agent began: records that the hub stored, that it had already, that were pruned before they could be sent, batches that it put off. */
  readonly sent: number;
  readonly doubled: number;
  readonly missing: number;
  readonly deferred: number;
}

export interface Agent {
  state(): AgentState;
  /**
   * Ends it. What was stored a moment ago is still sent where the hub is there, for `drainMs` at most; the rest is sent by the next agent.
   */
  close(drainMs?: number): Promise<void>;
}

/** Ships the time line to a hub: at least once, in order, for ever. What the hub has twice it drops. */
export function startAgent(options: AgentOptions): Agent {
  return new RunningAgent(options);
}

class RunningAgent implements Agent {
  readonly #options: AgentOptions;
  readonly #cursor: CursorKeeper;
  readonly #source: StoreSource;
  readonly #link: Link;
  readonly #telling: Telling;
  readonly #talk: BoardTalk | undefined;
  #standing: AgentState['standing'] = 'connecting';
  #since: number;
  #retryAt: number | undefined;
  #lastError: string | undefined;
  #count = { sent: 0, doubled: 0, missing: 0, deferred: 0 };
  #missingSince: number | undefined;
  /** Called with everything that the hub acknowledges. */
  #progress: () => void = () => {};

  constructor(options: AgentOptions) {
    this.#options = options;
    const { store, identity, mark, clock, log, hub } = options;
    this.#since = clock.now();
    this.#telling = createTelling(hub, clock, options.records);
    const { cursor, anew } = beginning(store, identity, mark);
    this.#cursor = keepCursor(cursor, mark, clock, log);
    if (anew !== undefined) this.#telling.note(anew, LEVELS.warn);
    this.#source = createStoreSource({
      store,
      known: options.known,
      cursor: this.#cursor,
      identity,
      clock,
      wake: () => this.#link.wake(),
      caughtUp: () => this.#tellMissing(),
      trouble: (message) => {
        this.#lastError = message ?? this.#lastError;
      },
    });
    this.#talk =
      options.board &&
      createBoardTalk({ ...options, ...options.board, send: (text) => this.#link.send(text) });
    this.#link = createLink({
      ...options,
      source: this.#source,
      name: cursor.name,
      told: (effect, state) => this.#told(effect, state),
      frame: (frame) => this.#talk?.heard(frame),
    });
    // Its series is known from now on, whatever happens to the first connection.
    this.#cursor.save();
    this.#link.start();
  }

  state(): AgentState {
    const { store, hub } = this.#options;
    const { acked } = this.#link.state();
    const { series, name } = this.#cursor.get();
    const facts = { hub, name, series, acked, standing: this.#standing, since: this.#since };
    const about = { retryAt: this.#retryAt, lastError: this.#lastError, ...this.#count };
    return { ...facts, ...about, backlog: backlogOf(store, acked) };
  }

  async close(drainMs = 1_000): Promise<void> {
    const { store, clock } = this.#options;
    const isDone = (): boolean =>
      this.#link.state().phase !== 'open' || this.#link.state().acked >= readable(() => newestOf(store), 0);
    if (drainMs > 0 && !isDone()) {
      const done = new AbortController();
      this.#progress = () => isDone() && done.abort();
      this.#source.hurry();
      await clock.sleep(drainMs, done.signal);
    }
    this.#stand('closed');
    this.#talk?.away();
    this.#link.end();
    this.#source.close();
    this.#telling.close();
    this.#cursor.close();
  }

  #told(effect: LinkEffect, state: LinkState): void {
    const { hub } = this.#options;
    switch (effect.do) {
      case 'opened':
        this.#cursor.set({ name: effect.welcome.name });
        if (effect.welcome.kind === 'agent') {
          this.#stand('connected');
          this.#telling.stands('connected', `as ${effect.welcome.name}`);
          this.#talk?.opened();
        } else this.#fail('denied', "the token is a user's; it takes that of an agent", undefined);
        return;
      case 'away':
        this.#talk?.away();
        this.#fail(effect.isDenied === true ? 'denied' : 'away', effect.why, effect.forMs);
        this.#progress();
        return;
      case 'stored':
        return this.#stored(effect, state);
      case 'refused':
        this.#count.deferred++;
        return this.#fail('refused', effect.message, effect.forMs);
      case 'replace':
        this.#lastError = effect.message;
        return this.#options.log.warn('the hub refuses a record', {
          after: effect.after,
          reason: effect.message,
        });
      case 'renumber':
        return this.#telling.note(
          `the hub ${hub} has record ${effect.last} of this time line, which never had it: it was restored from a backup; its records go on under new numbers`,
          LEVELS.warn,
        );
      case 'rewound': {
        const { from, to } = effect;
        this.#cursor.set({ acked: to, wholeFrom: from });
        return this.#telling.note(
          `the hub ${hub} has records up to ${to} only, and had up to ${from}: what is still here is sent again`,
          LEVELS.warn,
        );
      }
      default:
        return undefined;
    }
  }

  #stored({ batch, stored, doubled }: Extract<LinkEffect, { do: 'stored' }>, state: LinkState): void {
    this.#count.sent += stored;
    this.#count.doubled += doubled;
    this.#stand('connected');
    this.#telling.stands('connected', `as ${this.#cursor.get().name ?? 'an agent'}`);
    const { wholeFrom, missing, received } = this.#cursor.get();
    const at = this.#source.receivedAt(batch.last);
    this.#cursor.set({ acked: state.acked, received: Math.max(at, received) });
    if (batch.missing > 0 && batch.after >= wholeFrom) {
      this.#count.missing += batch.missing;
      const from = missing?.from ?? batch.after + 1;
      const count = (missing?.count ?? 0) + batch.missing;
      this.#cursor.set({ missing: { from, to: batch.last, count } });
      this.#missingSince ??= this.#options.clock.monotonic();
    }
    const isThrough = state.reading === 'empty' && state.flight.length === 0;
    const forMs = this.#options.clock.monotonic() - (this.#missingSince ?? Infinity);
    if (isThrough || forMs >= MISSING_MS) this.#tellMissing();
    this.#progress();
  }

  #tellMissing(): void {
    const { missing } = this.#cursor.get();
    this.#missingSince = undefined;
    if (missing === undefined) return;
    const { count, from, to } = missing;
    const message = `${count} records between ${from} and ${to} were pruned before the hub had them`;
    const fields = { missing: count, from, to };
    const about = { service: '', life: '', kind: 'gap', sender: 'agent' } as const;
    const { clock, records } = this.#options;
    records([{ ...about, time: clock.micros(), level: LEVELS.warn, message, fields }]);
    this.#cursor.set({ missing: undefined, wholeFrom: to });
    this.#cursor.save();
  }

  #fail(standing: 'away' | 'denied' | 'refused', why: string, forMs: number | undefined): void {
    this.#lastError = why;
    this.#stand(standing);
    this.#retryAt = forMs === undefined ? undefined : Math.round(this.#options.clock.now() + forMs);
    this.#telling.stands(standing, why);
  }

  #stand(standing: AgentState['standing']): void {
    this.#retryAt = undefined;
    if (this.#standing === standing) return;
    this.#standing = standing;
    this.#since = this.#options.clock.now();
  }
}

/** Where to go on, and what is to be said of it. */
function beginning(
  store: RecordStore,
  identity: string,
  mark: Mark,
): { readonly cursor: ReturnType<CursorKeeper['get']>; readonly anew?: string } {
  const cursor = readCursor(mark.load());
  if (cursor === undefined) return { cursor: firstCursor(store, identity) };
  const newest = newestOf(store);
  // Of a time line that is pruned to nothing it is not known how far it went.
  if (newest === 0 || newest >= cursor.acked) return { cursor };
  const behind = cursorBehind(store, cursor, newSeries(identity));
  const anew = `the time line ends with record ${newest}, and the hub has had up to ${cursor.acked}: it was restored from a backup, or began anew; its records go on under new numbers behind ${behind.acked}`;
  return { cursor: behind, anew };
}

function backlogOf(store: RecordStore, acked: number): AgentState['backlog'] {
  return readable(
    () => {
      const [oldest] = store.query({ after: acked, take: 'oldest', limit: 1 });
      if (oldest === undefined) return { records: 0, oldest: undefined };
      const records = newestOf(store) - oldest.seq + 1;
      return { records, oldest: Math.floor(oldest.received / 1000) };
    },
    { records: 0, oldest: undefined },
  );
}

/** A time line that cannot be read now says so elsewhere. */
function readable<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DatabaseError) return otherwise;
    throw error;
  }
}
