import type { RecordKind, LevelName } from '../core/record.ts';
import type { Row } from '../wire/hub/row.ts';

export type { Row };

/** The least of the standard's WebSocket that is needed: that of browsers, of Node 22 and later, or of the package `ws`. */
export interface WebSocketLike {
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: object) => void): void;
  send(data: string | Uint8Array): void;
  close(code?: number): void;
}

export type WebSocketClass = new (url: string) => WebSocketLike;

/** Where numbers and unacknowledged records outlive the program, as one text: `localStorage`, or a file. For one client at a time. */
export interface ClientStorage {
  /** Undefined or null where nothing was saved yet. */
  load(): string | null | undefined | Promise<string | null | undefined>;
  save(text: string): void | Promise<void>;
}

export interface ClientOptions {
  /** `https://hub.example` or `wss://hub.example/ws`. */
  readonly url: string;
  /** Of an agent, to send records; of a user, to read them. A function is asked at each connection. This, or a session. */
  readonly token?: string | (() => string | Promise<string>);
  /**
   * For pages of the hub itself, whose browser has its session as a cookie: the word `csrf` that `/api/login` and `/api/me` answer.
   * Asked for at each connection. Such a client is a user's.
   */
  readonly session?: () => string | Promise<string>;
  /**
   * Whose token it is. By default what it looks like: `vahti_u_…` is a user's, any other an agent's. A function's is an agent's.
   */
  readonly as?: 'agent' | 'user';
  /** Names the numbers of this client; two at a time may not share one. Random by default, or what the storage has. 1 to 64 of `A-Za-z0-9._-`. */
  readonly series?: string;
  readonly storage?: ClientStorage;
  /** What records are about where they do not say it. */
  readonly service?: string;
  readonly host?: string;
  /** Who says them; default `client`. */
  readonly sender?: string;
  /** What may wait for the hub: 10,000 records and 8 MiB of JSON by default. */
  readonly most?: { readonly records?: number; readonly bytes?: number };
  /** Default: the global one. */
  readonly WebSocket?: WebSocketClass;
}

export interface Entry {
  /** A name, or 1 to 24 as OpenTelemetry has them; default `info`. */
  readonly level?: LevelName | number;
  readonly message: string;
  readonly service?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  /** When it happened; default now. Milliseconds, where it is a number. */
  readonly time?: Date | number;
  readonly sender?: string;
  readonly life?: string;
  readonly kind?: RecordKind;
}

export type ClientStanding = 'connecting' | 'connected' | 'away' | 'denied' | 'closed';

export interface ClientState {
  readonly standing: ClientStanding;
  /** Whom the hub takes us for, as long as it is connected. */
  readonly name: string | undefined;
  readonly lastError: string | undefined;
  /** Records that are not acknowledged. */
  readonly waiting: number;
  /** Records that were not taken since the buffer was full; told to the hub as one record when there is room. */
  readonly refused: number;
  /** Records that are acknowledged since the client began, and those of them that the hub had already. */
  readonly sent: number;
  readonly doubled: number;
}

export interface ClientEvents {
  /** Notifications of others. */
  notification: { readonly agent: string; readonly rows: readonly Row[] };
  /** So many pushes were left out, since this client was too slow for them. */
  missed: { readonly count: number };
  state: ClientState;
  /** Whatever else the hub tells by itself: its name, and the frame. */
  event: { readonly event: string; readonly body: Readonly<Record<string, unknown>> };
}

/** Rows of a tail, oldest first. */
export interface TailRows {
  readonly rows: readonly Row[];
  /** Where the tail stands: what a later one goes on behind. */
  readonly position: number;
  /** Rows that were left out, since this client was too slow for them. */
  readonly skipped: number;
}

export interface Tail {
  /** Ends it; nothing comes any more. */
  stop(): void;
}

export type HubErrorCode =
  /** The connection went after it was asked: it is not known whether it was done. */
  | 'lost'
  | 'timeout'
  | 'denied'
  | 'closed'
  /** Too much waits already. */
  | 'full'
  /** Of the hub: see docs/hub-protocol.md. */
  | 'invalid'
  | 'forbidden'
  | 'unknown'
  | 'later'
  | 'failed';

/** Why something could not be done. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly code: HubErrorCode | (string & {});
  /** After how many milliseconds it may be tried again, where the hub says so. */
  readonly retryMs: number | undefined;

  constructor(code: HubError['code'], message: string, retryMs?: number) {
    super(message);
    this.code = code;
    this.retryMs = retryMs;
  }
}
