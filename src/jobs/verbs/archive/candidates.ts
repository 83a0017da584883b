import { matchesGlob } from 'node:path';
import {
  ARCHIVE_FORMATS,
  type ArchiveFormat,
  archivePath,
  splitArchivePath,
} from '../../../core/archive-file.ts';
import type { LedgerFile } from '../../../core/ledger.ts';
import type { Root } from '../../files/root.ts';
import type { Kind } from '../../files/walk.ts';
import { archiveOfTemporary } from './packing.ts';

/** One file that may have to be archived; paths are relative to the root. */
export interface Candidate {
  /** Of the file itself, without an archive's ending. */
  readonly path: string;
  /** What a collector's manifest says of it, and the time of its latest event. */
  readonly expected: { readonly sha256: string; readonly bytes: number; readonly to: number } | undefined;
  /** What lies under its own path. */
  readonly raw: Kind | undefined;
  /** What lies under an archive's path; of several the one in the ledger, else the one in the wanted format. */
  readonly archive: { readonly path: string; readonly format: ArchiveFormat } | undefined;
  readonly row: LedgerFile | undefined;
  /** Temporary files that a kill left behind. */
  readonly leftovers: readonly string[];
}

export interface Found {
  readonly candidates: readonly Candidate[];
  /** Parts of the manifest that are here in no form, and were not deleted by a purge. */
  readonly gone: readonly string[];
  /** What looks like a closed part but is none. */
  readonly strangers: readonly string[];
}

/** All that there is to look at, in the order of the names. */
export function findCandidates(root: Root, to: ArchiveFormat, files: readonly string[] | undefined): Found {
  const picked = (path: string): boolean =>
    files === undefined || files.some((pattern) => matchesGlob(path, pattern));
  const leftovers = leftoversOf(root);
  const candidate = (path: string): Candidate => {
    const part = root.manifest?.get(path);
    const row = root.rows.get(path);
    return {
      path,
      expected: part === undefined ? undefined : { sha256: part.sha256, bytes: part.bytes, to: part.to },
      raw: root.tree.entries.get(path),
      archive: archiveOf(root, path, row, to),
      row,
      leftovers: leftovers.get(path) ?? [],
    };
  };
  const paths = root.manifest === undefined ? filesOf(root) : [...root.manifest.keys()];
  const all = paths.filter(picked).toSorted().map(candidate);
  const isHere = ({ raw, archive }: Candidate): boolean => raw !== undefined || archive !== undefined;
  const isOpen = (path: string): boolean => root.tree.entries.has(path.replace(/\.ndjson$/, '.open.ndjson'));
  return {
    candidates: all.filter(isHere),
    gone: all
      .filter((one) => !isHere(one) && (one.row?.purged ?? null) === null && !isOpen(one.path))
      .map(({ path }) => path),
    strangers: root.manifest === undefined ? [] : strangersOf(root).filter(picked),
  };
}

/** Every regular file, archived or not, by its own path. */
function filesOf({ tree }: Root): readonly string[] {
  const paths = new Set<string>();
  for (const [path, kind] of tree.entries) {
    if (kind === 'file' && archiveOfTemporary(path) === undefined)
      paths.add(splitArchivePath(path)?.path ?? path);
  }
  return [...paths];
}

function strangersOf({ tree, manifest }: Root): readonly string[] {
  return [...tree.entries.keys()].filter(
    (path) => path.endsWith('.ndjson') && !path.endsWith('.open.ndjson') && manifest?.has(path) === false,
  );
}

function archiveOf(
  { tree }: Root,
  path: string,
  row: LedgerFile | undefined,
  to: ArchiveFormat,
): Candidate['archive'] {
  const there = ARCHIVE_FORMATS.map((format) => ({ path: archivePath(path, format), format })).filter(
    (archive) => tree.entries.get(archive.path) === 'file',
  );
  return (
    there.find((archive) => archive.path === row?.archived?.path) ??
    there.find(({ format }) => format === to) ??
    there[0]
  );
}

/** Temporary files by the path of the file that they were made from. */
function leftoversOf({ tree }: Root): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [path, kind] of tree.entries) {
    const archive = kind === 'file' ? archiveOfTemporary(path) : undefined;
    const of = archive === undefined ? undefined : splitArchivePath(archive)?.path;
    if (of === undefined) continue;
    const before = found.get(of);
    if (before === undefined) found.set(of, [path]);
    else before.push(path);
  }
  return found;
}
