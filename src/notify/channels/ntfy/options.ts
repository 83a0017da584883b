import * as v from 'valibot';
import { type FieldFacts, reference, text } from '../../../core/fields.ts';
import { address, certificates } from '../../options.ts';

const link = v.pipe(
  v.string('cannot use this value: write an address'),
  v.check(
    (value) => /^[a-z][a-z0-9+.-]*:/i.test(value) && URL.canParse(value),
    'cannot use this value: write an address',
  ),
  v.metadata({ form: 'an address', json: { type: 'string', format: 'uri' } } satisfies FieldFacts),
);

export const options = v.strictObject({
  url: v.pipe(
    address,
    v.description(
      'The address of a topic: `https://ntfy.sh/TOPIC`. `$NAME`, also within it, takes a value from the daemon’s environment: a topic that anybody may read is a secret.',
    ),
  ),
  token: v.pipe(v.optional(reference), v.description('An access token.')),
  user: v.pipe(v.optional(text('a user name')), v.description('A user, instead of a token.')),
  password: v.pipe(v.optional(reference), v.description('The user’s password.')),
  click: v.pipe(v.optional(link), v.description('What a tap on the message opens.')),
  ca: certificates,
});
export type NtfyOptions = v.InferOutput<typeof options>;
