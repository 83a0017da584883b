import type { ClientRequest } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from '../core/http.ts';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { networkTrouble } from '../core/network-error.ts';
import { asError } from '../core/result.ts';
import { retryAfter } from '../core/retry-after.ts';
import { type ForwardTarget, SEND_MS, type SendOutcome, type TargetOptions } from './target.ts';
import type { StoredRecord } from '../core/record.ts';

/** A batch as it is posted. */
export interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

/** Of an answer no more is read. */
const MOST_ANSWER = 65_536;
const SHOWN = 200;
/** What these say holds for every batch, whatever is in it: who may send, and where. To leave records out would lose all of them. */
const NOT_OF_RECORDS: ReadonlySet<number> = new Set([
  401, 402, 403, 404, 405, 407, 408, 409, 421, 425, 426, 429,
]);

/** What a protocol knows of its posts. */
export interface PostForm {
  write(records: readonly StoredRecord[]): Post;
  /** What a success says of a batch. */
  taken(body: Buffer): SendOutcome;
  /** The words of an answer that is no success. */
  words(body: Buffer): string;
}

/** A target that batches are posted to, over connections that are kept. */
export function createHttpTarget(options: TargetOptions, url: URL, form: PostForm): ForwardTarget {
  const { token, user, tenant, ca, clock, env } = options;
  const secure = url.protocol === 'https:';
  const proxyEnv = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 2, proxyEnv });
  const shared = {
    ...(token === undefined ? {} : { authorization: authorization(token, user) }),
    ...(tenant === undefined ? {} : { 'x-scope-orgid': tenant }),
    'user-agent': 'vahti',
  };
  const judge = ({ status, retryAfter: asked, body }: Answer): SendOutcome => {
    if (status >= 200 && status < 300) return form.taken(body);
    const why = `it answered ${status}${excerpt(form.words(body), token)}`;
    const bad = status >= 400 && status < 500 && !NOT_OF_RECORDS.has(status);
    return bad
      ? { kind: 'refused', why }
      : { kind: 'later', why, retryAfterMs: retryAfter(asked, clock.now()) };
  };
  return {
    async send(records, signal) {
      const { headers, body } = form.write(records);
      const patience = new AbortController();
      const timer = clock.timer(SEND_MS, () => patience.abort());
      const both = AbortSignal.any([signal, patience.signal]);
      try {
        return judge(
          await post(secure ? httpsRequest : httpRequest, url, {
            agent,
            signal: both,
            headers: { ...shared, ...headers, 'content-length': String(body.length) },
            ...(ca === undefined ? {} : { ca }),
            body,
          }),
        );
      } catch (thrown) {
        const why = patience.signal.aborted
          ? `it gave no answer in ${SEND_MS / 1000} s`
          : (networkTrouble(thrown)?.why ?? asError(thrown).message);
        return { kind: 'later', why, retryAfterMs: 0 };
      } finally {
        timer.cancel();
      }
    },
    close: () => agent.destroy(),
  };
}

function authorization(token: string, user: string | undefined): string {
  return user === undefined
    ? `Bearer ${token}`
    : `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
}

type Open = typeof httpRequest;

function post(
  open: Open,
  url: URL,
  { body, ...options }: Exclude<Parameters<Open>[1], (() => void) | undefined> & { readonly body: Buffer },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request: ClientRequest = open(url, { method: 'POST', ...options }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        // The rest is read too, so that the connection can be used again.
        if (length < MOST_ANSWER) chunks.push(chunk.subarray(0, MOST_ANSWER - length));
        length += chunk.length;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
          body: Buffer.concat(chunks),
        }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** What it said, on one line, without the token and without control characters. */
function excerpt(words: string, token: string | undefined): string {
  const line = words.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  const shown = (token ? line.replaceAll(token, '…') : line).slice(0, SHOWN).toWellFormed();
  return shown === '' ? '' : `: ${shown}`;
}
