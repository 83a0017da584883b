import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ledger, LedgerFile } from '../../core/ledger.ts';
import { MANIFEST, type ManifestLine, readManifest } from '../../core/parts-manifest.ts';
import { asError, err, errorCode, ok, type Result } from '../../core/result.ts';
import { troubleOf } from './trouble.ts';
import { type Tree, walk } from './walk.ts';

/** A folder that a verb works on, as it is found at the beginning of a run. */
export interface Root {
  /** Its real path: what the ledger knows it by. */
  readonly path: string;
  readonly tree: Tree;
  /** The closed parts by the path of their file, where a collector writes into it; else undefined. */
  readonly manifest: ReadonlyMap<string, ManifestLine> | undefined;
  /** What the ledger has of it, by path. */
  readonly rows: ReadonlyMap<string, LedgerFile>;
}

/**
 * Looks at a folder. The error is a whole sentence: it is missing, can't be read, or is empty where the ledger has files (an
 * unmounted disk leaves an empty folder behind).
 * @param options `mayBeEmpty`: for a folder that others empty.
 */
export async function openRoot(
  folder: string,
  verb: string,
  ledger: Ledger,
  signal: AbortSignal,
  { mayBeEmpty = false }: { readonly mayBeEmpty?: boolean } = {},
): Promise<Result<Root, string>> {
  const fail = (why: string): Result<Root, string> => err(`cannot ${verb} ${folder}: ${why}`);
  try {
    const path = await realpath(folder);
    if (!(await stat(path)).isDirectory()) return fail('it is not a folder');
    const tree = await walk(path, signal);
    const manifest = await manifestOf(path);
    const rows = new Map([...ledger.files(path)].map((row) => [row.path, row]));
    const here = [...rows.values()].filter(({ purged, purging }) => purged === null && purging === null);
    // A manifest tells that what belongs there is mounted.
    if (
      manifest === undefined &&
      !mayBeEmpty &&
      here.length > 0 &&
      !here.some((row) => formsOf(row).some((name) => tree.entries.has(name)))
    )
      return fail(
        `none of the ${here.length} files that the ledger knows is there; is what belongs there not mounted?`,
      );
    return ok({ path, tree, manifest, rows });
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return fail('there is no such folder; is its disk not mounted?');
    if (asError(thrown).name === 'ManifestError') return fail(asError(thrown).message);
    const trouble = troubleOf(thrown);
    if (trouble === undefined) throw thrown;
    return fail(trouble.reason);
  }
}

/** The paths under which a file may lie: as it was, and archived. */
export function formsOf({ path, archived }: LedgerFile): readonly string[] {
  return archived === null ? [path] : [path, archived.path];
}

async function manifestOf(root: string): Promise<Root['manifest']> {
  const file = join(root, MANIFEST);
  const there = await stat(file).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT' || errorCode(thrown) === 'ENOTDIR') return undefined;
    throw thrown;
  });
  if (there === undefined) return undefined;
  const { parts } = await readManifest(file);
  return new Map(parts.map((line) => [`${line.part}.ndjson`, line]));
}
