import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { makeCertificate, NO_OPENSSL } from '../../../../test/rig/certificate.ts';
import { AT, noticeItem, openChannel, recoveryNotice, sampleNotice } from '../../../../test/rig/channels.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { failed } from '../../../../test/rig/outcomes.ts';
import { startMailServer } from '../../../../test/rig/smtp.ts';
import { mail } from './kind.ts';

/** A header of a message, unfolded. */
function header(raw: string, name: string): string | undefined {
  const [head = ''] = raw.split('\r\n\r\n');
  const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  return lines
    .find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    ?.slice(name.length + 2);
}

const HEADERS = ['From', 'To', 'Subject', 'Message-ID', 'Date', 'References', 'In-Reply-To'];

test('a real conversation: the message, its headers, its two parts', async (t) => {
  leakCheck(t);
  const server = await startMailServer(t);
  const channel = openChannel(t, mail, {
    to: ['ops@uni.example', 'night@uni.example'],
    smtp: `smtp://127.0.0.1:${server.port}`,
    from: 'Vahti (Zürich) <vahti@uni.example>',
  });
  const notice = sampleNotice({ title: 'web is bad on box1: ä <b>' });
  assert.deepEqual(await channel.send(notice), { kind: 'delivered', detail: '250 2.0.0 queued as 1' });
  const [letter] = server.letters;
  assert.ok(letter !== undefined);
  assert.deepEqual([letter.from, letter.to], ['vahti@uni.example', ['ops@uni.example', 'night@uni.example']]);
  const { raw } = letter;
  assert.deepEqual(Object.fromEntries(HEADERS.map((name) => [name, header(raw, name)])), {
    From: '=?UTF-8?Q?Vahti_=28Z=C3=BCrich=29?= <vahti@uni.example>',
    To: 'ops@uni.example, night@uni.example',
    Subject: '=?UTF-8?Q?web_is_bad_on_box1=3A_=C3=A4_=3Cb=3E?=',
    'Message-ID': '<box1-41@box1.uni.example>',
    Date: 'Sun, 22 Nov 2026 10:31:05 +0000',
    References: '<inc-7@box1.uni.example>',
    'In-Reply-To': undefined,
  });
  assert.equal(header(raw, 'Auto-Submitted'), 'auto-generated');
  assert.equal(header(raw, 'X-Auto-Response-Suppress'), 'All');
  assert.equal(header(raw, 'X-Vahti-Event'), 'outage');
  assert.equal(header(raw, 'X-Vahti-Level'), 'error');
  assert.equal(header(raw, 'X-Vahti-Services'), 'web');
  assert.match(raw, /Content-Type: multipart\/alternative/);
  assert.match(raw, /Content-Type: text\/plain; charset=utf-8\r\n/);
  assert.match(raw, /Content-Type: text\/html; charset=utf-8\r\n/);
  assert.ok(
    raw.split('\r\n').every((line) => line.length <= 998),
    'lines as RFC 5322 allows them',
  );
});

test('an outage and its recovery are one thread; every try of a notice is one message', async (t) => {
  leakCheck(t);
  const server = await startMailServer(t);
  const channel = openChannel(t, mail, { to: ['ops@uni.example'], smtp: `smtp://127.0.0.1:${server.port}` });
  await channel.send(sampleNotice());
  await channel.send(sampleNotice({ dueAt: AT, triedAt: AT + 3_600_000 }));
  await channel.send(recoveryNotice());
  const [outage, again, recovery] = server.letters.map(({ raw }) => raw) as [string, string, string];
  for (const name of ['Message-ID', 'Date', 'Subject', 'References'])
    assert.equal(header(outage, name), header(again, name), name);
  assert.match(again, /Delivered late: it was due at 2026-11-22 10:31:05 UTC, 1h earlier\./);
  const id = header(outage, 'Message-ID') ?? '';
  assert.notEqual(header(recovery, 'Message-ID'), id);
  assert.equal(header(recovery, 'In-Reply-To'), id);
  assert.equal(header(recovery, 'References'), `<inc-7@box1.uni.example> ${id}`);
});

