import { err, ok, type Result } from '../../core/result.ts';
import { type Database, number, type RowOf, text } from '../../core/sqlite.ts';
import type { By } from './audit-log.ts';
import { checkAgentName, checkLabel } from './names.ts';
import { hashOfSecret, newId, newSecret } from './secrets.ts';
import type { AccessTrouble, StoreContext } from './store-context.ts';
import { TOKEN } from './tables.ts';

export type TokenKind = 'agent' | 'user' | 'session';

/** What is known of a token; the token itself is not. Times in milliseconds. */
export interface Token extends Omit<RowOf<typeof TOKEN>, 'kind'> {
  readonly kind: TokenKind;
}

export interface NewToken {
  readonly kind: TokenKind;
  /** An agent, which is made where it is not known, or a user, who has to be known. */
  readonly whose: string;
  readonly label: string;
  /** When it expires; undefined: never. */
  readonly expires?: number;
  /** The name of the file that it lies in: one token lies in a file at a time. */
  readonly file?: string;
}

/** A token that was made: the only time that it is seen. */
export interface MadeToken {
  readonly id: string;
  readonly token: string;
  readonly created: number;
  readonly expires: number | null;
}

export interface TokenStore {
  create(wanted: NewToken, by: By): Result<MadeToken, AccessTrouble>;
  /** The same within a change of the caller's. @param secret where it was made before. */
  insert(wanted: NewToken, secret?: string): Result<MadeToken, AccessTrouble>;
  find(secret: string): Token | undefined;
  get(id: string): Token | undefined;
  /** The newest first. Sessions only where asked for. */
  list(sessions: boolean): readonly Token[];
  agents(): readonly string[];
  isAgent(name: string): boolean;
  /** False where it was revoked before, or there is none. */
  revoke(id: string, by: By): boolean;
  /** Revokes several, within a change of the caller's, and without a word in the audit. Answers with how many were not revoked before. */
  end(which: { readonly id: string } | { readonly file: string } | TokensOf): number;
  /** When tokens were last seen: in one go, told to nobody. */
  saveUse(used: ReadonlyMap<string, number>): void;
  trim(): void;
}

export interface TokensOf {
  readonly whose: string;
  readonly kinds: readonly TokenKind[];
  /** The id of one that goes on. */
  readonly but?: string | undefined;
}

const MOST_TOKENS = 100_000;
/** So many sessions of one user at a time; the oldest ends with the next one. */
const MOST_SESSIONS = 50;
/** What ended so long ago is forgotten: the token is then not known any more. */
const FORGET_MS = 90 * 24 * 3_600_000;
const COLUMNS = 'id, kind, whose, label, file, created, expires, revoked, used';

export function createTokenStore(context: StoreContext): TokenStore {
  const { db, clock, audit, change } = context;
  const insert: TokenStore['insert'] = (wanted, secret) => insertToken(context, wanted, secret);
  const end: TokenStore['end'] = (which) => endTokens(db, which, clock.now());
  const get = (id: string): Token | undefined =>
    asToken(db.get(TOKEN, `SELECT ${COLUMNS} FROM token WHERE id = ?`, [id]));
  return {
    insert,
    end,
    get,
    create: (wanted, by) =>
      change(() => {
        const made = insert(wanted);
        if (made.ok) audit.add(by, `token ${made.value.id} made`, `${wanted.kind} ${wanted.whose}`);
        return made;
      }),
    find: (secret) =>
      asToken(db.get(TOKEN, `SELECT ${COLUMNS} FROM token WHERE hash = ?`, [hashOfSecret(secret)])),
    list: (sessions) =>
      db
        .all(
          TOKEN,
          `SELECT ${COLUMNS} FROM token WHERE kind <> 'session' OR ? ORDER BY created DESC, rowid DESC LIMIT 10000`,
          [sessions ? 1 : 0],
        )
        .map((row) => ({ ...row, kind: row.kind as TokenKind })),
    agents: () => db.all({ name: text }, 'SELECT name FROM agent ORDER BY name').map(({ name }) => name),
    isAgent: (name) => db.get({ name: text }, 'SELECT name FROM agent WHERE name = ?', [name]) !== undefined,
    revoke: (id, by) =>
      change(() => {
        const token = get(id);
        if (token === undefined || end({ id }) === 0) return false;
        audit.add(by, `token ${id} revoked`, `${token.kind} ${token.whose}`);
        return true;
      }),
    saveUse(used) {
      if (used.size === 0) return;
      // No change of who may come in: nobody has to look again. In one statement: the event loop waits meanwhile.
      const sql = 'UPDATE token SET used = seen.value FROM json_each(?) AS seen WHERE token.id = seen.key';
      db.run(sql, [JSON.stringify(Object.fromEntries(used))]);
    },
    trim() {
      const before = clock.now() - FORGET_MS;
      db.run('DELETE FROM token WHERE revoked < ? OR expires < ?', [before, before]);
      // A session is of no interest once it is over.
      const now = clock.now();
      db.run(`DELETE FROM token WHERE kind = 'session' AND (revoked IS NOT NULL OR expires < ?)`, [now]);
    },
  };
}

