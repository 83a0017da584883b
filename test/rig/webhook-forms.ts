import * as v from 'valibot';

const chars = (most: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(most));
const time = v.pipe(v.string(), v.isoTimestamp());
const plainText = (most: number) =>
  v.strictObject({ type: v.literal('plain_text'), text: chars(most), emoji: v.boolean() });

/** docs.slack.dev: incoming webhooks, Block Kit (header, section, context; 50 blocks a message; text 40,000). */
const slackBlock = v.variant('type', [
  v.strictObject({ type: v.literal('header'), text: plainText(150) }),
  v.strictObject({
    type: v.literal('section'),
    text: v.strictObject({ type: v.literal('mrkdwn'), text: chars(3000), verbatim: v.boolean() }),
  }),
  v.strictObject({
    type: v.literal('context'),
    elements: v.pipe(v.array(plainText(3000)), v.minLength(1), v.maxLength(10)),
  }),
]);
export const slackMessage = v.strictObject({
  text: chars(40_000),
  blocks: v.pipe(v.array(slackBlock), v.maxLength(50)),
});

/** developers.mattermost.com: posts up to 16,383 characters, 4,000 on old servers. */
const mattermost = v.strictObject({ text: chars(4000) });

/** docs.discord.com: execute webhook, embed limits (their sum is 6,000), allowed mentions. */
const discord = v.strictObject({
  content: chars(2000),
  embeds: v.pipe(
    v.array(
      v.pipe(
        v.strictObject({
          description: chars(4096),
          color: v.pipe(v.number(), v.integer(), v.maxValue(0xffffff)),
          footer: v.strictObject({ text: chars(2048) }),
          timestamp: time,
        }),
        v.check(({ description, footer }) => description.length + footer.text.length <= 6000),
      ),
    ),
    v.maxLength(10),
  ),
  allowed_mentions: v.strictObject({ parse: v.pipe(v.array(v.string()), v.length(0)) }),
});

/** core.telegram.org/bots/api#sendmessage: 1 to 4,096 characters, only the tags of its HTML style. */
const telegram = v.strictObject({
  chat_id: v.union([v.number(), v.string()]),
  text: v.pipe(
    chars(4096),
    v.check(onlyTelegramTags, 'tags that Telegram does not know, or that are not closed'),
  ),
  parse_mode: v.literal('HTML'),
  link_preview_options: v.strictObject({ is_disabled: v.boolean() }),
});

function onlyTelegramTags(text: string): boolean {
  const open: string[] = [];
  for (const [all, closing, name = ''] of text.matchAll(/<(\/?)([^<>]*)>/g)) {
    if (!['b', 'code', 'pre'].includes(name)) return false;
    if (closing === '') open.push(name);
    else if (open.pop() !== name) return false;
    if (all.length > 8) return false;
  }
  const between = text.replaceAll(/<\/?(b|code|pre)>/g, '').replaceAll(/&(amp|lt|gt);/g, '');
  return open.length === 0 && !/[<>&]/.test(between);
}

/** learn.microsoft.com: a message with one Adaptive Card (adaptivecards.io/explorer, 1.4), 28 KB at two bytes a character. */
const run = v.strictObject({
  type: v.literal('TextRun'),
  text: v.string(),
  weight: v.optional(v.picklist(['Default', 'Lighter', 'Bolder'])),
  size: v.optional(v.picklist(['Default', 'Small', 'Medium', 'Large', 'ExtraLarge'])),
  isSubtle: v.optional(v.boolean()),
});
const richText = v.strictObject({
  type: v.literal('RichTextBlock'),
  spacing: v.literal('None'),
  inlines: v.pipe(v.array(run), v.minLength(1)),
});
const container = v.strictObject({
  type: v.literal('Container'),
  style: v.picklist(['default', 'emphasis', 'good', 'attention', 'warning', 'accent']),
  bleed: v.boolean(),
  items: v.pipe(v.array(richText), v.minLength(1)),
});
const teams = v.pipe(
  v.strictObject({
    type: v.literal('message'),
    attachments: v.tuple([
      v.strictObject({
        contentType: v.literal('application/vnd.microsoft.card.adaptive'),
        contentUrl: v.null(),
        content: v.strictObject({
          $schema: v.literal('http://adaptivecards.io/schemas/adaptive-card.json'),
          type: v.literal('AdaptiveCard'),
          version: v.literal('1.4'),
          fallbackText: v.string(),
          msteams: v.strictObject({ width: v.literal('Full') }),
          body: v.pipe(v.array(v.variant('type', [richText, container])), v.minLength(1)),
        }),
      }),
    ]),
  }),
  v.check((message) => JSON.stringify(message).length * 2 <= 28 * 1024, 'larger than 28 KB'),
);

/** developer.pagerduty.com: Events API v2, alert and change events. */
const routing_key = v.pipe(v.string(), v.length(32));
const details = v.record(v.string(), v.unknown());
const pagerduty = v.union([
  v.strictObject({
    routing_key,
    event_action: v.literal('trigger'),
    dedup_key: chars(255),
    client: v.string(),
    payload: v.strictObject({
      summary: chars(1024),
      source: chars(255),
      severity: v.picklist(['critical', 'error', 'warning', 'info']),
      timestamp: time,
      component: v.optional(v.string()),
      class: v.optional(v.string()),
      custom_details: details,
    }),
  }),
  v.strictObject({ routing_key, event_action: v.literal('resolve'), dedup_key: chars(255) }),
  v.strictObject({
    routing_key,
    payload: v.strictObject({
      summary: chars(1024),
      source: v.string(),
      timestamp: time,
      custom_details: details,
    }),
  }),
]);

/** What each far side takes, from its own documentation, as strictly as it says. */
export const FAR_SIDES: Readonly<Record<string, v.GenericSchema>> = {
  slack: slackMessage,
  mattermost,
  discord,
  telegram,
  teams,
  pagerduty,
};