test('what a title or a name says never becomes a header', async (t) => {
  leakCheck(t);
  const server = await startMailServer(t);
  const channel = openChannel(t, mail, { to: ['ops@uni.example'], smtp: `smtp://127.0.0.1:${server.port}` });
  const evil = 'x\r\nBcc: all@uni.example\r\n\r\nbody';
  await channel.send(
    sampleNotice({
      id: evil,
      thread: evil,
      host: evil,
      title: evil,
      snooze: evil,
      items: [noticeItem({ id: evil, service: evil, tail: ['.', '..', '.\r\nMAIL FROM:<x@y>'] })],
    }),
  );
  const [letter] = server.letters;
  assert.deepEqual(letter?.to, ['ops@uni.example']);
  assert.equal(header(letter?.raw ?? '', 'Bcc'), undefined);
  assert.match(letter?.raw ?? '', /^ {2}\| \.\r\n {2}\| \.\.\r\n {2}\| \. MAIL FROM:<x@y>\r$/m);
});

test('TLS from the first byte, or by STARTTLS; a user logs in', { skip: NO_OPENSSL }, async (t) => {
  leakCheck(t);
  const { key, cert, ca } = makeCertificate(t);
  const login = { user: 'vahti@uni.example', password: 'pässword of mine' };
  const own = { key, cert, disabledCommands: [] };
  const startTls = await startMailServer(t, { login, server: own });
  const tls = await startMailServer(t, { login, server: { ...own, secure: true } });
  const env = { PW: login.password, ALL: '' };
  const address = 'vahti%40uni.example';
  for (const [smtp, more, letters] of [
    [`smtp://${address}@127.0.0.1:${startTls.port}`, { password: '$PW' }, startTls.letters],
    [`smtp://${address}:$PW@localhost:${startTls.port}`, { tls: 'required' }, startTls.letters],
    [`smtps://${address}@localhost:${tls.port}`, { password: 'file:pw' }, tls.letters],
    ['$ALL', {}, tls.letters],
  ] as const) {
    const all = `smtps://${address}:${encodeURIComponent(login.password)}@127.0.0.1:${tls.port}`;
    const channel = openChannel(
      t,
      mail,
      { to: ['ops@uni.example'], smtp, 'check-certificate': true, ca, ...more },
      {
        context: { env: { ...env, ALL: all } },
        prepare: (folder) => writeFileSync(`${folder}/pw`, `${login.password}\n`),
      },
    );
    const before = letters.length;
    const outcome = await channel.send();
    assert.equal(outcome.kind, 'delivered', JSON.stringify(outcome));
    const letter = letters.at(-1);
    assert.deepEqual([letters.length, letter?.secure, letter?.user], [before + 1, true, login.user]);
  }
});

test('a wrong password is refused once and for all, and not shown', { skip: NO_OPENSSL }, async (t) => {
  leakCheck(t);
  const { key, cert } = makeCertificate(t);
  const server = await startMailServer(t, {
    login: { user: 'vahti', password: 'right' },
    server: { key, cert, disabledCommands: [] },
  });
  const smtp = `smtp://vahti@127.0.0.1:${server.port}`;
  const env = { PW: 'wr0ng-password' };
  const channel = openChannel(
    t,
    mail,
    { to: ['a@uni.example'], smtp, password: '$PW' },
    { context: { env } },
  );
  assert.deepEqual(await channel.send(), {
    kind: 'failed',
    reason: `cannot send mail through smtp://127.0.0.1:${server.port}: it refuses the login: 535 5.7.8 wrong user or password`,
    retry: false,
    unsent: true,
  });
  const missing = openChannel(t, mail, { to: ['a@uni.example'], smtp, password: '$NO_PW' });
  assert.equal(failed(await missing.send()).reason, 'cannot log in: $NO_PW is not set');
  const nowhere = openChannel(t, mail, { to: ['a@uni.example'], smtp: '$NO_SMTP' });
  assert.equal(failed(await nowhere.send()).reason, 'cannot find the mail server: $NO_SMTP is not set');
  const odd = openChannel(
    t,
    mail,
    { to: ['a@uni.example'], smtp: '$S' },
    { context: { env: { S: 'http://u:s3cret@h' } } },
  );
  assert.match(failed(await odd.send()).reason, /^cannot use the address of the mail server: write smtp:/);
});

