import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as v from 'valibot';
import {
  AT,
  noticeItem,
  openChannel,
  recoveryNotice,
  sampleNotice,
} from '../../../../../test/rig/channels.ts';
import { type Caught, catchHttp } from '../../../../../test/rig/http-server.ts';
import { FAR_SIDES, slackMessage } from '../../../../../test/rig/webhook-forms.ts';
import { HARD_NOTICES } from '../../../../../test/rig/hard-notices.ts';
import { leakCheck } from '../../../../../test/rig/leaks.ts';
import type { Notice } from '../../../../core/channel.ts';
import { LEVELS } from '../../../../core/record.ts';
import { outlineOf } from '../../../rendering/outline.ts';
import { webhook } from '../kind.ts';
import type { Post } from '../preset.ts';
import { presetOf, PRESETS } from './registry.ts';

const ROUTING_KEY = '0123456789abcdef0123456789abcdef';
const ADDRESS = new URL('https://hooks.uni.example/v2/enqueue');

function postsOf(name: string, notice: Notice): readonly Post[] {
  const preset = PRESETS.find((each) => each.name === name);
  assert.ok(preset !== undefined, name);
  const outline = outlineOf(notice, 'Europe/Zurich');
  // As it goes over the wire.
  return preset
    .posts({ notice, outline, url: ADDRESS, routingKey: ROUTING_KEY, chat: -100 })
    .map(({ body, ...post }) => ({ ...post, body: JSON.parse(JSON.stringify(body)) as unknown }));
}

