import * as v from 'valibot';
import { type FieldFacts, text } from '../core/fields.ts';

/** Kinds of value that only channels have, as core/fields.ts has the common ones. */

const ADDRESS_FORM = 'an http or https address, $NAME or file:PATH';

/** An address that may be a secret, or hold one. Kept as it is written. */
export const address = v.pipe(
  v.string(`cannot use this value: write ${ADDRESS_FORM}`),
  v.check(isAddress, `cannot use this value: write ${ADDRESS_FORM}`),
  v.metadata({
    form: ADDRESS_FORM,
    json: { type: 'string', pattern: '^(https?://|\\$|file:)', examples: ['$PAGER_URL'] },
  } satisfies FieldFacts),
);

function isAddress(value: string): boolean {
  if (/^(\$[A-Za-z_][A-Za-z0-9_]*|file:.+)/.test(value)) return true;
  return /^https?:\/\/[^\s/?#]/.test(value) && (value.includes('$') || URL.canParse(value));
}

/** `ca:` of a channel. */
export const certificates = v.pipe(
  v.optional(text('a file')),
  v.description('The certificate authorities to trust, PEM, instead of the usual ones.'),
);
