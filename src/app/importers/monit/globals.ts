import { read } from './reading.ts';
import type { Statement } from './statements.ts';
import { isWord } from './tokens.ts';

const DEFAULT_CYCLE_SECONDS = 30;
const MS = 1000;

/** Of these Vahti has its own, or needs none. */
const OWN: Readonly<Record<string, string>> = {
  log: 'what services print goes into their logs, all else into the time line',
  logfile: 'what services print goes into their logs, all else into the time line',
  idfile: 'state is in the state folder',
  statefile: 'state is in the state folder',
  pidfile: 'state is in the state folder',
  eventqueue: 'messages are always kept until they are delivered',
  httpd: '`vahti status` speaks to the daemon by a socket of its own',
  init: '`vahti up` stays in the foreground',
  fips: 'it is about Monit itself',
  terminal: 'it is about Monit itself',
  limits: 'each watch has its own `timeout`',
  ssl: 'each watch and channel checks certificates as Node does',
  tls: 'each watch and channel checks certificates as Node does',
  mmonit: 'there is no M/Monit here: a hub is what shows several machines',
  onreboot: 'services start with the daemon, but those with `boot: false`',
  mode: 'a ladder (`then`) says whether a watch acts',
};
/** Read elsewhere. */
const READ = ['daemon', 'mailserver', 'mail-format', 'alert'];

/** Milliseconds from one look of Monit to the next. */
export function cycleOf(global: readonly Statement[]): number {
  const daemon = global.findLast(({ tokens }) => isWord(tokens[1], 'daemon'));
  const seconds = daemon === undefined ? undefined : read(daemon.tokens.slice(2)).number();
  return Math.min(86_400, Math.max(1, seconds ?? DEFAULT_CYCLE_SECONDS)) * MS;
}

/** What is said of `set` statements that no key comes from. */
export function globalNotes(
  global: readonly Statement[],
  say: (statement: Statement, why: string) => void,
): void {
  for (const statement of global) {
    const word = statement.tokens[1]?.text.toLowerCase() ?? '';
    if (READ.includes(word)) continue;
    // Only what it is: there may be passwords behind it.
    const short = { ...statement, tokens: statement.tokens.slice(0, 2) };
    say(short, Object.hasOwn(OWN, word) ? (OWN[word] ?? '') : 'Monit knows no such statement either');
  }
}
