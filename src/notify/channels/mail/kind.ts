import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isReference } from '../../../core/references.ts';
import type { ChannelKind } from '../../channel-kind.ts';
import { parseSmtpServer, serverName } from './server.ts';
import { type MailOptions, options, USUAL_SERVER } from './options.ts';

/** Mail, by SMTP or by sendmail. */
export const mail: ChannelKind<MailOptions> = {
  kind: 'mail',
  main: 'to',
  options,
  // Servers that look into mail take their time before they say yes, and who does not wait for it sends it twice.
  timeoutMs: 120_000,
  problems,
  target({ to, smtp = USUAL_SERVER, sendmail }) {
    return `${to.join(', ')} through ${sendmail ?? shown(smtp)}`;
  },
  async open(written, context) {
    const { createMail } = await import('./send.ts');
    return createMail(written, context);
  },
};

function shown(smtp: string): string {
  const read = parseSmtpServer(smtp);
  return read.ok && !isReference(smtp) ? serverName(read.value) : smtp;
}

function problems(written: MailOptions, { folder }: { readonly folder: string }): readonly string[] {
  const { smtp = USUAL_SERVER, password, sendmail, ca } = written;
  const found: string[] = [];
  const read = isReference(smtp) ? undefined : parseSmtpServer(smtp);
  const known = read?.ok === true ? read.value : undefined;
  if (sendmail !== undefined) {
    const odd = (['smtp', 'password', 'tls', 'check-certificate', 'ca'] as const).filter(
      (key) => written[key] !== undefined,
    );
    if (odd.length > 0)
      found.push(`cannot use ${odd.join(', ')} with \`sendmail\`: it knows its server itself`);
    return found;
  }
  if (known?.user !== undefined && known.password === undefined && password === undefined)
    found.push('cannot log in without a password: write `password`');
  if (known !== undefined && known.user === undefined && password !== undefined)
    found.push('cannot log in without a user: write smtp://USER@HOST');
  if (known?.password !== undefined && password !== undefined)
    found.push('cannot use two passwords: leave one out');
  if (ca !== undefined && !existsSync(resolve(folder, ca))) found.push(`cannot read ${ca}: no such file`);
  return found;
}
