import * as v from 'valibot';
import { duration, type FieldFacts, flag, integer, oneOf, size, text } from '../../../core/fields.ts';
import { command } from '../../command-option.ts';
import { patterns } from '../../files/patterns.ts';

export const ROTATE_DEFAULTS = { method: 'rename', to: 'zst', waitMs: 10_000 } as const;

const KEEP_FORM = 'all, or { count: 14, age: 30d, bytes: 2G }, one of them or more';

const keep = v.pipe(
  v.union(
    [
      v.literal('all'),
      v.pipe(
        v.strictObject({
          count: v.optional(integer(1, 100_000)),
          age: v.optional(duration),
          bytes: v.optional(size),
        }),
        v.check((limits) => Object.values(limits).some((limit) => limit !== undefined)),
      ),
    ],
    `cannot use this value: write ${KEEP_FORM}`,
  ),
  v.metadata({
    form: KEEP_FORM,
    json: {
      anyOf: [
        { enum: ['all'] },
        {
          type: 'object',
          properties: {
            count: { type: 'integer', minimum: 1, maximum: 100_000 },
            age: { type: 'string' },
            bytes: { type: 'string' },
          },
          additionalProperties: false,
          minProperties: 1,
        },
      ],
      examples: [{ count: 14 }, { age: '30d', bytes: '2G' }],
    },
  } satisfies FieldFacts),
);

export const rotateOptions = v.strictObject({
  root: v.pipe(text('a folder'), v.description('The folder that the logs lie in.')),
  files: v.pipe(
    patterns,
    v.description('Which files are logs, by their paths below the folder. What was rotated is none.'),
  ),
  exclude: v.pipe(
    v.optional(patterns),
    v.description('No files whose paths match one of these patterns; wins over `files`.'),
  ),
  larger: v.pipe(
    v.optional(size),
    v.description(
      'Rotate a log when so much is in it. With `older` too, whichever comes first; with neither, in every run. One that is empty is left.',
    ),
  ),
  older: v.pipe(
    v.optional(duration),
    v.description('Rotate a log when it was last rotated, or was made, that long ago.'),
  ),
  method: v.pipe(
    v.optional(oneOf(['rename', 'punch-hole'])),
    v.description(
      'rename (default): the log gets a new name, and its writer is told to open a new one. punch-hole: for a writer that cannot do that; what is in the log is copied, and its room given back in place. The log keeps its length, and its file system must know holes (ext4, XFS, Btrfs, tmpfs).',
    ),
  ),
  signal: v.pipe(
    v.optional(oneOf(['HUP', 'USR1', 'USR2', 'WINCH'])),
    v.description(
      'The signal by which writers open their logs anew. It goes to each process that has the log open for writing, or to the one of `pid-file`; never to one that does not catch it.',
    ),
  ),
  'pid-file': v.pipe(
    v.optional(text('a file')),
    v.description(
      'The file with the number of the process that gets the signal: a writer, or a process above one.',
    ),
  ),
  reopen: v.pipe(
    v.optional(command(['nginx -s reopen', ['systemctl', 'kill', '-s', 'HUP', 'rsyslog.service']])),
    v.description(
      'A command by which the writers open their logs anew, instead of a signal; once for all logs of a run.',
    ),
  ),
  create: v.pipe(
    v.optional(flag),
    v.description(
      'Whether a new, empty log is made under the old name, with its owner and rights, for writers that may make none (default false).',
    ),
  ),
  wait: v.pipe(
    v.optional(duration),
    v.description(
      'For how long the writers are waited for to leave the old log (default 10s). One that is still open is not compressed; the next run goes on.',
    ),
  ),
  to: v.pipe(
    v.optional(oneOf(['zst', 'gz', 'none'])),
    v.description('How rotated logs are compressed: zstd (default), gzip, or not at all.'),
  ),
  level: v.pipe(
    v.optional(integer(1, 19)),
    v.description('How hard it compresses: 1 to 19 for zst (default 3), 1 to 9 for gz (default 6).'),
  ),
  keep: v.pipe(
    keep,
    v.description(
      'Which rotated logs stay, of each log: so many, so old ones, so much (as they lie on the disk, compressed). What is over any of the limits is deleted, oldest first; `all` deletes nothing.',
    ),
  ),
});

export type RotateOptions = v.InferOutput<typeof rotateOptions>;
