import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Committed, readCommitted } from '../../collect/committed.ts';
import { type Gap, readGaps } from '../../collect/gaps.ts';
import { closedPath, type Layout, layoutOf, openPath } from '../../collect/layout.ts';
import { ARCHIVE_FORMATS, archivePath } from '../../core/archive-file.ts';
import type { Clock } from '../../core/clock.ts';
import type { Ledger } from '../../core/ledger.ts';
import type { ManifestLine } from '../../core/parts-manifest.ts';
import { formatSize } from '../../core/sizes.ts';
import type { AskParams, AskValue } from '../../wire/page/asks.ts';
import type { Collecting } from '../plan.ts';
import { cut } from './cut.ts';

/** More are not shown: the newest are. */
const MOST_PARTS = 5_000;
const MOST_GAPS = 1_000;
/** The ledger is asked for so many parts, then others have their turn. */
const AT_ONCE = 100;

type Parts = AskValue<'parts'>;
type Part = Parts['parts'][number];
type Window = Pick<AskParams<'parts'>, 'since' | 'until'>;

export interface PartsSources {
  /** Undefined where no verb has written one yet. */
  readonly ledger: Ledger | undefined;
  readonly clock: Clock;
}

/**
 * The parts of a collector that cover some of a stretch of time, where they were proved, and what is missing between them. The manifest
 * says what was ever closed, the ledger what jobs proved elsewhere, the folder what is here.
 * @throws what reading the folder throws.
 */
export async function lookAtParts(
  { collect }: Pick<Collecting, 'collect'>,
  window: Window,
  sources: PartsSources,
): Promise<Parts> {
  const layout = layoutOf(collect.into);
  const every = typeof collect.part === 'number' ? formatSize(collect.part) : collect.part;
  const committed = await readCommitted(layout);
  if (committed === undefined)
    return { every, parts: [], gaps: [], purged: { parts: 0, until: null }, cut: false };
  const chosen = committed.closed
    .filter((line) => isWithin(line, window))
    .toSorted((a, b) => a.from - b.from);
  const { here, gone } = await sortOut(chosen.slice(-MOST_PARTS), layout, sources);
  const gaps = await readGaps(layout.gaps, committed.checkpoint.gaps);
  return {
    every,
    parts: [...here, ...openParts(committed, window)],
    gaps: gaps
      .filter((gap) => isGapWithin(gap, window))
      .slice(-MOST_GAPS)
      .map(shownGap),
    purged: { parts: gone.length, until: gone.length === 0 ? null : Math.max(...gone.map(({ to }) => to)) },
    cut: chosen.length > MOST_PARTS,
  };
}

function isWithin({ from, to }: Pick<ManifestLine, 'from' | 'to'>, { since, until }: Window): boolean {
  return from < until && to >= since;
}

/** Which closed parts are here, in whatever form, and which are not any more. */
async function sortOut(
  lines: readonly ManifestLine[],
  { root }: Layout,
  { ledger, clock }: PartsSources,
): Promise<{ readonly here: readonly Part[]; readonly gone: readonly ManifestLine[] }> {
  const real = await realpath(root);
  const list = createLister(root);
  const here: Part[] = [];
  const gone: ManifestLine[] = [];
  for (const [index, line] of lines.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await clock.sleep(0);
    const path = closedPath(line.part);
    const found = await formOf(path, list);
    if (found === undefined) {
      gone.push(line);
      continue;
    }
    const isArchive = found !== path;
    const bytes = isArchive ? await sizeOf(join(root, found)) : line.bytes;
    const proved = ledger === undefined ? [] : provedBy(ledger, real, path, line.sha256);
    const { from, to } = line;
    here.push({
      path: found,
      from,
      to,
      lines: line.lines,
      bytes,
      state: isArchive ? 'archived' : 'closed',
      proved,
    });
  }
  return { here, gone };
}

/** Looks at each folder once. */
function createLister(root: string): (folder: string) => Promise<ReadonlySet<string>> {
  const known = new Map<string, Promise<ReadonlySet<string>>>();
  const look = (folder: string): Promise<ReadonlySet<string>> =>
    readdir(join(root, folder)).then(
      (names) => new Set(names),
      () => new Set<string>(),
    );
  return (folder) => {
    const found = known.get(folder) ?? look(folder);
    known.set(folder, found);
    return found;
  };
}

async function formOf(
  path: string,
  list: (folder: string) => Promise<ReadonlySet<string>>,
): Promise<string | undefined> {
  const folder = dirname(path);
  const names = await list(folder);
  const forms = [path, ...ARCHIVE_FORMATS.map((format) => archivePath(path, format))];
  return forms.find((form) => names.has(form.slice(folder.length + 1)));
}

function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** The jobs whose proof is of this very content, archived or not. */
function provedBy(ledger: Ledger, root: string, path: string, sha256: string): string[] {
  const row = ledger.file(root, path);
  if (row === undefined || row.sha256 !== sha256) return [];
  const sums = [row.sha256, row.archived?.sha256];
  const copies = ledger.copies(root, path).filter((copy) => sums.includes(copy.sha256));
  return [...new Set(copies.map(({ job }) => job))];
}

function openParts({ checkpoint, parts }: Committed, window: Window): readonly Part[] {
  return parts.flatMap(({ name, closed, lines, bytes }): Part[] => {
    const state = checkpoint.files[name];
    if (closed || state === undefined || !isWithin(state, window)) return [];
    const { from, to } = state;
    return [{ path: openPath(name), from, to, lines, bytes, state: 'open', proved: [] }];
  });
}

/** Of a gap whose time is not known it counts when it was seen. */
function isGapWithin({ since: from, until: to, at }: Gap, { since, until }: Window): boolean {
  return (from ?? to ?? at) < until && (to ?? at) >= since;
}

function shownGap({ since, until, from, to, reason, detail }: Gap): Parts['gaps'][number] {
  const between =
    from === null || to === null ? 'an unknown number of events' : `the numbers between ${from} and ${to}`;
  const why = detail === '' ? reason : `${reason}: ${detail}`;
  return { from: since, to: until, reason: cut(why), missing: between };
}
