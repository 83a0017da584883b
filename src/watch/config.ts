import * as v from 'valibot';
import { DURATION_FORM } from '../core/durations.ts';
import { channelNames, duration, type FieldFacts, hours, integer } from '../core/fields.ts';
import { err, ok, type Result } from '../core/result.ts';
import { didYouMean } from '../core/suggest.ts';
import { splitWords } from '../core/words.ts';
import type { Step } from './ladder.ts';

/** Looks at a shorter pace would be work, not watching. */
const SHORTEST_MS = 50;
const MOST_LOOKS = 100;

const pause = v.pipe(
  duration,
  v.minValue(SHORTEST_MS, `cannot use this value: at least ${SHORTEST_MS}ms`),
  v.metadata({ form: `${DURATION_FORM}, at least ${SHORTEST_MS}ms` }),
);

const FAIL_FORM = `a number of looks such as 3, or 3/5 for 3 of the last 5, up to ${MOST_LOOKS}`;

/** `3` or `3/5`. */
const fail = v.pipe(
  v.union([v.number(), v.string()], `cannot use this value: write ${FAIL_FORM}`),
  v.rawTransform<number | string, { times: number; of: number }>(({ dataset, addIssue, NEVER }) => {
    const [, times = '', of = times] = /^\s*(\d+)\s*(?:\/\s*(\d+)\s*)?$/.exec(String(dataset.value)) ?? [];
    const read = { times: Number(times), of: Number(of) };
    if (read.times >= 1 && read.of >= read.times && read.of <= MOST_LOOKS) return read;
    addIssue({ message: `cannot use ${JSON.stringify(dataset.value)}: write ${FAIL_FORM}` });
    return NEVER;
  }),
  v.metadata({
    form: FAIL_FORM,
    json: {
      anyOf: [
        { type: 'integer', minimum: 1, maximum: MOST_LOOKS },
        { type: 'string', pattern: '^\\s*\\d+\\s*(/\\s*\\d+\\s*)?$' },
      ],
      examples: [3, '3/5'],
    },
  } satisfies FieldFacts),
);

/** The steps that are one word. */
const STEP_WORDS = ['note', 'restart', 'restart-dependents', 'stop', 'page'] as const;
const STEPS_FORM = 'a list of steps: note, restart, restart-dependents, stop, page, or run with a command';

const stepJson = {
  anyOf: [
    { enum: STEP_WORDS },
    {
      type: 'object',
      required: ['run'],
      additionalProperties: false,
      properties: {
        run: {
          anyOf: [
            { type: 'string', minLength: 1 },
            { type: 'array', items: { type: 'string' }, minItems: 1 },
          ],
        },
      },
    },
  ],
};

/** What is done, step by step; one step may stand without its list. */
const then = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, Step[]>(({ dataset, addIssue, NEVER }) => {
    const written: readonly unknown[] = Array.isArray(dataset.value) ? dataset.value : [dataset.value];
    const steps: Step[] = [];
    for (const each of written) {
      const step = readStep(each);
      if (step.ok) steps.push(step.value);
      else addIssue({ message: step.error });
    }
    return steps.length === written.length ? steps : NEVER;
  }),
  v.metadata({
    form: STEPS_FORM,
    json: { anyOf: [...stepJson.anyOf, { type: 'array', items: stepJson }], examples: [['restart', 'page']] },
  } satisfies FieldFacts),
);

function readStep(written: unknown): Result<Step, string> {
  const known = STEP_WORDS.find((word) => word === written);
  if (known !== undefined) return ok({ do: known });
  if (typeof written === 'string')
    return err(`cannot do ${JSON.stringify(written)}: write ${STEPS_FORM}${didYouMean(written, STEP_WORDS)}`);
  const entries = typeof written === 'object' && written !== null ? Object.entries(written) : [];
  const [[key, value] = ['', undefined]] = entries;
  if (entries.length !== 1 || key !== 'run') return err(`cannot use this value: write ${STEPS_FORM}`);
  const argv = typeof value === 'string' ? splitWords(value) : ok(value);
  if (!argv.ok) return argv;
  const list = v.safeParse(v.pipe(v.array(v.string()), v.minLength(1)), argv.value);
  if (!list.success || list.output[0] === '')
    return err('cannot run this: write a list of words, or a text that is split into words');
  return ok({ do: 'run', argv: list.output });
}

/** The keys that every watch has, beside those of its kind. */
export const watchEntries = {
  every: v.pipe(v.optional(pause), v.description('The time from one look to the next.')),
  timeout: v.pipe(v.optional(pause), v.description('How long one look may take.')),
  fail: v.pipe(
    v.optional(fail),
    v.description(
      'How many looks must have failed: in a row, or of the last few. Looks that could not look do not count.',
    ),
  ),
  ok: v.pipe(v.optional(integer(1, MOST_LOOKS)), v.description('How many good looks in a row end it.')),
  hours: v.pipe(
    v.optional(hours),
    v.description('When it looks. For the watch a life that is older began with the hours.'),
  ),
  grace: v.pipe(
    v.optional(duration),
    v.description('How long nothing counts after a life has begun, or has become ready where it says so.'),
  ),
  // oxlint-disable-next-line unicorn/no-thenable -- the word of the config
  then: v.pipe(
    v.optional(then),
    v.description(
      'What is done when it fails, step by step: see docs/watches.md. A watch without it does nothing to the service.',
    ),
  ),
  notify: v.pipe(
    v.optional(channelNames),
    v.description(
      'Who is told when it fails: with `page` in `then` when its ladder comes to that, else at once. By default whom the service tells.',
    ),
  ),
} as const;

export const watchKeys = v.strictObject(watchEntries);
export type WatchKeys = v.InferOutput<typeof watchKeys>;

/** What holds where a watch does not say otherwise; milliseconds. */
export const WATCH_DEFAULTS = { fail: { times: 3, of: 3 }, ok: 2, graceMs: 10_000 } as const;

/** `watch:` in the config: the kinds check what is in it where the plan is made. */
export const watchesConfig = v.pipe(
  v.record(v.string(), v.unknown()),
  v.description(
    'What is looked at, by a name that you choose: `NAME: { KIND: …, options }`. KIND may be left out where NAME is one. The kinds and their options are in docs/reference/watches.md.',
  ),
  v.metadata({
    form: 'watches by name, each with the keys of its kind',
    json: { type: 'object' },
  } satisfies FieldFacts),
);
