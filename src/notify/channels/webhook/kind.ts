import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isReference } from '../../../core/references.ts';
import type { ChannelKind } from '../../channel-kind.ts';
import { presetOf } from './presets/registry.ts';
import { options, type WebhookOptions } from './options.ts';

/** Posts JSON to an address: to chats, pagers, and whatever else takes webhooks. */
export const webhook: ChannelKind<WebhookOptions> = {
  kind: 'webhook',
  main: 'url',
  options,
  timeoutMs: 30_000,
  problems,
  target({ url }) {
    if (isReference(url)) return url;
    return /^https?:\/\/[^/?#$@]+(?=[/?#]|$)/.exec(url)?.[0] ?? url.replace(/:\/\/.*/, '://…');
  },
  async open(written, context) {
    const { createWebhook } = await import('./send.ts');
    return createWebhook(written, context);
  },
};

function problems(written: WebhookOptions, { folder }: { readonly folder: string }): readonly string[] {
  const { url, template: form, headers = {}, ca } = written;
  const found: string[] = [];
  const isLiteral = !url.includes('$') && !url.startsWith('file:');
  const parsed = isLiteral && URL.canParse(url) ? new URL(url) : undefined;
  const name = typeof form === 'string' ? form : undefined;
  if (parsed !== undefined && parsed.password !== '')
    found.push('cannot take a password in an address: write $NAME for it');
  // A literal address, or a template, says which far side it is; else only the try can tell.
  if (typeof form !== 'object' && (parsed !== undefined || name !== undefined)) {
    const preset = presetOf(name, parsed ?? new URL('https://unknown.invalid'));
    if (preset.secretAddress && parsed !== undefined)
      found.push(
        `cannot take this address: whoever has it may write, so it is a secret; write $NAME or file:PATH`,
      );
    if (preset.needs !== undefined && written[preset.needs] === undefined)
      found.push(`cannot write to ${preset.name} without \`${preset.needs}\``);
  }
  for (const header of Object.keys(headers))
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(header))
      found.push(`cannot send a header named ${JSON.stringify(header)}`);
  if (ca !== undefined && !existsSync(resolve(folder, ca))) found.push(`cannot read ${ca}: no such file`);
  return found;
}
