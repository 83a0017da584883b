import * as v from 'valibot';
import { DURATION_FORM } from '../core/durations.ts';
import { duration, durationRange, type FieldFacts, integer, size, text } from '../core/fields.ts';
import { SIZE_FORM } from '../core/sizes.ts';

const exitCodes = v.pipe(
  v.array(integer(0, 255)),
  v.metadata({
    form: 'a list of whole numbers from 0 to 255',
    json: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 255 }, examples: [[78]] },
  } satisfies FieldFacts),
);

/** A duration within bounds, milliseconds. */
function between(least: number, most: number, form: string) {
  return v.pipe(
    duration,
    v.check((ms) => ms >= least && ms <= most, `cannot use this value: write a duration ${form}`),
    v.metadata({ form: `${DURATION_FORM}, ${form}` }),
  );
}

/** `restart:` paces the restarts of a service. */
export const restartConfig = v.pipe(
  v.strictObject({
    fast: v.pipe(
      v.optional(integer(0, 10)),
      v.description('How many restarts in a row follow at once before backing off.'),
    ),
    backoff: v.pipe(
      v.optional(durationRange),
      v.description('The waits of the back-off lane: from the first, doubling, up to the second.'),
    ),
    slow: v.pipe(
      v.optional(
        v.pipe(
          duration,
          v.minValue(60_000, 'cannot use this value: at least 1m'),
          v.metadata({ form: `${DURATION_FORM}, at least 1m` }),
        ),
      ),
      v.description(
        'The wait of the slow lane, which is entered after 12 starts in 10 minutes and left by a life of 10 minutes, or by a person.',
      ),
    ),
    'no-restart-on': v.pipe(
      v.optional(exitCodes),
      v.description('Exit codes that mean "I am done": no restart until a person starts it.'),
    ),
    watches: v.pipe(
      v.optional(
        v.strictObject({
          most: v.pipe(
            v.optional(integer(0, 100)),
            v.description('How many restarts the watches of a service have together within `per`.'),
          ),
          per: v.pipe(
            v.optional(between(60_000, 30 * 86_400_000, 'from 1m to 30d')),
            v.description('How long a restart by a watch counts.'),
          ),
          cool: v.pipe(
            v.optional(between(0, 86_400_000, 'up to 1d')),
            v.description(
              'How long no watch of the service acts after one did, so that it has time to help.',
            ),
          ),
        }),
      ),
      v.description('How much the watches of a service may do about it: one budget for all of them.'),
    ),
  }),
  v.description(
    'How restarts are paced. After a life of 10 s or more the next start follows at once, except in the slow lane; no lane is final.',
  ),
);

/** The digits of a mode as people write it: YAML 1.2 reads `0640` as the number 640. */
const MODE = /^0?6[046][046]$/;

/** The same as numbers, as editors see them. */
const MODES = [0, 4, 6].flatMap((group) => [0, 4, 6].map((other) => 600 + 10 * group + other));

const mode = v.pipe(
  v.union([v.string(), v.number()], 'cannot use this value: write a mode such as 0640'),
  v.rawTransform<string | number, number>(({ dataset, addIssue, NEVER }) => {
    const digits = String(dataset.value);
    if (MODE.test(digits)) return Number.parseInt(digits, 8);
    addIssue({ message: 'cannot use this value: write a mode such as 0640: 6 first, then twice 0, 4 or 6' });
    return NEVER;
  }),
  v.metadata({
    form: 'a mode such as 0640, in octal digits',
    json: { anyOf: [{ type: 'string', pattern: MODE.source }, { enum: MODES }], examples: ['0640'] },
  } satisfies FieldFacts),
);

const logBounds = {
  budget: v.pipe(
    v.optional(
      v.pipe(
        size,
        v.minValue(65_536, 'cannot use this value: at least 64K'),
        v.metadata({ form: `${SIZE_FORM}, at least 64K` }),
      ),
    ),
    v.description('Bytes that the captured output may take on disk, all rotated files together.'),
  ),
  mode: v.pipe(v.optional(mode), v.description('The mode of the file, and of the rotated ones.')),
};

/** `log:` says where the captured output of a service goes, and bounds it. */
export const logConfig = v.pipe(
  v.strictObject({
    file: v.pipe(
      v.optional(text('a file')),
      v.description('The file that it goes to; relative to the config file. No two services have the same.'),
    ),
    ...logBounds,
  }),
  v.description('Captured output of the service, rotated by renaming.'),
);

/** `defaults.log:`; a file is one service’s. */
export const logDefaults = v.pipe(
  v.strictObject(logBounds),
  v.description('Captured output of the services.'),
);

export type RestartConfig = v.InferOutput<typeof restartConfig>;
