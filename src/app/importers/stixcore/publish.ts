import { isMailAddress } from '../../../notify/channels/mail/addresses.ts';
import type { JobDraft, Keys } from '../draft.ts';
import { configPath } from '../paths.ts';
import type { Folders, MailChannels } from './service.ts';
import { PORTS, type Settings } from './settings.ts';

/** What STIXCore takes where its config says nothing (stixcore/processing/publish.py). */
const LEVELS = ['L0', 'L1', 'L2', 'ANC', 'LL03', 'CAL'];
const PRODUCTS = ['ql', 'hk', 'sci', 'asp', 'cal'];
/** Its names of products; U says that more may come, C stands at plots. */
const PUBLISHED_NAME = String.raw`/^solo_(?<level>[A-Z0-9]+)_stix-(?<product>[a-z]+)-(?<descriptor>[\w-]+)_(?<range>[\dT-]+)_V(?<version>\d+)(?<incomplete>[UC]?)(?<request>_[\d-]+)?\.\w+$/`;
const PUBLIC = 'solo_{level}_stix-{product}-{descriptor}_{range}_V{version}';

const SUPPLEMENT = 'solo_{level}_stix-{product}-{descriptor}-sup{n}_{range}_V{version}{request}{ext}';
/** The steps here that make what STIXCore calls a level; the rest of L2 it computes and throws away. */
const STEPS: Readonly<Record<string, string>> = {
  LB: 'LB',
  L0: 'L0',
  L1: 'L1*',
  ANC: 'ANC',
  CAL: 'CAL',
  LL03: 'LL03',
};

export interface Publishing {
  readonly job: JobDraft | undefined;
  readonly notify: Readonly<Record<string, Keys>>;
  readonly mail: MailChannels;
  readonly notes: readonly string[];
}

/** The publish job, and the channels of both its report and of errors. */
export function publishJob(settings: Settings, folders: Folders, folder: string): Publishing {
  const { notify, mail, notes } = channels(settings);
  const target = settings.path('Publish', 'target_dir');
  if (target === undefined)
    return {
      job: undefined,
      notify,
      mail,
      notes: [...notes, 'not taken over: publishing: target_dir of [Publish] is not set'],
    };
  const own = settings.path('Publish', 'fits_dir') ?? folders.fits ?? 'products';
  const host = settings.text('Publish', 'target_host') ?? 'localhost';
  const isHere = ['localhost', '127.0.0.1', '::1'].includes(host);
  const isOurs = own === folders.fits;
  const { levels, none } = levelsOf(settings, isOurs);
  const low = levels.filter((level) => level.startsWith('LL'));
  const waitLow = settings.time('Publish', 'll_waiting_period', '1m');
  const batch = settings.whole('Publish', 'batch_size', -1);
  if (batch === 0) settings.complain('Publish', 'batch_size', 'with 0 nothing is ever published');
  const quarantine = settings.path('Publish', 'same_esa_name_dir');
  const keys: Keys = {
    at: '0 5 * * *',
    publish: configPath(own, folder, folder),
    ...(isOurs ? { pipeline: 'stix' } : {}),
    to: isHere ? configPath(target, folder, folder) : `${host}:${target}`,
    names: PUBLISHED_NAME,
    levels,
    products: settings.list('Publish', 'include_products', PRODUCTS).map((product) => product.toLowerCase()),
    versions: versionsOf(settings),
    wait: settings.time('Publish', 'waiting_period', '14d'),
    ...(low.length === 0 ? {} : { 'wait-of': Object.fromEntries(low.map((level) => [level, waitLow])) }),
    ...(batch < 1 ? {} : { batch }),
    order: 'oldest',
    as: `${PUBLIC}{ext}`,
    ...(quarantine === undefined
      ? {}
      : { conflict: { supplements: 2, as: SUPPLEMENT, quarantine: configPath(quarantine, folder, folder) } }),
    changed: 'report',
    blacklist: 'blacklist.txt',
    ...(mail.report === undefined ? {} : { report: 'always', notify: [mail.report] }),
    late: '3h',
  };
  return {
    job: {
      name: 'publish',
      keys,
      notes: [
        ...none.map((level) => `not taken over: ${level} of include_levels: no step makes it`),
        'look: the hour is that of STIXCore’s documentation; blacklist.txt takes the place of --blacklist_files, and has to be there.',
        'look: `as` says what a file is published as and what counts as the same name, both. STIXCore copies under the file’s own name, with the request (and the C of a plot), and compares what has one name without the request; here a file is published without both, a supplement with the request. Who wants these names writes {request} into `as`: then another answer to a request is published beside the first, and compared with none.',
        'look: where two files have one public name, their bytes are compared. With `compare: [PROGRAM, "{old}", "{new}"]` what STIXCore compares: exit code 0 where the data are the same (fitsdiff of astropy, with the keywords that it ignores), 1 where not. What goes into headers of published files is for `hooks`, which get a copy: the archive stays as it is.',
      ],
    },
    notify,
    mail,
    notes,
  };
}

