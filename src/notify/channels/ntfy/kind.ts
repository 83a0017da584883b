import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isReference } from '../../../core/references.ts';
import type { ChannelKind } from '../../channel-kind.ts';
import { type NtfyOptions, options } from './options.ts';

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
