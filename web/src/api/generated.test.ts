import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { createServer } from '../../../src/core/http.ts';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import * as v from 'valibot';
import { ASKS, ENDPOINTS, type Endpoint } from '../../../src/wire/page/endpoints.ts';
import { CallError, call, useSession } from './call.ts';
import * as client from './generated.ts';

/** What the hub takes and answers is what the client says: in types, where this compiles, and on the wire. */

/** JSON has no undefined. */
type ReadOnly<T> = T extends readonly (infer U)[]
  ? readonly ReadOnly<U>[]
  : T extends object
    ? { readonly [K in keyof T]: ReadOnly<Exclude<T[K], undefined>> }
    : T;
type Name = keyof typeof ENDPOINTS;
type Client<K extends Name> = Awaited<ReturnType<(typeof client)[K]>>;
type Given<K extends Name> = ReadOnly<v.InferOutput<(typeof ENDPOINTS)[K]['answer']>>;
type Taken<K extends Name> = ReadOnly<v.InferInput<(typeof ENDPOINTS)[K]['answer']>>;
type Compared = {
  [K in Name]: [Given<K>] extends [Client<K>] ? ([Client<K>] extends [Taken<K>] ? 'same' : 'less') : 'more';
};
const answers: Readonly<Record<Name, 'same'>> = {} as Compared;
void answers;

type Method = keyof typeof ASKS;
type Camel<T extends string> = T extends `${infer A}-${infer B}`
  ? `${Capitalize<A>}${Camel<B>}`
  : Capitalize<T>;
type Asking<M extends Method> = (typeof client)[`ask${Camel<M>}` & keyof typeof client];
type ComparedAsks = {
  [M in Method]: Asking<M> extends (agent: string, params: infer P, why?: string) => Promise<infer R>
    ? [ReadOnly<v.InferOutput<(typeof ASKS)[M]['value']>>, P] extends [
        R,
        ReadOnly<v.InferInput<(typeof ASKS)[M]['params']>>,
      ]
      ? 'same'
      : 'other'
    : 'missing';
};
const asks: Readonly<Record<Method, 'same'>> = {} as ComparedAsks;
void asks;

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}
interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A hub that answers as it is told to; `fetch` knows its origin, as that of a page does. */
async function startHub(
  t: TestContext,
  reply: (asked: Asked) => Reply | undefined,
): Promise<{ close(): void }> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const { method = '', headers } = request;
      const url = new URL(request.url ?? '', 'http://hub');
      const said = reply({ method, url, headers, body: text === '' ? undefined : JSON.parse(text) });
      if (said === undefined) return;
      response.writeHead(said.status ?? 200, {
        'content-type': 'application/json',
        connection: 'close',
        ...said.headers,
      });
      response.end(said.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const plain = globalThis.fetch;
  globalThis.fetch = (path, init) => plain(new URL(path as string, origin), init);
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  t.after(() => {
    globalThis.fetch = plain;
    close();
  });
  return { close };
}

interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly item?: Shape;
  readonly wrapped?: Shape;
  readonly options?: readonly unknown[];
}

/** A value that a schema takes. */
function sample({ type, entries, item, wrapped, options }: Shape): unknown {
  if (entries !== undefined)
    return Object.fromEntries(Object.entries(entries).map(([key, inner]) => [key, sample(inner)]));
  if (item !== undefined) return [sample(item), sample(item)];
  if (wrapped !== undefined) return sample(wrapped);
  if (options !== undefined) return options[0];
  return { string: 'a b&/c', number: 7, boolean: true, null: null, record: {}, unknown: 'x' }[type];
}
function sampleOf(schema: v.GenericSchema<unknown, unknown>): unknown {
  const value = sample(schema);
  assert.ok(v.is(schema, value), `no sample of ${JSON.stringify(value)}`);
  return value;
}

/** What a hub reads of a query: each value as text, lists by repeating. */
function asQuery(params: object): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(params).map(([key, value]: [string, unknown]) => [key, [value].flat().map(String)]),
  );
}

type Call = (...given: readonly unknown[]) => Promise<unknown>;
const CALLS = new Map(Object.entries(client) as unknown as readonly (readonly [string, Call])[]);

