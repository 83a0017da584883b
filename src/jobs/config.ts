import * as v from 'valibot';
import { DURATION_FORM } from '../core/durations.ts';
import { channelNames, duration, type FieldFacts, integer, oneOf, paths, text } from '../core/fields.ts';
import { HOURS_FORM, parseHours } from '../core/hours.ts';
import { lockNames } from '../core/lock-names.ts';
import { ownQuietConfig } from '../core/quiet-config.ts';
import { retryField } from '../core/retry.ts';
import { TIMES_FORM } from './times.ts';

/** The keys that every job has, beside those of its verb. */

const MOST = 100;

/** One text, or a list of them; as a list. */
function texts(form: string, examples: readonly unknown[]) {
  const message = `cannot use this value: write ${form}, or a list of them`;
  return v.pipe(
    v.union(
      [
        v.pipe(v.string(), v.nonEmpty(message)),
        v.pipe(v.array(text(form)), v.minLength(1, message), v.maxLength(MOST, message)),
      ],
      message,
    ),
    v.transform((written): readonly string[] => (typeof written === 'string' ? [written] : written)),
    v.metadata({
      form: `${form}, or a list of them`,
      json: {
        anyOf: [
          { type: 'string', minLength: 1 },
          { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, maxItems: MOST },
        ],
        examples,
      },
    } satisfies FieldFacts),
  );
}

const command = v.pipe(
  v.union(
    [text(), v.pipe(v.array(v.string()), v.minLength(1))],
    'cannot use this value: write a list of words, or a text that is split into words',
  ),
  v.metadata({
    form: 'a list of words, or a text that is split into words',
    json: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string' }, minItems: 1 },
      ],
      examples: ['pg_dump -f dump.sql', ['sh', '-c', 'pg_dump | zstd > dump.zst']],
    },
  } satisfies FieldFacts),
);

/** Milliseconds from `least` to `most`. */
function between(least: number, most: number, form: string) {
  return v.pipe(
    duration,
    v.check((ms) => ms >= least && ms <= most, `cannot use this value: write a duration ${form}`),
    v.metadata({ form: `${DURATION_FORM}, ${form}` }),
  );
}

const DAY_MS = 86_400_000;

