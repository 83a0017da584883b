import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { createServer } from '../core/http.ts';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeCertificate, NO_OPENSSL } from '../../test/rig/certificate.ts';
import { startHub, type TestHub, type TestHubOptions } from '../../test/rig/hub-server.ts';
import { leakCheck, onEnd, tempFolder } from '../../test/rig/leaks.ts';
import { linesOf, messagesOf, type ShippingRig, startRig, upTo } from '../../test/rig/shipping.ts';
import { ALL } from '../../test/rig/store.ts';
import { until } from '../../test/rig/wait.ts';
import { WebSocketServer } from 'ws';
import fc from 'fast-check';
import { LEVELS } from '../core/record.ts';
import { readSentRecords } from '../hub/ingest/sent-records.ts';
import { encodeRecord } from '../wire/hub/record.ts';
import { createSockets } from '../hub/protocols/ws/sockets.ts';
import { anyText } from '../../test/rig/any-text.ts';

function hubOf(t: TestContext, options: TestHubOptions = {}): Promise<TestHub> {
  return startHub(t, { sockets: (doors) => createSockets(doors, []), ...options });
}

/** @param behind so many records may be missing. */
function caughtUp({ shipping }: ShippingRig, behind = 0): Promise<true> {
  return until(
    () => {
      const { backlog, standing } = shipping.state();
      return backlog.records <= behind && standing === 'connected';
    },
    { what: 'the hub to have everything' },
  );
}

test('a time line goes to the hub once and in order, over a restart of the hub, of the agent, and of both', async (t) => {
  leakCheck(t);
  const hub = await hubOf(t);
  const folder = tempFolder(t);
  const token = hub.agentToken('alpha');
  const first = startRig(t, { url: hub.url, token, folder, random: () => 0 });
  first.add(1, 3000);
  await caughtUp(first);
  assert.deepEqual(linesOf(await messagesOf(hub.store, 'alpha')), upTo(3000));
  const state = first.shipping.state();
  assert.equal(state.name, 'alpha');
  assert.deepEqual([state.doubled, state.missing, state.deferred], [0, 0, 0]);
  await hub.close();
  first.add(3001, 500);
  await until(() => first.shipping.state().standing === 'away', { what: 'the agent to see that it is gone' });
  assert.ok(first.shipping.state().backlog.records >= 500);
  const port = Number(new URL(hub.url).port);
  const again = await hubOf(t, { folder: hub.folder, port });
  again.agentToken('alpha');
  await caughtUp(first);
  await first.close();
  const second = startRig(t, { url: hub.wsUrl, token, folder });
  second.add(3501, 20);
  await caughtUp(second);
  assert.equal(second.shipping.state().doubled, 0, 'the cursor was not kept');
  assert.deepEqual(linesOf(await messagesOf(again.store, 'alpha')), upTo(3520));
  // One line of its own for each beginning; none for its batches, and none of it again.
  const notes = (await messagesOf(again.store, 'alpha')).filter((each) => each.startsWith('ships '));
  assert.equal(notes.length, 2);
  assert.equal(second.store.query({ limit: 10_000 }).filter(({ sender }) => sender === 'agent').length, 2);
});

test('what the hub does not take is cut, or replaced under its number; all around it arrives', async (t) => {
  const hub = await hubOf(t);
  const rig = startRig(t, { url: hub.url, token: hub.agentToken('alpha') });
  rig.add(1, 100);
  rig.add(101, 1, { message: `line ${'x'.repeat(70_000)}`, fields: { a: 'y'.repeat(70_000), b: 1 } });
  rig.add(102, 1, { kind: 'nonsense' as 'log' });
  rig.add(103, 600);
  await caughtUp(rig);
  const messages = await messagesOf(hub.store, 'alpha');
  const long = messages.find((each) => each.startsWith('line xxx'));
  assert.equal(long?.length, 65_536);
  const page = await hub.store.newest({ agents: ['alpha'], limit: 10_000 }, 10_000);
  assert.ok(page.ok);
  const cut = page.value.rows.find(({ message }) => message === long);
  assert.deepEqual(JSON.parse(cut?.fields ?? ''), { b: 1, cut: true });
  const odd = page.value.rows.find(({ message }) => message.includes('cannot be sent'));
  assert.equal(odd?.seq, rig.store.query({ text: 'line 102', limit: 1 })[0]?.seq);
  assert.match(odd?.message ?? '', /^record 10\d cannot be sent, the hub refuses it: record 1: kind is none/);
  const around = upTo(702).filter((line) => line !== 101 && line !== 102);
  assert.deepEqual(
    linesOf(messages).filter((line) => !Number.isNaN(line)),
    around,
  );
});

