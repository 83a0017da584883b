import type { Notice } from '../../core/channel.ts';
import { levelName } from '../../core/record.ts';
import { cleanLine, cleanRow, clip } from './clean.ts';
import { isoTime } from './moments.ts';

/** How much of a notice is told. */
interface Amount {
  readonly items: number;
  /** Items with the last lines of their log. */
  readonly tails: number;
  readonly lines: number;
  /** The newest deeds of an item. */
  readonly actions: number;
  /** The longest text, in UTF-16 units. */
  readonly text: number;
}

const AMOUNTS: readonly [Amount, ...Amount[]] = [
  { items: 200, tails: 10, lines: 500, actions: 20, text: 1000 },
  { items: 200, tails: 0, lines: 100, actions: 3, text: 300 },
  { items: 30, tails: 0, lines: 20, actions: 3, text: 200 },
];
/** What far sides take at a time; in UTF-16 units, at most three bytes each. */
const MOST_LENGTH = 100_000;

export type NoticeJson = ReturnType<typeof shape>;

/**
 * A notice as programs get it, over HTTP and on stdin: the shape that Standard Webhooks recommends (`type`, `timestamp`, `data`).
 * Times are RFC 3339 in UTC; `format` rises when a field changes its meaning. Of a notice too large for one message the logs go first.
 */
export function noticeJson(notice: Notice): NoticeJson {
  const [most, ...less] = AMOUNTS;
  let json = shape(notice, most);
  for (const amount of less) {
    if (JSON.stringify(json).length <= MOST_LENGTH) break;
    json = shape(notice, amount);
  }
  return json;
}

function shape(notice: Notice, amount: Amount) {
  const { id, thread, event, host, at, title, level, items, lines, snooze, dueAt } = notice;
  const short = (text: string): string => clip(cleanLine(text), amount.text);
  return {
    type: `vahti.${event}`,
    timestamp: isoTime(at),
    data: {
      format: 1,
      id,
      thread,
      event,
      host: short(host),
      title: short(title),
      level: levelName(level),
      due: isoTime(dueAt ?? at),
      items: items.slice(0, amount.items).map((item, index) => ({
        id: item.id,
        service: short(item.service),
        subject: short(item.subject),
        state: short(item.state),
        level: levelName(item.level),
        since: isoTime(item.since),
        until: item.until === null ? null : isoTime(item.until),
        value: item.value === null ? null : short(item.value),
        reason: short(item.reason),
        actions: item.actions
          .slice(-amount.actions)
          .map((action) => ({ at: isoTime(action.at), text: short(action.text) })),
        tail: (index < amount.tails ? item.tail : []).map((line) => clip(cleanRow(line), amount.text)),
        next: short(item.next),
      })),
      items_total: items.length,
      lines: lines.slice(0, amount.lines).map((line) => clip(cleanRow(line), amount.text)),
      snooze: short(snooze),
    },
  };
}
