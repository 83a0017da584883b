import * as v from 'valibot';
import { duration, durationRange, integer, size } from '../core/fields.ts';

/** `restart:` paces the restarts of a service. */
export const restartConfig = v.pipe(
  v.strictObject({
    fast: v.pipe(v.optional(integer(0, 10)), v.description('How many restarts follow at once before backing off.')),
    backoff: v.pipe(
      v.optional(durationRange),
      v.description('The waits of the back-off lane: from the first, doubling, up to the second.'),
    ),
    slow: v.pipe(
      v.optional(v.pipe(duration, v.minValue(60_000, 'cannot use this value: at least 1m'))),
      v.description('The wait of the slow lane, which is entered after 12 starts in 10 minutes and left by a life of 10 minutes, or by a person.'),
    ),
    'no-restart-on': v.pipe(
      v.optional(v.array(integer(0, 255))),
      v.description('Exit codes that mean "I am done": no restart until a person starts it.'),
    ),
  }),
  v.description('How restarts are paced. A life of 10 s or more restarts at once; no lane is final.'),
);

/** `log:` bounds the captured output of a service. */
export const logConfig = v.pipe(
  v.strictObject({
    budget: v.pipe(
      v.optional(v.pipe(size, v.minValue(65_536, 'cannot use this value: at least 64K'))),
      v.description('Bytes that the captured output may take on disk, all rotated files together.'),
    ),
  }),
  v.description('Captured output of the service: `STATE/logs/NAME.log`, rotated.'),
);

export type RestartConfig = v.InferOutput<typeof restartConfig>;
export type LogConfig = v.InferOutput<typeof logConfig>;
