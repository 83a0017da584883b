import assert from 'node:assert/strict';
import * as net from 'node:net';
import { networkInterfaces } from 'node:os';
import { test, type TestContext } from 'node:test';
import { makeCertificate, NO_OPENSSL } from '../../../../test/rig/certificate.ts';
import { openChannel, sampleNotice } from '../../../../test/rig/channels.ts';
import { listenLocally } from '../../../../test/rig/http-server.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { type Failed, failed } from '../../../../test/rig/outcomes.ts';
import { type Act, type Script, scriptMailServer, startMailServer } from '../../../../test/rig/smtp.ts';
import { until } from '../../../../test/rig/wait.ts';
import { mail } from './kind.ts';

/** A server that follows a script, and what a channel makes of it. Once it has heard what it is silent to, the time is over. */
async function tryScript(t: TestContext, script: Script, options: object = {}, silentTo?: string) {
  const server = await scriptMailServer(t, script);
  const smtp = `smtp://127.0.0.1:${server.port}`;
  const channel = openChannel(t, mail, { to: ['ops@uni.example'], smtp, ...options });
  const over = new AbortController();
  const sent = channel.send(sampleNotice(), { signal: over.signal });
  if (silentTo !== undefined) {
    await until(() => server.heard.includes(silentTo), { what: `the server to hear ${silentTo}` });
    over.abort();
  }
  return { outcome: await sent, server, smtp };
}

const at = (verb: string, act: Act): Script => ({ at: (said) => (said === verb ? act : 'usual') });
const SILENT: Act = undefined;

test('faults at each step of a conversation: what is said, and whether it is tried again', async (t) => {
  leakCheck(t);
  const hangUp: Act = { hangUp: true };
  const lost = 'it closed the connection';
  for (const [what, script, reason, retry, silentTo] of [
    [
      'no greeting',
      { greeting: SILENT },
      /nobody answered in time|it did not end its greeting in time/,
      true,
      'connect',
    ],
    ['hangs up at once', { greeting: hangUp }, `${lost} during its greeting`, true],
    [
      'is too busy',
      { greeting: { say: '421 4.3.2 busy', hangUp: true } },
      'it refuses us: 421 4.3.2 busy',
      true,
    ],
    [
      'takes no mail',
      { greeting: { say: '554 no SMTP', hangUp: true } },
      'it refuses us: 554 no SMTP',
      false,
    ],
    ['silent at EHLO', at('EHLO', SILENT), 'it did not end its greeting in time', true, 'EHLO'],
    ['hangs up at EHLO', at('EHLO', hangUp), `${lost} during its greeting`, true],
    [
      'refuses the sender',
      at('MAIL', { say: '550 5.7.1 no' }),
      'it refuses the message: 550 5.7.1 no',
      false,
    ],
    [
      'greylists',
      at('RCPT', { say: '451 4.7.1 greylisted' }),
      /to ops@uni\.example through .*: 451 4\.7\.1/,
      true,
    ],
    [
      'no such user',
      at('RCPT', { say: '550 5.1.1 nobody' }),
      /to ops@uni\.example through .*: 550 5\.1\.1/,
      false,
    ],
    ['silent at RCPT', at('RCPT', SILENT), 'it did not take the message in time', true, 'RCPT'],
    ['hangs up at RCPT', at('RCPT', hangUp), `${lost} before it took the message`, true],
    [
      'refuses DATA',
      at('DATA', { say: '452 4.3.1 no room' }),
      'it refuses the message: 452 4.3.1 no room',
      true,
    ],
    ['hangs up at DATA', at('DATA', hangUp), `${lost} before it took the message`, true],
    ['hangs up in DATA', at('DATA', { say: '354 go on', hangUp: true }), new RegExp(lost), true],
    ['full', at('.', { say: '552 5.2.2 full' }), 'it refuses the message: 552 5.2.2 full', false],
    ['later after all', at('.', { say: '451 again' }), 'it refuses the message: 451 again', true],
    ['a lost yes', at('.', hangUp), `${lost} before it took the message; it may have it all the same`, true],
    [
      'no yes',
      at('.', SILENT),
      'it did not take the message in time; it may have it all the same',
      true,
      '.',
    ],
    ['nonsense', at('MAIL', { say: 'what?' }), 'it gave an answer that is no SMTP: what?', true],
  ] as const)
    await t.test(what, async (t2) => {
      const { outcome, smtp } = await tryScript(t2, script, {}, silentTo);
      const said = failed(outcome);
      if (typeof reason === 'string')
        assert.equal(said.reason, `cannot send mail through ${smtp}: ${reason}`);
      else assert.match(said.reason, reason);
      assert.ok(said.reason.includes(smtp), said.reason);
      assert.equal(said.retry, retry);
      assert.equal(said.taken, undefined);
      // Whether the message may be there decides what the next try may say.
      const doubt = said.reason.endsWith('; it may have it all the same');
      assert.equal(said.unsure ?? false, doubt);
      if (doubt) assert.equal(said.unsent, undefined);
    });
});

