import { err, ok, type Result } from '../../core/result.ts';
import { type RowOf, text } from '../../core/sqlite.ts';
import type { By } from './audit-log.ts';
import { checkAgentName } from './names.ts';
import { hashOfSecret, newId, newSecret, readEnrolmentCode } from './secrets.ts';
import type { AccessTrouble, StoreContext } from './store-context.ts';
import { CODE } from './tables.ts';
import type { MadeToken, TokenStore } from './token-store.ts';

/** What is known of a code that somebody comes in with once, or a few times; the code itself is not. Times in milliseconds. */
export interface Code extends Omit<RowOf<typeof CODE>, 'kind'> {
  /** An agent gets its token for it; a user a session. */
  readonly kind: 'enrolment' | 'link';
}

export interface MadeCode {
  readonly id: string;
  readonly code: string;
  readonly expires: number;
}

/** Somebody who wants to be an agent. */
export interface Enrolment {
  /** As it was typed. */
  readonly code: string;
  readonly agent: string;
  readonly address: string;
  /** Whether there are records of an agent of that name, however it came in. */
  readonly hasRecords: boolean;
}

export interface CodeStore {
  /** @param wanted.agent undefined: any that is not known yet. */
  createEnrolment(
    wanted: { readonly agent: string | undefined; readonly uses: number; readonly lastsMs: number },
    by: By,
  ): Result<MadeCode, AccessTrouble>;
  /** A token for an agent, against a code. */
  enrol(enrolment: Enrolment): Result<MadeToken, AccessTrouble>;
  createLink(user: string, by: By): Result<MadeCode, AccessTrouble>;
  /** Whether it can be used now: a look that changes nothing, so that guesses disturb nobody. */
  isUsable(kind: Code['kind'], code: string): boolean;
  /** Whose session a link begins; it is used up by it. Within a change of the caller's. */
  takeLink(code: string): string | undefined;
  /** Those that can still be used. */
  list(): readonly Code[];
  revoke(id: string, by: By): boolean;
  /** Revokes those of an agent or a user, within a change of the caller's. Answers with how many. */
  end(kind: Code['kind'], whose: string): number;
  trim(): void;
}

const MOST_CODES = 10_000;
const MOST_USES = 10_000;
const LONGEST_MS = 366 * 24 * 3_600_000;
const LINK_MS = 5 * 60_000;
const COLUMNS = 'id, kind, whose, uses, created, expires, revoked';

export function createCodeStore(context: StoreContext, tokens: TokenStore): CodeStore {
  const { db, clock, audit, change } = context;
  const list = (): readonly Code[] => usableCodes(context);
  const insert = (
    wanted: Pick<Code, 'kind' | 'whose' | 'uses'>,
    lastsMs: number,
  ): Result<MadeCode, AccessTrouble> =>
    list().length < MOST_CODES
      ? ok(insertCode(context, wanted, lastsMs))
      : err({ kind: 'full', message: `cannot make more than ${MOST_CODES} codes: revoke some` });
  return {
    list,
    trim() {
      db.run('DELETE FROM code WHERE expires <= ? OR uses <= 0 OR revoked IS NOT NULL', [clock.now()]);
    },
    createEnrolment: ({ agent, uses, lastsMs }, by) =>
      change(() => {
        const checked = checkEnrolment(agent, uses, lastsMs);
        if (!checked.ok) return checked;
        const made = insert({ kind: 'enrolment', whose: agent ?? null, uses }, lastsMs);
        if (made.ok) audit.add(by, `enrolment code ${made.value.id} made`, `agent ${agent ?? '(any new)'}`);
        return made;
      }),
    isUsable: (kind, code) => isUsable(context, kind, code),
    enrol(enrolment) {
      const code = readEnrolmentCode(enrolment.code);
      if (code === undefined || findUsable(context, 'enrolment', code) === undefined) return err(WRONG_CODE);
      return change(() => enrol(context, tokens, { ...enrolment, code }));
    },
    createLink: (user, by) =>
      change(() => {
        const known = db.get({ name: text }, 'SELECT name FROM user WHERE name = ?', [user]);
        if (known === undefined) return err({ kind: 'unknown', message: `cannot find a user "${user}"` });
        const made = insert({ kind: 'link', whose: user, uses: 1 }, LINK_MS);
        if (made.ok) audit.add(by, `login link ${made.value.id} made`, `user ${user}`);
        return made;
      }),
    takeLink(code) {
      const found = findUsable(context, 'link', code);
      if (found === undefined) return undefined;
      db.run('UPDATE code SET uses = uses - 1 WHERE id = ?', [found.id]);
      return found.whose ?? undefined;
    },
    end: (kind, whose) =>
      db.run(
        'DELETE FROM code WHERE kind = ? AND whose = ? AND revoked IS NULL AND uses > 0 AND expires > ?',
        [kind, whose, clock.now()],
      ),
    revoke: (id, by) =>
      change(() => {
        const sql =
          'UPDATE code SET revoked = ? WHERE id = ? AND revoked IS NULL AND uses > 0 AND expires > ?';
        if (db.run(sql, [clock.now(), id, clock.now()]) === 0) return false;
        audit.add(by, `code ${id} revoked`, '');
        return true;
      }),
  };
}

