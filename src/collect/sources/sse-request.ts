import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as requestHttp } from '../../core/http.ts';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { retryAfter } from '../../core/retry-after.ts';

const CONNECT_MS = 15_000;
/** From the connection to the beginning of the answer: some servers begin to answer only with their first event. */
const ANSWER_MS = 60_000;
/** After so long without a byte the kernel asks the other side whether it is there: a dead one ends the connection. */
const KEEPALIVE_MS = 30_000;
const MOST_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Why there is no stream. */
export interface Refusal {
  readonly reason: string;
  /** How long the server wants to be left alone, milliseconds. */
  readonly notBeforeMs: number;
  /** The server says that the stream is over (204): clients should not come back. */
  readonly over: boolean;
}

/** Reads the address of an event stream, `sse+` before it or not. The error is a whole sentence. */
export function parseSseAddress(text: string): Result<URL, string> {
  const plain = text.trim().replace(/^sse\+/i, '');
  const url = URL.parse(plain);
  if (url === null || !/^https?:\/\//i.test(plain))
    return err(
      `cannot collect from ${text.replace(/\/\/[^/]*@/, '//…@')}: write sse+https://HOST/PATH or sse+http://HOST/PATH`,
    );
  return ok(url);
}

export interface SseRequest {
  readonly url: URL;
  /** The id of the last event that was taken. */
  readonly lastId: string | undefined;
  readonly clock: Clock;
  /** Gives up at once. */
  readonly signal: AbortSignal;
}

/**
 * Asks for an event stream; follows redirects. Resolves with the answer, paused, when it is a stream of events: status 200,
 * `text/event-stream`, not packed. Whoever gets it must destroy it.
 */
export async function requestEvents(ask: SseRequest): Promise<Result<IncomingMessage, Refusal>> {
  let { url } = ask;
  for (let redirects = 0; ; redirects++) {
    // oxlint-disable-next-line no-await-in-loop -- each answer says where to ask next
    const answer = await send(url, ask);
    if (!answer.ok) return err({ reason: answer.error, notBeforeMs: 0, over: false });
    const response = answer.value;
    const { location } = response.headers;
    if (!REDIRECTS.has(response.statusCode ?? 0) || location === undefined) return judge(response, ask.clock);
    response.destroy();
    const next = redirected(url, location, redirects);
    if (!next.ok) return err({ reason: next.error, notBeforeMs: 0, over: false });
    url = next.value;
  }
}

/** Where a redirect leads. Name and password go along only within one server. */
function redirected(from: URL, location: string, redirects: number): Result<URL, string> {
  if (redirects >= MOST_REDIRECTS) return err(`the server redirected more than ${MOST_REDIRECTS} times`);
  const to = URL.parse(location, from.href);
  if (to === null || !/^https?:$/.test(to.protocol))
    return err('the server redirected to what is no address');
  if (from.protocol === 'https:' && to.protocol === 'http:')
    return err(`the server redirected from https to plain http, to ${to.host}`);
  if (to.origin === from.origin) {
    to.username = from.username;
    to.password = from.password;
  }
  return ok(to);
}

function judge(response: IncomingMessage, clock: Clock): Result<IncomingMessage, Refusal> {
  const { statusCode, statusMessage = '', headers } = response;
  const type = headers['content-type'] ?? '';
  const packed = headers['content-encoding'] ?? 'identity';
  let reason: string | undefined;
  if (statusCode === 204) reason = 'the server says that the stream is over (204)';
  else if (statusCode !== 200) reason = `the server answered ${statusCode} ${statusMessage}`.trim();
  else if (!/^text\/event-stream[ \t]*(;|$)/i.test(type))
    reason = `the server sent ${type === '' ? 'no content type' : type.slice(0, 80)}, not text/event-stream`;
  else if (packed !== 'identity')
    reason = `the server sent it packed (${packed.slice(0, 20)}), which was not asked for`;
  if (reason === undefined) return ok(response);
  response.destroy();
  const notBeforeMs = retryAfter(headers['retry-after'], clock.now());
  return err({ reason, notBeforeMs, over: statusCode === 204 });
}

/** Sends one request; resolves with the beginning of its answer, or why there is none. */
function send(url: URL, { lastId, clock, signal }: SseRequest): Promise<Result<IncomingMessage, string>> {
  return new Promise((resolve) => {
    const options: RequestOptions = {
      agent: false,
      headers: {
        accept: 'text/event-stream',
        'accept-encoding': 'identity',
        'cache-control': 'no-store',
        'user-agent': 'vahti',
        // A header is bytes, and these are UTF-8 (HTML standard, 9.2.3).
        ...(lastId === undefined ? {} : { 'last-event-id': Buffer.from(lastId, 'utf8').toString('latin1') }),
      },
    };
    const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
    let reason: string | undefined;
    const give = (why: string): void => {
      reason ??= why;
      request.destroy();
    };
    const late = (what: string, ms: number) => () => give(`cannot ${what} ${url.host} within ${ms / 1000} s`);
    let patience = clock.timer(CONNECT_MS, late('connect to', CONNECT_MS));
    const leave = (): void => give('the collector ends');
    signal.addEventListener('abort', leave, { once: true });
    const settle = (result: Result<IncomingMessage, string>): void => {
      patience.cancel();
      signal.removeEventListener('abort', leave);
      resolve(result);
    };
    request.on('socket', (socket: Socket) => {
      socket.setKeepAlive(true, KEEPALIVE_MS);
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        patience.cancel();
        patience = clock.timer(ANSWER_MS, late('get an answer from', ANSWER_MS));
      });
    });
    request.on('response', (response) => settle(ok(response)));
    request.on('error', (error) => {
      reason ??= error.message === '' ? `cannot connect to ${url.host}` : error.message;
    });
    request.on('close', () => settle(err(reason ?? 'the connection broke')));
    request.end();
    if (signal.aborted) leave();
  });
}
