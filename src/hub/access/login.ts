import type { Clock } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { type Attempts, networkOf } from './attempts.ts';
import type { Denials } from './denials.ts';
import { type Gate, type HashCost, isPassword } from './passwords.ts';
import { csrfOf, type Session } from './sessions.ts';
import type { AccessStore } from './store.ts';

/** Why somebody is not let in, now or at all. */
export interface ComingInTrouble {
  readonly kind: 'denied' | 'later';
  /** A sentence. */
  readonly message: string;
  readonly retryAfterMs?: number;
}

/** How a person comes in with a browser. */
export interface Login {
  /** Takes about a quarter of a second, whoever it is. */
  byPassword(name: string, password: string, address: string): Promise<Result<Session, ComingInTrouble>>;
  byLink(code: string, address: string): Result<Session, ComingInTrouble>;
}

export interface LoginParts {
  readonly store: AccessStore;
  readonly clock: Clock;
  readonly denials: Denials;
  readonly attempts: Attempts;
  readonly gate: Gate;
  /** What a password takes; less for tests. */
  readonly cost?: HashCost | undefined;
}

const SESSION_MS = 7 * 24 * 3_600_000;
/** Where too many wait already. */
export const FULL_RETRY_MS = 1000;

export function createLogin(parts: LoginParts): Login {
  const { store, denials, attempts, gate, cost } = parts;
  const beginFor = (whose: () => string | undefined, how: string, address: string): Session | undefined =>
    store.change(() => {
      const name = whose();
      return name === undefined ? undefined : begin(parts, name, how, address);
    });
  return {
    async byPassword(name, password, address) {
      // By name, too: somebody may have many addresses.
      const keys = [`login ${networkOf(address)}`, `user ${name}`];
      const wait = attempts.take(keys);
      if (wait !== undefined) return tooOften(wait, () => denyLogin(parts, name, address));
      const stored = store.users.passwordOf(name);
      const hashed = await gate(() => isPassword(password, stored, cost));
      if (!hashed.ok) {
        attempts.giveBack(keys);
        const message = 'cannot let you in now: too many come in';
        return err({ kind: 'later', message, retryAfterMs: FULL_RETRY_MS });
      }
      // It may have been taken away meanwhile.
      const still = (): string | undefined => (store.users.passwordOf(name) === stored ? name : undefined);
      const session = hashed.value ? beginFor(still, 'password', address) : undefined;
      if (session === undefined) {
        denyLogin(parts, name, address);
        return err({ kind: 'denied', message: 'cannot let you in: the name or the password is wrong' });
      }
      attempts.giveBack(keys);
      return ok(session);
    },
    byLink(code, address) {
      const session = store.codes.isUsable('link', code)
        ? beginFor(() => store.codes.takeLink(code), 'login link', address)
        : undefined;
      if (session !== undefined) return ok(session);
      denials.add('a login link was denied', '', address);
      const wait = attempts.take([`login ${networkOf(address)}`]);
      if (wait !== undefined) return tooOften(wait);
      return err({ kind: 'denied', message: 'cannot let you in by this link: it was used, or has expired' });
    },
  };
}

function tooOften(retryAfterMs: number, told?: () => void): Result<never, ComingInTrouble> {
  told?.();
  return err({ kind: 'later', message: 'cannot let you in now: there were too many attempts', retryAfterMs });
}

function denyLogin({ store, denials }: LoginParts, name: string, address: string): void {
  // A name that is not known may be a password in the wrong field.
  const whom = store.users.get(name) === undefined ? '(no such user)' : `user ${name}`;
  denials.add('a login was denied', whom, address);
}

/** Within a change of the caller's. */
function begin({ store, clock }: LoginParts, name: string, how: string, address: string): Session {
  const expires = clock.now() + SESSION_MS;
  const user = store.users.get(name);
  const made = store.tokens.insert({ kind: 'session', whose: name, label: how, expires });
  if (user === undefined || !made.ok) throw new Error('cannot begin a session: the user is gone');
  store.audit.add({ who: `user ${name}`, address }, `came in by ${how}`, `user ${name}`);
  const { role, agents } = user;
  const { token } = made.value;
  return { token, csrf: csrfOf(token), principal: { kind: 'user', name, role, agents }, expires };
}
