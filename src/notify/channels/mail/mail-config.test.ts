import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelComplaints } from '../../../../test/rig/channels.ts';
import { parseMailbox } from './addresses.ts';
import { mail } from './kind.ts';
import { messageId } from './message.ts';
import { parseSmtpServer } from './server.ts';

test('what a config may not say', () => {
  const said = (options: object): string => channelComplaints(mail, options).join(' | ');
  const to = 'ops@uni.example';
  for (const [options, expected] of [
    [{ to }, /^$/],
    [{ to: [to, 'root'], smtp: 'smtps://mail.uni.example', from: 'Vahti <v@uni.example>' }, /^$/],
    [{ to, smtp: 'smtp://v@mail.uni.example', password: 'file:/run/pw' }, /^$/],
    [{ to, smtp: 'smtp://v:$PW@mail.uni.example' }, /^$/],
    [{ to, smtp: '$SMTP' }, /^$/],
    [{ to: 'Ops <ops@uni.example>' }, /cannot send mail to "Ops <ops@uni\.example>": write USER@HOST/],
    [{ to: 'a@b@c' }, /cannot send mail to "a@b@c"/],
    [{ to: 'a@b\r\nRCPT TO:<x>' }, /cannot send mail to/],
    [{ to: [] }, /write 1 to 50 addresses/],
    [{ to, smtp: 'mail.uni.example' }, /cannot use the address of the mail server: write smtp:\/\/HOST/],
    [{ to, smtp: 'smtp://mail.uni.example/x' }, /it ends after the port/],
    [{ to, smtp: 'smtp://v:geheim@mail.uni.example' }, /cannot take a password in an address: write \$NAME/],
    [{ to, smtp: 'smtp://v@mail.uni.example' }, /cannot log in without a password/],
    [{ to, password: '$PW' }, /cannot log in without a user/],
    [{ to, smtp: 'smtp://v:$A@h', password: '$B' }, /cannot use two passwords/],
    [{ to, password: 'geheim' }, /write \$NAME or file:PATH, not the secret itself/],
    [{ to, from: 'not an address' }, /cannot use "not an address" as a sender/],
    [{ to, tls: 'never' }, /required, optional/],
    [{ to, ca: '/nowhere.pem' }, /cannot read \/nowhere\.pem/],
    [{ to, sendmail: '/usr/sbin/sendmail', smtp: 'smtp://h' }, /cannot use smtp with `sendmail`/],
  ] as const) {
    assert.match(said(options), expected, JSON.stringify(options));
    assert.ok(!said(options).includes('geheim'), 'a password is not repeated');
  }
});

test('addresses of servers and senders', () => {
  for (const [text, host, port, tls, user] of [
    ['smtp://localhost', 'localhost', 25, false, undefined],
    ['smtp://v@mail.uni.example', 'mail.uni.example', 587, false, 'v'],
    ['smtps://mail.uni.example', 'mail.uni.example', 465, true, undefined],
    ['smtp://a%40b:x@[::1]:2525/', '::1', 2525, false, 'a@b'],
  ] as const) {
    const read = parseSmtpServer(text);
    assert.ok(read.ok, text);
    assert.deepEqual(
      [read.value.host, read.value.port, read.value.tls, read.value.user],
      [host, port, tls, user],
    );
  }
  for (const [text, name, address] of [
    ['v@uni.example', '', 'v@uni.example'],
    ['Vahti <v@uni.example>', 'Vahti', 'v@uni.example'],
    ['"Vahti, box1" <v@uni.example>', 'Vahti, box1', 'v@uni.example'],
  ] as const)
    assert.deepEqual(parseMailbox(text), { ok: true, value: { name, address } });
  assert.equal(
    mail.target({ to: ['a@b', 'c@d'], smtp: 'smtp://v:$PW@h:99' }),
    'a@b, c@d through smtp://h:99',
  );
  assert.equal(mail.target({ to: ['a@b'] }), 'a@b through smtp://localhost:25');
  assert.equal(mail.target({ to: ['a@b'], smtp: '$S' }), 'a@b through $S');
});

test('ids of messages stay apart and are as RFC 5322 wants them', () => {
  for (const [id, host, expected] of [
    ['box1-41', 'box1.uni.example', '<box1-41@box1.uni.example>'],
    ['a/b', 'box1', '<a_2f_b@box1>'],
    ['a.b', 'box1', '<a_2e_b@box1>'],
    ['a_b', 'b_x', '<a_5f_b@b_5f_x>'],
    ['ä 😀', '', '<_e4__20__1f600_@localhost>'],
    ['x', '..a..b.', '<x@a.b>'],
  ] as const)
    assert.equal(messageId(id, host), expected);
});
