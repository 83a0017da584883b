import { isDeepStrictEqual } from 'node:util';
import { err, ok, type Result } from '../../core/result.ts';
import type { RowOf } from '../../core/sqlite.ts';
import { ROLES, type Role } from '../server/principal.ts';
import type { By } from './audit-log.ts';
import { checkAgentName, checkUserName } from './names.ts';
import type { AccessTrouble, StoreContext } from './store-context.ts';
import { USER } from './tables.ts';
import type { TokenStore } from './token-store.ts';

export interface User {
  readonly name: string;
  readonly role: Role;
  /** The agents that the user may see; undefined: all. */
  readonly agents: readonly string[] | undefined;
  readonly hasPassword: boolean;
  /** Milliseconds. */
  readonly created: number;
}

/** What a user may; what is left out stays as it is. */
export interface UserRights {
  readonly role?: Role;
  /** null: all. */
  readonly agents?: readonly string[] | null;
}

export interface UserStore {
  get(name: string): User | undefined;
  list(): readonly User[];
  /** A new user has to be told its agents; its role is `view` where none is named. */
  create(name: string, rights: UserRights, by: By): Result<User, AccessTrouble>;
  /** Holds at once, for whoever is let in already, too. */
  change(name: string, rights: UserRights, by: By): Result<User, AccessTrouble>;
  /** With its tokens and sessions. False where there is none of that name. */
  remove(name: string, by: By): boolean;
  /** What hashPassword gave; undefined takes it away. Ends the sessions, but for one of that id. */
  setPassword(
    name: string,
    hash: string | undefined,
    by: By,
    kept?: string,
  ): Result<undefined, AccessTrouble>;
  passwordOf(name: string): string | undefined;
}

const MOST_AGENTS = 1000;
const MOST_USERS = 10_000;

export function createUserStore({ db, clock, audit, change }: StoreContext, tokens: TokenStore): UserStore {
  const read = (name: string): RowOf<typeof USER> | undefined =>
    db.get(USER, 'SELECT * FROM user WHERE name = ?', [name]);
  const get = (name: string): User | undefined => {
    const row = read(name);
    return row === undefined ? undefined : asUser(row);
  };
  return {
    get,
    list: () => db.all(USER, 'SELECT * FROM user ORDER BY name LIMIT ?', [MOST_USERS]).map(asUser),
    create: (name, rights, by) =>
      change(() => {
        const named = checkUserName(name);
        if (!named.ok) return err({ kind: 'invalid', message: named.error });
        if (read(name) !== undefined)
          return err({ kind: 'conflict', message: `cannot make the user "${name}": there is one` });
        const checked = settle({ role: 'view' }, rights);
        if (!checked.ok) return checked;
        const { role, agents } = checked.value;
        const sql = 'INSERT INTO user (name, role, agents, created) VALUES (?, ?, ?, ?)';
        db.run(sql, [name, role, agents === undefined ? null : JSON.stringify(agents), clock.now()]);
        audit.add(by, `user made: ${rightsText(checked.value)}`, `user ${name}`);
        return ok({ name, ...checked.value, hasPassword: false, created: clock.now() });
      }),
    change: (name, rights, by) =>
      change(() => {
        const before = get(name);
        if (before === undefined) return unknown(name);
        const checked = settle(before, rights);
        if (!checked.ok) return checked;
        const { role, agents } = checked.value;
        if (role === before.role && isDeepStrictEqual(agents, before.agents)) return ok(before);
        const list = agents === undefined ? null : JSON.stringify(agents);
        db.run('UPDATE user SET role = ?, agents = ? WHERE name = ?', [role, list, name]);
        audit.add(by, `rights changed: ${rightsText(checked.value)}`, `user ${name}`);
        return ok({ ...before, role, agents });
      }),
    remove: (name, by) =>
      change(() => {
        if (db.run('DELETE FROM user WHERE name = ?', [name]) === 0) return false;
        tokens.end({ whose: name, kinds: ['user', 'session'] });
        db.run(`DELETE FROM code WHERE kind = 'link' AND whose = ?`, [name]);
        audit.add(by, 'user removed', `user ${name}`);
        return true;
      }),
    setPassword: (name, hash, by, kept) =>
      change(() => {
        if (db.run('UPDATE user SET password = ? WHERE name = ?', [hash ?? null, name]) === 0)
          return unknown(name);
        tokens.end({ whose: name, kinds: ['session'], but: kept });
        audit.add(by, hash === undefined ? 'password taken away' : 'password set', `user ${name}`);
        return ok(undefined);
      }),
    passwordOf: (name) => read(name)?.password ?? undefined,
  };
}

/** What a user may after a change. Admins see everything: they could let themselves. */
function settle(
  before: { readonly role: Role; readonly agents?: readonly string[] | undefined },
  { role = before.role, agents }: UserRights,
): Result<{ readonly role: Role; readonly agents: readonly string[] | undefined }, AccessTrouble> {
  const invalid = (message: string) => err<AccessTrouble>({ kind: 'invalid', message });
  if (role === 'admin') {
    if (agents === undefined || agents === null) return ok({ role, agents: undefined });
    return invalid('cannot limit the agents of an admin: admins see all');
  }
  if (agents === null) return ok({ role, agents: undefined });
  // Nobody becomes one who sees everything by being left out.
  const isNew = !('agents' in before);
  const wasAdmin = before.role === 'admin';
  if (agents === undefined && (isNew || wasAdmin))
    return invalid('cannot do without the agents that the user may see: name them, or all');
  const list = agents === undefined ? before.agents : [...new Set(agents)];
  if (list === undefined) return ok({ role, agents: undefined });
  if (list.length > MOST_AGENTS) return invalid(`cannot name more than ${MOST_AGENTS} agents`);
  for (const agent of list) {
    const named = checkAgentName(agent);
    if (!named.ok) return invalid(named.error);
  }
  return ok({ role, agents: list });
}

function unknown(name: string): { readonly ok: false; readonly error: AccessTrouble } {
  return err({ kind: 'unknown', message: `cannot find a user ${JSON.stringify(name.slice(0, 128))}` });
}

/** `view of alpha, beta`, `admin`. */
export function rightsText({ role, agents }: Pick<User, 'role' | 'agents'>): string {
  if (role === 'admin') return role;
  if (agents === undefined) return `${role} of all`;
  return agents.length === 0 ? `${role} of none` : `${role} of ${agents.join(', ')}`;
}

function asUser({ name, role, agents, password, created }: RowOf<typeof USER>): User {
  const known = ROLES.find((each) => each === role);
  if (known === undefined) throw new Error(`cannot use the role ${JSON.stringify(role)} of a stored user`);
  return {
    name,
    role: known,
    agents: agents === null ? undefined : (JSON.parse(agents) as string[]),
    hasPassword: password !== null,
    created,
  };
}
