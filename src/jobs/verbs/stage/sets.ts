import { matchesGlob } from 'node:path';
import type { Root } from '../../files/root.ts';
import { STAGE_DEFAULTS, type StageOptions } from './options.ts';

/** Files that are moved together, in the order in which they are; mostly one. Paths are relative to the root. */
export interface FileSet {
  /** What tells it from others: the path, or what the members have in common. */
  readonly name: string;
  readonly paths: readonly string[];
  /** Members that are not here. */
  readonly missing: readonly string[];
}

/** What there is to be moved, in the order of the names. */
export function findSets({ tree }: Root, { files, exclude, members }: StageOptions): readonly FileSet[] {
  const picked = [...tree.entries.keys()].filter(
    (path) =>
      (files ?? STAGE_DEFAULTS.files).some((pattern) => matchesGlob(path, pattern)) &&
      exclude?.some((pattern) => matchesGlob(path, pattern)) !== true,
  );
  if (members === undefined) return picked.map((path) => ({ name: path, paths: [path], missing: [] }));
  const found = new Map<string, Set<string>>();
  // The longest ending first: .xml.md5 is no .md5.
  const endings = members.toSorted((a, b) => b.length - a.length);
  for (const path of picked) {
    const ending = endings.find((each) => path.endsWith(each));
    if (ending === undefined) continue;
    const name = path.slice(0, -ending.length);
    found.set(name, (found.get(name) ?? new Set()).add(path));
  }
  return [...found].map(([name, here]) => {
    const wanted = members.toReversed().map((ending) => name + ending);
    return {
      name,
      paths: wanted.filter((path) => here.has(path)),
      missing: wanted.filter((path) => !here.has(path)),
    };
  });
}
