import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Principal } from '../server/principal.ts';
import { hashOfSecret, kindOfSecret, type SecretKind } from './secrets.ts';
import type { AccessStore } from './store.ts';
import type { Token } from './token-store.ts';

/** Whose a secret is, asked for again and again: each frame, each second. */
export interface Lookup {
  /** @param kinds what it may be. The error is a clause: `the token was revoked`. */
  find(secret: string, kinds: readonly SecretKind[]): Result<Found, string>;
  /** When tokens were seen since the last time that this was asked for: milliseconds by id. */
  takeUse(): ReadonlyMap<string, number>;
}

export interface Found {
  readonly token: Token;
  readonly principal: Principal;
}

/** More are looked up in the database each time. */
const MOST_KNOWN = 20_000;

/**
 * Keeps what it found until anybody changes something: SQLite says so without a look into the tables, so that what
 * `vahti token revoke` does in another process holds for the very next frame.
 */
export function createLookup(store: AccessStore, clock: Clock): Lookup {
  const known = new Map<string, Result<Found, string>>();
  let version = '';
  let used = new Map<string, number>();

  const lookUp = (secret: string, key: string): Result<Found, string> => {
    const found = findIn(store, secret);
    // Strangers must not crowd out those who belong here.
    if (found.ok && known.size < MOST_KNOWN) known.set(key, found);
    return found;
  };
  return {
    find(secret, kinds) {
      const kind = kindOfSecret(secret);
      if (kind === undefined) return err('the token is not known');
      if (!kinds.includes(kind)) return err(`it is ${NAMES[kind]}, which is no use here`);
      const now = store.version();
      if (now !== version) known.clear();
      version = now;
      const key = hashOfSecret(secret).toString('base64');
      const found = known.get(key) ?? lookUp(secret, key);
      if (!found.ok) return found;
      const { token } = found.value;
      if (token.expires !== null && token.expires <= clock.now()) return err('the token has expired');
      used.set(token.id, clock.now());
      return found;
    },
    takeUse() {
      const taken = used;
      used = new Map();
      return taken;
    },
  };
}

const NAMES: Readonly<Record<SecretKind, string>> = {
  agent: 'the token of an agent',
  user: 'the token of a user',
  session: 'the session of a browser',
  enrolment: 'an enrolment code',
  link: 'the code of a login link',
};

/** By the hash alone, which the index finds: no comparison depends on how much of a guess was right. */
function findIn(store: AccessStore, secret: string): Result<Found, string> {
  const token = store.tokens.find(secret);
  if (token === undefined) return err('the token is not known');
  if (token.revoked !== null) return err('the token was revoked');
  const { kind, whose } = token;
  if (kind === 'agent') return ok({ token, principal: { kind, name: whose } });
  const user = store.users.get(whose);
  // Its tokens are revoked with it.
  if (user === undefined) return err('the token was revoked');
  const { role, agents } = user;
  return ok({ token, principal: { kind: 'user', name: whose, role, agents } });
}

/** Whether a principal that was let in would be let in as the same now. */
export function isSame(found: Result<Found, string>, principal: Principal): boolean {
  return (
    found.ok && (found.value.principal === principal || isDeepStrictEqual(found.value.principal, principal))
  );
}
