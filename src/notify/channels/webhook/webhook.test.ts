import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  channelComplaints,
  openChannel,
  recoveryNotice,
  sampleNotice,
} from '../../../../test/rig/channels.ts';
import { type Caught, catchHttp, type Reply } from '../../../../test/rig/http-server.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { failed } from '../../../../test/rig/outcomes.ts';
import { webhook } from './kind.ts';
import { readSigningSecret, webhookHeaders } from './signature.ts';

test('a notice is posted as JSON, with an id that stays the same, and signed as Standard Webhooks has it', async (t) => {
  leakCheck(t);
  const server = await catchHttp(t, (_caught, response) => response.writeHead(202).end('{"ok": true}'));
  const key = Buffer.alloc(32, 7);
  const env = { KEY: `whsec_${key.toString('base64')}`, TOKEN: 't0ken-of-mine' };
  const headers = { Authorization: 'Bearer $TOKEN', 'X-Plain': 'x' };
  const options = { url: `${server.url}/hook?a=b`, secret: '$KEY', headers };
  const channel = openChannel(t, webhook, options, { context: { env } });
  const outcome = await channel.send(sampleNotice({ id: 'box.1/41' }));
  assert.deepEqual(outcome, { kind: 'delivered', detail: '202: {"ok": true}' });
  await channel.send(sampleNotice({ id: 'box.1/41', triedAt: 5 }));
  const [first, second] = server.caught as [Caught, Caught];
  assert.deepEqual([first.method, first.path], ['POST', '/hook?a=b']);
  const { headers: sent, body } = first;
  assert.equal(sent['content-type'], 'application/json; charset=utf-8');
  assert.equal(sent.authorization, 'Bearer t0ken-of-mine');
  assert.equal(sent['x-plain'], 'x');
  assert.equal(sent['idempotency-key'], 'box_1_41');
  assert.equal(sent['webhook-id'], 'box_1_41');
  assert.equal(second.headers['webhook-id'], 'box_1_41');
  assert.ok(Math.abs(Number(sent['webhook-timestamp']) * 1000 - Date.now()) < 30_000);
  // As a receiver checks it.
  const signed = [sent['webhook-id'], sent['webhook-timestamp'], body].join('.');
  const expected = createHmac('sha256', key).update(signed).digest('base64');
  assert.equal(sent['webhook-signature'], `v1,${expected}`);
  const said = JSON.parse(body) as { readonly type: string; readonly data: { readonly title: string } };
  assert.equal(said.type, 'vahti.outage');
  assert.equal(said.data.title, sampleNotice().title);
});

