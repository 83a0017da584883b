import * as v from 'valibot';
import { parseDuration } from './durations.ts';
import type { FieldFacts } from './fields.ts';

/** How often something that failed is tried again, and after which pause. */
export interface Retry {
  readonly times: number;
  /** Milliseconds. */
  readonly everyMs: number;
}

const MOST_RETRIES = 100;
const LEAST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 7 * 86_400_000;
const FORM = `a number of retries and a pause such as 3 every 10m, up to ${MOST_RETRIES} and 7d`;

/** `3 every 10m` */
export const retryField = v.pipe(
  v.string(`cannot use this value: write ${FORM}`),
  v.rawTransform<string, Retry>(({ dataset, addIssue, NEVER }) => {
    const [, times = '', every = ''] = /^\s*(\d{1,3})\s+every\s+(\S.*?)\s*$/.exec(dataset.value) ?? [];
    const pause = parseDuration(every);
    const isWithin = pause.ok && pause.value >= LEAST_PAUSE_MS && pause.value <= LONGEST_PAUSE_MS;
    if (isWithin && times !== '' && Number(times) <= MOST_RETRIES)
      return { times: Number(times), everyMs: pause.value };
    addIssue({ message: `cannot use ${JSON.stringify(dataset.value)}: write ${FORM}` });
    return NEVER;
  }),
  v.metadata({
    form: FORM,
    json: { type: 'string', pattern: '^\\s*\\d{1,3}\\s+every\\s+\\S', examples: ['3 every 10m'] },
  } satisfies FieldFacts),
);
