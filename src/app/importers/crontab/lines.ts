import type { Diagnostic } from '../../../core/diagnostics.ts';
import { mistake } from '../foreign.ts';

/** A line of a crontab that runs something. */
export interface Entry {
  readonly line: number;
  /** Five fields with a blank between them, or `@daily`. */
  readonly time: string;
  /** Of the form that has a column for it. */
  readonly user?: string;
  /** As it is written, with `%`. */
  readonly command: string;
  /** What is set above it. */
  readonly variables: Readonly<Record<string, string>>;
}

const SETTING = /^\s*(?:"([^"]+)"|'([^']+)'|([^\s="']+))\s*=\s*(.*?)\s*$/;
const ENTRY = /^\s*-?(@[A-Za-z_]+|(?:[^\s]+\s+){4}[^\s]+)\s+(.*\S)\s*$/;
/** Five fields of cron: a line that begins with something else is none. */
const FIELDS = /^[\d*~][^\s=]*(?:\s+[\w*,/~-]+){4}$/;
const NICKNAME = /^@[A-Za-z_]+$/;

/** Reads a crontab. What is neither a comment, a setting nor an entry is a mistake. @param hasUsers each entry names its user. */
export function readLines(
  text: string,
  file: string,
  hasUsers: boolean,
  diagnostics: Diagnostic[],
): readonly Entry[] {
  const entries: Entry[] = [];
  let variables: Readonly<Record<string, string>> = {};
  for (const [index, whole] of text.split('\n').entries()) {
    const line = whole.replace(/\r$/, '');
    if (/^\s*(?:#|$)/.test(line)) continue;
    const entry = readEntry(line, hasUsers);
    if (entry !== undefined) {
      entries.push({ line: index + 1, ...entry, variables });
      continue;
    }
    const setting = SETTING.exec(line);
    const name = setting?.[1] ?? setting?.[2] ?? setting?.[3];
    if (name === undefined || /^\s*[\d*@]/.test(line)) {
      const form = hasUsers
        ? 'MINUTE HOUR DAY MONTH WEEKDAY USER COMMAND'
        : 'MINUTE HOUR DAY MONTH WEEKDAY COMMAND';
      diagnostics.push(
        mistake(file, `cannot read this line: write ${form}, or NAME=VALUE`, { line: index + 1, column: 1 }),
      );
    } else variables = { ...variables, [name]: unquoted(setting?.[4] ?? '') };
  }
  return entries;
}

function readEntry(line: string, hasUsers: boolean): Pick<Entry, 'time' | 'user' | 'command'> | undefined {
  const [, time = '', rest = ''] = ENTRY.exec(line) ?? [];
  if (!(NICKNAME.test(time) || FIELDS.test(time))) return undefined;
  const spelled = time.replace(/\s+/g, ' ');
  if (!hasUsers) return { time: spelled, command: rest };
  const [, user = '', command] = /^(\S+)\s+(.*)$/.exec(rest) ?? [];
  return command === undefined ? undefined : { time: spelled, user, command };
}

function unquoted(value: string): string {
  return /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
}

/**
 * A command without what cron makes of `%`: the first one ends it, what follows is its standard input, one line for each.
 * `\%` is a plain one.
 */
export function splitInput(command: string): { readonly command: string; readonly input?: string } {
  const parts = command.split(/(?<!\\)%/).map((part) => part.replaceAll('\\%', '%'));
  const [first = '', ...lines] = parts;
  return lines.length === 0 ? { command: first } : { command: first.trimEnd(), input: lines.join('\n') };
}