function insertToken(
  { db, clock }: StoreContext,
  { kind, whose, label, expires, file }: NewToken,
  secret = newSecret(kind),
): Result<MadeToken, AccessTrouble> {
  const invalid = (message: string) => err<AccessTrouble>({ kind: 'invalid', message });
  const name = kind === 'agent' ? checkAgentName(whose) : ok(whose);
  if (!name.ok) return invalid(name.error);
  const labelled = checkLabel(label);
  if (!labelled.ok) return invalid(labelled.error);
  const now = clock.now();
  if (expires !== undefined && expires <= now) return invalid('cannot make a token that has expired already');
  const count =
    db.get({ count: number }, `SELECT count(*) AS count FROM token WHERE kind <> 'session'`)?.count ?? 0;
  if (count >= MOST_TOKENS)
    return err({ kind: 'full', message: `cannot make more than ${MOST_TOKENS} tokens: revoke some` });
  if (kind === 'agent') db.run('INSERT OR IGNORE INTO agent (name, created) VALUES (?, ?)', [whose, now]);
  else if (db.get({ name: text }, 'SELECT name FROM user WHERE name = ?', [whose]) === undefined)
    return err({ kind: 'unknown', message: `cannot find a user "${whose}"` });
  if (kind === 'session')
    db.run(
      `DELETE FROM token WHERE rowid IN (SELECT rowid FROM token WHERE kind = 'session' AND whose = ?
       ORDER BY created DESC, rowid DESC LIMIT -1 OFFSET ?)`,
      [whose, MOST_SESSIONS - 1],
    );
  const id = newId();
  db.run(
    'INSERT INTO token (id, hash, kind, whose, label, file, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    [id, hashOfSecret(secret), kind, whose, label, file ?? null, now, expires ?? null],
  );
  return ok({ id, token: secret, created: now, expires: expires ?? null });
}

function endTokens(db: Database, which: Parameters<TokenStore['end']>[0], now: number): number {
  if ('file' in which)
    return db.run('UPDATE token SET revoked = ? WHERE file = ? AND revoked IS NULL', [now, which.file]);
  if ('id' in which)
    return db.run('UPDATE token SET revoked = ? WHERE id = ? AND revoked IS NULL', [now, which.id]);
  let count = 0;
  for (const kind of which.kinds)
    count += db.run(
      'UPDATE token SET revoked = ? WHERE whose = ? AND kind = ? AND id <> ? AND revoked IS NULL',
      [now, which.whose, kind, which.but ?? ''],
    );
  return count;
}

function asToken(row: RowOf<typeof TOKEN> | undefined): Token | undefined {
  return row === undefined ? undefined : { ...row, kind: row.kind as TokenKind };
}
