import * as v from 'valibot';
import { type FieldFacts, text } from '../core/fields.ts';
import { splitWords } from '../core/words.ts';

/** A command, as words. */
export const command = v.pipe(
  v.union(
    [text(), v.pipe(v.array(v.string()), v.minLength(1))],
    'cannot use this value: write a list of words, or a text that is split into words',
  ),
  v.rawTransform<string | string[], readonly string[]>(({ dataset, addIssue, NEVER }) => {
    if (typeof dataset.value !== 'string') return dataset.value;
    const words = splitWords(dataset.value);
    if (words.ok && words.value.length > 0) return words.value;
    addIssue({ message: words.ok ? 'cannot run nothing: write a command' : words.error });
    return NEVER;
  }),
  v.metadata({
    form: 'a list of words, or a text that is split into words',
    json: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string' }, minItems: 1 },
      ],
      examples: [['decode', '{in}', '{out}']],
    },
  } satisfies FieldFacts),
);

const MOST = 100;

/** One text or several, as a list. @param form how one is written: `a glob such as **\/*.xml`. */
export function oneOrMore(form: string) {
  return v.pipe(
    v.union(
      [
        v.pipe(
          text(form),
          v.transform((one): readonly string[] => [one]),
        ),
        v.pipe(v.array(text(form)), v.minLength(1), v.maxLength(MOST)),
      ],
      `cannot use this value: write ${form}, or a list of them`,
    ),
    v.metadata({
      form: `${form}, or a list of them`,
      json: {
        anyOf: [
          { type: 'string', minLength: 1 },
          { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, maxItems: MOST },
        ],
      },
    } satisfies FieldFacts),
  );
}

/** Which files are meant, by patterns of their paths below a folder; as a list. */
export const globList = oneOrMore('a pattern such as **/*.xml');
