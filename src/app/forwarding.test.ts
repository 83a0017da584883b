import assert from 'node:assert/strict';
import { createServer } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { busyAtFirst, refusing, storedLines } from '../../test/rig/foreign-doors.ts';
import { secretFile, startForwarding } from '../../test/rig/forwarding.ts';
import { makeCertificate, NO_OPENSSL } from '../../test/rig/certificate.ts';
import { catchHttp, listenLocally } from '../../test/rig/http-server.ts';
import { startHub, type TestHub, type TestHubOptions } from '../../test/rig/hub-server.ts';
import { leakCheck, onEnd } from '../../test/rig/leaks.ts';
import { draft } from '../../test/rig/store.ts';
import { NO_RSYSLOG, startRsyslogServer } from '../../test/rig/rsyslog.ts';
import { until } from '../../test/rig/wait.ts';
import { registerLoki } from '../hub/protocols/loki/register.ts';
import { registerOtlp } from '../hub/protocols/otlp/register.ts';
import { openSyslog } from '../hub/protocols/syslog/door.ts';

const hubOf = (t: TestContext, options: TestHubOptions = {}): Promise<TestHub> =>
  startHub(t, { routes: [registerLoki, registerOtlp], ...options });

const upTo = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index + 1}`);

for (const kind of ['loki', 'otlp'] as const)
  test(`records go by ${kind}, each with all that it has, over a busy far side and a restart`, async (t) => {
    leakCheck(t);
    const hub = await hubOf(t, { wrap: busyAtFirst(4) });
    const first = startForwarding(t);
    first.add(0, 3);
    const token = secretFile(first.folder, hub.agentToken('alpha'));
    const place = { kind, url: hub.url, token, labels: { env: 'prod' } };
    first.use(place);
    // What was there before it was asked for is not sent.
    await first.done();
    first.add(1, 1, {
      level: 18,
      service: 'web',
      life: 's/web/1',
      fields: { status: 500, deep: { a: [1] } },
    });
    first.add(2, 1200);
    await first.done();
    await first.close();
    const second = startForwarding(t, first.folder);
    second.add(1202, 1);
    second.use(place);
    await second.done();
    const lines = await storedLines(hub.store);
    assert.deepEqual(
      lines.map(({ message }) => message).toSorted((a, b) => Number(a.slice(5)) - Number(b.slice(5))),
      upTo(1202),
    );
    const one = lines.find(({ message }) => message === 'line 1');
    assert.deepEqual(one && [one.agent, one.host, one.service], ['alpha', 'box', 'web']);
    const { env, status, life, 'vahti.life': otlpLife } = one?.fields ?? {};
    assert.deepEqual([env, String(status), life ?? otlpLife], ['prod', '500', 's/web/1']);
    assert.equal(one?.level, kind === 'loki' ? 17 : 18);
    const [trouble, over] = first.said.map(({ message }) => message);
    assert.match(
      trouble ?? '',
      /^cannot forward to far: it answered 503: .*cannot take more now: .*; it is tried again/,
    );
    assert.match(over ?? '', /^forwards to far again, after /);
  });

test('records go by syslog over TCP; a connection that the far side ended is opened anew', async (t) => {
  leakCheck(t);
  const hub = await hubOf(t);
  const open = async (port: number) => {
    const opened = await openSyslog({ host: '127.0.0.1', port, agent: 'net' }, hub.doors);
    assert.ok(opened.ok, opened.ok ? '' : opened.error);
    onEnd(t, () => opened.value.close());
    return opened.value;
  };
  const door = await open(0);
  const rig = startForwarding(t);
  rig.use({ kind: 'syslog', url: `tcp://127.0.0.1:${door.port}`, labels: { env: 'prod' } });
  await rig.done();
  rig.add(1, 1, { level: 13, service: 'web', life: 's/web/1', fields: { status: 500 } });
  rig.add(2, 600, { message: 'two\nlines' });
  await rig.done();
  const stored = (count: number) =>
    until(
      async () => {
        const lines = await storedLines(hub.store);
        return lines.length >= count && lines;
      },
      { what: `${count} lines` },
    );
  const [first, second] = await stored(601);
  assert.deepEqual(first && [first.host, first.service, first.level, first.message], [
    'box',
    'web',
    13,
    'line 1',
  ]);
  const { facility, pid, msgid, status, env, sender } = first?.fields ?? {};
  assert.deepEqual(
    [facility, pid, msgid, status, env, sender],
    ['daemon', 's/web/1', 'log', '500', 'prod', 'stdout'],
  );
  assert.equal(second?.message, 'two\nlines');
  await door.close();
  await open(door.port);
  rig.add(1000, 1);
  await rig.done();
  assert.equal((await stored(602)).at(-1)?.message, 'line 1000');
});

