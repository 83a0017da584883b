import * as v from 'valibot';
import { type FieldFacts, text } from '../../core/fields.ts';
import { parseExpression } from '../../core/expression.ts';
import { compilePattern, type Pattern } from '../../core/pattern.ts';
import { parseSize, SIZE_FORM } from '../../core/sizes.ts';

/** Kinds of value that only watches have, as core/fields.ts has the common ones. */

/** An expression, kept as text: it is parsed when the config is read, so that mistakes are found, and again where it is used. */
export function expression(names?: readonly string[]) {
  const form = names === undefined ? 'an expression' : `an expression on ${names.join(', ')}`;
  return v.pipe(
    v.string(`cannot use this value: write ${form}`),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const parsed = parseExpression(dataset.value, names === undefined ? {} : { names });
      if (!parsed.ok) addIssue({ message: `${parsed.error.message} (column ${parsed.error.offset + 1})` });
    }),
    v.metadata({ form, json: { type: 'string', minLength: 1 } } satisfies FieldFacts),
  );
}

const PATTERN_FORM = 'a regular expression with named groups';

/** A regular expression with named groups, kept as text. */
export const pattern = v.pipe(
  text(PATTERN_FORM),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const compiled = compilePattern(dataset.value);
    const unnamed = compiled.ok && compiled.value.names.length === 0;
    const problem = unnamed
      ? 'it has no named group, such as (?<level>\\w+)'
      : !compiled.ok && compiled.error;
    if (problem !== false) addIssue({ message: `cannot use this regular expression: ${problem}` });
  }),
  v.metadata({
    form: PATTERN_FORM,
    json: { type: 'string', minLength: 1, examples: ['^(?<time>\\S+) (?<level>\\w+): (?<message>.*)$'] },
  } satisfies FieldFacts),
);

/** A regular expression that its schema has let through. */
export function compiledPattern(source: string): Pattern {
  const compiled = compilePattern(source);
  if (!compiled.ok) throw new Error(`cannot use the regular expression ${source}: ${compiled.error}`);
  return compiled.value;
}

/** A text that has a certain look. */
export function matching(form: string, look: RegExp, examples: readonly string[]) {
  const message = `cannot use this value: write ${form}`;
  return v.pipe(
    v.string(message),
    v.regex(look, message),
    v.metadata({ form, json: { type: 'string', pattern: look.source, examples } } satisfies FieldFacts),
  );
}

/** A pattern of file names. */
export const files = v.pipe(
  text('a path with *, ** and {a,b}'),
  v.check((value) => !value.includes('\0'), 'cannot use this value: it holds a NUL character'),
);

/** A share of a whole, 0 to 1, or bytes. */
export interface Amount {
  readonly share?: number;
  readonly bytes?: number;
}

const PERCENT = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/;

/** A percentage above 0, up to `most`, as a share: `10%` is 0.1. */
export function percentage(most = 100) {
  const form = `a percentage up to ${most}%`;
  return v.pipe(
    v.string(`cannot use this value: write ${form}`),
    v.rawTransform<string, number>(({ dataset, addIssue, NEVER }) => {
      const percent = Number(PERCENT.exec(dataset.value)?.[1] ?? Number.NaN);
      if (percent > 0 && percent <= most) return percent / 100;
      addIssue({ message: `cannot use ${JSON.stringify(dataset.value)}: write ${form}` });
      return NEVER;
    }),
    v.metadata({
      form,
      json: { type: 'string', pattern: PERCENT.source, examples: ['90%'] },
    } satisfies FieldFacts),
  );
}

/** A percentage, or a size: `10%`, `2G`. */
export const amount = v.pipe(
  v.string(`cannot use this value: write 10%, or ${SIZE_FORM}`),
  v.rawTransform<string, Amount>(({ dataset, addIssue, NEVER }) => {
    const percent = PERCENT.exec(dataset.value)?.[1];
    if (percent !== undefined && Number(percent) <= 100) return { share: Number(percent) / 100 };
    const size = percent === undefined ? parseSize(dataset.value) : undefined;
    if (size?.ok === true) return { bytes: size.value };
    addIssue({ message: size?.error ?? `cannot use ${JSON.stringify(dataset.value)}: it is over 100%` });
    return NEVER;
  }),
  v.metadata({
    form: `10%, or ${SIZE_FORM}`,
    json: { type: 'string', examples: ['10%', '2G'] },
  } satisfies FieldFacts),
);
