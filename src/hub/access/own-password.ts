import { err, ok, type Result } from '../../core/result.ts';
import { type Attempts, networkOf } from './attempts.ts';
import type { Denials } from './denials.ts';
import { type ComingInTrouble, FULL_RETRY_MS } from './login.ts';
import { type Gate, type HashCost, hashNewPassword, isPassword } from './passwords.ts';
import type { Session } from './sessions.ts';
import type { AccessStore } from './store.ts';
import type { AccessTrouble } from './store-context.ts';

export interface PasswordChange {
  /** Empty where the user has none. */
  readonly old: string;
  readonly new: string;
  readonly address: string;
}

/** Gives whoever is let in by a session another password; all other sessions of the user end. */
export type ChangeOwnPassword = (
  session: Session,
  change: PasswordChange,
) => Promise<Result<undefined, AccessTrouble | ComingInTrouble>>;

/** Guesses of the old password are limited as those of a login are. */
export function createChangeOwnPassword({
  store,
  attempts,
  denials,
  gate,
  cost,
}: {
  readonly store: AccessStore;
  readonly attempts: Attempts;
  readonly denials: Denials;
  readonly gate: Gate;
  readonly cost?: HashCost | undefined;
}): ChangeOwnPassword {
  return async ({ token, principal: { name } }, { old, new: wanted, address }) => {
    const keys = [`login ${networkOf(address)}`, `user ${name}`];
    const wait = attempts.take(keys);
    if (wait !== undefined) return later('there were too many attempts', wait);
    const stored = store.users.passwordOf(name);
    // Whoever came by a link may have none yet.
    const checked = await gate(async () => {
      if (stored === undefined ? old !== '' : !(await isPassword(old, stored, cost))) return undefined;
      return hashNewPassword(wanted, cost);
    });
    if (!checked.ok || checked.value !== undefined) attempts.giveBack(keys);
    if (!checked.ok) return later('too many come in', FULL_RETRY_MS);
    const hash = checked.value;
    if (hash === undefined) {
      denials.add('a change of a password was denied', `user ${name}`, address);
      return err({ kind: 'forbidden', message: 'cannot change the password: the old one is wrong' });
    }
    if (!hash.ok) return err({ kind: 'invalid', message: `new: ${hash.error}` });
    // The session may have ended, or the password have changed, meanwhile.
    const own = store.tokens.find(token);
    if (own === undefined || own.revoked !== null || store.users.passwordOf(name) !== stored)
      return err({ kind: 'conflict', message: 'cannot change the password: it was changed meanwhile' });
    const set = store.users.setPassword(name, hash.value, { who: `user ${name}`, address }, own.id);
    return set.ok ? ok(undefined) : set;
  };
}

function later(why: string, retryAfterMs: number): Result<never, ComingInTrouble> {
  return err({ kind: 'later', message: `cannot change the password now: ${why}`, retryAfterMs });
}
