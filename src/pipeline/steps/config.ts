import * as v from 'valibot';
import {
  duration,
  environment,
  type FieldFacts,
  flag,
  integer,
  oneOf,
  size,
  text,
} from '../../core/fields.ts';
import { retryField } from '../../core/retry.ts';
import { parseSchedule, SCHEDULE_FORM } from '../../core/schedule.ts';
import { command, oneOrMore } from '../fields.ts';

/** What an exit code of a step can mean; 0 is always `ok`, and every other one `fail` where nothing is said. */
export const OUTCOME_WORDS = ['ok', 'warnings', 'skip', 'ignore', 'defer', 'retry', 'fail'] as const;
export type OutcomeWord = (typeof OUTCOME_WORDS)[number];

const exitCodes = v.pipe(
  v.record(v.string(), oneOf(OUTCOME_WORDS)),
  v.metadata({
    form: `exit codes and what they mean: ${OUTCOME_WORDS.join(', ')}`,
    json: {
      type: 'object',
      propertyNames: { pattern: '^[0-9]{1,3}$' },
      additionalProperties: { enum: OUTCOME_WORDS },
      examples: [{ 10: 'skip', 11: 'ignore', 12: 'defer', 3: 'warnings' }],
    },
  } satisfies FieldFacts),
);

/** Kept as it is written: its zone may stand elsewhere in the config. */
const times = v.pipe(
  text(SCHEDULE_FORM),
  v.rawCheck(({ dataset, addIssue }) => {
    const read = dataset.typed ? parseSchedule(dataset.value) : undefined;
    if (read?.ok === false) addIssue({ message: read.error });
  }),
);

const what = {
  from: v.pipe(
    oneOrMore('the name of an inbox or of a step'),
    v.description(
      'Where its inputs come from: `inbox`, an inbox by its name, or a step; or several of them.',
    ),
  ),
  run: v.pipe(
    command,
    v.description(
      'The command, without a shell. `{in}` is the input, `{list}` a file with the path of one input a line, `{out}` the folder for its products; docs/pipelines.md has the others.',
    ),
  ),
  each: v.pipe(
    v.optional(oneOf(['file', 'group', 'batch']), 'file'),
    v.description(
      'What one run is for: one input; the new inputs that have the same `key`, of which never two runs at a time; or as many as there are, up to `batch`.',
    ),
  ),
  names: v.pipe(
    v.optional(oneOrMore('a pattern of names such as obs_{level}_{day}.json')),
    v.description(
      'How its inputs are called, with captures in braces, or a regular expression with named groups between slashes. Files with other names are no inputs of it.',
    ),
  ),
  key: v.pipe(
    v.optional(text('a text with captures such as {svc}/{day}')),
    v.description('What belongs together, by captures of `names`.'),
  ),
  batch: v.pipe(
    v.optional(integer(1, 100_000), 300),
    v.description('How many inputs one run of a group or a batch takes at most.'),
  ),
  wait: v.pipe(
    v.optional(duration, '0s'),
    v.description('How long a group or a batch that is not full waits for more.'),
  ),
  only: v.pipe(
    v.optional(oneOf(['complete'])),
    v.description('`complete`: products that may still grow are no inputs of it.'),
  ),
  inputs: v.pipe(
    v.optional(oneOf(['new', 'all']), 'new'),
    v.description(
      'With `each: group`: what a run gets, the inputs that are new, or all that there are with its key.',
    ),
  ),
};

