import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as v from 'valibot';
import {
  AT,
  channelComplaints,
  noticeItem,
  openChannel,
  recoveryNotice,
  sampleNotice,
} from '../../../../test/rig/channels.ts';
import { HARD_NOTICES } from '../../../../test/rig/hard-notices.ts';
import { catchHttp } from '../../../../test/rig/http-server.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { failed } from '../../../../test/rig/outcomes.ts';
import type { Notice } from '../../../core/channel.ts';
import { LEVELS } from '../../../core/record.ts';
import { ntfy } from './kind.ts';
import { payloadOf } from './payload.ts';
import { anyText } from '../../../../test/rig/any-text.ts';

const bytes = (most: number) =>
  v.pipe(
    v.string(),
    v.minLength(1),
    v.check((text) => Buffer.byteLength(text) <= most, `more than ${most} bytes`),
  );

/** docs.ntfy.sh/publish#publish-as-json; the server takes 4,096 bytes of message, and JSON of twice as many. */
const published = v.pipe(
  v.strictObject({
    topic: v.pipe(v.string(), v.regex(/^[-_A-Za-z0-9]{1,64}$/)),
    title: bytes(1024),
    message: bytes(4096),
    priority: v.picklist([1, 2, 3, 4, 5]),
    tags: v.pipe(
      v.array(v.picklist(['rotating_light', 'warning', 'white_check_mark', 'information_source'])),
      v.length(1),
    ),
    click: v.optional(v.pipe(v.string(), v.url())),
  }),
  v.check((message) => Buffer.byteLength(JSON.stringify(message)) <= 8192, 'JSON of more than 8,192 bytes'),
);

const payload = (notice: Notice) =>
  payloadOf(notice, { topic: 'alerts', click: 'https://uni.example/x', zone: 'UTC' });

test('every message is as ntfy has it, however long and hostile', () => {
  for (const [what, notice] of Object.entries(HARD_NOTICES)) {
    const checked = v.safeParse(published, payload(notice));
    assert.ok(checked.success, `${what}: ${checked.issues?.[0]?.message}`);
  }
  const hostile = anyText({ maxLength: 300 });
  fc.assert(
    fc.property(hostile, fc.array(hostile, { maxLength: 30 }), hostile, (title, lines, reason) => {
      v.parse(published, payload(sampleNotice({ title, lines, items: [] })));
      v.parse(published, payload(sampleNotice({ title, items: [noticeItem({ reason, tail: lines })] })));
    }),
    { numRuns: 40 },
  );
});

test('the priority and the tag follow the level; ends are quiet', () => {
  for (const [notice, priority, tag] of [
    [sampleNotice({ level: LEVELS.fatal }), 5, 'rotating_light'],
    [sampleNotice({ level: LEVELS.error }), 4, 'rotating_light'],
    [sampleNotice({ level: LEVELS.warn }), 3, 'warning'],
    [sampleNotice({ level: LEVELS.info, items: [], event: 'digest' }), 2, 'information_source'],
    [recoveryNotice(), 3, 'white_check_mark'],
    [sampleNotice({ items: [noticeItem({ until: AT })] }), 3, 'white_check_mark'],
  ] as const) {
    const made = payload(notice);
    assert.deepEqual([made.priority, made.tags], [priority, [tag]]);
  }
});