test('a hub without room refuses for later: nothing is lost, and it goes on by itself', async (t) => {
  let isFull = true;
  const full = { ok: false, kind: 'later', message: 'cannot store it: the disk is full' } as const;
  const hub = await hubOf(t, {
    wrap: (store) => ({
      ...store,
      append: (from, json) => (isFull ? Promise.resolve(full) : store.append(from, json)),
    }),
  });
  const rig = startRig(t, { url: hub.url, token: hub.agentToken('alpha') });
  rig.add(1, 1200);
  await until(() => rig.shipping.state().standing === 'refused', { what: 'it to be refused' });
  assert.equal(rig.shipping.state().lastError, 'cannot store it: the disk is full');
  isFull = false;
  await caughtUp(rig);
  assert.deepEqual(linesOf(await messagesOf(hub.store, 'alpha')), upTo(1200));
});

test('what was pruned before the hub had it is counted and told as a gap', async (t) => {
  const folder = tempFolder(t);
  const hub = await hubOf(t);
  const token = hub.agentToken('alpha');
  const keep = { ageMs: { logs: 1, other: 1e12 }, bytes: 1e12 };
  const first = startRig(t, { url: hub.url, token, folder, keep });
  first.add(1, 10);
  await caughtUp(first);
  await first.close();
  const away = startRig(t, { url: 'ws://127.0.0.1:1', token, folder, keep });
  away.add(11, 60);
  away.add(0, 1, { kind: 'note', message: 'kept' });
  away.add(0, 3);
  const isPruned = (): boolean => away.store.prune() + away.store.query({ kinds: ['log'] }).length === 0;
  await until(isPruned, { what: 'all lines to be pruned' });
  await away.close();
  const last = startRig(t, { url: hub.url, token, folder, keep });
  last.add(71, 1, { kind: 'note', message: 'line 71' });
  await until(() => last.said.some(({ kind }) => kind === 'gap'), { what: 'the gap' });
  const gap = last.said.find(({ kind }) => kind === 'gap');
  assert.equal(gap?.fields?.['missing'], 63);
  await caughtUp(last);
  assert.ok((await messagesOf(hub.store, 'alpha')).includes(gap?.message ?? ''));
});

for (const [what, files] of [
  ['the time line alone', ['records.db']],
  ['all of the state', ['records.db', 'state.db']],
] as const) {
  test(`${what} was restored from a backup: it goes on under new numbers, nothing new is taken for a double`, async (t) => {
    const hub = await hubOf(t);
    const token = hub.agentToken('alpha');
    const [folder, backup] = [tempFolder(t), tempFolder(t)];
    const copy = (from: string, to: string): void => {
      for (const file of files) copyFileSync(join(from, file), join(to, file));
    };
    const first = startRig(t, { url: hub.url, token, folder });
    first.add(1, 200);
    await caughtUp(first);
    await first.close();
    copy(folder, backup);
    const second = startRig(t, { url: hub.url, token, folder });
    second.add(201, 300);
    await caughtUp(second);
    const { series } = second.shipping.state();
    await second.close();
    copy(backup, folder);
    const third = startRig(t, { url: hub.url, token, folder });
    third.add(1001, 50);
    await caughtUp(third);
    assert.notEqual(third.shipping.state().series, series);
    const lines = [...upTo(500), ...upTo(50).map((line) => line + 1000)];
    assert.deepEqual(linesOf(await messagesOf(hub.store, 'alpha')), lines);
    assert.ok(third.said.some(({ message }) => message.includes('restored from a backup')));
  });
}

