import * as v from 'valibot';
import { decimal, type FieldFacts, flag, integer, oneOf, paths, sizeRange, text } from '../core/fields.ts';

/** What asks a main process to end. */
export const STOP_SIGNALS = ['TERM', 'INT', 'QUIT', 'HUP', 'USR1', 'USR2', 'WINCH'] as const;

const LEAST_MEMORY = 1_048_576;
const MOST_PROCESSORS = 1024;
/** What Linux allows at most (fs.nr_open) unless an administrator raised it. */
const MOST_FILES = 1_048_576;

const globs = v.pipe(
  v.array(text('a glob such as src/**/*.js')),
  v.minLength(1, 'cannot use this value: write one glob or more'),
  v.metadata({
    form: 'a list of globs such as src/**/*.js',
    json: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 1,
      examples: [['src/**/*.js']],
    },
  } satisfies FieldFacts),
);

const memory = v.pipe(
  sizeRange,
  v.check(({ min }) => min >= LEAST_MEMORY, 'cannot use this value: at least 1M'),
  v.metadata({ form: 'a range of sizes such as 400M..512M, or one size, at least 1M' }),
);

/** The keys of a service that say where its environment comes from, when it starts, what it may use, and how it is stopped. */
export const environmentFile = v.pipe(
  v.optional(text('a file')),
  v.description(
    'A file of `NAME=value` lines, as systemd’s EnvironmentFile; relative to the config file. Read anew for each life; `env` wins.',
  ),
);

export const limitFields = {
  boot: v.pipe(
    v.optional(flag),
    v.description(
      'Whether it is started with the daemon. With `false` only a person starts it. `vahti enable` and `vahti disable` overrule it.',
    ),
  ),
  memory: v.pipe(
    v.optional(memory),
    v.description(
      'The memory of its whole process tree: above the first size it is restarted gracefully, above the second killed and restarted. One size is the second alone. Without systemd it is looked at every 5 s.',
    ),
  ),
  cpu: v.pipe(
    v.optional(decimal(0, MOST_PROCESSORS)),
    v.description(
      'How many processors it may keep busy, no more than the machine has. Without systemd it is bound to so many of them, rounded up.',
    ),
  ),
  'open-files': v.pipe(
    v.optional(integer(16, MOST_FILES)),
    v.description(
      'How many files each of its processes may have open. Only root can go above its own limit.',
    ),
  ),
  tmp: v.pipe(
    v.optional(oneOf(['private'])),
    v.description(
      '`private`: each life has a folder of its own for temporary files (TMPDIR, TMP, TEMP), which is removed with it.',
    ),
  ),
  writes: v.pipe(
    v.optional(paths),
    v.description(
      'For `vahti install`: the files and folders that a command writes to, and no others; relative to where it runs with no `cwd`. Its unit is then hardened further. An empty list: none.',
    ),
  ),
  'reload-on': v.pipe(
    v.optional(globs),
    v.description(
      'For development: restarts it at once when one of these files changes; relative to `cwd`. What is in node_modules or hidden counts only where a glob names it.',
    ),
  ),
};

export const stopSignal = v.pipe(
  v.optional(oneOf(STOP_SIGNALS)),
  v.description('What asks it to stop. Once its main process is over, the rest of its processes gets TERM.'),
);
