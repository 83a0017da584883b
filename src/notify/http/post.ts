import { readFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Clock } from '../../core/clock.ts';

export interface PostRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** A file of certificates that may vouch for the server, instead of those that Node brings; absolute. */
  readonly ca?: string | undefined;
  /** What names a proxy: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** Its beginning, as far as it came in time. */
  readonly body: string;
}

export type PostOutcome =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** `sent`: all of it was, so it may be there. */
  | { readonly kind: 'error'; readonly error: unknown; readonly sent: boolean }
  | { readonly kind: 'timeout'; readonly sent: boolean };

/** Of an answer no more is read: it is shown in part, or has a few fields of JSON. */
const MOST_BYTES = 16_384;
/** The status says what came of it; the rest of the answer is not waited for any longer. */
const BODY_MS = 2000;
const MOST_HOPS = 3;

/**
 * Posts a body, and follows a redirect that keeps the method (307, 308) to the same scheme, host and port alone: what the address
 * and the headers hold is meant for nobody else. Never rejects; after an abort nothing is left open.
 */
export async function post(request: PostRequest): Promise<PostOutcome> {
  let { url } = request;
  for (let hop = 0; ; hop++) {
    const outcome = await postOnce({ ...request, url });
    if (outcome.kind !== 'answer' || hop >= MOST_HOPS) return outcome;
    const { status, location } = outcome.answer;
    const next =
      (status === 307 || status === 308) && location !== undefined ? located(location, url) : undefined;
    if (next === undefined || next.origin !== url.origin) return outcome;
    url = next;
  }
}

/** Where an answer sends us; undefined where that is no address. */
export function located(location: string, from: URL): URL | undefined {
  return URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
}

async function postOnce(request: PostRequest): Promise<PostOutcome> {
  const { url, headers, body, ca, env, clock, signal } = request;
  // Loaded when first used: 6 MB of every daemon.
  const https = url.protocol === 'https:';
  const { request: open, Agent } = await (https ? import('node:https') : import('../../core/http.ts'));
  if (signal.aborted) return { kind: 'timeout', sent: false };
  return new Promise((resolve) => {
    let sent: ClientRequest | undefined;
    const agent = new Agent({ keepAlive: false, proxyEnv: env });
    const finish = (outcome: PostOutcome): void => {
      resolve(outcome);
      sent?.destroy();
      agent.destroy();
    };
    let answered = false;
    const fail = (error: unknown): void => {
      const flushed = sent?.writableFinished === true;
      if (!answered)
        finish(signal.aborted ? { kind: 'timeout', sent: flushed } : { kind: 'error', error, sent: flushed });
    };
    try {
      const trust = ca === undefined ? {} : { ca: readFileSync(ca) };
      const length = { 'content-length': String(Buffer.byteLength(body)) };
      sent = open(
        url.href,
        { method: 'POST', agent, signal, headers: { ...headers, ...length }, ...trust },
        (response) => {
          answered = true;
          readAnswer(response, clock, (answer) => finish({ kind: 'answer', answer }));
        },
      );
      sent.on('error', fail);
      sent.end(body);
    } catch (thrown) {
      fail(thrown);
    }
  });
}

/** Whatever happens to the body: an answer was given. */
function readAnswer(response: IncomingMessage, clock: Clock, done: (answer: Answer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const finish = (): void => {
    patience.cancel();
    const { 'retry-after': retryAfter, location } = response.headers;
    const body = Buffer.concat(chunks).toString('utf8');
    done({ status: response.statusCode ?? 0, retryAfter, location, body });
  };
  const patience = clock.timer(BODY_MS, finish);
  response.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, MOST_BYTES - length);
    chunks.push(part);
    length += part.length;
    if (length >= MOST_BYTES) finish();
  });
  response.on('end', finish);
  response.on('error', finish);
  response.on('close', finish);
}
