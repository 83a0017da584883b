/** Frames of `/ws`, version 2, as whoever sends records writes and reads them (docs/hub-protocol.md). No byte of a hub is trusted. */

const VERSION = 2;

/** How much may be sent that is not answered yet. */
export interface Credit {
  readonly batches: number;
  readonly bytes: number;
}

/** What a hub says. Times are milliseconds. */
export type HubFrame =
  | { readonly is: 'welcome'; readonly welcome: Welcome }
  | { readonly is: 'denied'; readonly code: string; readonly message: string; readonly retryMs?: number }
  | {
      readonly is: 'stored';
      readonly after: number;
      readonly last: number;
      readonly stored: number;
      readonly doubled: number;
    }
  | {
      readonly is: 'refused';
      readonly after: number;
      readonly kind: 'later' | 'bad';
      readonly message: string;
      readonly retryMs?: number;
    }
  /** The answer to a request. */
  | {
      readonly is: 'answer';
      readonly id: unknown;
      readonly success: boolean;
      readonly body: Readonly<Record<string, unknown>>;
    }
  | { readonly is: 'event'; readonly event: string; readonly body: Readonly<Record<string, unknown>> }
  /** Something of a version that we do not know. */
  | { readonly is: 'other' };

/** Who the hub says that we are. */
export interface Welcome {
  readonly kind: 'agent' | 'user';
  readonly name: string;
  /** After so long without a frame of ours it hangs up, milliseconds. */
  readonly timeoutMs: number;
  /** The highest number that it has of our series. */
  readonly last: number;
  readonly credit: Credit;
  readonly body: Readonly<Record<string, unknown>>;
}

const NO_CREDIT: Credit = { batches: 1, bytes: 1_048_576 };
const LONGEST_TEXT = 500;
const DEFAULT_TIMEOUT_S = 30;

/** By what somebody is let in: a token, or, of a page of the hub itself, the word of its session. */
export type AuthKey = 'token' | 'session';

export function authFrame(by: AuthKey, secret: string, series: string | undefined): string {
  return JSON.stringify({
    action: 'auth',
    [by]: secret,
    v: VERSION,
    ...(series === undefined ? {} : { series }),
  });
}

const encoder = new TextEncoder();

/** @param after the number of the last record before these. @param records each as JSON, in the order of their numbers. */
export function batchFrame(after: number, records: readonly string[]): Uint8Array {
  const json = encoder.encode(`[${records.join(',')}]`);
  const frame = new Uint8Array(8 + json.length);
  new DataView(frame.buffer).setBigUint64(0, BigInt(after));
  frame.set(json, 8);
  return frame;
}

/** Undefined for what is no frame of a hub. */
export function readFrame(text: string): HubFrame | undefined {
  const frame = parse(text);
  if (frame === undefined) return undefined;
  const { action, event } = frame;
  if (typeof event === 'string') return { is: 'event', event, body: frame };
  if (action === 'stored') return readStored(frame);
  if (action === 'refused') return readRefused(frame);
  if (action === 'auth') return readAuth(frame);
  if (typeof frame['success'] === 'boolean')
    return { is: 'answer', id: frame['id'], success: frame['success'], body: frame };
  return { is: 'other' };
}

type Body = Readonly<Record<string, unknown>>;

function parse(text: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Body) : undefined;
  } catch {
    return undefined;
  }
}

function readStored(body: Body): HubFrame | undefined {
  const [after, last] = [count(body['after']), count(body['last'])];
  if (after === undefined || last === undefined) return undefined;
  return {
    is: 'stored',
    after,
    last,
    stored: count(body['stored']) ?? 0,
    doubled: count(body['doubled']) ?? 0,
  };
}

function readRefused(body: Body): HubFrame | undefined {
  const { kind, message } = body;
  const after = count(body['after']);
  if (after === undefined || (kind !== 'later' && kind !== 'bad')) return undefined;
  return { is: 'refused', after, kind, message: plain(message), ...retryOf(body) };
}

function readAuth(body: Body): HubFrame | undefined {
  if (body['success'] !== true) {
    const { code, message } = errorOf(body);
    return {
      is: 'denied',
      code,
      message: message.replace(/^cannot let you in: /, ''),
      ...retryOf(body['error']),
    };
  }
  const kind = body['kind'] === 'user' ? 'user' : 'agent';
  const timeoutS = typeof body['timeout'] === 'number' && body['timeout'] > 0 ? body['timeout'] : undefined;
  const credit = isBody(body['credit']) ? body['credit'] : {};
  const welcome: Welcome = {
    kind,
    name: plain(body['name']),
    timeoutMs: (timeoutS ?? DEFAULT_TIMEOUT_S) * 1000,
    last: count(body['last']) ?? 0,
    credit: {
      batches: count(credit['batches']) || NO_CREDIT.batches,
      bytes: count(credit['bytes']) || NO_CREDIT.bytes,
    },
    body,
  };
  return { is: 'welcome', welcome };
}

/** What went wrong, as an answer says it. */
export function errorOf(body: Body): {
  readonly code: string;
  readonly message: string;
  readonly retryMs?: number;
} {
  const error = body['error'];
  if (!isBody(error)) return { code: 'failed', message: plain(error) };
  const { code } = error;
  return {
    code: typeof code === 'string' ? code : 'failed',
    message: plain(error['message']),
    ...retryOf(error),
  };
}

function retryOf(value: unknown): { retryMs?: number } {
  const retryMs = isBody(value) ? value['retryAfter'] : undefined;
  return typeof retryMs === 'number' && retryMs >= 0 ? { retryMs } : {};
}

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

/** A hub's words, bounded, without what would disturb a terminal. */
function plain(value: unknown): string {
  if (typeof value !== 'string') return 'no reason given';
  return value.slice(0, LONGEST_TEXT).replace(/\p{Cc}+/gu, ' ');
}
