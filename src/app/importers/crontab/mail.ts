import { isMailAddress } from '../../../notify/channels/mail/addresses.ts';
import type { Keys } from '../draft.ts';
import type { Entry } from './lines.ts';

/** Who gets mail of which job, from MAILTO and MAILFROM. */
export interface MailChannels {
  readonly channels: Readonly<Record<string, Keys>>;
  /** Who is told of what says nothing itself; undefined where that is everybody. */
  readonly defaults: readonly string[] | undefined;
  readonly notes: readonly string[];
  /** The channels of a job; undefined where it need not name them. */
  of(entry: Entry): readonly string[] | undefined;
}

const SENDMAIL = '/usr/sbin/sendmail';

/** Makes a channel of each MAILTO. Cron hands its mail to sendmail, and so does the channel. */
export function createMailChannels(entries: readonly Entry[]): MailChannels {
  const channels = new Map<string, Keys>();
  const names = new Map<string, string>();
  const wrong = new Set<string>();
  for (const { variables } of entries) {
    const { MAILTO: written, MAILFROM: from } = variables;
    if (written === undefined || written.trim() === '') continue;
    const addresses = written
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '');
    const good = addresses.filter(isMailAddress);
    for (const each of addresses) if (!isMailAddress(each)) wrong.add(each);
    const key = keyOf(variables);
    const [first] = good;
    if (first === undefined || names.has(key)) continue;
    const name = freeName(first, channels);
    names.set(key, name);
    const sender = from !== undefined && isMailAddress(from) ? { from } : {};
    channels.set(name, { mail: good.length === 1 ? first : good, sendmail: SENDMAIL, ...sender });
  }
  const of = (entry: Entry): string | undefined => names.get(keyOf(entry.variables));
  const used = new Set(entries.map(of));
  const isOne = used.size === 1 && channels.size === 1;
  const silent = entries.filter((entry) => of(entry) === undefined);
  const unset = silent.filter(({ variables }) => variables['MAILTO'] === undefined);
  const notes = [
    ...(channels.size === 0
      ? []
      : [
          'MAILTO: Vahti tells when a job fails, is late or is well again, with its last lines; cron mails whatever a job prints.',
        ]),
    ...(unset.length === 0
      ? []
      : [
          `look: ${lines(unset)}: MAILTO is not set; cron mails the user of the crontab, here nobody is told unless \`notify\` has a channel`,
        ]),
    ...[...wrong].map((each) => `not taken over: MAILTO ${JSON.stringify(each)}: that is no address of mail`),
  ];
  return {
    channels: Object.fromEntries(channels),
    defaults: channels.size === 0 || isOne ? undefined : [],
    notes,
    of: (entry) => {
      const name = of(entry);
      return isOne || name === undefined ? undefined : [name];
    },
  };
}

function keyOf({ MAILTO = '', MAILFROM = '' }: Readonly<Record<string, string>>): string {
  return `${MAILTO}\n${MAILFROM}`;
}

function lines(entries: readonly Entry[]): string {
  const numbers = entries.map(({ line }) => line);
  return `line${numbers.length === 1 ? '' : 's'} ${numbers.slice(0, 10).join(', ')}${numbers.length > 10 ? ', …' : ''}`;
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
