import * as v from 'valibot';
import { DURATION_FORM, parseDuration, parseDurationRange } from './durations.ts';
import { HOURS_FORM, isZone, parseHours } from './hours.ts';
import type { Result } from './result.ts';
import { parseSchedule, SCHEDULE_FORM } from './schedule.ts';
import { parseSize, parseSizeRange, SIZE_FORM } from './sizes.ts';

/**
 * The kinds of value that a config key can have. Each knows how it is written, for messages, the JSON Schema and the
 * reference page: `form` in its metadata. Output values are plain: milliseconds, bytes, lists of words.
 */

/** What the generators read of a field. */
export interface FieldFacts {
  /** How the value is written: `a duration such as 90s`. */
  readonly form: string;
  /** A JSON Schema for editors, where valibot's own translation can't know it. */
  readonly json: Readonly<Record<string, unknown>>;
}

function readText<T>(form: string, json: Record<string, unknown>, read: (text: string) => Result<T, string>) {
  return v.pipe(
    v.string(`cannot use this value: write ${form}`),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const result = read(dataset.value);
      if (result.ok) return result.value;
      addIssue({ message: result.error });
      return NEVER;
    }),
    v.metadata({ form, json } satisfies FieldFacts),
  );
}

// What editors can check of them: the shape, not that each unit comes once, from large to small.
const NUMBER = '(\\d+(\\.\\d+)?|\\.\\d+)\\s*';
const DURATIONS = `(${NUMBER}[a-z]+\\s*)+`;
const SIZES = `(${NUMBER}([bB]|[kKmMgGtT]([iI]?[bB])?)\\s*)+`;

/** A duration, as milliseconds. */
export const duration = readText(
  DURATION_FORM,
  { type: 'string', pattern: `^\\s*${DURATIONS}$`, examples: ['90s', '5m', '7d'] },
  parseDuration,
);

/** A range of durations such as `1s..1m`, as milliseconds. */
export const durationRange = readText(
  'a range of durations such as 1s..1m',
  { type: 'string', pattern: `^\\s*${DURATIONS}(\\.\\.\\s*${DURATIONS})?$`, examples: ['1s..1m'] },
  parseDurationRange,
);

/** A size, as bytes; `M` is MiB. */
export const size = readText(
  SIZE_FORM,
  { type: 'string', pattern: `^\\s*${SIZES}$`, examples: ['64M', '2G'] },
  parseSize,
);

/** A range of sizes, as bytes; one size is both ends. */
export const sizeRange = readText(
  'a range of sizes such as 400M..512M, or one size',
  { type: 'string', pattern: `^\\s*${SIZES}(\\.\\.\\s*${SIZES})?$`, examples: ['400M..512M', '512M'] },
  parseSizeRange,
);

/** Hours of the week in a zone, such as `Mon-Fri 08:00-18:00 Europe/Helsinki`. */
export const hours = readText(
  HOURS_FORM,
  { type: 'string', examples: ['Mon-Fri 08:00-18:00 Europe/Helsinki'] },
  parseHours,
);

/** Times of the calendar, such as `30 3 * * Mon-Fri Europe/Helsinki`. */
export const schedule = readText(
  SCHEDULE_FORM,
  { type: 'string', examples: ['30 3 * * Mon-Fri Europe/Helsinki'] },
  parseSchedule,
);

/** A zone of clocks, such as `Europe/Helsinki`. */
export const zoneName = v.pipe(
  v.string('cannot use this value: write a zone such as Europe/Helsinki'),
  v.check(isZone, ({ input }) => `cannot use ${JSON.stringify(input)}: there is no such zone`),
  v.metadata({
    form: 'a zone such as Europe/Helsinki',
    json: { type: 'string', examples: ['UTC', 'Europe/Helsinki'] },
  } satisfies FieldFacts),
);

/** A number of the given range. */
export function integer(min: number, max: number) {
  const message = `cannot use this value: write a whole number from ${min} to ${max}`;
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(min, message),
    v.maxValue(max, message),
    v.metadata({
      form: `a whole number from ${min} to ${max}`,
      json: { type: 'integer', minimum: min, maximum: max },
    } satisfies FieldFacts),
  );
}

/** A number, whole or not, above `above` and up to `max`. */
export function decimal(above: number, max: number) {
  const form = `a number above ${above}, up to ${max}`;
  const message = `cannot use this value: write ${form}`;
  return v.pipe(
    v.number(message),
    v.check((value) => value > above && value <= max, message),
    v.metadata({
      form,
      json: { type: 'number', exclusiveMinimum: above, maximum: max },
    } satisfies FieldFacts),
  );
}

/** true or false. */
export const flag = v.pipe(
  v.boolean('cannot use this value: write true or false'),
  v.metadata({ form: 'true | false', json: { type: 'boolean' } } satisfies FieldFacts),
);

/** Any text that is not empty. */
export function text(form = 'text') {
  const message = `cannot use this value: write ${form}`;
  return v.pipe(
    v.string(message),
    v.nonEmpty(message),
    v.metadata({ form, json: { type: 'string', minLength: 1 } } satisfies FieldFacts),
  );
}

const REFERENCE = /^(\$[A-Za-z_][A-Za-z0-9_]*|file:.+)$/;

/** A secret: it stands in the environment or in a file, never in the config. Kept as it is written. */
export const reference = v.pipe(
  v.string('cannot use this value: write $NAME or file:PATH'),
  v.regex(REFERENCE, 'cannot use this value: write $NAME or file:PATH, not the secret itself'),
  v.metadata({
    form: '$NAME or file:PATH',
    json: { type: 'string', pattern: REFERENCE.source },
  } satisfies FieldFacts),
);

/** `notify:` of `defaults`, of a service and of a watch: the names of channels. */
export const channelNames = v.pipe(
  v.union(
    [
      v.pipe(
        text('the name of a channel'),
        v.transform((name) => [name]),
      ),
      v.array(text('the name of a channel')),
    ],
    'cannot use this value: write the names of channels',
  ),
  v.metadata({
    form: 'the name of a channel, or a list of them',
    json: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string', minLength: 1 } },
      ],
      examples: [['ops', 'phone']],
    },
  } satisfies FieldFacts),
);

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  const form = words.join(' | ');
  return v.pipe(
    v.picklist(words, `cannot use this value: write one of ${words.join(', ')}`),
    v.metadata({ form, json: { enum: words } } satisfies FieldFacts),
  );
}

const MOST_PATHS = 100;

/** Paths, as they are written. */
export const paths = v.pipe(
  v.array(text('a path such as data/out')),
  v.maxLength(MOST_PATHS, `cannot use this value: at most ${MOST_PATHS} paths`),
  v.metadata({
    form: 'a list of paths such as data/out',
    json: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      maxItems: MOST_PATHS,
      examples: [['data/out', '/srv/shared']],
    },
  } satisfies FieldFacts),
);

/** Names and values of environment variables. @param examples for the JSON Schema; left out where there are none. */
export function environment(...examples: readonly Readonly<Record<string, string>>[]) {
  return v.pipe(
    v.record(v.string(), v.union([v.string(), v.number(), v.boolean()], 'cannot use this value: write text')),
    v.metadata({
      form: 'names and values; a value is text, a number, true or false',
      json: {
        type: 'object',
        propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
        additionalProperties: { type: ['string', 'number', 'boolean'] },
        ...(examples.length === 0 ? {} : { examples }),
      },
    } satisfies FieldFacts),
  );
}
