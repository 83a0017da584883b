import { type Clock, systemClock } from '../core/clock.ts';
import { asError, err, ok, type Result } from '../core/result.ts';
import { hubAddress } from '../wire/hub/address.ts';
import type { HubFrame } from '../wire/hub/frames.ts';
import { createLink, type HubSocket, type Link, type SocketEvents } from '../wire/hub/link.ts';
import type { LinkEffect, LinkState } from '../wire/hub/link-state.ts';
import { RecordBuffer, type Unnumbered } from './buffer.ts';
import { recordOf } from './entry.ts';
import { createFlushes, type Flushes } from './flushes.ts';
import { dialGlobal } from './global-socket.ts';
import { createListeners, guarded } from './listeners.ts';
import { type Body, createRequests, type Requests } from './requests.ts';
import { createTails, type Tails } from './tails.ts';
import {
  type ClientEvents,
  type ClientOptions,
  type ClientStanding,
  type ClientState,
  type Entry,
  HubError,
  type Row,
  type Tail,
  type TailRows,
  type WebSocketClass,
} from './types.ts';

const MOST = { records: 10_000, bytes: 8 * 1024 * 1024 };
const TIMEOUT_MS = 30_000;
const CLOSE_MS = 5_000;
const SERIES = /^[A-Za-z0-9._-]{1,64}$/;

/** A connection to a hub that comes back by itself. */
export interface Client {
  /**
   * Takes a record, to be sent in a batch with others: at least once, and since they are numbered it is stored once, in order.
   * @returns false where it was not taken: the buffer is full (it is counted, and told later), or the client is closed, or a user's.
   */
  log(entry: Entry): boolean;
  /** The same of a notification: the hub hands it on at once to whoever may see it. */
  notify(entry: Entry): boolean;
  /** Resolves when everything that was taken so far is durable at the hub. Rejects with a HubError; nothing is lost by that. */
  flush(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Asks the hub for something. Waits for a connection, and for the answer, `timeoutMs` at most (30 s). Rejects with a HubError. */
  request(action: string, body?: Body, options?: { readonly timeoutMs?: number }): Promise<Body>;
  /** @returns what takes the listener off again. */
  on<E extends keyof ClientEvents>(event: E, listener: (value: ClientEvents[E]) => void): () => void;
  /**
   * Follows what matches, from now on, or behind `position`, or from the `last` few; goes on where it was over broken connections.
   * @param onError called once where it cannot be followed at all.
   */
  tail(filter: Body, onRows: (rows: TailRows) => void, onError?: (error: HubError) => void): Tail;
  state(): ClientState;
  /** Sends what waits, for `timeoutMs` at most (5 s), and ends. Resolves with how many records are not acknowledged; a storage keeps them. */
  close(options?: { readonly timeoutMs?: number }): Promise<{ readonly unsent: number }>;
}

/** What tests give in the place of time, chance and the network. */
export interface ClientWorld {
  readonly clock: Clock;
  readonly random: () => number;
  readonly dial?: (events: SocketEvents) => HubSocket;
}

/** @throws TypeError for an address or a series that cannot be used. */
export function createClient(
  options: ClientOptions,
  world: ClientWorld = { clock: systemClock, random: Math.random },
): Client {
  return new HubClient(options, world);
}

class HubClient implements Client {
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  readonly #buffer: RecordBuffer;
  readonly #isUser: boolean;
  readonly #link: Link;
  readonly #requests: Requests;
  readonly #tails: Tails;
  readonly #flushes: Flushes;
  readonly #listeners = createListeners();
  #standing: ClientStanding = 'connecting';
  #lastError: string | undefined;
  #count = { sent: 0, doubled: 0 };
  #closing: Promise<{ readonly unsent: number }> | undefined;

