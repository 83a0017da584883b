import { readFileSync } from 'node:fs';
import { asError, err, ok, type Result } from '../../core/result.ts';

/** How a message broker is to know us, and we it. Files are absolute paths, read for each connection: they may have changed. */
export interface BrokerAccess {
  readonly user?: string | undefined;
  /** Looked up for each connection. The error is what to tell. */
  readonly password?: (() => Result<string, string>) | undefined;
  /** Certificates of who may vouch for the server, instead of those that Node brings. PEM. */
  readonly ca?: string | undefined;
  /** Our own certificate and its key. PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** The secrets and certificates of an access, as they are now. */
export interface Credentials {
  readonly user?: string;
  readonly password?: string;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** Reads what an access names. The error never has a secret in it. */
export function readAccess(access: BrokerAccess): Result<Credentials, string> {
  try {
    const tls: Record<string, string> = {};
    for (const name of ['ca', 'cert', 'key'] as const) {
      const path = access[name];
      if (path !== undefined) tls[name] = readFileSync(path, 'utf8');
    }
    const password = access.password?.();
    if (password !== undefined && !password.ok) return password;
    return ok({
      tls,
      ...(access.user === undefined ? {} : { user: access.user }),
      ...(password === undefined ? {} : { password: password.value }),
    });
  } catch (thrown) {
    return err(asError(thrown).message);
  }
}
