import type * as http from 'node:http';
import * as v from 'valibot';
import { type Expression, parseExpression } from '../../core/expression.ts';
import { type FieldFacts, text } from '../../core/fields.ts';
import type { LookRequest, WatchContext } from '../kind.ts';
import type { Judgement } from '../judgement.ts';
import { judgeTrouble, type Trouble, troubleOf } from './connecting.ts';
import { ask, type Inputs, inputsOf, lacking } from './inputs.ts';
import { bad, ok, span, tenths, unknown } from './judgement.ts';
import { expression, matching } from './options.ts';
import { splitKind } from './split-kind.ts';

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

/** What came of a request, as far as it is judged. */
export type HttpReading =
  | { readonly kind: 'answer'; readonly inputs: Inputs; readonly cut: boolean }
  | { readonly kind: 'error'; readonly trouble: Trouble }
  | { readonly kind: 'timeout'; readonly ms: number }
  /** It was not sent. */
  | { readonly kind: 'unsent'; readonly reason: string };

export function httpReading(expected: Expression, outcome: Outcome): HttpReading {
  if (outcome.kind === 'error') return { kind: 'error', trouble: troubleOf(outcome.error) };
  if (outcome.kind === 'timeout') return outcome;
  const { status, ms, body, cut = false } = outcome.answer;
  return { kind: 'answer', inputs: inputsOf(expected, { status, ms, body }, ['status', 'ms']), cut };
}

/** Judges what came of a request. A service that does not answer in time is bad, not unknown. */
export function judgeHttp(url: string, expected: Expression, reading: HttpReading): Judgement {
  if (reading.kind === 'unsent') return unknown(reading.reason);
  if (reading.kind === 'timeout') return bad(null, `no answer of ${url} within ${span(reading.ms)}`);
  if (reading.kind === 'error') return judgeTrouble(reading.trouble, url);
  const { inputs, cut } = reading;
  const { status, ms } = inputs.values;
  const value = `status ${String(status)} in ${span(Number(ms))}`;
  const answer = ask(expected, inputs);
  if (answer === undefined) return unknown(`${lacking(expected, inputs)} of that answer was not kept`, value);
  const reason = `${url}: ${answer.why}`;
  if (answer.holds) return ok(value, reason);
  return bad(value, cut ? `${reason}; only the first 1M of the body was read` : reason);
}

/** An HTTP server answers as expected. */
export const httpKind = splitKind<Options, HttpReading>({
  kind: 'http',
  main: 'url',
  options,
  everyMs: 15_000,
  timeoutMs: 5000,
  reader({ url, expect = EXPECTED, headers = {} }, context) {
    const expected = parsed(expect);
    const wantsBody = expected.paths.some((path) => /^body\b/.test(path));
    return async (request) => {
      const sent = filledHeaders(headers, context.env);
      if (typeof sent === 'string') return { kind: 'unsent', reason: sent };
      return httpReading(expected, await send({ url, headers: sent, wantsBody }, request, context));
    };
  },
  judge({ url, expect = EXPECTED }) {
    const expected = parsed(expect);
    return (reading) => judgeHttp(shown(url), expected, reading);
  },
  fits({ expect = EXPECTED }) {
    const expected = parsed(expect);
    return (reading) => reading.kind !== 'answer' || ask(expected, reading.inputs) !== undefined;
  },
  source: ({ url, headers = {} }) => ['http', url, JSON.stringify(headers)],
});

function parsed(expect: string): Expression {
  const result = parseExpression(expect, { names: NAMES });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

type Texts = Readonly<Record<string, string>>;

/** The headers with what `$NAME` stands for; a sentence where the environment has no such name. */
export function filledHeaders(headers: Texts, env: Texts): Record<string, string> | string {
  const filled: Record<string, string> = {};
  for (const [header, form] of Object.entries(headers)) {
    const missing = [...form.matchAll(VARIABLE)].find(([, name = '']) => !Object.hasOwn(env, name));
    if (missing !== undefined)
      return `cannot send the header ${header}: ${missing[0]} is not in its environment`;
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

async function send(
  { url, headers, wantsBody }: Question,
  { signal }: LookRequest,
  { clock }: WatchContext,
): Promise<Outcome> {
  const begun = clock.monotonic();
  // Few services ask for it, and TLS is not small.
  // Not loaded before it is needed: 6 MB of every daemon.
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('../../core/http.ts'));
  const startedAt = clock.monotonic();
  return new Promise((resolve) => {
    const fail = (error: Error): void => {
      // The deadline is that of the whole look.
      const ms = tenths(clock.monotonic() - begun);
      resolve(signal.aborted ? { kind: 'timeout', ms } : { kind: 'error', error });
    };
    const sent = request(
      url,
      { agent: false, signal, headers: { 'user-agent': 'vahti', ...headers } },
      (response) => {
        const ms = tenths(clock.monotonic() - startedAt);
        const head = { status: response.statusCode ?? 0, ms };
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
