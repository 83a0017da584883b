import assert from 'node:assert/strict';
import type * as Http from 'node:http';
import * as http from '../../core/http.ts';
import * as net from 'node:net';
import { type TestContext, test } from 'node:test';
import { onEnd } from '../../../test/rig/leaks.ts';
import { complaints, openWatch } from '../../../test/rig/watching.ts';
import { parseExpression } from '../../core/expression.ts';
import { bodyOf, filledHeaders, httpKind, httpReading, judgeHttp, type Outcome } from './http.ts';

function judge(url: string, expect: string, outcome: Outcome) {
  const parsed = parseExpression(expect);
  assert.ok(parsed.ok);
  return judgeHttp(url, parsed.value, httpReading(parsed.value, outcome));
}

function answer(status: number, ms = 12, body?: unknown, cut = false): Outcome {
  return { kind: 'answer', answer: { status, ms, body, cut } };
}

function failure(code: string, message = code): Outcome {
  return { kind: 'error', error: Object.assign(new Error(message), { code }) };
}

test('an answer is judged by the expression; no answer is bad, unless this machine is to blame', () => {
  const U = 'http://u/';
  for (const [text, outcome, verdict, value, reason] of [
    ['status == 200', answer(200), 'ok', 'status 200 in 12ms', 'http://u/: status is 200 (== 200)'],
    ['status == 200', answer(503), 'bad', 'status 503 in 12ms', 'http://u/: status is 503, expected == 200'],
    ['ms < 300', answer(200, 420), 'bad', 'status 200 in 420ms', 'http://u/: ms is 420, expected < 300'],
    [
      'body.ok == true',
      answer(200, 1, { ok: true }),
      'ok',
      'status 200 in 1ms',
      'http://u/: body.ok is true (== true)',
    ],
    [
      'body contains "up"',
      answer(200, 1, 'all up'),
      'ok',
      'status 200 in 1ms',
      'http://u/: body is "all up" (contains "up")',
    ],
    [
      'body.ok',
      answer(200, 1, 'x', true),
      'bad',
      'status 200 in 1ms',
      'http://u/: body.ok is missing, expected true; only the first 1M of the body was read',
    ],
    [
      'status == 200',
      { kind: 'timeout', ms: 5003 } as const,
      'bad',
      null,
      'no answer of http://u/ within 5s',
    ],
    [
      'status == 200',
      failure('ECONNREFUSED'),
      'bad',
      null,
      'cannot connect to http://u/: nothing listens there',
    ],
    [
      'status == 200',
      failure('ECONNRESET'),
      'bad',
      null,
      'cannot connect to http://u/: it closed the connection',
    ],
    [
      'status == 200',
      failure('EHOSTUNREACH'),
      'bad',
      null,
      'cannot connect to http://u/: its host cannot be reached',
    ],
    [
      'status == 200',
      failure('ENOTFOUND'),
      'unknown',
      null,
      'cannot connect to http://u/: its name cannot be resolved',
    ],
    [
      'status == 200',
      failure('EMFILE'),
      'unknown',
      null,
      'cannot connect to http://u/: too many open files here',
    ],
    [
      'status == 200',
      failure('ENETUNREACH'),
      'unknown',
      null,
      'cannot connect to http://u/: there is no network to it',
    ],
    [
      'status == 200',
      failure('CERT_HAS_EXPIRED', 'certificate has expired'),
      'bad',
      null,
      'cannot use the answer of http://u/: certificate has expired',
    ],
  ] as const)
    assert.deepEqual(judge(U, text, outcome), { verdict, value, reason }, reason);
});

test('of several addresses the one that refused weighs more than the one without a network', () => {
  const errors = ['ENETUNREACH', 'ECONNREFUSED'].map((code) => Object.assign(new Error(code), { code }));
  const outcome = { kind: 'error', error: new AggregateError(errors) } as const;
  assert.equal(judge('u', 'status == 1', outcome).verdict, 'bad');
});

test('a body is JSON where it is', () => {
  assert.deepEqual(bodyOf('{"a":1}'), { a: 1 });
  assert.equal(bodyOf('{"a":1'), '{"a":1');
  assert.equal(bodyOf('UP'), 'UP');
});

async function serve(t: TestContext, handle: Http.RequestListener): Promise<string> {
  const server = http.createServer(handle);
  return `http://127.0.0.1:${await listen(t, server)}/ping`;
}

