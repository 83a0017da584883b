import { chownSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { asError, errorCode, ok, type Result } from '../../core/result.ts';
import { type Database, DatabaseError, number, openDatabase, transaction } from '../../core/sqlite.ts';
import { type AuditLog, type By, createAuditLog } from './audit-log.ts';
import { type CodeStore, createCodeStore } from './code-store.ts';
import { ACCESS_TABLES } from './tables.ts';
import { createTokenStore, type TokenStore } from './token-store.ts';
import { createUserStore, type UserStore } from './user-store.ts';
import type { StoreContext } from './store-context.ts';

/** Who may come in: `access.db` in the hub's folder. The hub and `vahti token` have it open at the same time. No secret is in it. */
export interface AccessStore {
  readonly tokens: TokenStore;
  readonly users: UserStore;
  readonly codes: CodeStore;
  readonly audit: AuditLog;
  /** Another value than before once anybody, in any process, has changed something. */
  version(): string;
  /** Ends all that lets somebody in under a name: tokens, sessions, codes, the password. A user stays known, with its rights. */
  lockOut(kind: 'agent' | 'user', name: string, by: By): LockedOut;
  /** Forgets what ended long ago. */
  trim(): void;
  /** Writes several things at once, or none. */
  change<T>(work: () => T extends Promise<unknown> ? never : T): T;
  close(): void;
}

/** What was ended. */
export interface LockedOut {
  readonly tokens: number;
  readonly codes: number;
  readonly password: boolean;
}

export interface AccessStoreOptions {
  readonly clock: Clock;
  /** How long a write waits for another process. The whole process waits: short for the hub. */
  readonly waitMs?: number;
}

const FILE = 'access.db';

/** @param folder the hub's; made where it is missing. Every method throws a DatabaseError where the world is in the way. */
export function openAccessStore(
  folder: string,
  { clock, waitMs = 5000 }: AccessStoreOptions,
): Result<AccessStore, DatabaseError> {
  const path = join(folder, FILE);
  try {
    prepareFile(folder, path);
  } catch (thrown) {
    const message = `cannot open who may come in: ${path}: ${errorCode(thrown) ?? asError(thrown).message}`;
    return { ok: false, error: new DatabaseError('unopenable', message, { cause: thrown }) };
  }
  const opened = openDatabase(path, {
    migrations: ACCESS_TABLES,
    // A revocation that was confirmed holds, also behind a power cut.
    synchronous: 'full',
    name: 'who may come in',
  });
  if (!opened.ok) return opened;
  const db = opened.value;
  db.exec(`PRAGMA busy_timeout = ${waitMs}`);
  return ok(createStore(db, clock));
}

/** Only the owner may read it: SQLite gives the files beside it the same mode and, run by root, the same owner. */
function prepareFile(folder: string, path: string): void {
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    keepOwner(folder);
  }
  if (existsSync(path)) return;
  closeSync(openSync(path, 'a', 0o600));
  keepOwner(path);
}

/** `sudo vahti token` must leave nothing behind that the hub, which runs as a user of its own, cannot open. */
export function keepOwner(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  chownSync(path, uid, gid);
}

function createStore(db: Database, clock: Clock): AccessStore {
  const audit = createAuditLog(db, clock);
  let changes = 0;
  const change: StoreContext['change'] = (work) => {
    changes++;
    return transaction(db, work);
  };
  const context = { db, clock, audit, change };
  const tokens = createTokenStore(context);
  const codes = createCodeStore(context, tokens);
  return {
    tokens,
    codes,
    users: createUserStore(context, tokens),
    audit,
    lockOut: (kind, name, by) =>
      change(() => {
        const isUser = kind === 'user';
        const ended = {
          tokens: tokens.end({ whose: name, kinds: isUser ? ['user', 'session'] : ['agent'] }),
          codes: codes.end(isUser ? 'link' : 'enrolment', name),
          password:
            isUser &&
            db.run('UPDATE user SET password = NULL WHERE name = ? AND password IS NOT NULL', [name]) > 0,
        };
        audit.add(by, `locked out: ${lockedOutText(ended)}`, `${kind} ${name}`);
        return ended;
      }),
    // sqlite.org/pragma.html#pragma_data_version: changes with the commits of others alone.
    version: () => `${db.get({ data_version: number }, 'PRAGMA data_version')?.data_version ?? 0}.${changes}`,
    trim() {
      change(() => {
        audit.trim();
        tokens.trim();
        codes.trim();
      });
    },
    change,
    close: () => db.close(),
  };
}

/** `2 tokens, 1 code and the password revoked`. */
export function lockedOutText({ tokens, codes, password }: LockedOut): string {
  const counted = (count: number, what: string): string[] =>
    count === 0 ? [] : [`${count} ${what}${count === 1 ? '' : 's'}`];
  const parts = [
    ...counted(tokens, 'token'),
    ...counted(codes, 'code'),
    ...(password ? ['the password'] : []),
  ];
  if (parts.length === 0) return 'there was nothing to revoke';
  return `${parts.join(', ').replace(/, ([^,]*)$/, ' and $1')} revoked`;
}
