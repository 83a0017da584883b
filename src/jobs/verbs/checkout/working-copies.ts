import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../core/atomic-file.ts';
import type { Files } from '../../../core/files.ts';
import { err, errorCode, ok, type Result } from '../../../core/result.ts';
import { type Programs, runProgram } from '../../program.ts';
import type { Choice } from './choosing.ts';
import type { Git } from './git.ts';
import { isThere, makeVersionsFolder, type Store, versionName } from './store.ts';

/** For sync(1), milliseconds. */
const SYNC_MS = 600_000;

/** What the steps work with. */
export interface Bench {
  readonly store: Store;
  readonly git: Git;
  readonly files: Files;
  readonly programs: Programs;
}

type Done = Result<undefined, string>;
const DONE: Done = ok(undefined);

/** Makes the repository, where it is missing; again and again is as good as once. */
export async function makeRepository({ store, git }: Bench): Promise<Done> {
  if (!(await isThere(join(store.repository, 'HEAD')))) {
    // A folder that is there tells the next run that this one is ours.
    await mkdir(store.repository, { recursive: true });
    const made = await git(['init', '--quiet', '--bare', '--template=', '--', store.repository]);
    if (!made.ok) return made;
  }
  // The file that we put into each working copy is no change of anybody's.
  const info = join(store.repository, 'info');
  const line = `/${store.versionFile.replaceAll(/[\\*?[\]!# ]/g, String.raw`\$&`)}`;
  await mkdir(info, { recursive: true });
  const exclude = join(info, 'exclude');
  const text = await readFile(exclude, 'utf8').catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT') return '';
    throw thrown;
  });
  if (!text.split('\n').includes(line)) await appendFile(exclude, `${line}\n`);
  return DONE;
}

/** Brings a version here; answers with the commit that it is by now. */
export async function fetchVersion(
  { store, git }: Bench,
  from: string,
  { ref }: Choice,
): Promise<Result<string, string>> {
  const own = ref.replace(/^refs\/heads\//, 'refs/remotes/origin/');
  const refs = [`+${ref}:${own}`, '+refs/tags/*:refs/tags/*'];
  const dir = `--git-dir=${store.repository}`;
  const fetched = await git([dir, 'fetch', '--quiet', '--force', '--no-tags', '--', from, ...new Set(refs)]);
  if (!fetched.ok) return fetched;
  const commit = await git([dir, 'rev-parse', '--verify', '--end-of-options', `${own}^{commit}`]);
  return commit.ok ? ok(commit.value.trim()) : commit;
}

/** The files of a working copy that somebody changed, added or deleted; what the repository ignores is none. */
export async function changedFiles(
  { store, git }: Bench,
  name: string,
): Promise<Result<readonly string[], string>> {
  const status = await git([
    '-C',
    join(store.versions, name),
    'status',
    '--porcelain=v1',
    '-z',
    '--untracked-files=all',
    '--no-renames',
    '--ignore-submodules=all',
  ]);
  if (!status.ok) return status;
  return ok(
    status.value
      .split('\0')
      .filter((line) => line.length > 3)
      .map((line) => line.slice(3)),
  );
}

/** Makes the working copy of a version, whole and durable; its version file comes last, and says that it is. */
export async function makeVersion(bench: Bench, choice: Choice): Promise<Done> {
  const { store, git, files } = bench;
  const { commit } = choice;
  const name = versionName(choice);
  const path = join(store.versions, name);
  const dir = `--git-dir=${store.repository}`;
  const own = await git([dir, 'ls-tree', '--name-only', '-z', commit, '--', store.versionFile]);
  if (!own.ok) return own;
  if (own.value !== '')
    return err(
      `the repository has a ${store.versionFile} of its own; choose another name by \`version-file\``,
    );
  await makeVersionsFolder(store);
  await removeVersion(bench, name);
  const added = await git([dir, 'worktree', 'add', '--quiet', '--force', '--detach', '--', path, commit]);
  if (!added.ok) return added;
  const described = await git([dir, 'describe', '--tags', '--always', commit]);
  if (!described.ok) return described;
  const date = await git([dir, 'show', '--no-patch', '--format=%cI', commit]);
  if (!date.ok) return date;
  const synced = await syncAll(bench);
  if (!synced.ok) return synced;
  const lines = [
    `version: ${described.value.trim()}`,
    `commit: ${commit}`,
    `date: ${date.value.trim().replace(/\+00:00$/, 'Z')}`,
    `${choice.kind}: ${choice.name}`,
  ];
  await writeFileAtomic(join(path, store.versionFile), `${lines.join('\n')}\n`, { mode: 0o644, files });
  return DONE;
}

/** Git makes no working copy durable. */
async function syncAll({ store, programs }: Bench): Promise<Done> {
  const argv = ['sync', '-f', store.root];
  const { exit, said } = await runProgram({ argv, idleMs: SYNC_MS, deadlineMs: SYNC_MS }, programs);
  if (exit.kind === 'exited' && exit.code === 0) return DONE;
  return err(
    `cannot make it durable: ${exit.kind === 'failed' ? exit.error : (said.at(-1) ?? 'sync failed')}`,
  );
}

/** Removes a working copy, or what is left of one. */
export async function removeVersion({ store, git, files }: Bench, name: string): Promise<void> {
  const path = join(store.versions, name);
  // Without its version file it does not count any more, whatever comes now.
  await files.unlink(join(path, store.versionFile)).catch((thrown: unknown) => {
    if (errorCode(thrown) !== 'ENOENT' && errorCode(thrown) !== 'ENOTDIR') throw thrown;
  });
  await rm(path, { recursive: true, force: true });
  await git([`--git-dir=${store.repository}`, 'worktree', 'prune', '--expire=now']);
}