for (const [name, schema] of Object.entries(FAR_SIDES))
  test(`${name}: every payload is as its documentation has it`, () => {
    for (const [what, notice] of Object.entries(HARD_NOTICES))
      for (const { body } of postsOf(name, notice)) {
        const checked = v.safeParse(schema, body);
        const issues = checked.issues?.map(
          ({ message, path }) => `${path?.map(({ key }) => key).join('.')}: ${message}`,
        );
        assert.ok(
          checked.success,
          `${what}: ${issues?.join('; ')} in ${JSON.stringify(body).slice(0, 3000)}`,
        );
      }
  });

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  fc.stringMatching(/^[<>&`*_~@|\\\n[\]() a]{0,300}$/),
);

test('property: whatever is said, every payload fits, in every form', () => {
  const anyNotice = fc
    .record({
      title: anyText,
      snooze: anyText,
      lines: fc.array(anyText, { maxLength: 40 }),
      items: fc.array(
        fc.record({ service: anyText, reason: anyText, value: anyText, next: anyText, line: anyText }),
        { maxLength: 12 },
      ),
    })
    .map(({ items, ...rest }) =>
      sampleNotice({
        ...rest,
        items: items.map(({ line, ...item }) =>
          noticeItem({ ...item, tail: Array.from({ length: 20 }, () => line) }),
        ),
      }),
    );
  fc.assert(
    fc.property(anyNotice, (notice) => {
      for (const [name, schema] of Object.entries(FAR_SIDES))
        for (const { body } of postsOf(name, notice)) v.parse(schema, body);
    }),
    { numRuns: 60 },
  );
});

const written = (name: string): string =>
  JSON.stringify(postsOf(name, HARD_NOTICES['hostile text'] as Notice)[0]?.body);

test('nobody is called, and nothing is marked up, by what a log says', () => {
  const [{ body: slackBody } = { body: {} }] = postsOf('slack', HARD_NOTICES['hostile text'] as Notice);
  const { text: fallback, blocks } = slackBody as v.InferOutput<typeof slackMessage>;
  // A plain text is shown as it is.
  const marked = blocks.flatMap((block) => (block.type === 'section' ? block.text.text : []));
  const slackText = [fallback, ...marked].join('\n');
  assert.ok(!/<[!@#]/.test(slackText), slackText);
  assert.match(slackText, /&lt;!here&gt;/);
  for (const name of ['mattermost', 'discord']) {
    // Within a fence nothing is marked up; outside of it every mark has a backslash, every @ a gap.
    const [body] = postsOf(name, HARD_NOTICES['hostile text'] as Notice).map(
      ({ body: each }) => each as Record<string, unknown>,
    );
    const embeds = (body?.['embeds'] ?? []) as readonly { readonly description: string }[];
    const text = [body?.['text'] ?? body?.['content'], ...embeds.map(({ description }) => description)].join(
      '\n',
    );
    assert.equal(text.match(/```/g)?.length, 2, text);
    const outside = text
      .replace(/```[^]*```/, '')
      .replaceAll(/`[^`\n]*`/g, '')
      .replaceAll(/\\./g, '');
    assert.ok(!/@(channel|everyone)|<|(?<!\*)\*(?!\*)|\[/.test(outside), outside);
  }
  const telegramText = written('telegram');
  assert.ok(!/<pre>[^<]*@channel/.test(telegramText.replaceAll(/<pre>[^]*<\/pre>/g, '')));
});

test('what matters most is said first where room is short: title, why, what comes next, how to silence it', () => {
  const tight = sampleNotice({
    items: [noticeItem({ tail: Array.from({ length: 20 }, () => 'x'.repeat(290)) })],
  });
  for (const name of ['slack', 'telegram', 'mattermost', 'teams', 'discord']) {
    const text = JSON.stringify(postsOf(name, tight)[0]?.body);
    for (const part of ['bad since 2026-11-22 11:28:00', 'status is 503', 'another restart', 'snooze web'])
      assert.ok(text.includes(part), `${name} says ${part}`);
    assert.ok(text.includes('xxxxxxxx'), `${name} has some of the log`);
  }
});

test('an address says which form it wants, a template says it first', () => {
  for (const [address, template, name] of [
    ['https://hooks.slack.com/services/T/B/x', undefined, 'slack'],
    ['https://discord.com/api/webhooks/1/x', undefined, 'discord'],
    ['https://discordapp.com/api/webhooks/1/x', undefined, 'discord'],
    ['https://api.telegram.org/bot1:x/sendMessage', undefined, 'telegram'],
    ['https://uni.webhook.office.com/webhookb2/x', undefined, 'teams'],
    ['https://prod-1.westeurope.logic.azure.com:443/workflows/x', undefined, 'teams'],
    ['https://events.eu.pagerduty.com/v2/enqueue', undefined, 'pagerduty'],
    ['https://mm.uni.example/hooks/x', undefined, 'generic'],
    ['https://mm.uni.example/hooks/x', 'mattermost', 'mattermost'],
    ['https://hooks.slack.com.evil.example/', undefined, 'generic'],
    ['https://evildiscord.com/api/x', undefined, 'generic'],
    ['https://hooks.slack.com/services/T/B/x', 'generic', 'generic'],
  ] as const)
    assert.equal(presetOf(template, new URL(address)).name, name, address);
});

test('PagerDuty: an incident is triggered and resolved under its own id, however messages are put together', () => {
  const actions = (notice: Notice) =>
    postsOf('pagerduty', notice).map(({ key, body }) => {
      const { event_action, dedup_key } = body as Record<string, unknown>;
      assert.equal(key, dedup_key);
      return [event_action, dedup_key];
    });
  const both = sampleNotice({
    items: [
      noticeItem({ id: 'a', until: AT }),
      noticeItem({ id: 'b' }),
      noticeItem({ id: 'c', level: LEVELS.warn }),
    ],
  });
  assert.deepEqual(actions(both), [
    ['resolve', 'a'],
    ['trigger', 'b'],
    ['trigger', 'c'],
  ]);
  assert.deepEqual(actions(recoveryNotice()), [['resolve', 'inc-7']]);
  assert.deepEqual(actions(sampleNotice({ event: 'test', items: [], thread: 't-1' })), [['trigger', 't-1']]);
  const payloads = postsOf('pagerduty', both).map(
    ({ body }) => (body as { payload?: Record<string, unknown> }).payload,
  );
  assert.deepEqual(
    payloads.map((payload) => payload?.['severity']),
    [undefined, 'error', 'warning'],
  );
  assert.match(String(payloads[1]?.['summary']), /^web on box1\.uni\.example: alive is bad: http/);
  const digest = postsOf('pagerduty', sampleNotice({ event: 'digest', items: [], level: LEVELS.info }));
  assert.equal(digest[0]?.url?.href, 'https://hooks.uni.example/v2/change/enqueue');
  const failedJob = sampleNotice({ event: 'job', items: [], level: LEVELS.error });
  assert.equal(postsOf('pagerduty', failedJob)[0]?.url, undefined);
});

const STEPS: readonly (readonly [
  answers: readonly number[],
  keys: readonly string[],
  taken: readonly string[] | undefined,
])[] = [
  [[202, 429], ['a', 'b'], ['a']],
  [[202, 202], ['b', 'c'], undefined],
];

test('of a notice that takes several requests, those that were taken are not made again', async (t) => {
  leakCheck(t);
  let answers: number[] = [];
  const server = await catchHttp(t, (_caught, response) => response.writeHead(answers.shift() ?? 500).end());
  const channel = openChannel(
    t,
    webhook,
    { url: `${server.url}/v2/enqueue`, template: 'pagerduty', 'routing-key': '$KEY' },
    { context: { env: { KEY: ROUTING_KEY } } },
  );
  const notice = sampleNotice({ items: ['a', 'b', 'c'].map((id) => noticeItem({ id })) });
  let taken: readonly string[] | undefined;
  for (const [statuses, keys, expected] of STEPS) {
    answers = [...statuses];
    const before = server.caught.length;
    const outcome = await channel.send(notice, taken === undefined ? {} : { taken });
    const made: readonly Caught[] = server.caught.slice(before);
    assert.deepEqual(
      made.map(({ body }) => (JSON.parse(body) as { dedup_key: string }).dedup_key),
      keys,
    );
    assert.deepEqual(outcome.kind === 'failed' ? outcome.taken : undefined, expected);
    taken = outcome.kind === 'failed' ? outcome.taken : undefined;
    // One id for each, so that each can be told from the others and from its own repeat.
    assert.equal(new Set(made.map(({ headers }) => headers['idempotency-key'])).size, keys.length);
  }
  const again = await channel.send(notice, { taken: ['a', 'b', 'c'] });
  assert.equal(again.kind, 'delivered');
});

test('Telegram says in its answer how long to wait; Discord is asked to say what came of it', async (t) => {
  leakCheck(t);
  const answer = {
    ok: false,
    error_code: 429,
    description: 'Too Many Requests: retry after 9',
    parameters: { retry_after: 9 },
  };
  const server = await catchHttp(t, (_caught, response) =>
    response.writeHead(429).end(JSON.stringify(answer)),
  );
  const send = (template: string) =>
    openChannel(
      t,
      webhook,
      { url: '$U', template, chat: '@ops' },
      { context: { env: { U: `${server.url}/x?thread_id=7` } } },
    ).send();
  const outcome = await send('telegram');
  assert.equal(outcome.kind === 'failed' && outcome.retryAfterMs, 9000);
  await send('discord');
  assert.equal(server.caught[1]?.path, '/x?thread_id=7&wait=true');
});

test('without what a far side cannot do without nothing is sent', async (t) => {
  leakCheck(t);
  const outcome = await openChannel(
    t,
    webhook,
    { url: '$U' },
    { context: { env: { U: 'https://api.telegram.org/bot1:x/sendMessage' } } },
  ).send();
  assert.deepEqual(outcome, {
    kind: 'failed',
    reason: 'cannot write to telegram without `chat` in the config',
    retry: false,
  });
});
