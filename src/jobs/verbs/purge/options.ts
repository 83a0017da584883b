import * as v from 'valibot';
import { duration, integer, size, text } from '../../../core/fields.ts';

const DAY_MS = 86_400_000;

export const PURGE_DEFAULTS = {
  verifiedWithinMs: 45 * DAY_MS,
  maxFiles: 10_000,
  maxBytes: 1024 ** 4,
} as const;

const jobNames = v.pipe(
  v.union(
    [
      v.pipe(
        text('the name of a job'),
        v.transform((name) => [name]),
      ),
      v.pipe(v.array(text('the name of a job')), v.minLength(1), v.maxLength(100)),
    ],
    'cannot use this value: write the name of a job, or a list of them',
  ),
  v.metadata({
    form: 'the name of a job, or a list of them',
    json: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, maxItems: 100 },
      ],
      examples: ['offsite', ['offsite', 'tape']],
    },
  }),
);

export const purgeOptions = v.strictObject({
  root: v.pipe(text('a folder'), v.description('The folder that proved files are deleted from.')),
  older: v.pipe(
    duration,
    v.description('Only files that are older: a part by its latest event, another file by its last change.'),
  ),
  'proved-by': v.pipe(
    v.optional(jobNames),
    v.description(
      'The jobs that must have read a file back from elsewhere and found it equal. Needed: nothing is deleted that is not proved elsewhere.',
    ),
  ),
  copies: v.pipe(
    v.optional(integer(1, 100)),
    v.description(
      'On how many places, each another one, it must be proved (default: by every job of `proved-by`).',
    ),
  ),
  'verified-within': v.pipe(
    v.optional(duration),
    v.description('How long ago a copy may have been read back at the most (default 45d).'),
  ),
  'max-files': v.pipe(
    v.optional(integer(1, 1_000_000_000)),
    v.description('How many files one run deletes at the most (default 10000).'),
  ),
  'max-bytes': v.pipe(v.optional(size), v.description('How much one run deletes at the most (default 1T).')),
});

export type PurgeOptions = v.InferOutput<typeof purgeOptions>;