const REPORT_FORM = 'failures, output or always, or a list of channels';
const report = v.pipe(
  v.union(
    [
      v.picklist(['failures', 'output', 'always']),
      v.pipe(v.array(text('the name of a channel')), v.minLength(1), v.maxLength(MOST)),
    ],
    `cannot use this value: write ${REPORT_FORM}`,
  ),
  v.metadata({
    form: REPORT_FORM,
    json: {
      anyOf: [
        { enum: ['failures', 'output', 'always'] },
        { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
      ],
      examples: ['output', ['ops']],
    },
  } satisfies FieldFacts),
);

/** Kept as it is written: its zone may stand elsewhere in the config. */
const hoursText = v.pipe(
  text(HOURS_FORM),
  v.rawCheck(({ dataset, addIssue }) => {
    const read = dataset.typed ? parseHours(dataset.value) : undefined;
    if (read?.ok === false) addIssue({ message: read.error });
  }),
);

/** Variables and their values; as text. */
const env = v.pipe(
  v.record(v.string(), v.union([v.string(), v.number(), v.boolean()], 'cannot use this value: write text')),
  v.metadata({
    form: 'names and values; a value is text, a number, true or false',
    json: {
      type: 'object',
      additionalProperties: { type: ['string', 'number', 'boolean'] },
      examples: [{ LEVEL: 'info' }],
    },
  } satisfies FieldFacts),
);

export const jobEntries = {
  at: v.pipe(
    v.optional(texts(TIMES_FORM, ['5 * * * *', 'Mon-Fri 06:00 Europe/Zurich', ['daily', '12:30']])),
    v.description(
      'When it is due. A time that the clocks skip is taken right after; one that they show twice, once.',
    ),
  ),
  after: v.pipe(
    v.optional(
      texts('the name of a job (when it has succeeded), or NAME failed', [
        'archive',
        ['archive', 'stage'],
        'archive failed',
      ]),
    ),
    v.description(
      'The jobs that it follows: when all that are named have succeeded since it last ran, and when any `NAME failed` has failed for good.',
    ),
  ),
  jitter: v.pipe(
    v.optional(between(0, DAY_MS, 'up to 1d')),
    v.description(
      'How much later than `at` it begins at the most: as much for each time of each job as chance said once.',
    ),
  ),
  missed: v.pipe(
    v.optional(oneOf(['once', 'skip', 'all'])),
    v.description(
      'What becomes of times that came while nothing ran here, or while the last run still ran: one run for all of them, none, or one for each (100 at most).',
    ),
  ),
  'max-age': v.pipe(v.optional(duration), v.description('What was missed longer ago is left out.')),
  timeout: v.pipe(
    v.optional(between(1000, 30 * DAY_MS, 'from 1s to 30d')),
    v.description('How long a run may take; then its processes are ended, and it has failed.'),
  ),
  retry: v.pipe(
    v.optional(retryField),
    v.description('How often a run that failed is tried again, and after which pause.'),
  ),
  before: v.pipe(
    v.optional(command),
    v.description('A command that is run first, in the same way and within the same timeout.'),
  ),
  'before-fails': v.pipe(
    v.optional(oneOf(['fail', 'skip', 'run'])),
    v.description(
      'What it means when that ends with another code than 0: the run has failed, it is left out, or it runs all the same.',
    ),
  ),
  late: v.pipe(
    v.optional(text('a duration such as 2h, or a time such as 06:00 Europe/Zurich')),
    v.description(
      'By when it must have succeeded: so long after it was due, or by the next such time. Else it is `late`.',
    ),
  ),
  locks: v.pipe(
    v.optional(lockNames),
    v.description(
      'Names of which only one job at a time has each, and none while a service has it. A verb has its folder by itself.',
    ),
  ),
  hours: v.pipe(
    v.optional(hoursText),
    v.description(
      'When runs may begin: what is due outside of these hours begins with them. What a person asks for begins at any time.',
    ),
  ),
  quiet: v.pipe(
    v.optional(ownQuietConfig),
    v.description(
      'Windows in which nobody is told of it, beside those of the whole config: each with `when` and `why`. It runs all the same.',
    ),
  ),
  env: v.pipe(
    v.optional(env),
    v.description('Environment on top of the daemon’s own; `$NAME` and `file:PATH` as for services.'),
  ),
  'env-file': v.pipe(
    v.optional(text('a file')),
    v.description(
      'A file of `NAME=value` lines; relative to the config file. Read for each run; `env` wins.',
    ),
  ),
  cwd: v.pipe(
    v.optional(text('a folder')),
    v.description('The working folder; relative to the config file.'),
  ),
  user: v.pipe(
    v.optional(text('a user name')),
    v.description('The user to run as. Only root can change it.'),
  ),
  writes: v.pipe(
    v.optional(paths),
    v.description(
      'For `vahti install`: the files and folders that a command writes to, and no others, relative as `cwd`. Its unit is then hardened further. A verb says by itself where it writes.',
    ),
  ),
  nice: v.pipe(v.optional(integer(0, 19)), v.description('How much it gives way to other processes (nice).')),
  notify: v.pipe(
    v.optional(channelNames),
    v.description(
      'The channels that are told when it fails, is late, or is well again; an empty list: nobody. By default whom `defaults` names, else every channel.',
    ),
  ),
  report: v.pipe(
    v.optional(report),
    v.description(
      'Which runs are told with what they printed, as cron mails it: none but failures, also those that print anything (output), every one (always). A list of channels: these are told of those that print anything.',
    ),
  ),
} as const;

export const jobKeys = v.strictObject(jobEntries);
export type JobKeys = v.InferOutput<typeof jobKeys>;

/** `run:` as a verb: its only option. */
export const runOptions = v.strictObject({
  run: v.pipe(
    command,
    v.description(
      'The command to run, without a shell. The word `vahti` as the command means this very program.',
    ),
  ),
});

/** What holds where a job does not say otherwise; milliseconds. */
export const JOB_DEFAULTS = {
  missed: 'once',
  maxAgeMs: DAY_MS,
  timeoutMs: 6 * 3_600_000,
  retry: { times: 0, everyMs: 600_000 },
  beforeFails: 'fail',
} as const;

/** `jobs:` in the config: the verbs check what is in it where the plan is made. */
export const jobsConfig = v.pipe(
  v.record(v.string(), v.unknown()),
  v.description(
    'What is done at times or after other jobs, by a name that you choose: `NAME: { at: …, run: … }`. The keys are in docs/jobs.md.',
  ),
  v.metadata({
    form: 'jobs by name, each with `at` or `after`, and with `run` or a verb',
    json: { type: 'object' },
  } satisfies FieldFacts),
);
