import assert from 'node:assert/strict';
import { once } from 'node:events';
import type * as Http from 'node:http';
import * as http from '../../core/http.ts';
import { connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { freePort } from '../../../test/rig/needs.ts';
import { within } from '../../../test/rig/wait.ts';
import type { Signal } from './beat.ts';
import { addressText } from '../../core/address.ts';
import { type BeatOutcome, listenForBeats } from './listener.ts';

/** A listener that takes beats for the token `known`. */
async function startListener(t: TestContext) {
  leakCheck(t);
  const port = await freePort();
  const taken: Signal[] = [];
  const scene = { outcome: 'taken' as BeatOutcome };
  const listening = await listenForBeats({ host: '127.0.0.1', port }, (token, signal) => {
    if (token !== 'known') return 'unknown';
    taken.push(signal);
    return scene.outcome;
  });
  assert.ok(listening.ok, listening.ok ? '' : listening.error);
  onEnd(t, () => listening.value.close());
  return { port, taken, scene };
}

interface Reply {
  readonly status: number | undefined;
  readonly text: string;
  readonly headers: Http.IncomingHttpHeaders;
}

function send(port: number, path: string, method = 'GET', body?: string | Buffer): Promise<Reply> {
  const replied = new Promise<Reply>((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', path, method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, text, headers: response.headers }));
    });
    request.on('error', reject);
    request.end(body);
  });
  return within(replied, { what: `the answer to ${method} ${path}` });
}

test('beats by GET, HEAD and POST, with a body as their message', async (t) => {
  const { port, taken } = await startListener(t);
  const plain = await send(port, '/beat/known');
  assert.deepEqual([plain.status, plain.text], [200, 'OK']);
  assert.deepEqual([plain.headers['ping-body-limit'], plain.headers['cache-control']], ['10000', 'no-store']);
  const head = await send(port, '/beat/known/start?rid=7', 'HEAD');
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.equal((await send(port, '/beat/known/3', 'POST', 'a | b\n"c" ☃')).status, 200);
  assert.equal((await send(port, '/beat/known', 'POST', Buffer.alloc(500_000, 'x'))).status, 200);
  const long = taken.pop();
  assert.deepEqual([long?.word, long?.message.length], ['success', 10_000]);
  assert.deepEqual(taken, [
    { word: 'success', code: null, message: '', rid: '' },
    { word: 'start', code: null, message: '', rid: '7' },
    { word: 'fail', code: 3, message: 'a | b\n"c" ☃', rid: '' },
  ]);
});

test('what is no beat is refused, and what cannot be taken now is to be sent again', async (t) => {
  const { port, taken, scene } = await startListener(t);
  for (const [path, method, status, text] of [
    ['/beat/other', 'GET', 404, 'not found'],
    ['/beat/other/start', 'POST', 404, 'not found'],
    ['/beat/known/nope', 'GET', 404, 'not found'],
    ['/', 'GET', 404, 'not found'],
    ['/beat/known/256', 'GET', 400, 'an exit code is 0 to 255'],
    ['/beat/known', 'DELETE', 405, 'only GET, HEAD and POST are known here'],
  ] as const) {
    const reply = await send(port, path, method);
    assert.deepEqual([reply.status, reply.text], [status, text], path);
  }
  assert.equal((await send(port, '/beat/known', 'PUT')).headers.allow, 'GET, HEAD, POST');
  assert.deepEqual(taken, []);
  scene.outcome = 'too-many';
  const many = await send(port, '/beat/known');
  assert.deepEqual([many.status, many.headers['retry-after']], [429, '2']);
  scene.outcome = 'not-stored';
  assert.equal((await send(port, '/beat/known')).status, 503);
  scene.outcome = 'taken';
  taken.length = 0;
  const huge = await send(port, '/beat/known', 'POST', Buffer.alloc(1_048_577)).catch(() => undefined);
  assert.ok(huge === undefined || huge.status === 413, 'an answer, or cut while it still sends');
  assert.deepEqual(taken, []);
});

test('who does not speak HTTP, or hangs up within a body, has said nothing', async (t) => {
  const { port, taken } = await startListener(t);
  const garbage = connect(port, '127.0.0.1');
  garbage.write('no such thing\r\n\r\n');
  const [answer] = (await within(once(garbage, 'data'), { what: 'an answer' })) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 400 /);
  await within(once(garbage, 'close'), { what: 'it to hang up' });
  const half = connect(port, '127.0.0.1');
  half.write('POST /beat/known HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf');
  await once(half, 'connect');
  half.destroy();
  assert.equal((await send(port, '/beat/known')).status, 200);
  assert.deepEqual(
    taken.map(({ message }) => message),
    [''],
  );
});

test('an address that cannot be had is said in a sentence', async (t) => {
  leakCheck(t);
  const other = createServer();
  onEnd(t, () => other.close());
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const listening = await listenForBeats({ host: '127.0.0.1', port }, () => 'unknown');
  assert.deepEqual(listening, {
    ok: false,
    error: `cannot listen for beats at 127.0.0.1:${port}: another process does`,
  });
  assert.equal(addressText({ host: '::1', port: 80 }), '[::1]:80');
});
