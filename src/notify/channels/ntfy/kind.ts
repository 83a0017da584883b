import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { type FieldFacts, reference, text } from '../../../core/fields.ts';
import { isReference } from '../../../core/references.ts';
import type { ChannelKind } from '../../channel-kind.ts';
import { address, certificates } from '../../options.ts';

const link = v.pipe(
  v.string('cannot use this value: write an address'),
  v.check(
    (value) => /^[a-z][a-z0-9+.-]*:/i.test(value) && URL.canParse(value),
    'cannot use this value: write an address',
  ),
  v.metadata({ form: 'an address', json: { type: 'string', format: 'uri' } } satisfies FieldFacts),
);

const options = v.strictObject({
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

/** Push messages to phones, by ntfy. */
export const ntfy: ChannelKind<NtfyOptions> = {
  kind: 'ntfy',
  main: 'url',
  options,
  timeoutMs: 30_000,
  problems({ token, user, password, ca }, { folder }) {
    const found: string[] = [];
    if (token !== undefined && user !== undefined) found.push('cannot use both `token` and `user`');
    if ((user === undefined) !== (password === undefined))
      found.push('cannot log in: write both `user` and `password`');
    if (ca !== undefined && !existsSync(resolve(folder, ca))) found.push(`cannot read ${ca}: no such file`);
    return found;
  },
  target({ url }) {
    return isReference(url) ? url : (/^https?:\/\/[^/?#$@]+(?=[/?#]|$)/.exec(url)?.[0] ?? '…');
  },
  async open(written, context) {
    const { createNtfy } = await import('./send.ts');
    return createNtfy(written, context);
  },
};
