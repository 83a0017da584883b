import { basename } from 'node:path';
import { ARCHIVE_FORMATS, archivePath } from '../../../core/archive-file.ts';
import { TEMPORARY_FILE } from '../../../core/atomic-file.ts';
import { formsOf, type Root } from '../../files/root.ts';

/** Closed parts that are here and that the ledger does not know: no job has archived or copied them yet. */
export function unknownParts({
  manifest,
  rows,
  tree,
}: Root): readonly { readonly path: string; readonly to: number }[] {
  if (manifest === undefined) return [];
  return [...manifest]
    .filter(([path]) => !rows.has(path) && possibleForms(path).some((form) => tree.entries.has(form)))
    .map(([path, { to }]) => ({ path, to }));
}

/** What lies there and is nobody's: neither a collector's, nor known to the ledger, nor in the making. */
export function strays({ manifest, rows, tree }: Root): readonly string[] {
  const known = new Set([...rows.values()].filter(({ purged }) => purged === null).flatMap(formsOf));
  for (const path of manifest?.keys() ?? []) for (const form of possibleForms(path)) known.add(form);
  const isOpenPart = (path: string): boolean => manifest !== undefined && path.endsWith('.open.ndjson');
  return [...tree.entries.keys()].filter(
    (path) =>
      !known.has(path) && !isOpenPart(path) && !isOfVerbs(path) && !TEMPORARY_FILE.test(basename(path)),
  );
}

/** What `sync` puts there for itself: the sign that the folder is mounted, and what is on its way. */
function isOfVerbs(path: string): boolean {
  return path === '.vahti-source' || path.split('/').includes('.vahti-partial');
}

function possibleForms(path: string): readonly string[] {
  return [path, ...ARCHIVE_FORMATS.map((format) => archivePath(path, format))];
}
