import assert from 'node:assert/strict';
import * as net from 'node:net';
import { test, type TestContext } from 'node:test';
import { makeCertificate, NO_OPENSSL } from '../../../../test/rig/certificate.ts';
import { openChannel, sampleNotice } from '../../../../test/rig/channels.ts';
import { createFakeClock } from '../../../../test/rig/fake-clock.ts';
import { catchHttp, listenLocally, type Reply } from '../../../../test/rig/http-server.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { failed, type Failed } from '../../../../test/rig/outcomes.ts';
import { until } from '../../../../test/rig/wait.ts';
import type { DeliveryOutcome } from '../../../core/channel.ts';
import { webhook } from './kind.ts';

/** A server that answers once, and what a channel makes of it. */
async function tryOnce(t: TestContext, reply: Reply, timeoutMs = 10_000) {
  const server = await catchHttp(t, reply);
  const channel = openChannel(t, webhook, { url: `${server.url}/hook` });
  return { outcome: await channel.send(sampleNotice(), { timeoutMs }), server };
}

test('what the answer’s status means: delivered, later, or never', async (t) => {
  leakCheck(t);
  for (const [status, headers, body, expected] of [
    [200, {}, 'ok', { kind: 'delivered', detail: '200: ok' }],
    [204, {}, '', { kind: 'delivered', detail: '204' }],
    [400, {}, 'invalid_payload', { retry: false, reason: 'it answered 400: invalid_payload' }],
    [401, {}, '', { retry: false, reason: 'it answered 401' }],
    [404, {}, '', { retry: false, reason: 'it answered 404' }],
    [408, {}, '', { retry: true, reason: 'it answered 408' }],
    [410, {}, 'gone', { retry: false, reason: 'it answered 410: gone' }],
    [425, {}, '', { retry: true, reason: 'it answered 425' }],
    [429, { 'retry-after': '7' }, '', { retry: true, reason: 'it answered 429', retryAfterMs: 7000 }],
    [429, { 'retry-after': '1.5' }, '', { retry: true, reason: 'it answered 429', retryAfterMs: 1500 }],
    [
      429,
      { 'retry-after': '999999' },
      '',
      { retry: true, reason: 'it answered 429', retryAfterMs: 3_600_000 },
    ],
    [429, { 'retry-after': 'soon' }, '', { retry: true, reason: 'it answered 429' }],
    [500, {}, 'a\n\u001b[31mb', { retry: true, reason: 'it answered 500: a b' }],
    [
      501,
      {},
      '\n<html><h1>Not here</h1>\n  <p>Code 501',
      { retry: true, reason: 'it answered 501: Not here Code 501' },
    ],
    [502, {}, '', { retry: true, reason: 'it answered 502' }],
    [503, { 'retry-after': '60' }, '', { retry: true, reason: 'it answered 503', retryAfterMs: 60_000 }],
    [500, {}, 'x'.repeat(50_000), { retry: true, reason: `it answered 500: ${'x'.repeat(199)}…` }],
  ] as const)
    await t.test(`${status} ${JSON.stringify(headers)}`, async (t2) => {
      const { outcome, server } = await tryOnce(t2, (_caught, response) =>
        response.writeHead(status, headers).end(body),
      );
      if ('kind' in expected) return assert.deepEqual(outcome, expected);
      const reason = `cannot deliver to ${server.url}: ${expected.reason}`;
      assert.deepEqual(outcome, { kind: 'failed', ...expected, reason });
    });
});

test('Retry-After may be a date', async (t) => {
  leakCheck(t);
  const { outcome } = await tryOnce(t, (_caught, response) =>
    response.writeHead(503, { 'retry-after': new Date(Date.now() + 90_000).toUTCString() }).end(),
  );
  const { retryAfterMs = 0 } = failed(outcome);
  assert.ok(retryAfterMs > 80_000 && retryAfterMs <= 90_000, String(retryAfterMs));
});

test('a redirect is followed within the host, with the body, and nowhere else', async (t) => {
  leakCheck(t);
  const elsewhere = await catchHttp(t, (_caught, response) => response.end());
  for (const [status, location, reason] of [
    [307, '/moved/to?x=1', undefined],
    [308, 'moved/to', undefined],
    [302, '/moved/to', /it answered 302 and points to another address there; write the address/],
    [307, `${elsewhere.url}/s3cret-token-0123`, /points to http:\/\/127\.0\.0\.1:\d+; write/],
    [301, 'https://other.example/s3cret-token-0123', /points to https:\/\/other\.example; write/],
    [307, undefined, /it answered 307 without an address to go to/],
    [304, undefined, /it answered 304 without/],
    [308, '/hook', /points to another address there/],
  ] as const)
    await t.test(`${status} ${location}`, async (t2) => {
      const { outcome, server } = await tryOnce(t2, (caught, response) => {
        if (caught.path.startsWith('/moved')) response.end();
        else response.writeHead(status, location === undefined ? {} : { location }).end();
      });
      if (reason === undefined) {
        assert.equal(outcome.kind, 'delivered');
        assert.equal(server.caught[1]?.body, server.caught[0]?.body);
        assert.equal(server.caught[1]?.headers['webhook-id'], 'box1-41');
        return;
      }
      assert.match(failed(outcome).reason, reason);
      assert.equal(failed(outcome).retry, false);
      assert.ok(!failed(outcome).reason.includes('s3cret'));
      assert.ok(server.caught.length <= 4, 'a circle ends');
    });
  assert.equal(elsewhere.caught.length, 0, 'no other host was told anything');
});