test('of a batch that is refused the bad records are found and left out, with one note; all others arrive', async (t) => {
  leakCheck(t);
  const hub = await hubOf(t, { wrap: refusing('"line 13"', '"line 400"') });
  const rig = startForwarding(t);
  const token = secretFile(rig.folder, hub.agentToken('alpha'));
  rig.use({ url: hub.url, token, services: ['web'], level: 13 });
  await rig.done();
  rig.store.append([
    ...Array.from({ length: 450 }, (_, index) =>
      draft({ message: `line ${index + 1}`, service: 'web', level: 13 }),
    ),
    draft({ message: 'low', service: 'web', level: 12 }),
    draft({ message: 'of another', level: 17 }),
  ]);
  await rig.done();
  assert.deepEqual(
    (await storedLines(hub.store)).map(({ message }) => message),
    upTo(450).filter((line) => line !== 'line 13' && line !== 'line 400'),
  );
  const [note, ...more] = rig.said;
  assert.match(
    note?.message ?? '',
    /^cannot forward 2 records, the first of them about \w+\/13, to far, and leaves it out: it answered 400: .*cannot take this/,
  );
  // Its own note made no new batch.
  assert.deepEqual([more.length, note?.kind, note?.sender, note?.level], [0, 'note', 'forward', 13]);
});

test('who may not send does not lose anything: it is told once, and tried until it may', async (t) => {
  leakCheck(t);
  let allowed = false;
  const server = await catchHttp(t, ({ headers }, response) => {
    assert.equal(headers.authorization, `Basic ${Buffer.from('me:s3cret').toString('base64')}`);
    assert.equal(headers['x-scope-orgid'], 'team');
    response.writeHead(allowed ? 204 : 401).end(allowed ? '' : 'who is s3cret?');
  });
  const rig = startForwarding(t);
  rig.use({
    url: `${server.url}/other/push`,
    token: secretFile(rig.folder, 's3cret'),
    user: 'me',
    tenant: 'team',
  });
  await rig.done();
  rig.add(1, 1);
  await until(() => server.caught.length > 5, { what: 'some tries' });
  assert.deepEqual(
    rig.said.map(({ message, level }) => [level, message]),
    [[13, 'cannot forward to far: it answered 401: who is …?; it is tried again, nothing is lost yet']],
  );
  assert.equal(server.caught[0]?.path, '/other/push');
  allowed = true;
  await rig.done();
  // A secret that is not there is trouble of the same kind.
  rig.use({ url: server.url, token: '$VAHTI_NO_SUCH_TOKEN' });
  rig.add(2, 1);
  await until(() => rig.said.some(({ message }) => message.includes('$VAHTI_NO_SUCH_TOKEN is not set')), {
    what: 'a note on the variable',
  });
});

