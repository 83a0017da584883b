import { link, readFile, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryPath, writeFileAtomic } from '../../core/atomic-file.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { disk } from '../../core/files.ts';
import { asError, err, errorCode, ok, type Result } from '../../core/result.ts';
import { DatabaseError } from '../../core/sqlite.ts';
import type { By } from './audit-log.ts';
import { kindOfSecret, newSecret } from './secrets.ts';
import { type AccessStore, keepOwner, openAccessStore } from './store.ts';

/** A token that lies in a file of the hub's folder, for processes of the same machine and user. */
export interface TokenFile {
  readonly path: string;
  readonly token: string;
  /** Whether it became known only now. */
  readonly isNew: boolean;
}

interface Wanted {
  readonly file: 'admin-token' | 'agent-token';
  readonly kind: 'user' | 'agent';
  readonly whose: string;
}

const BY: By = { who: 'the hub', address: '' };
const ADMIN = 'admin';

/**
 * The token of the user `admin`, in `admin-token`: made where the file is missing. The error is a sentence.
 * @param folder the hub's.
 */
export function ensureAdminToken(
  folder: string,
  clock: Clock = systemClock,
): Promise<Result<TokenFile, string>> {
  return ensureTokenFile(folder, { file: 'admin-token', kind: 'user', whose: ADMIN }, clock);
}

/** The token of the agent of the machine that the hub runs on, in `agent-token`: for the daemon that starts the hub. */
export function ensureAgentToken(
  folder: string,
  agent: string,
  clock: Clock = systemClock,
): Promise<Result<TokenFile, string>> {
  return ensureTokenFile(folder, { file: 'agent-token', kind: 'agent', whose: agent }, clock);
}

/**
 * The file is the truth, and the store follows it: whatever is killed when, and whoever does the same at the same time, the
 * next one finds a file, and lets in what it says. Who may write into this folder can write the store as well.
 */
async function ensureTokenFile(
  folder: string,
  wanted: Wanted,
  clock: Clock,
): Promise<Result<TokenFile, string>> {
  const path = join(folder, wanted.file);
  const opened = openAccessStore(folder, { clock });
  if (!opened.ok) return err(opened.error.message);
  const store = opened.value;
  try {
    let token = (await readToken(path)) ?? (await createFile(path, newSecret(wanted.kind)));
    if (kindOfSecret(token) !== wanted.kind)
      return err(
        `cannot use ${path}: there is no token of ${wanted.kind === 'user' ? 'a user' : 'an agent'} in it; without the file, a new one is made`,
      );
    // The machine has another name than before.
    if ((store.tokens.find(token)?.whose ?? wanted.whose) !== wanted.whose)
      token = await replaceFile(path, token, newSecret(wanted.kind));
    return adopt(store, wanted, { path, token });
  } catch (thrown) {
    if (thrown instanceof DatabaseError) return err(thrown.message);
    const code = errorCode(thrown);
    if (code === undefined) throw thrown;
    return err(`cannot keep a token in ${path}: ${asError(thrown).message}`);
  } finally {
    store.close();
  }
}

async function readToken(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Puts a token into a file that is not there yet. Answers with what is there then: another process may have been faster. */
async function createFile(path: string, token: string): Promise<string> {
  const whole = temporaryPath(path);
  await writeFileAtomic(whole, `${token}\n`, { mode: 0o600 });
  try {
    keepOwner(whole);
    // Unlike a rename, never in the place of another.
    await link(whole, path);
  } catch (thrown) {
    if (errorCode(thrown) !== 'EEXIST') throw thrown;
  } finally {
    await unlink(whole);
  }
  await disk.syncFolder(dirname(path));
  return (await readToken(path)) ?? token;
}

/** Puts a token in the place of another, unless somebody has done so already. Answers with what is there then. */
async function replaceFile(path: string, old: string, token: string): Promise<string> {
  const aside = temporaryPath(path);
  await disk.rename(path, aside);
  if ((await readToken(aside)) !== old) await link(aside, path).catch(() => undefined);
  await unlink(aside);
  return createFile(path, token);
}

/** Lets in the token of a file, and nobody with one that was there before. One that was revoked stays so. */
function adopt(
  store: AccessStore,
  { file, kind, whose }: Wanted,
  { path, token }: { readonly path: string; readonly token: string },
): Result<TokenFile, string> {
  if (kind === 'user' && store.users.get(whose) === undefined) {
    const made = store.users.create(whose, { role: 'admin' }, BY);
    if (!made.ok && made.error.kind !== 'conflict') return err(made.error.message);
  }
  return store.change(() => {
    const known = store.tokens.find(token);
    if (known !== undefined) return ok({ path, token, isNew: false });
    store.tokens.end({ file });
    const made = store.tokens.insert({ kind, whose, label: `in ${file}`, file }, token);
    if (!made.ok) return err(made.error.message);
    store.audit.add(BY, `token ${made.value.id} made, in ${file}`, `${kind} ${whose}`);
    return ok({ path, token, isNew: true });
  });
}
