import type { Notice, NoticeItem } from '../../../../core/channel.ts';
import { LEVELS } from '../../../../core/record.ts';
import { PLAIN, renderChat } from '../../../rendering/chat.ts';
import { cleanLine, clip } from '../../../rendering/clean.ts';
import { isoTime } from '../../../rendering/moments.ts';
import type { Post, Preset, PresetInput } from '../preset.ts';

/** developer.pagerduty.com/docs/events-api-v2: the summary has 1024 characters, the key 255, an event 512 KB. */
const SUMMARY = 1024;
const KEY = 255;
const DETAILS = 8000;

/**
 * PagerDuty, Events API v2. Each incident is an alert of its own, with its id as the key, so that each is resolved when it is over. What
 * has no incident is an alert under the notice's thread, or, where nobody has to act, a change.
 */
export const pagerduty: Preset = {
  name: 'pagerduty',
  matches: ({ hostname }) => hostname === 'events.pagerduty.com' || hostname === 'events.eu.pagerduty.com',
  secretAddress: false,
  needs: 'routing-key',
  posts(input) {
    const { notice } = input;
    if (isChange(notice)) return [change(input)];
    const common = payload(input);
    if (notice.items.length === 0) return [trigger(input, common, notice.thread)];
    return notice.items.map((item) =>
      item.until === null ? trigger(input, common, item.id, item) : resolved(input, item.id),
    );
  },
};

/** What there is nothing to be done about: kept as a change, nobody is called. */
function isChange({ event, level }: Notice): boolean {
  return event === 'digest' || event === 'beat' || (event === 'job' && level < LEVELS.warn);
}

function change(input: PresetInput): Post {
  const { routingKey, url } = input;
  const body = { routing_key: routingKey, payload: payload(input) };
  return url.pathname === '/v2/enqueue' ? { body, url: new URL('/v2/change/enqueue', url.href) } : { body };
}

function trigger({ notice, routingKey }: PresetInput, common: Payload, key: string, item?: NoticeItem): Post {
  const own =
    item === undefined || notice.items.length === 1
      ? common.summary
      : cleanLine(`${item.service} on ${notice.host}: ${item.subject} is ${item.state}: ${item.reason}`);
  const body = {
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: clip(key, KEY),
    client: 'Vahti',
    payload: {
      ...common,
      summary: clip(own, SUMMARY),
      severity: severity(item?.level ?? notice.level),
      ...(item === undefined ? {} : { component: item.service, class: item.subject }),
    },
  };
  return { key, body };
}

function resolved({ routingKey }: PresetInput, key: string): Post {
  return {
    key,
    body: { routing_key: routingKey, event_action: 'resolve', dedup_key: clip(key, KEY) },
  };
}

type Payload = ReturnType<typeof payload>;

function payload({ notice, outline }: PresetInput) {
  return {
    summary: clip(outline.title, SUMMARY),
    source: notice.host,
    timestamp: isoTime(notice.at),
    custom_details: {
      event: notice.event,
      notice: notice.id,
      text: renderChat(outline, { style: PLAIN, most: DETAILS, title: false }),
    },
  };
}

function severity(level: number): string {
  if (level >= LEVELS.fatal) return 'critical';
  if (level >= LEVELS.error) return 'error';
  return level >= LEVELS.warn ? 'warning' : 'info';
}