test('every endpoint is asked for as the hub has it, and its answer comes back', async (t) => {
  useSession('word', () => assert.fail('nobody is denied'));
  let asked: Asked | undefined;
  let answer: unknown;
  await startHub(t, (each) => {
    asked = each;
    return { text: JSON.stringify(answer) };
  });
  for (const [name, endpoint] of Object.entries(ENDPOINTS) as [Name, Endpoint][]) {
    const params = endpoint.params === undefined ? undefined : (sampleOf(endpoint.params) as object);
    const inPath = [...endpoint.path.matchAll(/:\w+/g)].map(() => 'a b/c?d');
    answer = sampleOf(endpoint.answer);
    const got = await CALLS.get(name)?.(...inPath, ...(params === undefined ? [] : [params]));
    assert.deepEqual(got, answer, name);
    const { method, url, headers, body } = asked as unknown as Asked;
    assert.equal(method, endpoint.method, name);
    assert.equal(url.pathname, endpoint.path.replaceAll(/:\w+/g, encodeURIComponent('a b/c?d')), name);
    const isQuery = method === 'GET' || method === 'DELETE';
    const query = Object.fromEntries(
      [...new Set(url.searchParams.keys())].map((key) => [key, url.searchParams.getAll(key)]),
    );
    assert.deepEqual(query, isQuery ? asQuery(params ?? {}) : {}, name);
    assert.deepEqual(body, isQuery ? undefined : (params ?? {}), name);
    assert.equal(headers['x-vahti-csrf'], method === 'GET' ? undefined : 'word', name);
  }
});

test('every ask goes to its agent with its reason, and its value comes back', async (t) => {
  useSession('word', () => assert.fail('nobody is denied'));
  let asked: Asked | undefined;
  let value: unknown;
  await startHub(t, (each) => {
    asked = each;
    return { text: JSON.stringify({ value }) };
  });
  for (const [method, schemas] of Object.entries(ASKS)) {
    const name = `ask-${method}`.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    const params = sampleOf(schemas.params);
    value = sampleOf(schemas.value);
    const asking = CALLS.get(name);
    assert.ok(asking !== undefined, name);
    assert.deepEqual(await asking('alpha', params, 'the disk is replaced'), value, name);
    assert.equal(asked?.url.pathname, `/api/ask/${method}`);
    assert.deepEqual(asked?.body, { agent: 'alpha', params, why: 'the disk is replaced' });
    assert.equal(asked?.headers['x-vahti-csrf'], 'word');
  }
});

test('what the hub refuses is rejected with its words, its code, and how long to wait', async (t) => {
  let denied = 0;
  useSession('word', () => denied++);
  let reply: Reply = { text: '' };
  await startHub(t, () => reply);
  const refused = async (path: string): Promise<CallError> => {
    const error: unknown = await call('POST', path, {}).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof CallError);
    return error;
  };
  const body = (code: string, message: string): string => JSON.stringify({ error: { code, message } });

  reply = { status: 429, headers: { 'retry-after': '6' }, text: body('later', 'cannot let you in now') };
  const later = await refused('/api/login');
  assert.deepEqual(
    [later.code, later.status, later.message, later.waitMs],
    ['later', 429, 'cannot let you in now', 6000],
  );

  reply = { status: 502, headers: { 'content-type': 'text/html' }, text: '<h1>Bad gateway</h1>' };
  const broken = await refused('/api/tokens');
  assert.deepEqual(
    [broken.code, broken.status, broken.message, broken.waitMs],
    ['failed', 502, 'cannot answer: HTTP 502', 0],
  );

  reply = { status: 401, text: body('denied', 'cannot let you in: the name or the password is wrong') };
  await refused('/api/login');
  assert.equal(denied, 0, 'a wrong password ends no session');
  await refused('/api/tokens');
  assert.equal(denied, 1);
});

test('a hub that is away, and a question that nobody waits for, are told apart', async (t) => {
  useSession('', () => {});
  const hub = await startHub(t, () => undefined);
  const ending = new AbortController();
  const waiting = call('GET', '/api/board', undefined, ending.signal);
  ending.abort();
  await assert.rejects(waiting, (error) => error instanceof CallError && error.code === 'aborted');
  hub.close();
  await assert.rejects(
    client.board(),
    (error) => error instanceof CallError && error.code === 'offline' && error.status === 0,
  );
});