test('the signature is the one of the specification’s own test', () => {
  const key = readSigningSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  assert.ok(key.ok);
  const signing = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    now: 1_614_265_330_999,
    body: '{"test": 2432232314}',
  };
  assert.deepEqual(webhookHeaders(signing, key.value), {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
  for (const wrong of ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_short', 'whsec_', 'whsec_!!']) {
    const read = readSigningSecret(wrong);
    assert.ok(!read.ok && !read.error.includes('MfKQ'), wrong);
  }
});

test('no secret is shown: not the address, not its parts, not a header, not what the answer repeats', async (t) => {
  leakCheck(t);
  const token = 'T0123-abcdefghijklmnop';
  const echo: Reply = ({ path, headers }, response) =>
    response.writeHead(400).end(`cannot POST ${path} with ${headers.authorization} at ${token}`);
  const server = await catchHttp(t, echo);
  const env = {
    HOOK: `${server.url}/services/${token}?sig=0123456789abcdef`,
    KEY: 'Bearer-0f-mine',
    T: token,
  };
  for (const options of [
    { url: '$HOOK', headers: { authorization: '$KEY' } },
    { url: `${server.url}/services/$T?sig=0123456789abcdef`, headers: { authorization: 'x $KEY' } },
    { url: 'file:hook', headers: { authorization: '$KEY' } },
  ]) {
    const prepare = (folder: string): void => writeFileSync(`${folder}/hook`, `${env.HOOK}\n`);
    const channel = openChannel(t, webhook, options, { context: { env }, prepare });
    const { reason } = failed(await channel.send());
    assert.match(reason, /^cannot deliver to http:\/\/127\.0\.0\.1:\d+: it answered 400: cannot POST …/);
    for (const secret of [token, 'abcdefghijklmnop', '0123456789abcdef', env.KEY])
      assert.ok(!reason.includes(secret), reason);
  }
  const short = openChannel(
    t,
    webhook,
    { url: `${server.url}/x?key=ab12`, headers: { authorization: '$KEY' } },
    { context: { env } },
  );
  assert.match(failed(await short.send()).reason, /: cannot POST … with … at T0123/);
  // What is missing is named, and nothing is sent.
  const missing = openChannel(t, webhook, { url: '$NOT_THERE' });
  assert.deepEqual(await missing.send(), {
    kind: 'failed',
    reason: 'cannot find the address: $NOT_THERE is not set',
    retry: false,
  });
  const odd = openChannel(t, webhook, { url: '$T' }, { context: { env } });
  assert.equal(failed(await odd.send()).reason, 'cannot use the address: it is no http or https address');
  const header = openChannel(t, webhook, { url: server.url, headers: { a: '$NO' } });
  assert.equal(failed(await header.send()).reason, 'cannot send the header a: $NO is not set');
  const newline = openChannel(
    t,
    webhook,
    { url: server.url, headers: { a: '$N' } },
    { context: { env: { N: 'a\r\nb: c' } } },
  );
  assert.equal(failed(await newline.send()).reason, 'cannot send the header a: it holds what no header can');
  const weak = openChannel(
    t,
    webhook,
    { url: server.url, secret: '$K' },
    { context: { env: { K: 'whsec_c2hvcnQ=' } } },
  );
  assert.match(failed(await weak.send()).reason, /^cannot use the signing secret: it has 5 bytes;/);
});

test('a proxy of the environment is used, but not for who is in NO_PROXY', async (t) => {
  leakCheck(t);
  const server = await catchHttp(t, (_caught, response) => response.end('direct'));
  const proxy = await catchHttp(t, (_caught, response) => response.end('by proxy'));
  const send = (env: Record<string, string>) =>
    openChannel(t, webhook, { url: `${server.url}/x` }, { context: { env } }).send();
  assert.deepEqual(await send({ http_proxy: proxy.url }), { kind: 'delivered', detail: '200: by proxy' });
  assert.equal(proxy.caught[0]?.path, `${server.url}/x`);
  const direct = await send({ http_proxy: proxy.url, no_proxy: '127.0.0.1' });
  assert.deepEqual(direct, { kind: 'delivered', detail: '200: direct' });
});

test('a template of one’s own: texts are filled in wherever they stand, lists as lists', async (t) => {
  const template = {
    text: '{title} {{as is}}',
    nested: [{ at: '{at}', n: 3, all: '{items}', none: null }],
    level: '{level} of {services} on {host} by {event} {id} {thread}',
    short: '{short}',
    snooze: '{snooze}',
  };
  leakCheck(t);
  const server = await catchHttp(t, (_caught, response) => response.end());
  await openChannel(t, webhook, { url: server.url, template }).send();
  const sent = JSON.parse(server.caught[0]?.body ?? '') as Record<string, unknown>;
  assert.equal(sent['text'], `${sampleNotice().title} {as is}`);
  assert.equal(sent['level'], 'error of web on box1.uni.example by outage box1-41 box1-41');
  assert.match(String(sent['short']), /^State: bad since/);
  const [nested] = sent['nested'] as [Record<string, unknown>];
  assert.equal(nested['at'], '2026-11-22T10:31:05.000Z');
  assert.equal(nested['n'], 3);
  assert.equal((nested['all'] as readonly { readonly service: string }[])[0]?.service, 'web');
});

test('what a config may not say', () => {
  const said = (options: object): string => channelComplaints(webhook, options).join(' | ');
  const url = 'https://hooks.uni.example/x';
  for (const [options, expected] of [
    [{ url }, /^$/],
    [{ url: '$PAGER_URL' }, /^$/],
    [{ url: 'file:/run/hook' }, /^$/],
    [{ url: 'https://api.telegram.org/bot$TOKEN/sendMessage', chat: -100 }, /^$/],
    [{ url: 'ftp://x' }, /write an http or https address, \$NAME or file:PATH/],
    [{ url: 'https://' }, /write an http or https address/],
    [{}, /url|required|missing|Expected/i],
    [{ url: 'https://me:pw@uni.example/' }, /cannot take a password in an address/],
    [
      { url: 'https://hooks.slack.com/services/T/B/x' },
      /cannot take this address: .* a secret; write \$NAME/,
    ],
    [{ url: 'https://mm.uni.example/hooks/x', template: 'mattermost' }, /a secret/],
    [{ url: '$X', template: 'pagerduty' }, /cannot write to pagerduty without `routing-key`/],
    [{ url: 'https://events.pagerduty.com/v2/enqueue' }, /without `routing-key`/],
    [{ url: 'https://events.pagerduty.com/v2/enqueue', 'routing-key': 'abc' }, /not the secret itself/],
    [{ url: '$X', template: 'telegram' }, /without `chat`/],
    [
      { url, template: 'slak' },
      /cannot use the template "slak": write one of generic, slack.*did you mean "?slack/,
    ],
    [{ url, template: 3 }, /cannot use this value: write one of generic/],
    [{ url, template: { a: ['{titel}'] } }, /cannot fill in \{titel\}.*did you mean "?title/],
    [{ url, template: { a: 'x {items}' } }, /cannot use \{items\} within a text/],
    [{ url, secret: 'whsec_abc' }, /write \$NAME or file:PATH, not the secret itself/],
    [{ url, headers: { 'a b': 'x' } }, /cannot send a header named "a b"/],
    [{ url, ca: '/nowhere.pem' }, /cannot read \/nowhere\.pem: no such file/],
    [{ url, extra: 1 }, /extra|unknown|Invalid key/i],
  ] as const)
    assert.match(said(options), expected, JSON.stringify(options));
});

test('where it goes is told without what may be secret', () => {
  for (const [url, shown] of [
    ['$PAGER_URL', '$PAGER_URL'],
    ['file:/run/hook', 'file:/run/hook'],
    ['https://hooks.uni.example/x/y?z=1', 'https://hooks.uni.example'],
    ['https://api.telegram.org/bot$TOKEN/sendMessage', 'https://api.telegram.org'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['https://me:pw@uni.example/x', 'https://…'],
    ['https://$HOST/x', 'https://…'],
  ] as const)
    assert.equal(webhook.target({ url }), shown);
});

test('a recovery goes out under its own id', async (t) => {
  leakCheck(t);
  const server = await catchHttp(t, (_caught, response) => response.end());
  await openChannel(t, webhook, { url: server.url }).send(recoveryNotice());
  const sent = JSON.parse(server.caught[0]?.body ?? '') as { readonly data: Record<string, unknown> };
  assert.deepEqual(
    [sent.data['id'], sent.data['thread'], sent.data['event']],
    ['box1-52', 'box1-41', 'recovery'],
  );
});