test('who does not answer, or answers without end, is not waited for, and leaves nothing open', async (t) => {
  leakCheck(t);
  await t.test('no answer at all', async (t2) => {
    const { outcome, server } = await tryOnce(t2, () => {}, 100);
    assert.match(failed(outcome).reason, /: it gave no answer in time$/);
    // All of it was sent: it may be there.
    assert.deepEqual(
      [failed(outcome).retry, failed(outcome).unsure, failed(outcome).unsent],
      [true, true, undefined],
    );
    await until(() => server.open() === 0, { what: 'the connection to be closed' });
  });
  await t.test('no TLS: nothing of it can be there', async (t2) => {
    const silent = await listenLocally(t2, net.createServer());
    const channel = openChannel(t2, webhook, { url: `https://127.0.0.1:${silent.port}/` });
    const said = failed(await channel.send(sampleNotice(), { timeoutMs: 100 }));
    assert.deepEqual([said.retry, said.unsure, said.unsent], [true, undefined, true]);
  });
  await t.test('a yes whose body never ends', async (t2) => {
    const server = await catchHttp(t2, (_caught, response) => response.writeHead(200).write('part'));
    const clock = createFakeClock();
    const channel = openChannel(t2, webhook, { url: server.url }, { context: { clock } });
    let outcome: DeliveryOutcome | undefined;
    void channel.send().then((came) => (outcome = came));
    await until(() => clock.nextTimer() !== undefined, { what: 'the answer to be read' });
    await clock.advance(1999);
    assert.equal(outcome, undefined);
    await clock.advance(1);
    assert.deepEqual(await until(() => outcome, { deadlineMs: 2000, what: 'the outcome' }), {
      kind: 'delivered',
      detail: '200: part',
    });
  });
  await t.test('a yes that is over its time', async (t2) => {
    const { outcome } = await tryOnce(t2, (_caught, response) => response.writeHead(200).write('part'), 300);
    assert.equal(outcome.kind, 'delivered');
  });
  await t.test('an answer without end', async (t2) => {
    let poured = 0;
    const { outcome, server } = await tryOnce(t2, (_caught, response) => {
      const pour = (): void => {
        do poured += 65_536;
        while (response.writable && response.write('y'.repeat(65_536)));
      };
      response.writeHead(200).on('drain', pour);
      pour();
    });
    assert.equal(outcome.kind, 'delivered');
    await until(() => server.open() === 0, { what: 'the connection to be closed' });
    assert.ok(poured < 20_000_000, `${poured} bytes were taken`);
  });
  await t.test('a try that is over before it begins', async (t2) => {
    const { outcome, server } = await tryOnce(t2, (_caught, response) => response.end(), 0);
    assert.match(failed(outcome).reason, /in time|\d/);
    assert.ok(server.caught.length <= 1);
  });
});

test('connections that break: refused, cut before the answer, no HTTP, a name that is none', async (t) => {
  leakCheck(t);
  const gone = net.createServer();
  const port = await new Promise<number>((resolve) =>
    gone.listen(0, '127.0.0.1', () => resolve((gone.address() as net.AddressInfo).port)),
  );
  await new Promise((resolve) => gone.close(resolve));
  const reasonOf = async (url: string): Promise<Failed> =>
    failed(await openChannel(t, webhook, { url }).send());
  assert.deepEqual(await reasonOf(`http://127.0.0.1:${port}/`), {
    kind: 'failed',
    reason: `cannot deliver to http://127.0.0.1:${port}: nothing listens there`,
    retry: true,
    unsent: true,
  });
  const cutting = await listenLocally(
    t,
    net.createServer((socket) => socket.once('data', () => socket.destroy())),
  );
  const cut = await reasonOf(`http://127.0.0.1:${cutting.port}/`);
  assert.match(cut.reason, /: it closed the connection$/);
  assert.equal(cut.unsure, true);
  const odd = await listenLocally(
    t,
    net.createServer((socket) => socket.once('data', () => socket.end('220 mail.example ESMTP\r\n'))),
  );
  const noHttp = await reasonOf(`http://127.0.0.1:${odd.port}/`);
  assert.match(noHttp.reason, /Parse Error/);
  assert.equal(noHttp.retry, true);
  assert.match((await reasonOf('http://nowhere.invalid/')).reason, /its name cannot be resolved( now)?$/);
});

test('a server is believed only with a certificate that the machine, or `ca`, vouches for', {
  skip: NO_OPENSSL,
}, async (t) => {
  leakCheck(t);
  const certificate = makeCertificate(t);
  const server = await catchHttp(t, (_caught, response) => response.end('ok'), certificate);
  const url = `${server.url}/hook`;
  const strange = failed(await openChannel(t, webhook, { url }).send());
  assert.match(strange.reason, /self-signed certificate/);
  assert.equal(strange.retry, true);
  assert.equal(server.caught.length, 0);
  assert.equal((await openChannel(t, webhook, { url, ca: certificate.ca }).send()).kind, 'delivered');
  const other = makeCertificate(t, 'DNS:other.example');
  const impostor = await catchHttp(t, (_caught, response) => response.end('ok'), other);
  const wrong = await openChannel(t, webhook, { url: impostor.url, ca: other.ca }).send();
  assert.match(failed(wrong).reason, /does not match certificate/);
  // TLS on one side only.
  const plain = await catchHttp(t, (_caught, response) => response.end('ok'));
  const broken = await openChannel(t, webhook, { url: plain.url.replace('http:', 'https:') }).send();
  assert.match(failed(broken).reason, /SSL|EPROTO|packet length|wrong version/i);
});
