import { dirname, join } from 'node:path';
import { disk, type Files } from '../../../core/files.ts';
import { approximateSize } from '../../../core/sizes.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { readContent } from '../../files/content.ts';
import { makeFolders } from '../../files/folders.ts';
import { type FileLook, lookAt } from '../../files/identity.ts';
import { depart, finishDepartures } from '../../files/departure.ts';
import { moveFile, type Moving, settleEqual } from '../../files/moving.ts';
import { createTally, failed, noteTrouble, shownPath, type Tally } from '../../files/outcome.ts';
import { openRoot, type Root } from '../../files/root.ts';
import { lookOrGone, settle } from '../../files/settling.ts';
import { LeftAlone } from '../../files/trouble.ts';
import { openTarget } from '../../files/within.ts';
import { createWriters, type Writers } from '../../files/writers.ts';
import { STAGE_DEFAULTS, type StageOptions } from './options.ts';
import { findPlace, type Place, placeOf } from './places.ts';
import { type FileSet, findSets } from './sets.ts';

/** What a test puts in the place of the disk. */
export interface Means {
  readonly files?: Files;
  readonly writers?: Writers;
}

/** What all steps of a run work with. */
interface Course extends Moving {
  readonly root: Root;
  /** Real path of the folder that files are moved to. */
  readonly to: string;
  readonly options: StageOptions;
  readonly context: VerbContext;
  readonly tally: Tally;
  /** Places that files of a dry run would have come to lie at. */
  readonly taken: Set<string>;
}

/** Moves what has come whole, and waited for long enough. */
export async function runStage(
  options: StageOptions,
  context: VerbContext,
  means: Means = {},
): Promise<VerbOutcome> {
  const { ledger, signal, clock, dryRun } = context;
  const opened = await openRoot(options.root, 'stage', ledger, signal, { mayBeEmpty: true });
  if (!opened.ok) return failed(opened.error);
  const root = opened.value;
  if (root.manifest !== undefined)
    return failed(`cannot stage ${options.root}: a collector writes there, and its parts belong together`);
  const to = await openTarget(options.to, root.path);
  if (!to.ok) return failed(to.error);
  const tally = createTally(context.say);
  const course: Course = {
    root,
    to: to.value,
    options,
    context,
    tally,
    taken: new Set(),
    files: means.files ?? disk,
    writers: means.writers ?? createWriters(root.path, clock),
    signal,
  };
  try {
    for (const { path, reason } of root.tree.closed) tally.refuse(path, reason);
    if (!dryRun) finishDepartures(root, context);
    await workThrough(course, await findReady(course));
  } catch (thrown) {
    noteTrouble(thrown, undefined, tally);
  }
  return tally.outcome(summaryOf(tally, dryRun, options.to));
}

interface Ready {
  readonly set: FileSet;
  /** By path. */
  readonly looks: ReadonlyMap<string, FileLook>;
}

/** The sets that are whole, and over. */
async function findReady(course: Course): Promise<readonly Ready[]> {
  const { root, options, context, tally, writers, signal } = course;
  const whole: FileSet[] = [];
  for (const set of findSets(root, options)) {
    const bad = set.paths.find((path) => root.tree.entries.get(path) !== 'file');
    if (bad !== undefined)
      tally.refuse(
        bad,
        root.tree.entries.get(bad) === 'link' ? 'it is a symbolic link' : 'it is not a regular file',
      );
    else if (await isWhole(course, set)) whole.push(set);
    else wait(course, set.name, `it waits for ${set.missing.map(shownPath).join(', ')}`);
  }
  const full = (path: string): string => join(root.path, path);
  const { ready, waiting } = await settle(
    whole.flatMap(({ paths }) => paths.map(full)),
    {
      settleMs: options.settle ?? STAGE_DEFAULTS.settleMs,
      olderMs: options.delay ?? STAGE_DEFAULTS.delayMs,
      since: 'arrival',
      clock: context.clock,
      writers,
      signal,
    },
  );
  const found: Ready[] = [];
  for (const set of whole) {
    const looks = new Map<string, FileLook>();
    for (const path of set.paths) {
      const look = ready.get(full(path));
      if (look !== undefined) looks.set(path, look);
    }
    const reason = set.paths.map((path) => waiting.get(full(path))).find((each) => each !== undefined);
    if (looks.size === set.paths.length) found.push({ set, looks });
    else if (reason !== undefined) wait(course, set.name, reason);
  }
  return found;
}

function wait({ context, tally }: Course, name: string, reason: string): void {
  tally.add('waiting');
  if (context.dryRun) context.say(`would wait with ${shownPath(name)}: ${reason}`);
}

