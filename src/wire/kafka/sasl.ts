import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { err, ok, type Result } from '../../core/result.ts';

export const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** A server may ask for this many rounds of its key function, no more: each costs us time. */
const MOST_ROUNDS = 1_000_000;
const FEWEST_ROUNDS = 4_096;

/** One side of a login: what to say next, after what the other side said. Errors are what to tell. */
export interface Login {
  readonly first: Buffer;
  /** undefined: we are in. */
  next(said: Buffer): Result<Buffer | undefined, string>;
}

/** @param nonce for tests; by default chance. */
export function createLogin(mechanism: Mechanism, user: string, password: string, nonce?: string): Login {
  if (mechanism !== 'plain')
    return createScram(mechanism === 'scram-sha-256' ? 'sha256' : 'sha512', user, password, nonce);
  return { first: Buffer.from(`\0${user}\0${password}`), next: () => ok(undefined) };
}

/** SCRAM without channel binding (RFC 5802, RFC 7677). Proves to us too that the server knows the password. */
function createScram(
  hash: 'sha256' | 'sha512',
  user: string,
  password: string,
  nonce = randomBytes(24).toString('base64'),
): Login {
  const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C');
  const bare = `n=${name},r=${nonce}`;
  let expected: Buffer | undefined;

  const answer = (said: string): Result<Buffer | undefined, string> => {
    const [, both = '', salt = '', written = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(said) ?? [];
    const rounds = Number(written);
    if (!both.startsWith(nonce) || both.length === nonce.length)
      return err('cannot log in: the broker did not answer our challenge');
    if (!(rounds >= FEWEST_ROUNDS && rounds <= MOST_ROUNDS))
      return err(`cannot log in: the broker asks for ${written} rounds`);
    const length = hash === 'sha256' ? 32 : 64;
    const salted = pbkdf2Sync(password.normalize('NFKC'), Buffer.from(salt, 'base64'), rounds, length, hash);
    const sign = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
    const clientKey = sign(salted, 'Client Key');
    const final = `c=biws,r=${both}`;
    const all = `${bare},${said},${final}`;
    const signature = sign(createHash(hash).update(clientKey).digest(), all);
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] as number)));
    expected = sign(sign(salted, 'Server Key'), all);
    return ok(Buffer.from(`${final},p=${proof.toString('base64')}`));
  };

  return {
    first: Buffer.from(`n,,${bare}`),
    next(bytes) {
      const said = bytes.toString('utf8');
      if (expected === undefined) return answer(said);
      const proof = Buffer.from(/^v=([^,]+)/.exec(said)?.[1] ?? '', 'base64');
      return proof.length === expected.length && timingSafeEqual(proof, expected)
        ? ok(undefined)
        : err('cannot log in: the broker does not know the password either');
    },
  };
}
