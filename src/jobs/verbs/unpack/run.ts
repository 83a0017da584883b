import { join, matchesGlob } from 'node:path';
import { disk, type Files } from '../../../core/files.ts';
import { approximateSize } from '../../../core/sizes.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { finishDepartures } from '../../files/departure.ts';
import { createTally, failed, noteTrouble, shownPath, type Tally } from '../../files/outcome.ts';
import { openRoot } from '../../files/root.ts';
import { lookOrGone, settle } from '../../files/settling.ts';
import { openTarget } from '../../files/within.ts';
import { createWriters, type Writers } from '../../files/writers.ts';
import { type Course, isKnown, placeFor, removeLeftovers, settleArchive, unpackOne } from './one-archive.ts';
import { UNPACK_DEFAULTS, type UnpackOptions } from './options.ts';

/** What a test puts in the place of the disk. */
export interface Means {
  readonly files?: Files;
  readonly writers?: Writers;
}

/** Unpacks each archive that has come, once. */
export async function runUnpack(
  options: UnpackOptions,
  context: VerbContext,
  means: Means = {},
): Promise<VerbOutcome> {
  const { ledger, signal, clock, env, folder, dryRun } = context;
  const opened = await openRoot(options.root, 'unpack', ledger, signal, { mayBeEmpty: true });
  if (!opened.ok) return failed(opened.error);
  const root = opened.value;
  const to = await openTarget(options.to, root.path);
  if (!to.ok) return failed(to.error);
  const aside =
    options['move-to'] === undefined ? undefined : await openTarget(options['move-to'], root.path);
  if (aside?.ok === false) return failed(aside.error);
  const tally = createTally(context.say);
  const course: Course = {
    root,
    to: to.value,
    aside: aside?.value,
    options,
    context,
    files: means.files ?? disk,
    writers: means.writers ?? createWriters(root.path, clock),
    signal,
    programs: { env: { ...env }, cwd: folder, clock, signal },
  };
  try {
    for (const { path, reason } of root.tree.closed) tally.refuse(path, reason);
    if (!dryRun) {
      finishDepartures(root, context);
      await removeLeftovers(course);
    }
    const { known, ready } = await findReady(course, tally);
    await workThrough(course, tally, known, ready);
  } catch (thrown) {
    noteTrouble(thrown, undefined, tally);
  }
  return tally.outcome(summaryOf(tally, dryRun));
}

interface Found {
  /** Unpacked before. */
  readonly known: readonly string[];
  /** To be unpacked now. */
  readonly ready: readonly string[];
}

async function findReady(course: Course, tally: Tally): Promise<Found> {
  const { root, options, context, writers, signal } = course;
  const known: string[] = [];
  const open = new Map<string, string>();
  for (const [path, kind] of root.tree.entries) {
    if (!isPicked(path, options)) continue;
    const full = join(root.path, path);
    const look = await lookOrGone(full);
    if (look === undefined) continue;
    if (kind !== 'file')
      tally.refuse(path, kind === 'link' ? 'it is a symbolic link' : 'it is not a regular file');
    else if (isKnown(course, path, look)) known.push(path);
    else open.set(full, path);
  }
  const { ready, waiting } = await settle(open.keys(), {
    settleMs: options.settle ?? UNPACK_DEFAULTS.settleMs,
    since: 'arrival',
    clock: context.clock,
    writers,
    signal,
  });
  if (waiting.size > 0) tally.add('waiting', waiting.size);
  if (context.dryRun)
    for (const [full, reason] of waiting)
      context.say(`would wait with ${shownPath(open.get(full) ?? full)}: ${reason}`);
  return { known, ready: [...ready.keys()].flatMap((full) => open.get(full) ?? []) };
}

function isPicked(path: string, { files, exclude }: UnpackOptions): boolean {
  return (
    (files ?? UNPACK_DEFAULTS.files).some((pattern) => matchesGlob(path, pattern)) &&
    exclude?.some((pattern) => matchesGlob(path, pattern)) !== true
  );
}

async function workThrough(
  course: Course,
  tally: Tally,
  known: readonly string[],
  ready: readonly string[],
): Promise<void> {
  const { signal, context } = course;
  let through = 0;
  const total = known.length + ready.length;
  const isNew = new Set(ready);
  for (const path of [...known, ...ready]) {
    if (signal.aborted) tally.end('partly', 'the run was told to end');
    if (tally.hasEnded()) return;
    try {
      if (context.dryRun) await sayOne(course, tally, path, isNew.has(path));
      else await takeOne(course, tally, path, isNew.has(path));
    } catch (thrown) {
      noteTrouble(thrown, path, tally);
    }
    through += 1;
    context.progress({ done: through, total, what: path });
  }
}

async function takeOne(course: Course, tally: Tally, path: string, isNew: boolean): Promise<void> {
  const { context } = course;
  if (isNew) {
    const done = await unpackOne(course, path);
    if (done.kind === 'unpacked') {
      const left = done.skipped === 0 ? '' : `; ${done.skipped} links left out`;
      const files = `${done.files} file${done.files === 1 ? '' : 's'}`;
      context.say(
        `unpacked ${shownPath(path)} to ${shownPath(done.into)}, ${files}, ${approximateSize(done.bytes)}${left}`,
      );
      tally.add('archives');
      tally.add('files', done.files);
      tally.add('bytes', done.bytes);
    }
  }
  const settled = await settleArchive(course, path);
  if (settled === undefined) return;
  context.say(`${shownPath(path)}: ${settled}`);
  tally.add('settled');
}

async function sayOne(course: Course, tally: Tally, path: string, isNew: boolean): Promise<void> {
  const { context, to, options } = course;
  const then = options.then ?? UNPACK_DEFAULTS.then;
  if (isNew) {
    const place = await placeFor(course, path);
    context.say(`would unpack ${shownPath(path)} to ${shownPath(join(to, place))}`);
    tally.add('archives');
  }
  if (then === 'keep') return;
  context.say(`would ${then} ${shownPath(path)}${then === 'move' ? ` to ${options['move-to'] ?? ''}` : ''}`);
  tally.add('settled');
}

function summaryOf({ counts }: Tally, dryRun: boolean): string {
  const of = (name: string): number => counts[name] ?? 0;
  const archives = `${of('archives')} archive${of('archives') === 1 ? '' : 's'}`;
  const said: string[] = [];
  if (of('archives') > 0)
    said.push(
      dryRun
        ? `would unpack ${archives}`
        : `unpacked ${archives}, ${of('files')} file${of('files') === 1 ? '' : 's'}, ${approximateSize(of('bytes'))}`,
    );
  if (of('settled') > 0) said.push(`${dryRun ? 'would take' : 'took'} ${of('settled')} away`);
  if (said.length === 0) said.push('nothing to unpack');
  if (of('waiting') > 0) said.push(`${of('waiting')} not ready yet`);
  return said.join('; ');
}
