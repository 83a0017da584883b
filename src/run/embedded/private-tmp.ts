import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { signalGroup, startProcess, type User } from '../../core/processes.ts';
import { asError, err, errorCode, ok, type Result } from '../../core/result.ts';

/** A folder for temporary files of each life: nobody else's, and gone with it. */
export interface PrivateTmp {
  /** Makes the folder of a life, 0700, its user's own. The error says why there is none. */
  make(life: string): Result<string, string>;
  /** Removes it with all that is in it. What cannot be removed is told, and tried again by the next daemon. Never rejects. */
  remove(folder: string): Promise<void>;
}

export interface PrivateTmpOptions {
  /** The folder that they are in, right below the state folder. */
  readonly root: string;
  readonly user?: User;
  readonly clock: Clock;
  readonly log: Log;
}

/** The variables by which programs find it: POSIX, and two that are older. */
export function tmpEnvironment(folder: string): Record<string, string> {
  return { TMPDIR: folder, TMP: folder, TEMP: folder };
}

const REMOVAL_MS = 60_000;
const OTHERS_ENTER = 0o711;

export function createPrivateTmp(options: PrivateTmpOptions): PrivateTmp {
  const { root, user } = options;
  return {
    make(life) {
      const folder = path.join(root, life);
      try {
        fs.mkdirSync(root, { recursive: true, mode: OTHERS_ENTER });
        fs.mkdirSync(folder, { mode: 0o700 });
        if (user === undefined || user.uid === process.geteuid?.()) return ok(folder);
        const barred = letIn(root, user);
        if (barred !== undefined)
          return err(`user "${user.name}" cannot enter ${barred}, for \`tmp: private\``);
        fs.chownSync(folder, user.uid, user.gid);
        return ok(folder);
      } catch (thrown) {
        return err(`no folder for temporary files: ${asError(thrown).message}`);
      }
    },
    remove: (folder) => removeTree(folder, options),
  };
}

/** Removes what killed daemons left below `root`, but for lives (`STATE/SERVICE/LIFE`) that could not be ended. */
export async function clearPrivateTmp(
  options: Omit<PrivateTmpOptions, 'user'>,
  stuck: readonly string[] = [],
): Promise<void> {
  const kept = stuck.map((life) => life.split('/').slice(1).join('.'));
  const all = await fs.promises.readdir(options.root).catch(() => []);
  const names = all.filter((name) => !kept.includes(name));
  await Promise.all(names.map((name) => removeTree(path.join(options.root, name), options)));
}

/**
 * Lets another user pass through the state folder on the way to its own, and see nothing there: folders beside `root` and all
 * files are closed to others first. @returns the folder above that it cannot enter, where there is one.
 */
function letIn(root: string, user: User): string | undefined {
  const state = path.dirname(root);
  for (const entry of fs.readdirSync(state, { withFileTypes: true })) {
    const whole = path.join(state, entry.name);
    if (entry.isSymbolicLink() || whole === root) continue;
    closeToOthers(whole);
  }
  fs.chmodSync(state, OTHERS_ENTER);
  fs.chmodSync(root, OTHERS_ENTER);
  for (let folder = path.dirname(state); ; folder = path.dirname(folder)) {
    if (!mayEnter(fs.statSync(folder), user)) return folder;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** What is gone by now (a journal of a database) needs it no more. */
function closeToOthers(file: string): void {
  try {
    fs.chmodSync(file, fs.statSync(file).mode & 0o700);
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') throw thrown;
  }
}

/** By its mode; a group may be one of the user's, and an access list shows as a group's right. */
function mayEnter({ mode, uid }: fs.Stats, user: User): boolean {
  return uid === user.uid ? (mode & 0o100) !== 0 : (mode & 0o011) !== 0;
}

/** By rm(1): as root in a folder of somebody else's, no link that is put in the way meanwhile may lead it elsewhere. */
async function removeTree(folder: string, { clock, log }: Omit<PrivateTmpOptions, 'user'>): Promise<void> {
  const removal = startProcess({
    argv: ['rm', '-rf', '--one-file-system', '--', folder],
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
  });
  const patience = new AbortController();
  const late = clock.sleep(REMOVAL_MS, patience.signal);
  await Promise.race([removal.exited, late]);
  patience.abort();
  if (await late) signalGroup(removal.pid ?? 0, 'SIGKILL');
  if (fs.existsSync(folder)) log.error('cannot remove a private folder for temporary files', { folder });
}