function usableCodes({ db, clock }: StoreContext): readonly Code[] {
  const sql = `SELECT ${COLUMNS} FROM code WHERE expires > ? AND uses > 0 AND revoked IS NULL ORDER BY created, rowid`;
  return db.all(CODE, sql, [clock.now()]).map((row) => ({ ...row, kind: row.kind as Code['kind'] }));
}

function insertCode(
  { db, clock }: StoreContext,
  { kind, whose, uses }: Pick<Code, 'kind' | 'whose' | 'uses'>,
  lastsMs: number,
): MadeCode {
  const [id, code, created] = [newId(), newSecret(kind), clock.now()];
  const expires = created + lastsMs;
  db.run('INSERT INTO code (id, hash, kind, whose, uses, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)', [
    id,
    hashOfSecret(code),
    kind,
    whose,
    uses,
    created,
    expires,
  ]);
  return { id, code, expires };
}

function isUsable(context: StoreContext, kind: Code['kind'], typed: string): boolean {
  const code = kind === 'enrolment' ? readEnrolmentCode(typed) : typed;
  return code !== undefined && findUsable(context, kind, code) !== undefined;
}

function findUsable(
  { db, clock }: StoreContext,
  kind: Code['kind'],
  code: string,
): RowOf<typeof CODE> | undefined {
  return db.get(
    CODE,
    `SELECT ${COLUMNS} FROM code WHERE hash = ? AND kind = ? AND uses > 0 AND revoked IS NULL AND expires > ?`,
    [hashOfSecret(code), kind, clock.now()],
  );
}

function checkEnrolment(
  agent: string | undefined,
  uses: number,
  lastsMs: number,
): Result<undefined, AccessTrouble> {
  const invalid = (message: string) => err<AccessTrouble>({ kind: 'invalid', message });
  const named = agent === undefined ? undefined : checkAgentName(agent);
  if (named?.ok === false) return invalid(named.error);
  if (!Number.isInteger(uses) || uses < 1 || uses > MOST_USES)
    return invalid(`cannot make a code for ${uses} uses: write 1 to ${MOST_USES}`);
  if (lastsMs <= 0 || lastsMs > LONGEST_MS)
    return invalid('cannot make a code that lasts so long: write a year at most');
  return ok(undefined);
}

const WRONG_CODE: AccessTrouble = {
  kind: 'forbidden',
  message: 'cannot enrol by this code: it is not known, used up, or has expired',
};

/** Within a change. */
function enrol(
  context: StoreContext,
  tokens: TokenStore,
  { code, agent, address, hasRecords }: Enrolment,
): Result<MadeToken, AccessTrouble> {
  const { db, audit } = context;
  const forbidden = (message: string) => err<AccessTrouble>({ kind: 'forbidden', message });
  const found = findUsable(context, 'enrolment', code);
  if (found === undefined) return err(WRONG_CODE);
  const named = checkAgentName(agent);
  if (!named.ok) return err({ kind: 'invalid', message: named.error });
  if (found.whose !== null && found.whose !== agent)
    return forbidden(`cannot enrol ${agent} by this code: it is for another agent`);
  // Whoever has a code for any agent must not get at the records of one that is there.
  if (found.whose === null && (hasRecords || tokens.isAgent(agent)))
    return forbidden(
      `cannot enrol ${agent} by this code: there is an agent of that name, which needs a code of its own`,
    );
  const made = tokens.insert({ kind: 'agent', whose: agent, label: `enrolled by ${found.id}` });
  if (!made.ok) return made;
  db.run('UPDATE code SET uses = uses - 1 WHERE id = ?', [found.id]);
  audit.add(
    { who: `agent ${agent}`, address },
    `enrolled by code ${found.id}: token ${made.value.id} made`,
    `agent ${agent}`,
  );
  return made;
}
