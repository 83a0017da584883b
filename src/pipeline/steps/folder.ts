import { chmod, copyFile, mkdir, readdir, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '../../core/result.ts';
import type { ProductFile } from '../ledger/types.ts';

/** The private folder of one run. Paths absolute. */
export interface RunFolder {
  readonly path: string;
  /** What is left here are products. */
  readonly out: string;
  /** Copies of what is merged into. */
  readonly targets: string;
  readonly list: string;
  readonly manifest: string;
  /** Lines of JSON that a command may write about its products and inputs. */
  readonly report: string;
  readonly tmp: string;
}

export function runFolder(work: string, task: number, fence: number): RunFolder {
  const path = join(work, `${task}.${fence}`);
  return {
    path,
    out: join(path, 'out'),
    targets: join(path, 'targets'),
    list: join(path, 'list'),
    manifest: join(path, 'manifest.json'),
    report: join(path, 'report.ndjson'),
    tmp: join(path, 'tmp'),
  };
}

/** What a manifest says: what VAHTI_MANIFEST names, and what a worker gets. */
export interface Manifest {
  readonly v: 1;
  readonly step: string;
  readonly task: number;
  readonly attempt: number;
  readonly version: number;
  readonly key: string;
  readonly vars: Readonly<Record<string, string>>;
  readonly inputs: readonly { readonly path: string; readonly from: string; readonly name: string }[];
  readonly targets: readonly { readonly path: string; readonly product: string }[];
  readonly out: string;
  readonly work: string;
  readonly report: string;
}

/** What of a step says which files its folder needs. */
export interface FolderNeeds {
  readonly tmp?: 'private';
  readonly merge: boolean;
  readonly run: readonly string[];
}

/** Makes the folder with its manifest, and with its list and its copies where the step has any. Rejects with the system error. */
export async function makeRunFolder(
  folder: RunFolder,
  manifest: Omit<Manifest, 'targets' | 'out' | 'work' | 'report'>,
  merged: readonly ProductFile[],
  products: string,
  { tmp, merge, run }: FolderNeeds,
): Promise<Manifest> {
  await mkdir(folder.path).catch(async (thrown: unknown) => {
    if (errorCode(thrown) !== 'EEXIST') throw thrown;
    // One that could not be made whole before is made anew.
    await removeRunFolder(folder);
    await mkdir(folder.path);
  });
  await mkdir(folder.out);
  if (tmp !== undefined) await mkdir(folder.tmp, { mode: 0o700 });
  if (merge) await mkdir(folder.targets);
  const targets = [];
  for (const { path } of merged) {
    const copy = join(folder.targets, path);
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(join(products, path), copy);
    targets.push({ path: copy, product: path });
  }
  const { out, path: work, report } = folder;
  const whole: Manifest = { ...manifest, targets, out, work, report };
  if (run.some((word) => word.includes('{list}')))
    await writeFile(folder.list, manifest.inputs.map(({ path }) => `${path}\n`).join(''));
  await writeFile(folder.manifest, `${JSON.stringify(whole)}\n`);
  return whole;
}

/** Removes a run's folder with all that is in it; one that is not there is fine. Rejects with the system error. */
export async function removeRunFolder({
  path,
  out,
  manifest,
}: Pick<RunFolder, 'path' | 'out' | 'manifest'>): Promise<void> {
  try {
    // Mostly that is all that there is: to find that out costs more than to try.
    await unlink(manifest);
    await rmdir(out);
    await rmdir(path);
  } catch {
    await removeFolder(path);
  }
}

/** Removes a folder with all that is in it, what was made read-only too; one that is not there is fine. Rejects with the system error. */
export async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, REMOVAL);
  } catch (thrown) {
    if (errorCode(thrown) !== 'EACCES') throw thrown;
    // Go's module cache is such: nobody may write to its folders.
    await makeWritable(path);
    await rm(path, REMOVAL);
  }
}

const REMOVAL = { recursive: true, force: true } as const;

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
}
