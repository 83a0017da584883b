import * as v from 'valibot';
import { text } from '../../core/fields.ts';

/** Which files are meant, by patterns of their paths below a folder; as a list. */
export const patterns = v.pipe(
  v.union(
    [
      v.pipe(
        text('a pattern such as **/*.log'),
        v.transform((pattern) => [pattern]),
      ),
      v.pipe(v.array(text('a pattern such as **/*.log')), v.minLength(1), v.maxLength(100)),
    ],
    'cannot use this value: write a pattern such as **/*.log, or a list of them',
  ),
  v.metadata({
    form: 'a pattern such as **/*.log, or a list of them',
    json: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1, maxItems: 100 },
      ],
      examples: ['**/*.log', ['*.csv', 'raw/**/*.dat']],
    },
  }),
);
