import { randomBytes, scrypt, type ScryptOptions, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { err, ok, type Result } from '../../core/result.ts';

/** Parameters of scrypt (RFC 7914). */
export interface HashCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** OWASP's password storage cheat sheet: N=2^15, r=8, p=3 is worth N=2^17, r=8, p=1 at a quarter of the memory (32 MiB). */
const COST: HashCost = { N: 2 ** 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const SHORTEST = 10;
const LONGEST = 256;

const derive = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt);

/** What is to be stored of a new password; of none, nothing. The error is a sentence: what is wrong with the password. */
export async function hashNewPassword(
  password: string | undefined,
  cost = COST,
): Promise<Result<string | undefined, string>> {
  if (password === undefined) return ok(undefined);
  const { length } = password;
  if (length < SHORTEST)
    return err(`cannot use a password of ${length} characters: write ${SHORTEST} or more`);
  if (length > LONGEST) return err(`cannot use a password of more than ${LONGEST} characters`);
  return ok(await hashPassword(password, cost));
}

/** What is stored of a password: `scrypt$32768$8$3$SALT$HASH`. Takes about a quarter of a second, off the event loop. */
async function hashPassword(password: string, cost: HashCost): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await hashWith(password, salt, cost);
  return storedForm(cost, salt, hash);
}

/**
 * Whether it is the password that was stored. Takes as long where none is stored: nobody learns from the time whether a user exists.
 * @param cost of what is stored of others.
 */
export async function isPassword(
  password: string,
  stored: string | undefined,
  cost: HashCost = COST,
): Promise<boolean> {
  const [scheme, n, r, p, salt = '', hash = ''] = (
    stored ?? storedForm(cost, NOBODYS_SALT, NOBODYS_HASH)
  ).split('$');
  if (scheme !== 'scrypt') throw new Error('cannot read a stored password: it is of an unknown form');
  const found = await hashWith(password, Buffer.from(salt, 'base64url'), {
    N: Number(n),
    r: Number(r),
    p: Number(p),
  });
  return timingSafeEqual(found, Buffer.from(hash, 'base64url')) && stored !== undefined;
}

const NOBODYS_SALT = randomBytes(SALT_BYTES);
const NOBODYS_HASH = randomBytes(HASH_BYTES);

function storedForm({ N, r, p }: HashCost, salt: Buffer, hash: Buffer): string {
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

function hashWith(password: string, salt: Uint8Array, cost: HashCost): Promise<Buffer> {
  // One password may be typed in several forms of Unicode (RFC 8265).
  const maxmem = 2 * 128 * cost.N * cost.r;
  return derive(password.normalize('NFC'), salt, HASH_BYTES, { ...cost, maxmem });
}

/** Of scrypt: two of Node's four threads, and so many that wait for them. */
export const HASHES = { atOnce: 2, waiting: 16 } as const;

/** Lets few in at once. */
export type Gate = <T>(work: () => Promise<T>) => Promise<Result<T, 'full'>>;

/** Lets few in at once, and few wait: one hash takes 32 MiB and a thread of Node's four. */
export function createGate(most: number, mostWaiting: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (inside >= most) {
      if (waiting.length >= mostWaiting) return err('full');
      // Whoever leaves hands over their place.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else inside++;
    try {
      return ok(await work());
    } finally {
      const next = waiting.shift();
      if (next === undefined) inside--;
      else next();
    }
  };
}