/** The levels to publish, and which of those that are named no step makes. @param isOurs they are called as the steps. */
function levelsOf(
  settings: Settings,
  isOurs: boolean,
): { readonly levels: readonly string[]; readonly none: readonly string[] } {
  const named = settings.list('Publish', 'include_levels', LEVELS).map((level) => level.toUpperCase());
  if (!isOurs) return { levels: named, none: [] };
  const levels = named.flatMap((level) => STEPS[level] ?? []);
  if (levels.length === 0)
    settings.complain(
      'Publish',
      'include_levels',
      `no step makes any of them: write some of ${Object.keys(STEPS).join(', ')}`,
    );
  return { levels, none: named.filter((level) => STEPS[level] === undefined) };
}

function versionsOf(settings: Settings): 'latest' | '*' | readonly number[] {
  const words = settings.list('Publish', 'include_versions', ['*']);
  if (words.includes('*')) return '*';
  if (words.length === 1 && words[0] === 'latest') return 'latest';
  const numbers = words.map((word) => Number(/^V?(\d{1,6})$/i.exec(word)?.[1]));
  if (numbers.every((each) => Number.isInteger(each) && each > 0)) return numbers;
  settings.complain('Publish', 'include_versions', 'write numbers, latest or *');
  return '*';
}

/** Channels of mail, by the server that STIXCore sends all its mail by. */
function channels(settings: Settings): {
  notify: Record<string, Keys>;
  mail: MailChannels;
  notes: string[];
} {
  const notify: Record<string, Keys> = {};
  const notes: string[] = [];
  const host = settings.text('Pipeline', 'error_mail_smpt_host') ?? 'localhost';
  const port = settings.whole('Pipeline', 'error_mail_smpt_port', 25, PORTS);
  const sender = settings.text('Pipeline', 'error_mail_sender');
  const from = sender !== undefined && isMailAddress(sender) ? { from: sender } : {};
  const isHere = host === 'localhost' || host === '127.0.0.1';
  /** The name of a channel to those that an option names; undefined where that is nobody, which is told. */
  const channelTo = (name: string, section: string, key: string, isOn: string): string | undefined => {
    const all = settings.list(section, key, []);
    const good = all.filter(isMailAddress);
    for (const each of all)
      if (!good.includes(each)) settings.complain(section, key, 'it has a word that is no address');
    const [first] = good;
    if (first === undefined) {
      settings.complain(section, key, `it names nobody, and ${isOn} is on`);
      return undefined;
    }
    const known = Object.entries(notify).find(
      ([, { mail }]) => JSON.stringify(mail) === JSON.stringify(good.length === 1 ? first : good),
    );
    if (known !== undefined) return known[0];
    notify[name] = {
      mail: good.length === 1 ? first : good,
      smtp: `smtp://${host}:${port}`,
      ...(isHere ? {} : { tls: 'optional' }),
      ...from,
    };
    return name;
  };
  const sends = settings.flag('Pipeline', 'error_mail_send', false);
  const errors = sends ? channelTo('ops', 'Pipeline', 'error_mail_receivers', 'error_mail_send') : undefined;
  const reports = settings.flag('Publish', 'report_mail_send', false);
  const report = reports
    ? channelTo('reports', 'Publish', 'report_mail_receivers', 'report_mail_send')
    : undefined;
  if (!isHere && (sends || reports))
    notes.push(
      `look: mail goes to ${host} as STIXCore sends it, without encryption where the server offers none (tls: optional)`,
    );
  if (sends)
    notes.push(
      'STIXCore mails each file that fails; Vahti tells of a trouble once, and when it is over. vahti pipeline files stix --state failed lists the files.',
    );
  return { notify, mail: { errors, report }, notes };
}
