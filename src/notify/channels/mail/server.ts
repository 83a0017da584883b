import { err, ok, type Result } from '../../../core/result.ts';

/** A mail server, read from its address. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte on (smtps). */
  readonly tls: boolean;
  readonly user: string | undefined;
  /** As it stands in the address; a reference, or, where all of the address is one, the password itself. */
  readonly password: string | undefined;
}

const FORM = 'write smtp://HOST, smtp://USER@HOST:PORT or smtps://HOST';

/** Reads `smtp://` (port 25, or 587 with a user) and `smtps://` (465). The error is a whole sentence and shows no password. */
export function parseSmtpServer(text: string): Result<SmtpServer, string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') || url.hostname === '')
    return err(`cannot use the address of the mail server: ${FORM}`);
  if (!/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '')
    return err(`cannot use the address of the mail server: it ends after the port; ${FORM}`);
  try {
    const user = url.username === '' ? undefined : decodeURIComponent(url.username);
    const password = url.password === '' ? undefined : decodeURIComponent(url.password);
    const tls = url.protocol === 'smtps:';
    const usual = tls ? 465 : user === undefined ? 25 : 587;
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    return ok({ host, port: url.port === '' ? usual : Number(url.port), tls, user, password });
  } catch {
    return err('cannot use the address of the mail server: write % as %25');
  }
}

/** A server as it is named in messages. */
export function serverName({ host, port, tls }: Pick<SmtpServer, 'host' | 'port' | 'tls'>): string {
  return `${tls ? 'smtps' : 'smtp'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
