import { clip } from './clean.ts';
import type { Outline, OutlineItem } from './outline.ts';

/** How a place writes text: its marks, what it wants escaped, how it counts. Each takes text as it is. */
export interface ChatStyle {
  text(text: string): string;
  bold(text: string): string;
  /** A command, in a line. */
  code(text: string): string;
  /** Lines of a log. */
  block(text: string): string;
  size(written: string): number;
}

export const PLAIN: ChatStyle = {
  text: (text) => text,
  bold: (text) => text,
  code: (text) => text,
  block: (text) => text.replaceAll(/^/gm, '| '),
  size: (written) => written.length,
};

export interface ChatOptions {
  readonly style: ChatStyle;
  /** The most that it may be, in what `size` counts. */
  readonly most: number;
  /** Whether the title is said: not where it stands elsewhere. */
  readonly title: boolean;
}

/** A part of a message: written into the room that is left for it; empty where it finds none. */
interface Part {
  /** 1 gets room first. */
  readonly rank: number;
  write(room: number): string;
}

/** A message for a chat or a phone: the same order as ever, but what matters most gets room first, and all of it fits. */
export function renderChat(outline: Outline, { style, most, title }: ChatOptions): string {
  const { items, others, lines, late, more, snooze } = outline;
  const [first] = items;
  const alone = first !== undefined && items.length === 1 && others.length === 0 ? first : undefined;
  const rows = alone === undefined ? [...items.map(({ brief }) => brief), ...others] : [];
  const parts: readonly Part[] = [
    ...(title ? [one(1, outline.title, style.bold, style)] : []),
    one(3, late, style.text, style),
    ...(alone === undefined ? [] : itemParts(alone, style)),
    list(5, rows, style),
    newest(7, lines, style),
    one(6, more, style.text, style),
    one(2, snooze, (command) => style.text('To silence it: ') + style.code(command), style),
  ];
  return fit(parts, most, style);
}

function fit(parts: readonly Part[], most: number, style: ChatStyle): string {
  const written = parts.map(() => '');
  let room = most;
  const ranked = parts.map((part, index) => ({ part, index })).sort((a, b) => a.part.rank - b.part.rank);
  for (const { part, index } of ranked) {
    const text = part.write(room);
    written[index] = text;
    if (text !== '') room -= style.size(text) + 1;
  }
  return written.filter((text) => text !== '').join('\n');
}

/** The largest number from 1 to `most` for which it fits, found by halving; 0 where there is none. */
function largest(most: number, fits: (count: number) => boolean): number {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A text that is cut until it fits. */
function one(rank: number, text: string, write: (text: string) => string, style: ChatStyle): Part {
  return {
    rank,
    write(room) {
      const most = largest(text.length, (count) => style.size(write(clip(text, count))) <= room);
      return most === 0 ? '' : write(clip(text, most));
    },
  };
}

function itemParts(item: OutlineItem, style: ChatStyle): readonly Part[] {
  const { facts, done, next, tail } = item;
  return [
    ...facts.map(({ label, text }) => one(4, `${label}: ${text}`, style.text, style)),
    ...done.slice(-3).map(({ label, text }) => one(5, `Done: ${label}, ${text}`, style.text, style)),
    one(4, next === '' ? '' : `Next: ${next}`, style.text, style),
    newest(7, tail, style),
  ];
}

/** As many rows as fit, and how many there are besides. */
function list(rank: number, rows: readonly string[], style: ChatStyle): Part {
  const written = rows.map((row) => style.text(`• ${row}`));
  const write = (count: number): string => {
    const rest = rows.length - count;
    if (rest === 0) return written.join('\n');
    const more = count === 0 ? `${rest} in trouble` : `and ${rest} more`;
    return [...written.slice(0, count), style.text(more)].join('\n');
  };
  return {
    rank,
    write(room) {
      const text = write(largest(rows.length, (count) => style.size(write(count)) <= room));
      return style.size(text) <= room ? text : '';
    },
  };
}

/** More than a screen is for logs, not for chats. */
const MOST_NEWEST = 30;

/** As many of the newest lines as fit, in their order. */
function newest(rank: number, lines: readonly string[], style: ChatStyle): Part {
  const write = (count: number): string => style.block(lines.slice(-count).join('\n'));
  return {
    rank,
    write(room) {
      const most = Math.min(lines.length, MOST_NEWEST);
      const count = largest(most, (each) => style.size(write(each)) <= room);
      return count === 0 ? '' : write(count);
    },
  };
}
