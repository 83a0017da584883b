import type * as http from 'node:http';
import type { Clock } from '../core/clock.ts';
import { createLineSplitter } from '../core/lines.ts';
import { networkTrouble } from '../core/network-error.ts';
import { asError, err, ok, type Result } from '../core/result.ts';
import { retryAfter } from '../core/retry-after.ts';

/** A hub, as somebody who reads from it speaks to it. */
export interface HubClientOptions {
  /** `https://hub.example`, or with a path before `/api`. */
  readonly url: URL;
  readonly token: string;
  /** Certificates that vouch for it, PEM, in the place of the system's. */
  readonly ca?: string;
  /** Its very certificate, PEM, whatever name that is for. */
  readonly pinned?: string;
  readonly clock: Clock;
}

/** Why there is no answer. */
export interface HubTrouble {
  /** `unreachable`: it may work later. `refused`: it was understood, and will not be done. `busy`: later. */
  readonly kind: 'unreachable' | 'refused' | 'busy';
  /** A clause: `nothing listens there`, or what the hub says, `cannot …`. */
  readonly why: string;
  readonly retryMs?: number;
}

export interface HubClient {
  /** Asks for one answer; its JSON is not checked. */
  get(path: string, query: URLSearchParams, signal: AbortSignal): Promise<Result<unknown, HubTrouble>>;
  /** Reads lines of JSON as they come, until the hub ends them or the signal aborts; the last value may be why it ended. */
  lines(
    path: string,
    query: URLSearchParams,
    signal: AbortSignal,
  ): AsyncGenerator<Result<unknown, HubTrouble>>;
}

const ANSWER_MS = 30_000;
/** A hub that follows says something every 10 s. */
const SILENCE_MS = 30_000;
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_LINE = 1024 * 1024;

export function createHubClient(options: HubClientOptions): HubClient {
  return {
    async get(path, query, signal) {
      try {
        const response = await request(options, path, query, signal);
        const body = await readAll(response, options.clock);
        const status = response.statusCode ?? 0;
        if (status !== 200) return err(refusal(response, body, options.clock));
        return ok(JSON.parse(body.toString('utf8')));
      } catch (error) {
        return err(troubleOf(error));
      }
    },
    async *lines(path, query, signal) {
      try {
        const response = await request(options, path, query, signal);
        if (response.statusCode !== 200) {
          yield err(refusal(response, await readAll(response, options.clock), options.clock));
          return;
        }
        for await (const line of linesOf(response, options.clock)) yield ok(JSON.parse(line));
      } catch (error) {
        if (!signal.aborted) yield err(troubleOf(error));
      }
    },
  };
}

async function request(
  { url, token, ca, pinned, clock }: HubClientOptions,
  path: string,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const address = new URL(`${url.href.replace(/\/+$/, '')}${path}`);
  address.search = query.toString();
  const trusted = ca ?? pinned;
  const tls = {
    ...(trusted === undefined ? {} : { ca: trusted, allowPartialTrustChain: true }),
    ...(pinned === undefined ? {} : { checkServerIdentity: () => undefined }),
  };
  const library = await (address.protocol === 'https:' ? import('node:https') : import('../core/http.ts'));
  return new Promise((resolve, reject) => {
    const asked = library.request(address, {
      ...tls,
      signal,
      agent: false,
      headers: { authorization: `Bearer ${token}`, accept: 'application/x-ndjson, application/json' },
    });
    const deadline = clock.timer(ANSWER_MS, () => asked.destroy(new Error('it does not answer')));
    asked.on('response', (response) => {
      deadline.cancel();
      resolve(response);
    });
    asked.on('error', (error) => {
      deadline.cancel();
      reject(error);
    });
    asked.end();
  });
}

async function readAll(response: http.IncomingMessage, clock: Clock): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const deadline = clock.timer(ANSWER_MS, () => response.destroy(new Error('its answer does not end')));
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) throw new Error(`its answer is over ${MOST_BYTES} bytes`);
    }
  } finally {
    deadline.cancel();
  }
  return Buffer.concat(chunks);
}

async function* linesOf(response: http.IncomingMessage, clock: Clock): AsyncGenerator<string> {
  let lines: string[] = [];
  const splitter = createLineSplitter({
    maxBytes: MOST_LINE,
    onLine: (line) => lines.push(line.toString('utf8')),
  });
  let quiet = clock.timer(SILENCE_MS, () => {});
  const arm = (): void => {
    quiet.cancel();
    quiet = clock.timer(SILENCE_MS, () => response.destroy(new Error('it is silent')));
  };
  try {
    arm();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      splitter.push(chunk);
      const whole = lines;
      lines = [];
      yield* whole;
      arm();
    }
  } finally {
    quiet.cancel();
    response.destroy();
  }
}

function refusal(response: http.IncomingMessage, body: Buffer, clock: Clock): HubTrouble {
  const status = response.statusCode ?? 0;
  const retryMs = retryAfter(response.headers['retry-after'], clock.now());
  const why = messageIn(body) ?? `it answered ${status} ${response.statusMessage ?? ''}`.trimEnd();
  const kind = status === 429 || status === 503 ? 'busy' : status >= 500 ? 'unreachable' : 'refused';
  return { kind, why, retryMs };
}

function messageIn(body: Buffer): string | undefined {
  try {
    const { error } = JSON.parse(body.toString('utf8')) as {
      readonly error?: { readonly message?: unknown };
    };
    return typeof error?.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  }
}

function troubleOf(error: unknown): HubTrouble {
  return { kind: 'unreachable', why: networkTrouble(error)?.why ?? asError(error).message };
}