test('what was pruned before it could be sent is counted and told', async (t) => {
  leakCheck(t);
  const server = await catchHttp(t, (_caught, response) => response.writeHead(204).end());
  const first = startForwarding(t);
  first.use({ url: server.url });
  await first.done();
  await first.close();
  const none = { ageMs: { logs: 0, other: 1e12 }, bytes: 1e12 };
  const second = startForwarding(t, first.folder, none);
  second.add(1, 30, { time: 0 });
  second.add(31, 1, { kind: 'flip' });
  await until(() => second.store.prune() === 0 && second.store.query({}).length === 1, {
    what: 'the lines to be pruned',
  });
  second.use({ url: server.url });
  await second.done();
  const [note] = second.said;
  const message = '30 records of the time line never went to far: pruned before';
  assert.deepEqual([note?.kind, note?.level, note?.message], ['gap', 13, message]);
  assert.deepEqual(note?.fields, { to: 'far', missing: 30, after: 0 });
  assert.equal(server.caught.length, 1);
});

test('one that is gone from the config is forgotten; one that changed goes on where it was', async (t) => {
  leakCheck(t);
  const server = await catchHttp(t, (_caught, response) => response.writeHead(204).end());
  const rig = startForwarding(t);
  rig.use({ url: server.url });
  await rig.done();
  rig.use({ url: `${server.url}/moved` });
  rig.add(1, 1);
  await rig.done();
  assert.deepEqual(
    server.caught.map(({ path }) => path),
    ['/moved'],
  );
  rig.use();
  rig.add(2, 1);
  rig.use({ url: `${server.url}/again` });
  await rig.done();
  rig.add(3, 1);
  await rig.done();
  assert.deepEqual(
    server.caught.map(({ path }) => path),
    ['/moved', '/again'],
  );
});

test('TLS: who vouches for the far side is as the config says, by HTTP and for syslog', {
  skip: NO_OPENSSL,
}, async (t) => {
  leakCheck(t);
  const certificate = makeCertificate(t);
  const web = await catchHttp(t, (_caught, response) => response.writeHead(200).end(), certificate);
  const heard: Buffer[] = [];
  const server = createServer(certificate, (socket) => socket.on('data', (piece) => heard.push(piece)));
  const { port } = await listenLocally(t, server);
  const rig = startForwarding(t);
  const { ca } = certificate;
  rig.use(
    { kind: 'otlp', url: `${web.url}/otlp`, ca },
    { name: 'siem', kind: 'syslog', url: `tls://127.0.0.1:${port}`, ca },
    { name: 'strange', kind: 'syslog', url: `tls://127.0.0.1:${port}` },
  );
  await Promise.all([rig.done(), rig.done('siem'), rig.done('strange')]);
  rig.add(1, 1);
  await until(() => rig.said.some(({ message }) => /to strange: self-signed certificate/.test(message)), {
    what: 'a note on the certificate',
  });
  await Promise.all([rig.done(), rig.done('siem')]);
  assert.deepEqual(
    web.caught.map(({ path, headers }) => [path, headers['content-type'], headers['content-encoding']]),
    [['/otlp/v1/logs', 'application/x-protobuf', 'gzip']],
  );
  assert.match(Buffer.concat(heard).toString(), /^\d+ <30>1 .* line 1$/);
});

test('rsyslog reads what goes by syslog as it was meant', { skip: NO_RSYSLOG }, async (t) => {
  leakCheck(t);
  const far = await startRsyslogServer(
    t,
    '%hostname%|%app-name%|%procid%|%msgid%|%syslogseverity-text%|%structured-data%|%msg%',
  );
  const rig = startForwarding(t);
  rig.use({ kind: 'syslog', url: `tcp://127.0.0.1:${far.port}` });
  await rig.done();
  rig.add(1, 1, { service: 'web', life: 's/web/1', level: 17, fields: { 'a "b"': 'c]' } });
  rig.add(2, 300);
  await rig.done();
  const lines = await until(() => far.lines().length >= 301 && far.lines(), { what: 'what rsyslog wrote' });
  const { agent = '' } = rig.store.query({ limit: 1 })[0] ?? {};
  assert.equal(
    lines[0],
    `box|web|s/web/1|log|err|[vahti@32473 id="${agent}/1" sender="stdout" a__b_="c\\]"]|line 1`,
  );
  assert.deepEqual(
    lines.map((line) => line.slice(line.lastIndexOf('|') + 1)),
    upTo(301),
  );
});