/**
 * Whether all members are there. What a killed run has moved of a set counts: the first of the list is moved last, so the target lacks
 * it, or has its very bytes, as long as a set is not through.
 */
async function isWhole(course: Course, { paths, missing }: FileSet): Promise<boolean> {
  const { root, to, options } = course;
  if (missing.length === 0) return true;
  const [first] = options.members ?? [];
  const last = paths.at(-1);
  if (first === undefined || last?.endsWith(first) !== true) return false;
  const place = join(to, placeOf(last, options));
  if (
    (await lookOrGone(place)) !== undefined &&
    !(await haveEqualBytes(course, join(root.path, last), place))
  )
    return false;
  for (const path of missing)
    if ((await lookOrGone(join(to, placeOf(path, options)))) === undefined) return false;
  return true;
}

async function workThrough(course: Course, all: readonly Ready[]): Promise<void> {
  const { tally, signal, context } = course;
  let through = 0;
  for (const ready of all) {
    if (signal.aborted) tally.end('partly', 'the run was told to end');
    if (tally.hasEnded()) return;
    try {
      await moveSet(course, ready);
    } catch (thrown) {
      noteTrouble(thrown, ready.set.name, tally);
    }
    through += 1;
    context.progress({ done: through, total: all.length, what: ready.set.name });
  }
}

/** All names are looked at before the first file is moved. */
async function moveSet(course: Course, { set, looks }: Ready): Promise<void> {
  const { to, options, root, tally, context, taken } = course;
  const places = new Map<string, Place>();
  for (const path of set.paths) {
    const isEqual = (full: string): Promise<boolean> => haveEqualBytes(course, join(root.path, path), full);
    places.set(path, await findPlace(to, path, options, (place) => taken.has(place), isEqual));
  }
  if ([...places.values()].some(({ kind }) => kind === 'kept')) {
    tally.add('kept');
    if (context.dryRun) context.say(`would leave ${shownPath(set.name)}: a file of this name is kept there`);
    return;
  }
  for (const [path, place] of places) {
    const look = looks.get(path);
    if (look === undefined) continue;
    if (context.dryRun) {
      taken.add(place.path);
      await sayOne(course, path, place, look);
    } else await moveOne(course, path, place, look);
    tally.add(place.kind === 'equal' ? 'equal' : 'files');
    if (place.kind === 'free') tally.add('bytes', look.bytes);
  }
}

async function moveOne(course: Course, path: string, place: Place, look: FileLook): Promise<void> {
  const { root, to, files, context } = course;
  const from = join(root.path, path);
  const into = join(to, place.path);
  if (place.kind === 'equal') {
    await depart(root, path, context, async () => {
      if (!(await settleEqual(course, from, into))) throw new LeftAlone('it changed while it was compared');
    });
    context.say(`removed ${shownPath(path)}: ${into} has the same bytes`);
    return;
  }
  await makeFolders(files, to, dirname(place.path));
  await depart(root, path, context, () => moveFile(course, from, look, into));
  context.say(`moved ${shownPath(path)} to ${shownPath(into)}, ${approximateSize(look.bytes)}`);
}

async function sayOne({ to, context }: Course, path: string, place: Place, look: FileLook): Promise<void> {
  const into = shownPath(join(to, place.path));
  if (place.kind === 'equal') context.say(`would remove ${shownPath(path)}: ${into} has the same bytes`);
  else {
    const how = (await lookAt(to)).dev === look.dev ? '' : ', by a copy that is read back';
    context.say(`would move ${shownPath(path)} to ${into}, ${approximateSize(look.bytes)}${how}`);
  }
}

async function haveEqualBytes({ files, signal }: Course, from: string, to: string): Promise<boolean> {
  const [here, there] = [await lookAt(from), await lookAt(to)];
  if (there.kind !== 'file' || here.bytes !== there.bytes) return false;
  return (await readContent(from, signal, files)).sha256 === (await readContent(to, signal, files)).sha256;
}

function summaryOf({ counts }: Tally, dryRun: boolean, to: string): string {
  const of = (name: string): number => counts[name] ?? 0;
  const files = (count: number): string => `${count} file${count === 1 ? '' : 's'}`;
  const said: string[] = [];
  if (of('files') > 0)
    said.push(
      `${dryRun ? 'would move' : 'moved'} ${files(of('files'))}, ${approximateSize(of('bytes'))}, to ${to}`,
    );
  if (of('equal') > 0)
    said.push(`${dryRun ? 'would remove' : 'removed'} ${files(of('equal'))} that lay there already`);
  if (said.length === 0) said.push('nothing to move');
  if (of('waiting') > 0) said.push(`${of('waiting')} not ready yet`);
  if (of('kept') > 0) said.push(`${of('kept')} left, as a file of the name is there`);
  return said.join('; ');
}