test('of several recipients each gets it once: who was refused is tried again alone', async (t) => {
  leakCheck(t);
  const refused = new Map([
    ['late@uni.example', '451 4.7.1 greylisted, come back later'],
    ['full@uni.example', '552 too many recipients'],
    ['gone@uni.example', '550 5.1.1 no such user'],
  ]);
  const server = await startMailServer(t, { refuse: (_what, address) => refused.get(address) });
  const to = ['ops@uni.example', 'late@uni.example', 'full@uni.example', 'gone@uni.example'];
  const channel = openChannel(t, mail, { to, smtp: `smtp://127.0.0.1:${server.port}` });
  const where = `through smtp://127.0.0.1:${server.port}`;
  const first = failed(await channel.send());
  assert.deepEqual(first, {
    kind: 'failed',
    taken: ['ops@uni.example'],
    reason: `cannot send mail to late@uni.example, full@uni.example, gone@uni.example ${where}: 451 4.7.1 greylisted, come back later; 1 of 4 have it`,
    retry: true,
  });
  refused.delete('late@uni.example');
  const second = failed(await channel.send(sampleNotice(), { taken: first.taken ?? [] }));
  assert.deepEqual(second.taken, ['ops@uni.example', 'late@uni.example']);
  assert.equal(second.retry, true, 'too many recipients are fewer the next time');
  refused.delete('full@uni.example');
  const third = failed(await channel.send(sampleNotice(), { taken: second.taken ?? [] }));
  assert.equal(third.retry, false, 'only who does not exist is left');
  assert.equal(
    third.reason,
    `cannot send mail to gone@uni.example ${where}: 550 5.1.1 no such user; 3 of 4 have it`,
  );
  refused.clear();
  const last = await channel.send(sampleNotice(), { taken: third.taken ?? [] });
  assert.equal(last.kind, 'delivered');
  assert.deepEqual(
    server.letters.map((letter) => letter.to),
    [['ops@uni.example'], ['late@uni.example'], ['full@uni.example'], ['gone@uni.example']],
  );
  // All of them are named to each.
  assert.ok(server.letters.every(({ raw }) => header(raw, 'To') === to.join(', ')));
  const none = await channel.send(sampleNotice(), { taken: to });
  assert.deepEqual(none, { kind: 'delivered', detail: 'everybody has it from an earlier try' });
});

test('sendmail takes it instead of a server', async (t) => {
  leakCheck(t);
  const script =
    '#!/bin/sh\nprintf "%s\\n" "$@" > args\ncat > letter\nexit $(cat code 2>/dev/null || echo 0)\n';
  let folder = '';
  const prepare = (made: string): void => {
    folder = made;
    writeFileSync(`${made}/sendmail`, script);
    chmodSync(`${made}/sendmail`, 0o755);
  };
  const channel = openChannel(
    t,
    mail,
    { to: ['root', 'ops@uni.example'], sendmail: './sendmail' },
    { prepare },
  );
  assert.deepEqual(await channel.send(), { kind: 'delivered', detail: 'exited with 0' });
  const from = `vahti@${hostname()}`;
  assert.equal(readFileSync(`${folder}/args`, 'utf8'), `-i\n-f\n${from}\n--\nroot\nops@uni.example\n`);
  const letter = readFileSync(`${folder}/letter`, 'utf8');
  assert.ok(letter.includes(`\nTo: root@${hostname()}, ops@uni.example\n`), letter.slice(0, 500));
  assert.ok(!letter.includes('\r'));
  for (const [code, retry] of [
    [75, true],
    [67, false],
  ] as const) {
    writeFileSync(`${folder}/code`, String(code));
    assert.equal(failed(await channel.send()).retry, retry);
  }
});
