import { basename, dirname } from 'node:path';
import type { VerbKind } from '../../../core/verb.ts';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import { VERB_KINDS } from '../../../jobs/verbs/registry.ts';
import { type Drafted, drafted, type JobDraft, type ServiceDraft } from '../draft.ts';
import { createSecrets, secretsNotes } from '../environment.ts';
import { mistake, readForeign } from '../foreign.ts';
import { createNames } from '../service-names.ts';
import { createMailChannels } from './mail.ts';
import { draftJob, draftService, type EntryContext } from './entries.ts';
import { readLines } from './lines.ts';

export interface CrontabOptions {
  readonly file: string;
  /** The folder that the config is going to stand in. */
  readonly folder: string;
  /** Whose crontab it is; by default whoever runs this, or whom the path names. */
  readonly user?: string;
  /** Each line names its user, as in /etc/crontab; by default where the path or the lines say so. */
  readonly hasUsers?: boolean;
  /** The zone of the clocks of this machine, which cron goes by. */
  readonly zone: string;
  /** The text of /etc/passwd, for users and their folders. */
  readonly passwd: string;
  /** Whoever runs this. */
  readonly self: string;
  /** The verbs that a command can become. */
  readonly verbs?: readonly VerbKind[];
}

const HEAD: readonly string[] = [
  'Cron goes on running these jobs: take a line out of the crontab before its job runs here.',
  'A run may take 6 hours here, unless `timeout` says otherwise, and a job never runs twice at the same time. What it prints is kept: vahti jobs output NAME.',
];

/** Makes a draft of what a crontab runs. Nothing is run or changed. */
export function importCrontab(options: CrontabOptions): Drafted {
  const { file, folder, zone, passwd, self, verbs = VERB_KINDS } = options;
  const text = readForeign(file);
  if (!text.ok) return { draft: undefined, diagnostics: [text.error] };
  const homes = readHomes(passwd);
  const hasUsers = options.hasUsers ?? (options.user === undefined && isSystemForm(file, text.value, homes));
  const diagnostics: Diagnostic[] = [];
  const entries = readLines(text.value, file, hasUsers, diagnostics);
  if (entries.length === 0 && diagnostics.length === 0)
    diagnostics.push(mistake(file, `cannot import ${file}: it runs nothing`));
  const owner = hasUsers ? undefined : (options.user ?? spoolOwner(file));
  const secrets = createSecrets();
  const mail = createMailChannels(entries);
  const context: EntryContext = {
    folder,
    homes,
    ...(owner === undefined ? {} : { owner }),
    self,
    secrets,
    mail,
    verbs,
    nameJob: createNames(),
    nameService: createNames(),
  };
  const jobs: JobDraft[] = [];
  const services: ServiceDraft[] = [];
  const left: string[] = [];
  for (const entry of entries) {
    if (entry.time.toLowerCase() === '@reboot') services.push(draftService(entry, context));
    else {
      const job = draftJob(entry, context);
      if (typeof job === 'string') left.push(job);
      else jobs.push(job);
    }
  }
  return drafted(
    {
      notes: [
        ...(hasUsers ? ['Read as a crontab whose lines name their users, as /etc/crontab.'] : []),
        ...HEAD,
        ...secretsNotes(secrets, file),
        ...mail.notes,
        ...left,
      ],
      zone,
      notify: mail.channels,
      ...(mail.defaults === undefined ? {} : { defaults: { notify: mail.defaults } }),
      services,
      jobs,
    },
    diagnostics,
  );
}

/** The folders of users, by name. */
function readHomes(passwd: string): ReadonlyMap<string, string> {
  const lines = passwd.split('\n').map((line) => line.split(':'));
  return new Map(
    lines.flatMap(([name = '', , , , , home = '']) =>
      name === '' || home === '' ? [] : [[name, home] as const],
    ),
  );
}

function isSystemForm(file: string, text: string, homes: ReadonlyMap<string, string>): boolean {
  if (/^\/etc\/(?:crontab$|cron\.d\/)/.test(file)) return true;
  const lines = text.split('\n').filter((line) => /^\s*(?:@[a-z]+\s|[\d*])/.test(line));
  const users = lines.map((line) => /^\s*(?:@[a-z]+|(?:\S+\s+){4}\S+)\s+(\S+)\s+\S/.exec(line)?.[1] ?? '');
  return users.length > 0 && users.every((user) => homes.has(user));
}

/** `/var/spool/cron/crontabs/NAME` is a person's. */
function spoolOwner(file: string): string | undefined {
  return /^\/var\/spool\/cron(?:\/crontabs|\/tabs)?$/.test(dirname(file)) ? basename(file) : undefined;
}
