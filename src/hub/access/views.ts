import type { Code } from './code-store.ts';
import type { Token } from './token-store.ts';
import type { User } from './user-store.ts';

/** A token as it is shown. Times are milliseconds since 1970; null: never. */
export interface TokenView {
  readonly id: string;
  readonly kind: Token['kind'];
  readonly name: string;
  readonly label: string;
  readonly state: 'live' | 'revoked' | 'expired';
  readonly created: number;
  readonly expires: number | null;
  readonly revoked: number | null;
  /** To the minute. */
  readonly used: number | null;
}

export function viewToken(
  { id, kind, whose: name, label, created, expires, revoked, used }: Token,
  now: number,
): TokenView {
  const isOver = expires !== null && expires <= now;
  const state = revoked !== null ? 'revoked' : isOver ? 'expired' : 'live';
  return { id, kind, name, label, state, created, expires, revoked, used };
}

/** An enrolment code or a login link as it is shown. */
export interface CodeView {
  readonly id: string;
  readonly kind: Code['kind'];
  /** null: any new agent. */
  readonly name: string | null;
  readonly uses: number;
  readonly created: number;
  readonly expires: number;
}

export function viewCode({ id, kind, whose: name, uses, created, expires }: Code): CodeView {
  return { id, kind, name, uses, created, expires };
}

export interface UserView {
  readonly name: string;
  readonly role: User['role'];
  /** null: all. */
  readonly agents: readonly string[] | null;
  readonly password: boolean;
  readonly created: number;
}

export function viewUser({ name, role, agents, hasPassword: password, created }: User): UserView {
  return { name, role, agents: agents ?? null, password, created };
}
