import { formatDuration } from '../../../core/durations.ts';
import { isMailAddress, parseMailbox } from '../../../notify/channels/mail/addresses.ts';
import type { Keys } from '../draft.ts';
import type { Secrets } from '../environment.ts';
import { read, type Reading } from './reading.ts';
import type { Statement } from './statements.ts';
import { isWord } from './tokens.ts';

/** Who is told, from `set mailserver`, `set mail-format` and all `alert` statements. */
export interface Channels {
  /** All of them, by name. */
  readonly keys: Readonly<Record<string, Keys>>;
  /** The names of those that hear of everything. */
  readonly ofAll: readonly string[];
  /** The channel of an address. */
  nameOf(address: string): string | undefined;
}

const LEAST_REPEAT_MS = 60_000;

interface Alert {
  readonly statement: Statement;
  readonly address: string;
  readonly isGlobal: boolean;
}

/** @param say tells of a statement what was not taken over. */
export function readChannels(
  global: readonly Statement[],
  local: readonly Statement[],
  {
    cycleMs,
    secrets,
    say,
  }: {
    readonly cycleMs: number;
    readonly secrets: Secrets;
    readonly say: (statement: Statement, why: string) => void;
  },
): Channels {
  const named = (word: string): Statement[] => global.filter(({ tokens }) => isWord(tokens[1], word));
  const alerts: Alert[] = [
    ...named('alert').map((statement) => ({
      statement,
      address: statement.tokens[2]?.text ?? '',
      isGlobal: true,
    })),
    ...local
      .filter(({ tokens }) => isWord(tokens[0], 'alert'))
      .map((statement) => ({ statement, address: statement.tokens[1]?.text ?? '', isGlobal: false })),
  ];
  const server = serverKeys(named('mailserver'), secrets, say);
  const from = senderOf(named('mail-format'), say);
  const keys = new Map<string, Keys>();
  const names = new Map<string, string>();
  const ofAll: string[] = [];
  for (const { statement, address, isGlobal } of alerts) {
    if (!isMailAddress(address)) {
      say(statement, 'that is no address of mail');
      continue;
    }
    const name = names.get(address) ?? freeName(address, keys);
    names.set(address, name);
    if (isGlobal && !ofAll.includes(name)) ofAll.push(name);
    const repeat = repeatOf(statement, cycleMs, say);
    const known = keys.get(name) ?? { mail: address, ...server, ...(from === undefined ? {} : { from }) };
    keys.set(name, repeat === undefined ? known : { ...known, repeat });
  }
  return { keys: Object.fromEntries(keys), ofAll, nameOf: (address) => names.get(address) };
}