const products = {
  makes: v.pipe(
    v.optional(oneOrMore('a pattern of names such as obs_{level}_{day}.json')),
    v.description(
      'How its products are called, as `names`; its captures can stand in `to`. Whatever else it leaves makes the run fail.',
    ),
  ),
  to: v.pipe(
    v.optional(text('a path with captures such as L0/{svc}/{name}'), '{path}'),
    v.description(
      'Where a product goes below `products`. `{path}` is its path below `{out}`, `{name}` its name there; also captures, `{step}`, `{version}` and `{version:02}`.',
    ),
  ),
  incomplete: v.pipe(
    v.optional(text('a path with captures such as L1/{stem}U.json')),
    v.description(
      'Where a product lies of which the command says that it may still grow (`"complete": false`); once it is complete it is at `to`, and here no more. At `to` all the time without it.',
    ),
  ),
  'complete-after': v.pipe(
    v.optional(duration),
    v.description(
      'A product that may still grow and has not for so long is complete: it is put to `to`, without a run.',
    ),
  ),
  merge: v.pipe(
    v.optional(flag, false),
    v.description(
      'The command gets a copy of what its `key` has made before, as `{target}`, and writes it anew with the new inputs in it.',
    ),
  ),
  overwrite: v.pipe(
    v.optional(flag, false),
    v.description(
      'Whether a product may take the place of one that was made of other inputs; else the run fails.',
    ),
  ),
  version: v.pipe(
    v.optional(integer(1, 999_999)),
    v.description('The version of its products, where it is higher than that of the pipeline.'),
  ),
};

const course = {
  concurrency: v.pipe(
    v.optional(integer(1, 1000), 1),
    v.description('How many runs of it there may be at a time.'),
  ),
  priority: v.pipe(
    v.optional(integer(-1000, 1000), 0),
    v.description('Of what could run, steps with a higher one come first.'),
  ),
  lock: v.pipe(
    v.optional(text('a text with captures such as {day}')),
    v.description('No two runs of the pipeline with the same lock are made at a time.'),
  ),
  timeout: v.pipe(
    v.optional(duration, '1h'),
    v.description('How long a run may take; then its whole process tree is ended, and it has failed.'),
  ),
  stop: v.pipe(
    v.optional(duration, '10s'),
    v.description('How long it may take to end: TERM to its whole process tree, then KILL.'),
  ),
  retry: v.pipe(
    v.optional(retryField),
    v.description('How often a run that failed is tried again, and after which pause.'),
  ),
  defer: v.pipe(
    v.optional(duration, '10m'),
    v.description('How long what was deferred waits, unless a file comes into a reference inbox.'),
  ),
  exit: v.pipe(
    v.optional(exitCodes),
    v.description(
      'What exit codes mean: done with warnings; `skip`: nothing was made of it this time; `ignore`: nothing ever will be; `defer`: not now; `retry`: at once a failure that is tried again; `fail`.',
    ),
  ),
  memory: v.pipe(
    v.optional(size),
    v.description('What a run may take with its whole process tree; above it, it is ended and has failed.'),
  ),
  tmp: v.pipe(
    v.optional(oneOf(['private'])),
    v.description('Its temporary files are in a folder of its own (TMPDIR), gone with the run.'),
  ),
  enabled: v.pipe(
    v.optional(flag, true),
    v.description('A step that is switched off takes nothing, and what it was to do waits.'),
  ),
  worker: v.pipe(
    v.optional(flag, false),
    v.description(
      'The command stays, and takes one run after another as lines of JSON on its standard input: for programs that start slowly.',
    ),
  ),
  uses: v.pipe(
    v.optional(oneOrMore('a file such as conf/VERSION.TXT')),
    v.description(
      'Files that its products depend on beside its command, relative to where it runs. Their content is recorded with each run, as that of the command is, and a worker is started anew when one changes.',
    ),
  ),
  env: v.pipe(v.optional(environment()), v.description('Environment on top of that of the service.')),
  at: v.pipe(
    v.optional(times),
    v.description('It runs at these times, over the products that are there, and not as they come.'),
  ),
  over: v.pipe(
    v.optional(oneOf(['latest', 'all']), 'latest'),
    v.description('With `at`: over the latest version of each product, or over all.'),
  ),
};

/** One step: a command that makes files of files. */
export const stepConfig = v.pipe(
  v.strictObject({ ...what, ...products, ...course }),
  v.description('A command that makes files of files.'),
);

export type StepConfig = v.InferOutput<typeof stepConfig>;
