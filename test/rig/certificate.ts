import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempFolder } from './leaks.ts';

/** Why tests that need a certificate are skipped; false where they are not. */
export const NO_OPENSSL: string | false =
  spawnSync('openssl', ['version']).error === undefined
    ? false
    : 'there is no openssl on this machine to make a certificate with';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** The file of the certificate: who trusts it, trusts its server. */
  readonly ca: string;
}

/** A certificate that vouches for itself, for the names given as openssl has them: `IP:127.0.0.1,DNS:localhost`. */
export function makeCertificate(t: TestContext, names = 'IP:127.0.0.1,DNS:localhost'): Certificate {
  const folder = tempFolder(t);
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const how = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test';
  const made = spawnSync('openssl', [
    ...how.split(' '),
    '-addext',
    `subjectAltName=${names}`,
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), ca: cert };
}
