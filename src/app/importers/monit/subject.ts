import { lstatSync } from 'node:fs';
import type { Token } from './tokens.ts';
import { isWord } from './tokens.ts';
import type { Check, Statement } from './statements.ts';
import { read } from './reading.ts';

/** What a check looks at, from its head. */
export interface Subject {
  /** A path, an address, a pattern, a command; empty where the head cannot be read. */
  readonly text: string;
  /** Of a process: whether `text` is a pattern of command lines, and no pid file. */
  readonly isPattern: boolean;
  readonly user?: string;
  readonly timeout?: string;
}

/** The words in front of what is looked at, by type. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  process: ['pidfile', 'matching', 'match'],
  host: ['address'],
  network: ['interface', 'address'],
};

export function subjectOf({ type, header }: Check): Subject {
  const reading = read(header);
  const before = reading.take(...(BEFORE[type] ?? ['path']));
  const text = reading.text() ?? '';
  const found: { user?: string; timeout?: string } = {};
  while (reading.rest().length > 0) {
    const word = reading.take('timeout', 'uid', 'gid');
    if (word === 'uid') found.user = reading.text() ?? '';
    else if (word === 'timeout') found.timeout = secondsText(reading.quantity()?.number ?? 300, reading);
    else if (reading.text() === undefined && reading.block() === undefined) break;
  }
  return {
    text: before === undefined && type !== 'system' ? '' : text,
    isPattern: before?.startsWith('match') === true,
    ...found,
  };
}

function secondsText(
  number: number,
  reading: { take(...words: readonly string[]): string | undefined },
): string {
  const unit = reading.take('minute', 'minutes', 'second', 'seconds');
  return `${Math.max(1, Math.round(number)) * (unit?.startsWith('minute') === true ? 60 : 1)}s`;
}

/** `start program = "…" [as uid x] [with timeout 60 seconds]`. */
export interface Program {
  readonly command: string;
  readonly user?: string;
  readonly timeoutSeconds?: number;
}

export function readProgram({ tokens }: Statement): Program | undefined {
  const command = tokens.find(({ kind }, index) => index > 0 && kind === 'string') ?? wordBehind(tokens);
  if (command === undefined) return undefined;
  const user = tokens[tokens.findIndex((token) => isWord(token, 'uid')) + 1];
  const hasUser = tokens.some((token) => isWord(token, 'uid')) && user !== undefined;
  const at = tokens.findIndex((token) => isWord(token, 'timeout'));
  const limit = at < 0 ? undefined : read(tokens.slice(at + 1)).quantity();
  const seconds = limit === undefined ? undefined : limit.number * (limit.unit.startsWith('mi') ? 60 : 1);
  return {
    command: command.text,
    ...(hasUser ? { user: user.text } : {}),
    ...(seconds === undefined ? {} : { timeoutSeconds: seconds }),
  };
}

function wordBehind(tokens: readonly Token[]): Token | undefined {
  return tokens.slice(1).find((token) => !isWord(token, 'program', '=', '==', 'is'));
}

/** The mount point of a device, or the path itself; undefined where nobody can say. @param mounts the text of /proc/mounts. */
export function mountPoint(path: string, mounts: string): string | undefined {
  const mounted = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .find(([device]) => device === path)?.[1];
  if (mounted !== undefined)
    return mounted.replace(/\\(\d{3})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    );
  return path.startsWith('/') && !path.startsWith('/dev/') && !isDevice(path) ? path : undefined;
}

function isDevice(path: string): boolean {
  try {
    return lstatSync(path).isBlockDevice();
  } catch {
    return false;
  }
}
