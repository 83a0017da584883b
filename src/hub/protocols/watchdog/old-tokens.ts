import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import { asError, err, ok, type Result } from '../../../core/result.ts';
import type { Principal } from '../../server/principal.ts';
import type { CheckCredential } from '../ws/credentials.ts';

/** What makes tokens of the old login service valid here. */
export interface OldTokens {
  /** Its RSA key, PEM. */
  readonly publicKey: string;
}

const VALID_SECONDS = 36 * 3600;
const MOST_AHEAD_SECONDS = 300;

interface OldToken {
  readonly code: string;
  readonly id: number;
  readonly perm: number;
  readonly time: number;
  readonly belongs: readonly string[] | null;
  readonly signature: Buffer;
}

/** The error is a sentence about the key. */
export function createOldTokens({ publicKey }: OldTokens, clock: Clock): Result<CheckCredential, string> {
  let key: KeyObject;
  try {
    key = createPublicKey(publicKey);
  } catch (thrown) {
    return err(`cannot use the key of the old tokens: ${asError(thrown).message}`);
  }
  if (key.asymmetricKeyType !== 'rsa')
    return err(`cannot use the key of the old tokens: it is ${key.asymmetricKeyType ?? 'secret'}, not RSA`);
  const isFresh = ({ time }: OldToken): boolean => clock.now() / 1000 - time <= VALID_SECONDS;
  return ok((given) => {
    const token = readToken(given);
    if (token === undefined || token.time > clock.now() / 1000 + MOST_AHEAD_SECONDS)
      return denied('Invalid token');
    if (!isFresh(token)) return denied('Expired');
    if (!isSigned(token, key)) return denied('Invalid signature');
    return ok({ principal: principalOf(token), holds: () => isFresh(token), uid: token.id });
  });
}

function denied(comment: string): Result<never, { readonly comment: string; readonly message: string }> {
  const why = { Expired: 'the token has expired', 'Invalid signature': 'its signature is wrong' }[comment];
  return err({ comment, message: `cannot let you in: ${why ?? 'the token is none of the old service'}` });
}

/** 16 letters and digits, always: where it ends in the signed text is certain. */
const WATCHDOG = /^[A-Za-z0-9]{16}$/;
/** Exactly one @, and no digit at the end, where the digits of the id follow. */
const USER = /^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{0,253}[A-Za-z]$/;
const SIGNATURE = /^[A-Za-z0-9+/]{86,1368}={0,2}$/;
const MOST_BELONGINGS = 1000;

/**
 * The signed text has no marks between its parts, so only shapes that can be put together in one way are taken: numbers are whole and
 * without a sign, `time` has ten digits by what it may be, and codes end where digits begin.
 */
function readToken(given: unknown): OldToken | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { code, id, perm, time, belongs, signature } = given as Record<string, unknown>;
  if (typeof code !== 'string' || typeof signature !== 'string' || !SIGNATURE.test(signature))
    return undefined;
  if (!isWhole(id, 0) || !isWhole(time, 1_000_000_000) || !isWhole(perm, -1) || perm > 1_000_000)
    return undefined;
  if (time > 9_999_999_999) return undefined;
  const rest = { code, id, perm, time, signature: Buffer.from(signature, 'base64') };
  if (WATCHDOG.test(code)) return belongs === null ? { ...rest, belongs: null } : undefined;
  if (!USER.test(code) || !isCodes(belongs)) return undefined;
  return { ...rest, belongs };
}

function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && !Object.is(value, -0) && (value as number) >= least;
}

function isCodes(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= MOST_BELONGINGS &&
    value.every((each) => typeof each === 'string' && WATCHDOG.test(each))
  );
}

function isSigned(token: OldToken, key: KeyObject): boolean {
  const { code, id, time, belongs, perm, signature } = token;
  const signed = `${code}${id}${time}${pythonList(belongs)}${perm}`;
  const options = {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN,
  };
  return verify('sha256', Buffer.from(signed), options, signature);
}

/** As Python writes a list of plain words. */
function pythonList(words: readonly string[] | null): string {
  return words === null ? 'None' : `[${words.map((word) => `'${word}'`).join(', ')}]`;
}

/** Users of the old service could set configs. */
function principalOf({ code, belongs }: OldToken): Principal {
  return belongs === null
    ? { kind: 'agent', name: code }
    : { kind: 'user', name: code, role: 'operate', agents: belongs };
}