function freeName(address: string, taken: ReadonlyMap<string, unknown>): string {
  const spelled = (address.split('@')[0] ?? '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 40);
  const wanted = spelled === '' ? 'mail' : spelled;
  let free = wanted;
  for (let number = 2; taken.has(free); number++) free = `${wanted}-${number}`;
  return free;
}

/** `reminder on 10 cycles`; events that are filtered are told. */
function repeatOf(
  statement: Statement,
  cycleMs: number,
  say: (statement: Statement, why: string) => void,
): string | undefined {
  const { tokens } = statement;
  const at = tokens.findIndex((token) => isWord(token, 'reminder'));
  const cycles = at < 0 ? undefined : read(tokens.slice(at + 1)).number();
  if (tokens.some(({ kind }) => kind === 'block') && !isOnlyOwnEvents(statement))
    say(
      statement,
      'a channel takes no choice of events; `notify` of a service or a watch says who hears of it',
    );
  return cycles === undefined || cycles === 0
    ? undefined
    : formatDuration(Math.max(LEAST_REPEAT_MS, Math.round(cycles * cycleMs)));
}

/** `not on { instance, action }`: what Monit tells of itself. */
function isOnlyOwnEvents({ tokens }: Statement): boolean {
  const blocks = tokens.filter(({ kind }) => kind === 'block');
  const events =
    blocks[0]?.text
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((each) => each !== '') ?? [];
  const isNot = tokens.some((token) => isWord(token, 'not'));
  return (
    blocks.length === 1 &&
    isNot &&
    events.every((event) => event === 'instance' || event === 'action' || event === 'pid' || event === 'ppid')
  );
}

function serverKeys(
  statements: readonly Statement[],
  secrets: Secrets,
  say: (statement: Statement, why: string) => void,
): Keys {
  const [first, ...others] = statements;
  for (const other of others) say(other, 'a channel has one mail server');
  if (first === undefined) return {};
  const reading = read(first.tokens.slice(2));
  const host = reading.text() ?? '';
  const found: { port?: number; user?: string; password?: string; tls?: 'ssl' | 'tls' } = {};
  const odd: string[] = [];
  while (reading.rest().length > 0) {
    if (!takeServerOption(reading, found, odd)) {
      say(
        first,
        `a channel has one mail server, ${host} is taken; what is not delivered is kept and tried again`,
      );
      break;
    }
  }
  if (odd.length > 0) say(first, `there is no such option: ${[...new Set(odd)].join(', ')}`);
  const { port, user, password, tls } = found;
  const name = host.includes(':') ? `[${host}]` : host;
  const scheme = tls === 'ssl' ? 'smtps' : 'smtp';
  const whole = `${scheme}://${user === undefined ? '' : `${encodeURIComponent(user)}@`}${name}`;
  const usual = tls === 'ssl' ? 465 : 25;
  const asUsual = (port ?? usual) === usual && (user === undefined || tls === 'ssl');
  const smtp = asUsual ? whole : `${whole}:${port ?? usual}`;
  if (!URL.canParse(smtp) || /[\s/]/.test(name)) {
    say(first, 'its address cannot be read');
    return {};
  }
  const isHere = /^(?:localhost|127\.|\[::1\]$)/.test(name);
  return {
    ...(smtp === 'smtp://localhost' ? {} : { smtp }),
    ...(user === undefined ? {} : { password: `$${secrets.keep('monit', 'SMTP_PASSWORD', password ?? '')}` }),
    // Monit does not ask for encryption where nothing is said; Vahti does.
    ...(tls === undefined && !isHere ? { tls: 'optional' } : {}),
  };
}

function takeServerOption(
  reading: Reading,
  found: { port?: number; user?: string; password?: string; tls?: 'ssl' | 'tls' },
  odd: string[],
): boolean {
  const word = reading.take(
    'port',
    'username',
    'password',
    'ssl',
    'tls',
    'certificate',
    'timeout',
    'hostname',
    'options',
  );
  if (word === undefined) return false;
  if (word === 'port') found.port = reading.number() ?? 25;
  else if (word === 'username') found.user = reading.text() ?? '';
  else if (word === 'password') found.password = reading.text() ?? '';
  else if (word === 'ssl' || word === 'tls') found.tls = word;
  else if (word === 'options') {
    odd.push('options of TLS');
    reading.block();
  } else if (word === 'timeout') reading.quantity();
  else {
    odd.push(word);
    if (word === 'certificate') while (reading.take('checksum', 'md5', 'sha1') !== undefined);
    reading.comparison();
    reading.text();
  }
  return true;
}

function senderOf(
  statements: readonly Statement[],
  say: (statement: Statement, why: string) => void,
): string | undefined {
  let sender: string | undefined;
  for (const statement of statements) {
    const block = statement.tokens[2]?.kind === 'block' ? statement.tokens[2].text : '';
    const [, written] =
      /(?:^|\n|\s)from:\s*(\S[^\n]*?)\s*(?:\n|$|(?=\s(?:reply-to|subject|message):))/i.exec(block) ?? [];
    const isPlain = written !== undefined && !written.includes('$') && parseMailbox(written).ok;
    if (isPlain) sender = written;
    if (/(?:^|\s)(?:subject|message|reply-to):/i.test(block) || (written !== undefined && !isPlain))
      say(
        { ...statement, tokens: statement.tokens.slice(0, 2) },
        'messages have their own form here; of the address of the sender a variable cannot be taken',
      );
  }
  return sender;
}
