import type { Notice } from '../../core/channel.ts';
import { levelName } from '../../core/record.ts';
import { didYouMean } from '../../core/suggest.ts';
import { PLAIN, renderChat } from './chat.ts';
import { clip } from './clean.ts';
import { isoTime } from './moments.ts';
import { noticeJson } from './notice-json.ts';
import type { Outline } from './outline.ts';
import { renderText } from './text.ts';

/** What templates and commands may take from a notice. */
const VALUES = {
  id: ({ id }) => id,
  thread: ({ thread }) => thread,
  event: ({ event }) => event,
  host: ({ host }) => host,
  at: ({ at }) => isoTime(at),
  level: ({ level }) => levelName(level),
  services: ({ items }) => clip([...new Set(items.map(({ service }) => service))].join(', '), 1000),
  title: (_notice, { title }) => title,
  short: (_notice, outline) => renderChat(outline, { style: PLAIN, most: 1000, title: false }),
  text: (_notice, outline) => renderText(outline),
  snooze: (_notice, { snooze }) => snooze,
} as const satisfies Readonly<Record<string, (notice: Notice, outline: Outline) => string>>;

/** Those that are no text; each stands alone in its value. */
const LISTS = {
  items: (notice: Notice) => noticeJson(notice).data.items,
  lines: (notice: Notice) => noticeJson(notice).data.lines,
} as const;

export const PLACEHOLDERS: readonly string[] = Object.keys(VALUES);
const ALL: readonly string[] = [...PLACEHOLDERS, ...Object.keys(LISTS)];
/** A shell’s own `${name}` is none. */
const FORM = /\{\{|\}\}|(?<!\$)\{([a-z]+)\}/g;

/** What is wrong with the placeholders of a text; undefined where nothing is. `lists`: whether one may stand for a list. */
export function placeholderMistake(text: string, lists: boolean): string | undefined {
  for (const [all, name] of text.matchAll(FORM)) {
    if (name === undefined || Object.hasOwn(VALUES, name)) continue;
    if (Object.hasOwn(LISTS, name)) {
      if (lists && all === text) continue;
      return `cannot use ${all} within a text: it is a list, and stands alone in a template`;
    }
    const known = lists ? ALL : PLACEHOLDERS;
    return `cannot fill in ${all}: write one of ${known.map((word) => `{${word}}`).join(', ')}${didYouMean(name, known)}`;
  }
  return undefined;
}

/** The text with its placeholders filled in: `{title}`; `{{` and `}}` stand for braces. */
export function fillText(text: string, notice: Notice, outline: Outline): string {
  return text.replaceAll(FORM, (all, name?: string) => {
    if (all === '{{') return '{';
    if (all === '}}') return '}';
    return name !== undefined && Object.hasOwn(VALUES, name)
      ? VALUES[name as keyof typeof VALUES](notice, outline)
      : all;
  });
}

/** A template with all its texts filled in, whatever it is made of. */
export function fillTemplate(template: unknown, notice: Notice, outline: Outline): unknown {
  if (typeof template === 'string') {
    const list = /^\{(items|lines)\}$/.exec(template)?.[1] as keyof typeof LISTS | undefined;
    return list === undefined ? fillText(template, notice, outline) : LISTS[list](notice);
  }
  if (Array.isArray(template)) return template.map((each) => fillTemplate(each, notice, outline));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => [key, fillTemplate(value, notice, outline)]),
  );
}