test('a token that is revoked, a hub that answers 503, one that is not there: each is told as what it is', async (t) => {
  leakCheck(t);
  const hub = await hubOf(t);
  const token = hub.agentToken('alpha');
  const rig = startRig(t, { url: hub.url, token });
  await caughtUp(rig);
  hub.revoke(token);
  await until(() => rig.shipping.state().standing === 'denied', { what: 'it to be denied' });
  const retryMs = (rig.shipping.state().retryAt ?? 0) - Date.now();
  assert.ok(retryMs > 55_000 && retryMs < 80_000, `tried again in ${retryMs} ms`);
  const busy = createServer();
  busy.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\nConnection: close\r\n\r\n');
  });
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  onEnd(t, () => busy.close());
  const { port } = busy.address() as { port: number };
  const put = startRig(t, { url: `http://127.0.0.1:${port}`, token });
  const wait = await until(() => put.shipping.state().retryAt, { what: 'it to be put off' });
  assert.ok(wait - Date.now() > 110_000);
  assert.equal(put.shipping.state().lastError, 'it answered 503 Service Unavailable');
  const user = startRig(t, { url: hub.url, token: 'vahti_u_x' });
  await until(() => user.shipping.state().standing === 'denied', { what: 'the user to be denied' });
  assert.equal(user.shipping.state().lastError, "the token is a user's; it takes that of an agent");
  const nobody = startRig(t, { url: 'ws://127.0.0.1:1', token, keep: ALL });
  await until(() => nobody.shipping.state().lastError === 'nothing listens there', { what: 'it to be away' });
});

test('a certificate of its own is trusted where the config names it, and only there', {
  skip: NO_OPENSSL,
}, async (t) => {
  leakCheck(t);
  const { key, cert, ca } = makeCertificate(t);
  const server = createTlsServer({ key, cert });
  const sockets = new WebSocketServer({ server, path: '/ws' });
  sockets.on('connection', (socket) => {
    const credit = { batches: 1, bytes: 1e6 };
    const welcome = {
      action: 'auth',
      success: true,
      v: 2,
      timeout: 30,
      kind: 'agent',
      name: 'alpha',
      last: 0,
      credit,
    };
    socket.on('message', (_data, isBinary) => isBinary || socket.send(JSON.stringify(welcome)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(t, () => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as { port: number }).port}`;
  const trusting = startRig(t, { url, token: 'x', ca });
  const other = startRig(t, { url, token: 'x' });
  const lacking = startRig(t, { url, token: 'x', ca: '/nowhere/hub.pem' });
  await caughtUp(trusting, 1);
  await until(() => other.shipping.state().lastError, { what: 'the other one to fail' });
  assert.match(other.shipping.state().lastError ?? '', /self-signed certificate/);
  await until(() => lacking.shipping.state().lastError, { what: 'the third one to fail' });
  assert.match(lacking.shipping.state().lastError ?? '', /no such file.*hub\.pem/);
});

const LONG = 70_000;
const someText = fc.oneof(
  anyText({ maxLength: 20 }),
  anyText({ minLength: 1, maxLength: 3 }).map((text) => text.repeat(LONG)),
  fc.constantFrom('\ud83d', `${'x'.repeat(65_535)}😀`, `${'x'.repeat(511)}😀`),
);
const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
const someFields = fc.dictionary(
  fc.oneof(someText, fc.constantFrom('cut', '__proto__')),
  fc.oneof(
    someText,
    fc.jsonValue(),
    fc.bigInt(),
    fc.constant(undefined),
    fc.integer({ min: 55, max: 5_000 }).map(nested),
  ),
  { maxKeys: 4 },
);

test('whatever a record is like, what is sent of it is taken by a hub', () => {
  fc.assert(
    fc.property(
      fc.record({
        seq: fc.integer({ min: 1, max: 9 }),
        time: fc.maxSafeInteger(),
        host: someText,
        service: someText,
        life: someText,
        kind: fc.constant('log' as const),
        level: fc.oneof(fc.integer({ min: -5, max: 40 }), fc.double()),
        sender: someText,
        message: someText,
        fields: fc.option(someFields, { nil: undefined }),
      }),
      ({ fields, ...record }) => {
        const json = encodeRecord(fields === undefined ? record : { ...record, fields });
        const read = readSentRecords(Buffer.from(`[${json}]`));
        assert.ok(read.ok, read.ok ? '' : read.error);
        const sent = read.value[0];
        assert.ok(sent !== undefined && sent.level >= LEVELS.trace);
        const isCut = sent.message !== record.message.toWellFormed();
        if (isCut) assert.equal((JSON.parse(sent.fields) as { cut?: unknown }).cut, true);
      },
    ),
    { numRuns: 150 },
  );
});
