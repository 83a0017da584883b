import type { Outline, OutlineItem } from './outline.ts';

const WIDTH = 7;

/** A message as plain text, for mail and programs. */
export function renderText(outline: Outline): string {
  const { title, late, items, others, lines, more, snooze, origin } = outline;
  const blocks = [
    title,
    late,
    ...items.map(itemText),
    others.map((line) => `- ${line}`).join('\n'),
    lines.join('\n'),
    more,
    snooze === '' ? '' : `To silence it:\n  ${snooze}`,
    // What mail programs fold away as a signature.
    `-- \n${origin}`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function itemText({ heading, facts, done, next, tail }: OutlineItem): string {
  return [
    heading,
    ...facts.map(({ label, text }) => row(label, text)),
    ...done.map(({ label, text }, index) => row(index === 0 ? 'Done' : '', `${label}  ${text}`)),
    ...(next === '' ? [] : [row('Next', next)]),
    ...(tail.length === 0 ? [] : ['  The last lines:', ...tail.map((line) => `  | ${line}`)]),
  ].join('\n');
}

function row(label: string, text: string): string {
  return `  ${(label === '' ? '' : `${label}:`).padEnd(WIDTH)} ${text}`;
}
