import type { VerbKind } from '../../../core/verb.ts';
import { withoutBackground } from '../background.ts';
import type { JobDraft, Keys, ServiceDraft } from '../draft.ts';
import { placeEnvironment, type Secrets } from '../environment.ts';
import { configPath } from '../paths.ts';
import { secretNotes } from '../secrets.ts';
import { readCommand } from './command.ts';
import { type Entry, splitInput } from './lines.ts';
import type { MailChannels } from './mail.ts';
import { nameOfCommand } from './names.ts';
import { shellNotes } from './others.ts';
import { atOf } from './times.ts';
import { recognise } from './verbs.ts';

export interface EntryContext {
  readonly folder: string;
  /** The folders of users, by name. */
  readonly homes: ReadonlyMap<string, string>;
  /** Whose crontab it is, where that is said. */
  readonly owner?: string;
  readonly self: string;
  readonly secrets: Secrets;
  readonly mail: MailChannels;
  readonly verbs: readonly VerbKind[];
  readonly nameJob: (name: string) => string;
  readonly nameService: (name: string) => string;
}

/** What cron itself uses, and no command needs. */
const OF_CRON = new Set([
  'SHELL',
  'HOME',
  'MAILTO',
  'MAILFROM',
  'CRON_TZ',
  'LOGNAME',
  'USER',
  'CONTENT_TYPE',
  'CONTENT_TRANSFER_ENCODING',
  'RANDOM_DELAY',
  'START_HOURS_RANGE',
  'CRON_WITHIN',
]);

/** What an entry runs, beside when. */
interface Run {
  readonly name: string;
  readonly run: readonly string[];
  readonly user?: string;
  readonly cwd?: string;
  readonly home?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** Makes a job of an entry; a sentence where its time is none that a job can have. */
export function draftJob(entry: Entry, context: EntryContext): JobDraft | string {
  const at = atOf(entry.time, entry.variables['CRON_TZ']);
  const { command: written, input } = splitInput(entry.command);
  if (!at.ok)
    return `not taken over: line ${entry.line}: ${shownTime(entry.time)} (${nameOfCommand(written)}): ${at.error}`;
  const shell = shellOf(entry);
  const command = readCommand(written, input, shell);
  const user = entry.user ?? context.owner;
  const home = homeOf(entry, user, context);
  const recognised =
    command.words === undefined
      ? { notes: shellNotes(written) }
      : recognise(command.words, home, context.verbs);
  const isOwn = user === undefined || user === 'root' || user === context.self;
  const verb = isOwn ? recognised.verb : undefined;
  const common: Keys = {
    ...(command.locks.length === 0 ? {} : { locks: command.locks }),
    ...(command.nice === undefined ? {} : { nice: command.nice }),
    ...notifyOf(entry, context),
    ...delayOf(entry),
  };
  const line = `line ${entry.line}`;
  const lockNotes =
    command.lockFile === undefined
      ? []
      : [
          `look: its lock is one of Vahti now: what else takes ${command.lockFile} (by hand, by cron) is not seen any more`,
        ];
  if (verb !== undefined) {
    const quoted = secretNotes(command.words ?? []).length > 0 ? '' : `: ${written.trim()}`;
    return {
      name: context.nameJob(verb.name),
      keys: { at: at.value, ...verb.keys, ...(user === undefined ? {} : { user }), ...common },
      notes: [
        `${line}${quoted}`,
        ...verb.notes.map((note) => `look: ${note}`),
        ...recognised.notes,
        ...lockNotes,
      ],
    };
  }
  const { name, run, env, cwd, notes } = runOf(entry, command.run, written, context, context.nameJob);
  return {
    name,
    keys: {
      at: at.value,
      run,
      ...(Object.keys(env).length === 0 ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(user === undefined ? {} : { user }),
      ...common,
    },
    notes: [line, ...notes, ...recognised.notes, ...lockNotes],
  };
}

/** Makes a service of what cron starts once with the machine. */
export function draftService(entry: Entry, context: EntryContext): ServiceDraft {
  const { command: written, input } = splitInput(entry.command);
  const foreground = input === undefined ? withoutBackground(written) : undefined;
  const { run } = readCommand(foreground?.line ?? written, input, shellOf(entry));
  const made = runOf(entry, run, written, context, context.nameService);
  const user = entry.user ?? context.owner;
  const cwd = foreground?.cwd ?? made.cwd;
  return {
    name: made.name,
    keys: {
      run: made.run,
      ...(cwd === undefined ? {} : { cwd }),
      ...(Object.keys(made.env).length === 0 ? {} : { env: made.env }),
      ...(user === undefined ? {} : { user }),
      restart: { 'no-restart-on': [0] },
      ...notifyOf(entry, context),
    },
    notes: [
      `line ${entry.line}: @reboot`,
      'look: a service starts with the daemon, and again when it fails; with exit code 0 it is done. Leave `restart` out where it should always run.',
      ...(foreground === undefined
        ? []
        : [
            'look: it was put into the background; that was left out, since here the command stays in the foreground',
          ]),
      ...made.notes,
    ],
  };
}

function runOf(
  entry: Entry,
  argv: readonly string[],
  written: string,
  context: EntryContext,
  give: (name: string) => string,
): Run {
  const name = give(nameOfCommand(written));
  const user = entry.user ?? context.owner;
  const home = homeOf(entry, user, context);
  const own = Object.fromEntries(Object.entries(entry.variables).filter(([key]) => !OF_CRON.has(key)));
  const { env, words, notes } = placeEnvironment(name, own, context.secrets);
  const isHere = home !== undefined && configPath(home, '/', context.folder) === '.';
  return {
    name,
    run: words.length === 0 ? argv : ['env', ...words, ...argv],
    env,
    ...(home === undefined || isHere ? {} : { cwd: configPath(home, '/', context.folder) }),
    notes: [
      ...notes,
      ...(home === undefined
        ? ['look: its folder is that of the config; in cron it was the home of its user']
        : []),
      ...secretNotes(argv),
    ],
  };
}

/** Where cron runs it: HOME, else the home of its user. */
function homeOf(entry: Entry, user: string | undefined, { homes, self }: EntryContext): string | undefined {
  const set = entry.variables['HOME'];
  return set?.startsWith('/') === true ? set : homes.get(user ?? self);
}

function shellOf({ variables }: Entry): string {
  const shell = variables['SHELL'];
  return shell === undefined || shell === '' || shell === '/bin/sh' ? 'sh' : shell;
}

function notifyOf(entry: Entry, { mail }: EntryContext): { readonly notify?: readonly string[] } {
  const channels = mail.of(entry);
  return channels === undefined ? {} : { notify: channels };
}

/** RANDOM_DELAY of cronie: minutes. */
function delayOf({ variables }: Entry): { readonly jitter?: string } {
  const minutes = /^\d{1,3}$/.exec(variables['RANDOM_DELAY'] ?? '')?.[0];
  return minutes === undefined || Number(minutes) === 0 ? {} : { jitter: `${Number(minutes)}m` };
}

function shownTime(time: string): string {
  return JSON.stringify(time.slice(0, 60));
}
