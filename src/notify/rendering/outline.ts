import type { Notice, NoticeItem } from '../../core/channel.ts';
import { approximateDuration } from '../../core/durations.ts';
import { LEVELS } from '../../core/record.ts';
import { cleanLine, cleanRow, clip } from './clean.ts';
import { moment } from './moments.ts';

/** How a message feels: a colour, a priority. */
export type Tone = 'bad' | 'warn' | 'good' | 'plain';

/** One thing to say of an item, with its name: `Why`, `Since`. */
export interface Fact {
  readonly label: string;
  readonly text: string;
}

export interface OutlineItem {
  /** `web · alive`. */
  readonly heading: string;
  readonly tone: Tone;
  readonly facts: readonly Fact[];
  /** What was done, oldest first, each with its moment. */
  readonly done: readonly Fact[];
  readonly next: string;
  /** The last lines of the log, oldest first. */
  readonly tail: readonly string[];
  /** All of it in one line. */
  readonly brief: string;
}

/** What a message says, in its order, clean and of bounded length: text, HTML and chats only differ in how they write it. */
export interface Outline {
  /** One line. */
  readonly title: string;
  readonly tone: Tone;
  /** `Delivered late: …`; empty where it is on time. */
  readonly late: string;
  /** Those that are told in full. */
  readonly items: readonly OutlineItem[];
  /** The others, one line each. */
  readonly others: readonly string[];
  /** Plain lines. */
  readonly lines: readonly string[];
  /** What was left out: `and 12 more`; empty where nothing was. */
  readonly more: string;
  /** The command that silences it; empty where there is none. */
  readonly snooze: string;
  /** Where it comes from. */
  readonly origin: string;
}

const TITLE = 200;
const VALUE = 500;
const TAIL_LINE = 300;
const LINE = 1000;
const IN_FULL = 10;
const WITH_TAIL = 3;
const MOST_TAIL = 20;
const MOST_OTHERS = 200;
const MOST_LINES = 500;
/** Deeds of an item that is told with its log, and of the others. */
const MOST_DONE = 10;
const FEW_DONE = 3;

/** Puts a notice into the order that people read it in, with its times on the clocks of a zone. */
export function outlineOf(notice: Notice, zone: string): Outline {
  const { items, lines, host, at, id, level } = notice;
  const full = items
    .slice(0, IN_FULL)
    .map((item, index) => outlineItem(item, index < WITH_TAIL, notice, zone));
  const rest = items.slice(IN_FULL);
  const shownLines = lines.slice(0, MOST_LINES);
  const left = [
    ...(rest.length > MOST_OTHERS ? [`${rest.length - MOST_OTHERS} more in trouble`] : []),
    ...(lines.length > shownLines.length ? [`${lines.length - shownLines.length} more lines`] : []),
  ];
  return {
    title: clip(cleanLine(notice.title), TITLE) || 'Vahti',
    tone: isOver(notice) ? 'good' : toneOf(level),
    late: lateness(notice, zone),
    items: full,
    others: rest.slice(0, MOST_OTHERS).map((item) => briefOf(item, zone)),
    lines: shownLines.map((line) => clip(cleanRow(line), LINE)),
    more: left.length === 0 ? '' : `and ${left.join(', ')}`,
    snooze: clip(cleanLine(notice.snooze), VALUE),
    origin: cleanLine(`Vahti on ${clip(host, 100)}, ${moment(at, zone)}, notice ${id}`),
  };
}

/** Whether it tells of ends alone. */
export function isOver({ event, items }: Notice): boolean {
  return event === 'recovery' || (items.length > 0 && items.every(({ until }) => until !== null));
}

function toneOf(level: number): Tone {
  if (level >= LEVELS.error) return 'bad';
  return level >= LEVELS.warn ? 'warn' : 'plain';
}

function lateness({ dueAt, triedAt }: Notice, zone: string): string {
  if (dueAt === null) return '';
  const ago = approximateDuration(Math.max(0, triedAt - dueAt));
  return `Delivered late: it was due at ${moment(dueAt, zone)}, ${ago} earlier.`;
}

function headingOf({ service, subject }: NoticeItem): string {
  const words = [service, subject].map((word) => clip(cleanLine(word), 100));
  return words.filter((word) => word !== '').join(' · ');
}

function outlineItem(item: NoticeItem, withTail: boolean, notice: Notice, zone: string): OutlineItem {
  const over = item.until !== null;
  const short = (text: string): string => clip(cleanLine(text), VALUE);
  const state = clip(cleanLine(item.state), 50);
  const facts: Fact[] = [
    { label: 'State', text: over ? state : `${state} ${since(item, notice.at, zone)}`.trim() },
    { label: 'Lasted', text: over ? lastedFrom(item, zone) : '' },
    { label: 'Seen', text: short(item.value ?? '') },
    { label: 'Why', text: short(item.reason) },
  ];
  const actions = item.actions.slice(withTail ? -MOST_DONE : -FEW_DONE);
  return {
    heading: headingOf(item),
    tone: over ? 'good' : toneOf(item.level),
    facts: facts.filter(({ text }) => text !== ''),
    done: actions.map(({ at, text }) => ({ label: moment(at, zone), text: short(text) })),
    next: short(item.next),
    tail: withTail ? item.tail.slice(-MOST_TAIL).map((line) => clip(cleanRow(line), TAIL_LINE)) : [],
    brief: briefOf(item, zone),
  };
}

function briefOf(item: NoticeItem, zone: string): string {
  const { until, reason } = item;
  const when = until === null ? `since ${moment(item.since, zone)}` : `after ${lasted(item)}`;
  const why = clip(cleanLine(reason), 200);
  return `${headingOf(item)}: ${clip(cleanLine(item.state), 50)} ${when}${why === '' ? '' : `: ${why}`}`;
}

function lasted({ since: from, until }: NoticeItem): string {
  return approximateDuration(Math.max(0, (until ?? from) - from));
}

/** Since when, and how long that is: as the notice was made, so that every try says the same. */
function since(item: NoticeItem, at: number, zone: string): string {
  const ms = at - item.since;
  const long = ms >= 1000 ? `, for ${approximateDuration(ms)}` : '';
  return `since ${moment(item.since, zone)}${long}`;
}

function lastedFrom(item: NoticeItem, zone: string): string {
  return `${lasted(item)}, from ${moment(item.since, zone)} to ${moment(item.until ?? item.since, zone)}`;
}