test('who does not say goodbye has the message all the same', async (t) => {
  leakCheck(t);
  for (const act of [SILENT, { hangUp: true }, { say: '500 what?' }])
    await t.test(JSON.stringify(act ?? 'silent, until the time is over'), async (t2) => {
      const { outcome, server } = await tryScript(
        t2,
        at('QUIT', act),
        {},
        act === SILENT ? 'QUIT' : undefined,
      );
      assert.deepEqual(outcome, { kind: 'delivered', detail: '250 2.0.0 queued as 1' });
      assert.equal(server.messages.length, 1);
    });
});

test('an answer without end, and one that is no SMTP, are no danger', async (t) => {
  leakCheck(t);
  const endless = await listenLocally(
    t,
    net.createServer((socket) => {
      const pour = (): void => {
        while (socket.writable && socket.write('250-'.padEnd(65_536, 'x')));
      };
      socket.on('drain', pour).on('close', () => socket.removeListener('drain', pour));
      pour();
    }),
  );
  const odd = await listenLocally(
    t,
    net.createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  for (const { port } of [endless, odd]) {
    const smtp = `smtp://127.0.0.1:${port}`;
    const said = failed(await openChannel(t, mail, { to: ['a@uni.example'], smtp }).send());
    assert.equal(said.retry, true);
    assert.ok(said.reason.length < 500, said.reason);
  }
});

test('nothing listens, no such host, nobody answers in time', async (t) => {
  leakCheck(t);
  const gone = net.createServer();
  const port = await new Promise<number>((resolve) =>
    gone.listen(0, '127.0.0.1', () => resolve((gone.address() as net.AddressInfo).port)),
  );
  await new Promise((resolve) => gone.close(resolve));
  const reasonOf = async (smtp: string, timeoutMs?: number): Promise<Failed> =>
    failed(
      await openChannel(t, mail, { to: ['a@uni.example'], smtp }).send(
        sampleNotice(),
        timeoutMs === undefined ? {} : { timeoutMs },
      ),
    );
  const none = `smtp://127.0.0.1:${port}`;
  assert.deepEqual(await reasonOf(none), {
    kind: 'failed',
    reason: `cannot send mail through ${none}: nothing listens there`,
    retry: true,
    unsent: true,
  });
  assert.equal((await reasonOf(`smtps://127.0.0.1:${port}`)).retry, true);
  assert.match((await reasonOf('smtp://nowhere.invalid')).reason, /its name cannot be resolved( now)?$/);
  assert.match((await reasonOf(none, 0)).reason, /in time$|nothing listens there$/);
});

test('encryption: a wrong name, a stranger, STARTTLS that is broken, and smtps that is none', {
  skip: NO_OPENSSL,
}, async (t) => {
  leakCheck(t);
  const { key, cert, ca } = makeCertificate(t, 'DNS:mail.uni.example');
  const server = await startMailServer(t, {
    server: { key, cert, disabledCommands: ['AUTH'], authOptional: true },
  });
  const plain = await startMailServer(t);
  const broken = await listenLocally(
    t,
    net.createServer((socket) => {
      socket.write('220 test\r\n');
      socket.on('data', (chunk) => {
        const said = chunk.toString('latin1');
        if (said.startsWith('EHLO')) socket.write('250-test\r\n250 STARTTLS\r\n');
        else socket.write(said.startsWith('STARTTLS') ? '220 go on\r\n' : 'this is no TLS\r\n');
      });
    }),
  );
  const silent = await scriptMailServer(t, {
    at: (verb) => {
      if (verb === 'EHLO') return { say: '250-test\r\n250 STARTTLS' };
      return verb === 'STARTTLS' ? { say: '220 go on' } : SILENT;
    },
  });
  const send = async (smtp: string, options: object, signal = new AbortController().signal) =>
    openChannel(t, mail, { to: ['a@uni.example'], smtp, ...options }).send(sampleNotice(), { signal });
  const own = `smtp://127.0.0.1:${server.port}`;
  const checked = { 'check-certificate': true };
  const stranger = failed(await send(own, checked));
  assert.match(stranger.reason, /self-signed certificate/);
  assert.equal(stranger.retry, true);
  assert.match(failed(await send(own, { ...checked, ca })).reason, /does not match certificate's altnames/);
  assert.equal(server.letters.length, 0, 'nothing was said to a stranger');
  assert.equal((await send(own, { 'check-certificate': false })).kind, 'delivered');
  // On this machine it is encrypted where it can be, but nobody has to prove a name.
  assert.equal((await send(own, {})).kind, 'delivered');
  assert.deepEqual(
    server.letters.map(({ secure }) => secure),
    [true, true],
  );
  assert.match(
    failed(await send(`smtp://127.0.0.1:${broken.port}`, {})).reason,
    /SSL|packet|TLS|wrong version/i,
  );
  const over = new AbortController();
  const waiting = send(`smtp://127.0.0.1:${silent.port}`, {}, over.signal);
  await until(() => silent.heard.includes('STARTTLS'), { what: 'the server to be asked for TLS' });
  over.abort();
  assert.match(failed(await waiting).reason, /it did not end its greeting in time$/);
  assert.match(
    failed(await send(`smtps://127.0.0.1:${plain.port}`, {})).reason,
    /SSL|packet|TLS|wrong version|EPROTO/i,
  );
});

test('without STARTTLS nothing is sent where it has to be encrypted, however the server says so', async (t) => {
  leakCheck(t);
  for (const reply of ['502 5.5.1 not implemented', '454 4.7.0 not now'])
    for (const ehlo of ['250 test', '250-test\r\n250 STARTTLS'])
      await t.test(`${reply} after ${ehlo}`, async (t2) => {
        const script: Script = {
          at: (verb) => {
            if (verb === 'EHLO') return { say: ehlo };
            return verb === 'STARTTLS' ? { say: reply } : 'usual';
          },
        };
        const { outcome, server } = await tryScript(t2, script, { tls: 'required' });
        const said = failed(outcome);
        assert.ok(
          said.reason.endsWith(
            `it does not encrypt (STARTTLS: ${reply}); with \`tls: optional\` it would be sent in the clear`,
          ),
          said.reason,
        );
        assert.equal(said.retry, true);
        assert.ok(!server.lines.some((line) => line.startsWith('MAIL')));
      });
});

/** An address of this machine that is not its loopback: as far as the channel can tell, a host of its own. */
const OUTSIDE = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

test('beyond this machine: encrypted or not at all, a password never in the clear', {
  skip: OUTSIDE === undefined ? 'this machine has no address but its loopback' : false,
}, async (t) => {
  leakCheck(t);
  const lines: string[] = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const said = chunk.toString('utf8');
      lines.push(said);
      if (said.startsWith('EHLO')) socket.write('250-test\r\n250 AUTH PLAIN LOGIN\r\n');
      else if (said.startsWith('STARTTLS')) socket.write('502 no\r\n');
      else socket.write('250 ok\r\n');
    });
    socket.write('220 test\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, OUTSIDE, resolve));
  const where = `${OUTSIDE}:${(server.address() as net.AddressInfo).port}`;
  try {
    const env = { PW: 's3cret' };
    const send = async (smtp: string, options: object): Promise<Failed> =>
      failed(
        await openChannel(t, mail, { to: ['a@uni.example'], smtp, ...options }, { context: { env } }).send(),
      );
    assert.match((await send(`smtp://${where}`, {})).reason, /it does not encrypt \(STARTTLS: 502 no\)/);
    const clear = await send(`smtp://me@${where}`, { password: '$PW', tls: 'optional' });
    assert.match(clear.reason, /: it does not encrypt, and a password is not sent in the clear$/);
    assert.ok(!lines.join('').includes('AUTH '), lines.join(''));
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
