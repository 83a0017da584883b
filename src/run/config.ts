import * as v from 'valibot';
import { DURATION_FORM } from '../core/durations.ts';
import { duration, durationRange, type FieldFacts, integer, size } from '../core/fields.ts';
import { SIZE_FORM } from '../core/sizes.ts';

const exitCodes = v.pipe(
  v.array(integer(0, 255)),
  v.metadata({
    form: 'a list of whole numbers from 0 to 255',
    json: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 255 }, examples: [[78]] },
  } satisfies FieldFacts),
);

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
  }),
  v.description(
    'How restarts are paced. After a life of 10 s or more the next start follows at once, except in the slow lane; no lane is final.',
  ),
);

/** `log:` bounds the captured output of a service. */
export const logConfig = v.pipe(
  v.strictObject({
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
  }),
  v.description('Captured output of the service: `STATE/logs/NAME.log`, rotated.'),
);

export type RestartConfig = v.InferOutput<typeof restartConfig>;