  constructor(options: ClientOptions, { clock, random, dial }: ClientWorld) {
    const { url, token, session, series, storage, as } = options;
    const address = hubAddress(url);
    if (!address.ok) throw new TypeError(`cannot use the address ${url} of a hub: ${address.error}`);
    if ((token === undefined) === (session === undefined))
      throw new TypeError('cannot connect to a hub: give either a token or a session');
    if (series !== undefined && !SERIES.test(series))
      throw new TypeError(`cannot use the series ${series}: it is 1 to 64 of A-Z a-z 0-9 . _ -`);
    this.#options = options;
    this.#clock = clock;
    const looksLikeUser = typeof token === 'string' && token.startsWith('vahti_u_');
    this.#isUser = session !== undefined || (as === undefined ? looksLikeUser : as === 'user');
    this.#buffer = new RecordBuffer({
      storage,
      series,
      most: { ...MOST, ...options.most },
      clock,
      random,
      wake: () => this.#link?.wake(),
      trouble: (message) => {
        this.#lastError = message;
      },
    });
    this.#flushes = createFlushes(this.#buffer, clock);
    const WebSocketOf = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
    if (WebSocketOf === undefined && dial === undefined)
      throw new TypeError('cannot connect to a hub: there is no WebSocket here; give one as WebSocket');
    this.#requests = createRequests(clock, (text) => this.#link.send(text));
    this.#tails = createTails(clock, this.#requests, () => this.#link.state().phase === 'open');
    this.#link = createLink({
      source: this.#isUser ? nothing : this.#buffer,
      dial:
        dial ?? ((events) => dialGlobal(address.value.href, WebSocketOf as WebSocketClass, clock, events)),
      by: session === undefined ? 'token' : 'session',
      token: () => this.#token(),
      clock,
      random,
      told: (effect, state) => this.#told(effect, state),
      frame: (frame) => this.#heard(frame),
      failed: (error) => this.#end(new HubError('failed', error.message)),
    });
    // The numbers of a storage are known before the first connection is.
    void this.#buffer.loaded.then(() => this.#closing === undefined && this.#link.start());
  }

  log(entry: Entry): boolean {
    return this.#take(entry, 'log');
  }

  notify(entry: Entry): boolean {
    return this.#take(entry, 'notification');
  }

  async flush({ timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<void> {
    await this.#buffer.loaded;
    const { refused, waiting } = this.#buffer;
    if (refused + waiting === 0) return;
    if (this.#closing !== undefined || this.#standing === 'closed') throw closed('flush');
    if (this.#standing === 'denied') throw new HubError('denied', `cannot flush: ${this.#lastError}`);
    await this.#flushes.wait(timeoutMs);
  }

  request(
    action: string,
    body: Body = {},
    { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
  ): Promise<Body> {
    if (this.#closing !== undefined) return Promise.reject(closed(action));
    if (this.#standing === 'denied')
      return Promise.reject(new HubError('denied', `cannot ${action}: ${this.#lastError ?? 'denied'}`));
    return this.#requests.ask(action, body, timeoutMs);
  }

  on<E extends keyof ClientEvents>(event: E, listener: (value: ClientEvents[E]) => void): () => void {
    return this.#listeners.on(event, listener);
  }

  tail(filter: Body, onRows: (rows: TailRows) => void, onError: (error: HubError) => void = () => {}): Tail {
    if (this.#closing !== undefined) throw closed('tail');
    return this.#tails.start(filter, guarded(onRows), guarded(onError));
  }

  state(): ClientState {
    const { waiting, refused } = this.#buffer;
    const name = this.#link.state().welcome?.name;
    return { standing: this.#standing, name, lastError: this.#lastError, waiting, refused, ...this.#count };
  }

  close({
    timeoutMs = CLOSE_MS,
  }: {
    readonly timeoutMs?: number;
  } = {}): Promise<{ readonly unsent: number }> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<{ readonly unsent: number }> {
    await this.#buffer.loaded;
    const isLeft = this.#buffer.waiting + this.#buffer.refused > 0;
    if (isLeft && timeoutMs > 0 && this.#standing !== 'denied' && this.#standing !== 'closed')
      await this.#flushes.wait(timeoutMs).catch(() => {});
    this.#end(closed('go on'));
    await this.#buffer.close();
    return { unsent: this.#buffer.waiting + this.#buffer.refused };
  }

  /** Nothing is asked, sent or heard from here on. */
  #end(error: HubError): void {
    if (error.code !== 'closed') this.#lastError = error.message;
    this.#link.end();
    this.#flushes.fail(error);
    this.#requests.lost(error, true);
    this.#tails.closed(error);
    this.#stand('closed');
  }

  #take(entry: Entry, kind: Unnumbered['kind']): boolean {
    if (this.#closing !== undefined || this.#standing === 'closed' || this.#isUser) return false;
    const record = recordOf(entry, kind, this.#options, this.#clock.micros());
    return this.#buffer.add(record) !== undefined;
  }

  async #token(): Promise<Result<string, string>> {
    const { token, session } = this.#options;
    const secret = session ?? token ?? '';
    try {
      return ok(typeof secret === 'string' ? secret : await secret());
    } catch (error) {
      return err(`there is no ${session === undefined ? 'token' : 'session'}: ${asError(error).message}`);
    }
  }

  #told(effect: LinkEffect, state: LinkState): void {
    switch (effect.do) {
      case 'opened':
        this.#stand('connected');
        this.#requests.opened();
        return this.#tails.opened();
      case 'away': {
        const { why, isDenied = false } = effect;
        this.#lastError = why;
        this.#stand(isDenied ? 'denied' : 'away');
        this.#requests.lost(
          new HubError(isDenied ? 'denied' : 'lost', `cannot get an answer: ${why}`),
          isDenied,
        );
        if (isDenied) this.#flushes.fail(new HubError('denied', `cannot flush: ${why}`));
        return;
      }
      case 'stored':
        this.#buffer.stored(state.acked);
        this.#count.sent += effect.batch.count;
        this.#count.doubled += effect.doubled;
        return this.#flushes.judge();
      case 'refused':
      case 'replace':
        this.#lastError = effect.message;
        return;
      default:
        return undefined;
    }
  }

  #heard(frame: Extract<HubFrame, { is: 'answer' | 'event' }>): void {
    if (frame.is === 'answer') return this.#requests.answered(frame);
    const { event, body } = frame;
    if (event === 'tail') return this.#tails.pushed(body);
    if (event === 'missed') {
      if (typeof body['count'] === 'number') this.#listeners.emit('missed', { count: body['count'] });
    } else if (event === 'notification') {
      if (typeof body['agent'] === 'string' && Array.isArray(body['rows']))
        this.#listeners.emit('notification', { agent: body['agent'], rows: body['rows'] as Row[] });
    } else this.#listeners.emit('event', { event, body });
  }

  #stand(standing: ClientStanding): void {
    if (this.#standing === standing) return;
    this.#standing = standing;
    this.#listeners.emit('state', this.state());
  }
}

/** Of a user's client. */
const nothing = {
  series: undefined,
  acked: 0,
  base: Infinity,
  known: 0,
  read: () => Promise.resolve(undefined),
  replace: () => {},
  renumber: () => {},
};

function closed(what: string): HubError {
  return new HubError('closed', `cannot ${what}: the client is closed`);
}
