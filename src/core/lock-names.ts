import * as v from 'valibot';
import { type FieldFacts, text } from './fields.ts';

/** `locks:` of a job, or of a service: one name, or several. */

const MOST = 100;
const FORM = 'a name such as raw, or a list of them';
const message = `cannot use this value: write ${FORM}`;

export const lockNames = v.pipe(
  v.union(
    [
      v.pipe(v.string(), v.nonEmpty(message)),
      v.pipe(v.array(text('a name such as raw')), v.minLength(1, message), v.maxLength(MOST, message)),
    ],
    message,
  ),
  v.transform((written): readonly string[] => (typeof written === 'string' ? [written] : written)),
  v.metadata({
    form: FORM,
    json: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, maxItems: MOST },
      ],
      examples: ['raw', ['raw', 'disk']],
    },
  } satisfies FieldFacts),
);