async function listen(t: TestContext, server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(t, async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as net.AddressInfo).port;
}

test('a real server: status, redirect, JSON body, headers, endless and large bodies', async (t) => {
  let reply: Http.RequestListener = (_request, response) => response.end('ok');
  const look = async (url: string, options: object = {}) => {
    const watching = openWatch(t, httpKind, { url, ...options });
    return watching.look();
  };
  const { look: first } = openWatch(t, httpKind, { url: 'http://127.0.0.1:9/' });
  assert.match((await first()).reason, /nothing listens there$/);
  const url = await serve(t, (request, response) => reply(request, response));
  assert.equal((await look(url)).verdict, 'ok');
  reply = (_request, response) => response.writeHead(302, { location: url }).end();
  assert.match((await look(url)).reason, /status is 302, expected < 300$/);
  reply = (request, response) => response.end(JSON.stringify({ id: 'x', key: request.headers['x-key'] }));
  assert.equal((await look(url, { expect: 'body.key == "k"', headers: { 'x-key': 'k' } })).verdict, 'ok');
  assert.match(
    (await look(url, { expect: 'status == 200 and body.id == ""' })).reason,
    /body.id is "x", expected == ""$/,
  );
  // Nobody asks for the body: its end is not waited for.
  reply = (_request, response) => response.write('x'.repeat(100));
  assert.equal((await look(url)).verdict, 'ok');
  reply = (_request, response) => {
    response.on('error', () => {});
    for (let at = 0; at < 40; at++) response.write('x'.repeat(65_536));
  };
  const large = await look(url, { expect: 'body matches /y/' });
  assert.match(large.reason, /only the first 1M of the body was read$/);
  reply = (_request, response) => {
    response.write('{"a":');
    setImmediate(() => response.destroy());
  };
  assert.match((await look(url, { expect: 'body.a == 1' })).reason, /it closed the connection$/);
});

test('a server that does not answer, or not to its end, is bad at the deadline', async (t) => {
  const silent = await serve(t, () => {});
  const watching = openWatch(t, httpKind, { url: silent });
  assert.match(
    (await watching.look({ timeoutMs: 100 })).reason,
    /^no answer of http:\/\/127\.0\.0\.1:\d+\/ping within (?:99|1\d\d)ms$/,
  );
  const slow = await serve(t, (_request, response) => response.write('{'));
  const body = openWatch(t, httpKind, { url: slow, expect: 'body.x == 1' });
  assert.equal((await body.look({ timeoutMs: 100 })).verdict, 'bad');
  const noHttp = await listen(
    t,
    net.createServer((socket) => socket.end('hello\n')),
  );
  const odd = openWatch(t, httpKind, { url: `http://127.0.0.1:${noHttp}` });
  assert.match((await odd.look()).reason, /^cannot use the answer of .*Parse Error/);
});

test('a header takes its secret from the environment, and none goes out without it', async (t) => {
  assert.deepEqual(filledHeaders({ a: 'Bearer $T', b: '$T$U', c: 'x$' }, { T: '1', U: '$T' }), {
    a: 'Bearer 1',
    b: '1$T',
    c: 'x$',
  });
  const lacking = openWatch(t, httpKind, { url: 'http://127.0.0.1:9/', headers: { key: '$NOT_THERE' } });
  assert.deepEqual(await lacking.look(), {
    verdict: 'unknown',
    value: null,
    reason: 'cannot send the header key: $NOT_THERE is not in its environment',
  });
});

test('a password in the address is not shown', async (t) => {
  const watching = openWatch(t, httpKind, { url: 'http://me:secret@127.0.0.1:9/x' });
  assert.equal(
    (await watching.look()).reason,
    'cannot connect to http://127.0.0.1:9/x: nothing listens there',
  );
});

test('a wrong expression is an error with its column', () => {
  assert.deepEqual(complaints(httpKind, { url: 'http://x', expect: 'status = 200' }), [
    'cannot read "=" here: expected "and" or "or", write == (column 8)',
  ]);
  assert.match(
    complaints(httpKind, { url: 'http://x', expect: 'stats == 200' })[0] ?? '',
    /did you mean "?status"?.*\(column 1\)$/,
  );
  assert.equal(complaints(httpKind, { url: 'ftp://x' }).length, 1);
  assert.equal(complaints(httpKind, { url: 'http://[x' }).length, 1);
});
