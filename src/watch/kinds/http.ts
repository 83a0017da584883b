import type * as http from 'node:http';
import * as v from 'valibot';
import { type Expression, parseExpression } from '../../core/expression.ts';
import { type FieldFacts, text } from '../../core/fields.ts';
import type { Judgement, LookRequest, WatchContext, WatchKind } from '../kind.ts';
import { judgeTrouble } from './connecting.ts';
import { bad, ok, span, unknown } from './judgement.ts';
import { expression, matching } from './options.ts';

/** The names that `expect` knows. */
const NAMES = ['status', 'body', 'ms'] as const;
const EXPECTED = 'status >= 200 and status < 300';
/** Of a body no more is read. */
const MOST_BYTES = 1_048_576;
const VARIABLE = /\$([A-Za-z_][A-Za-z0-9_]*)/g;

const options = v.strictObject({
  url: v.pipe(
    matching('an http or https address', /^https?:\/\/[^\s/?#]/, ['http://127.0.0.1:8080/ping']),
    v.check((value) => URL.canParse(value), 'cannot use this value: write an http or https address'),
    v.description('The address that a GET goes to. Redirects are not followed.'),
  ),
  expect: v.pipe(
    v.optional(expression(NAMES)),
    v.description(
      'What the answer has to be like: `status`, `body` (JSON where it is, else text), `ms` until the headers. By default any status from 200 to 299 is fine.',
    ),
  ),
  headers: v.pipe(
    v.optional(v.record(text('a header'), text())),
    v.description(
      'Headers to send. `$NAME` takes a value from the service’s environment: write secrets only so.',
    ),
    v.metadata({
      form: 'names and values',
      json: { type: 'object', additionalProperties: { type: 'string', minLength: 1 } },
    } satisfies FieldFacts),
  ),
});
type Options = v.InferOutput<typeof options>;

export interface Answer {
  readonly status: number;
  /** Milliseconds until the headers were there. */
  readonly ms: number;
  /** Parsed JSON, or text; undefined where nobody asks for it. */
  readonly body?: unknown;
  /** There is more of the body than was read. */
  readonly cut?: boolean;
}

export type Outcome =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'error'; readonly error: Error }
  /** The deadline came first, so many milliseconds after the start. */
  | { readonly kind: 'timeout'; readonly ms: number };

/** Judges what came of a request. A service that does not answer in time is bad, not unknown. */
export function judgeHttp(url: string, expected: Expression, outcome: Outcome): Judgement {
  if (outcome.kind === 'timeout') return bad(null, `no answer of ${url} within ${span(outcome.ms)}`);
  if (outcome.kind === 'error') return judgeTrouble(outcome.error, url);
  const { status, ms, body, cut } = outcome.answer;
  const value = `status ${status} in ${span(ms)}`;
  const reason = `${url}: ${expected.explain({ status, ms, body })}`;
  if (expected.test({ status, ms, body })) return ok(value, reason);
  return bad(value, cut === true ? `${reason}; only the first 1M of the body was read` : reason);
}

/** An HTTP server answers as expected. */
export const httpKind: WatchKind<Options> = {
  kind: 'http',
  main: 'url',
  options,
  everyMs: 15_000,
  timeoutMs: 5000,
  open({ url, expect = EXPECTED, headers = {} }, context) {
    const parsed = parseExpression(expect, { names: NAMES });
    if (!parsed.ok) throw new Error(parsed.error.message);
    const expected = parsed.value;
    const wantsBody = expected.paths.some((path) => /^body\b/.test(path));
    return {
      async look(request) {
        const sent = filledHeaders(headers, context.env);
        if (typeof sent === 'string') return unknown(sent);
        return judgeHttp(
          shown(url),
          expected,
          await ask({ url, headers: sent, wantsBody }, request, context),
        );
      },
    };
  },
};

type Texts = Readonly<Record<string, string>>;

/** The headers with what `$NAME` stands for; a sentence where the environment has no such name. */
export function filledHeaders(headers: Texts, env: Texts): Record<string, string> | string {
  const filled: Record<string, string> = {};
  for (const [header, form] of Object.entries(headers)) {
    const lacking = [...form.matchAll(VARIABLE)].find(([, name = '']) => !Object.hasOwn(env, name));
    if (lacking !== undefined)
      return `cannot send the header ${header}: ${lacking[0]} is not in its environment`;
    filled[header] = form.replaceAll(VARIABLE, (_all, name: string) => env[name] ?? '');
  }
  return filled;
}

/** The address without a password. */
function shown(url: string): string {
  return url.replace(/^(https?:\/\/)[^/?#@]*@/, '$1');
}

interface Question {
  readonly url: string;
  readonly headers: Texts;
  readonly wantsBody: boolean;
}

async function ask(
  { url, headers, wantsBody }: Question,
  { signal }: LookRequest,
  { clock }: WatchContext,
): Promise<Outcome> {
  // Few services ask for it, and TLS is not small.
  // Not loaded before it is needed: 6 MB of every daemon.
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('node:http'));
  const startedAt = clock.monotonic();
  return new Promise((resolve) => {
    const fail = (error: Error): void => {
      const ms = clock.monotonic() - startedAt;
      resolve(signal.aborted ? { kind: 'timeout', ms } : { kind: 'error', error });
    };
    const sent = request(
      url,
      { agent: false, signal, headers: { 'user-agent': 'vahti', ...headers } },
      (response) => {
        const head = { status: response.statusCode ?? 0, ms: clock.monotonic() - startedAt };
        const done = (answer: Answer): void => {
          resolve({ kind: 'answer', answer });
          sent.destroy();
        };
        response.on('error', fail);
        if (wantsBody) readBody(response, (body) => done({ ...head, ...body }), fail);
        else done(head);
      },
    );
    sent.on('error', fail);
    sent.end();
  });
}

function readBody(
  response: http.IncomingMessage,
  done: (body: Pick<Answer, 'body' | 'cut'>) => void,
  fail: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const finish = (cut: boolean): void => {
    const said = Buffer.concat(chunks).toString('utf8');
    done({ body: cut ? said : bodyOf(said), cut });
  };
  response.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, MOST_BYTES - length);
    chunks.push(part);
    length += part.length;
    if (part.length < chunk.length) finish(true);
  });
  response.on('end', () => finish(false));
  response.on('aborted', () => fail(Object.assign(new Error('it broke off'), { code: 'ECONNRESET' })));
}

/** What JSON says, else the text itself; the header is not asked, since many servers send none. */
export function bodyOf(said: string): unknown {
  try {
    return JSON.parse(said);
  } catch {
    return said;
  }
}
