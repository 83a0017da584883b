import type * as http from 'node:http';
import { type Expression, parseExpression } from '../../core/expression.ts';
import type { Look, Pace } from './looking.ts';
import { connectTrouble } from './tcp.ts';

/** An HTTP server answers a GET as expected. Redirects are not followed. */
export interface HttpSign extends Pace {
  readonly kind: 'http';
  readonly url: string;
  /** On `status`; see parseExpression. */
  readonly expect: string;
}

/** The names that `expect` knows. */
export const HTTP_VALUES = ['status'];
export const EXPECTED_STATUS = 'status >= 200 and status < 300';

/** @throws Error where `expect` cannot be read: it was checked before. */
export function lookHttp({ url, expect }: HttpSign): Look {
  const expected = parseExpression(expect, { names: HTTP_VALUES });
  if (!expected.ok) throw new Error(expected.error.message);
  return async (signal) => {
    // Few services ask for it, and neither of them is small: 6 MB of the daemon.
    const { get } = await (url.startsWith('https:') ? import('node:https') : import('../../core/http.ts'));
    return ask(get, url, expected.value, signal);
  };
}

function ask(
  get: typeof http.get,
  url: string,
  expected: Expression,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, signal }, (response) => {
      // The body does not matter; it may be endless.
      response.on('error', () => {});
      response.destroy();
      const values = { status: response.statusCode ?? 0 };
      resolve(expected.test(values) ? undefined : `${url} answers: ${expected.explain(values)}`);
    });
    request.on('error', (error) => resolve(connectTrouble(error, url)));
  });
}

export function httpText({ url, expect }: HttpSign): string {
  return `an answer of ${url} with ${expect}`;
}