test('a message goes to the root of its server, with its topic, and logs in', async (t) => {
  leakCheck(t);
  const answer = JSON.stringify({
    id: 'sPs71M8A2T',
    time: 1,
    event: 'message',
    topic: 'very-s3cret-topic',
    message: 'x',
  });
  const server = await catchHttp(t, (_caught, response) => response.end(answer));
  const env = {
    URL: `${server.url}/base/very-s3cret-topic`,
    TOKEN: 'tk_abc123def',
    PW: 'geheim',
    TOPIC: 'very-s3cret-topic',
  };
  const send = (options: object) => openChannel(t, ntfy, options, { context: { env } }).send();
  assert.deepEqual(await send({ url: '$URL', token: '$TOKEN', click: 'https://uni.example/' }), {
    kind: 'delivered',
    detail: '200 as sPs71M8A2T',
  });
  await send({ url: `${server.url}/$TOPIC`, user: 'ops', password: '$PW' });
  await send({ url: `${server.url}/plain/` });
  const [first, second, third] = server.caught.map(({ path, headers, body }) => ({
    path,
    login: headers.authorization,
    id: headers['idempotency-key'],
    sent: JSON.parse(body) as Record<string, unknown>,
  }));
  assert.deepEqual([first?.path, first?.login, first?.id], ['/base/', 'Bearer tk_abc123def', 'box1-41']);
  assert.deepEqual(
    [first?.sent['topic'], first?.sent['click']],
    ['very-s3cret-topic', 'https://uni.example/'],
  );
  assert.equal(first?.sent['title'], sampleNotice().title);
  assert.match(String(first?.sent['message']), /^State: bad since .*\n[^]*\nTo silence it: vahti snooze web/);
  assert.deepEqual(
    [second?.path, second?.login],
    ['/', `Basic ${Buffer.from('ops:geheim').toString('base64')}`],
  );
  assert.deepEqual([third?.path, third?.sent['topic'], third?.login], ['/', 'plain', undefined]);
});

test('what fails is said without the topic or the token', async (t) => {
  leakCheck(t);
  const env = { TOPIC: 'very-s3cret-topic', TOKEN: 'tk_abc123def', BAD: 'tk\n' };
  const server = await catchHttp(t, ({ headers }, response) =>
    response
      .writeHead(403)
      .end(JSON.stringify({ code: 40301, error: `forbidden: very-s3cret-topic ${headers.authorization}` })),
  );
  const send = async (options: object) =>
    failed(await openChannel(t, ntfy, options, { context: { env } }).send());
  const forbidden = await send({ url: `${server.url}/$TOPIC`, token: '$TOKEN' });
  assert.equal(
    forbidden.reason,
    `cannot deliver to ${server.url}: it answered 403: {"code":40301,"error":"forbidden: … …"}`,
  );
  assert.equal(forbidden.retry, false);
  for (const [options, reason] of [
    [{ url: '$NO' }, /^cannot find the address: \$NO is not set$/],
    [{ url: '$TOKEN' }, /^cannot use the address: it is no http or https address$/],
    [{ url: server.url }, /^cannot use the address: it ends with no topic/],
    [{ url: `${server.url}/a%20b` }, /it ends with no topic/],
    [{ url: `${server.url}/x`, token: '$NO' }, /^cannot log in: \$NO is not set$/],
    [{ url: `${server.url}/x`, token: '$BAD' }, /^cannot log in: the token holds what no token can$/],
  ] as const)
    assert.match((await send(options)).reason, reason);
  assert.equal(server.caught.length, 1);
});

test('what a config may not say', () => {
  const url = 'https://ntfy.sh/x';
  for (const [options, expected] of [
    [{ url, token: '$T' }, /^$/],
    [{ url, user: 'u', password: 'file:pw' }, /^$/],
    [{ url, token: 'tk_x' }, /not the secret itself/],
    [{ url, user: 'u' }, /cannot log in: write both/],
    [{ url, token: '$T', user: 'u', password: '$P' }, /cannot use both `token` and `user`/],
    [{ url, click: 'nowhere' }, /write an address/],
    [{ url: 'mytopic' }, /write an http or https address, \$NAME or file:PATH/],
    [{ url, ca: '/nowhere.pem' }, /no such file/],
  ] as const)
    assert.match(channelComplaints(ntfy, options).join(' | '), expected, JSON.stringify(options));
  assert.equal(ntfy.target({ url }), 'https://ntfy.sh');
  assert.equal(ntfy.target({ url: '$U' }), '$U');
});
