import { basename, dirname, join } from 'node:path';
import { TEMPORARY_FILE } from '../../../core/atomic-file.ts';
import { disk, type Files } from '../../../core/files.ts';
import { approximateSize } from '../../../core/sizes.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { findHolders, type Holders } from '../../files/holders.ts';
import { lookAt } from '../../files/identity.ts';
import { createTally, failed, noteTrouble, shownPath, type Tally } from '../../files/outcome.ts';
import { openRoot, type Root } from '../../files/root.ts';
import { walk } from '../../files/walk.ts';
import { createWriters, type Writers } from '../../files/writers.ts';
import type { Programs } from '../../program.ts';
import { archiveOfTemporary, createPacking } from '../archive/packing.ts';
import { compressAll, isRotated } from './compressing.ts';
import { type Course, isLog, type Punch, sinceWhen } from './course.ts';
import { cutOff, uncut } from './hole.ts';
import { deleteOld, finishDeletions } from './keeping.ts';
import { isMark } from './mark.ts';
import { ROTATE_DEFAULTS, type RotateOptions } from './options.ts';
import { createPunch, PROBE, punchProblem } from './punch.ts';
import { checkRename, renameLogs } from './renaming.ts';

/** What a test puts in the place of the machine. */
export interface Means {
  readonly files?: Files;
  readonly writers?: Writers;
  readonly holders?: Holders;
  readonly punch?: Punch;
}

/** Rotates what is due, compresses what was rotated, and deletes what is over the limits. */
export async function runRotate(
  options: RotateOptions,
  context: VerbContext,
  means: Means = {},
): Promise<VerbOutcome> {
  const { ledger, signal, clock, env, folder, dryRun } = context;
  const opened = await openRoot(options.root, 'rotate', ledger, signal, { mayBeEmpty: true });
  if (!opened.ok) return failed(opened.error);
  const root = opened.value;
  if (root.manifest !== undefined)
    return failed(`cannot rotate ${options.root}: a collector writes there, and rotates by itself`);
  const files = means.files ?? disk;
  const programs: Programs = { env: { ...env }, cwd: folder, clock, signal };
  const tally = createTally(context.say);
  const course: Course = {
    options,
    context,
    root,
    files,
    packing: createPacking(files),
    holders: means.holders ?? findHolders,
    punch: means.punch ?? createPunch(programs),
    programs,
    tally,
  };
  const writers = means.writers ?? createWriters(root.path, clock);
  try {
    if (dryRun) await sayPlan(course, writers);
    else await work(course, writers);
  } catch (thrown) {
    noteTrouble(thrown, undefined, tally);
  }
  return tally.outcome(summaryOf(tally, dryRun));
}

async function work(course: Course, writers: Writers): Promise<void> {
  const { root, context, tally } = course;
  await removeLeftovers(course);
  finishDeletions(course);
  const due = await findDue(course);
  const open = await rotateAll(course, due);
  if (tally.hasEnded()) return;
  const now: Root = { ...root, tree: await walk(root.path, context.signal), rows: rowsOf(course) };
  await compressAll(course, now, writers, (path) => open.has(path));
  if (tally.hasEnded()) return;
  const { entries } = await walk(root.path, context.signal);
  await deleteOld(
    course,
    writers,
    [...entries.keys()].filter((path) => !open.has(path)),
  );
}

function rowsOf({ context, root }: Course): Root['rows'] {
  return new Map([...context.ledger.files(root.path)].map((row) => [row.path, row]));
}

/** Rotates each log; answers with the rotated ones that are still written to. */
async function rotateAll(course: Course, due: readonly string[]): Promise<ReadonlySet<string>> {
  const { options, root, tally } = course;
  const before = [...root.tree.entries.keys()].filter((path) => isRotated(course, path) && isRaw(path));
  if ((options.method ?? ROTATE_DEFAULTS.method) === 'rename') {
    const through = new Set(await renameLogs(course, due, before));
    // One that was renamed just now is not in `before`.
    const { entries } = await walk(root.path, course.context.signal);
    return new Set(
      [...entries.keys()].filter((path) => isRotated(course, path) && isRaw(path) && !through.has(path)),
    );
  }
  const problems = new Map<string, string | undefined>();
  for (const log of due) {
    const folder = dirname(join(root.path, log));
    try {
      if (!problems.has(folder)) problems.set(folder, await punchProblem(folder, course.punch, course.files));
      const problem = problems.get(folder);
      if (problem === undefined) await cutOff(course, log);
      else tally.refuse(log, `its room cannot be given back: ${problem}`);
    } catch (thrown) {
      noteTrouble(thrown, log, tally);
    }
    if (tally.hasEnded()) break;
  }
  return new Set();
}

function isRaw(path: string): boolean {
  return path.endsWith('Z');
}

/** The logs that are to be rotated now. */
async function findDue(course: Course): Promise<readonly string[]> {
  const { root, options, context, tally } = course;
  const due: string[] = [];
  for (const [path, kind] of root.tree.entries) {
    if (!isLog(path, options)) continue;
    if (kind !== 'file') {
      tally.refuse(path, kind === 'link' ? 'it is a symbolic link' : 'it is not a regular file');
      continue;
    }
    try {
      const bytes =
        options.method === 'punch-hole'
          ? await uncut(course, path).then(({ from, to }) => to - from)
          : (await lookAt(join(root.path, path))).bytes;
      if (bytes === 0) continue;
      const isLarge = options.larger !== undefined && bytes >= options.larger;
      const isOld =
        options.older !== undefined && context.clock.now() - (await sinceWhen(root, path)) >= options.older;
      if (isLarge || isOld || (options.larger === undefined && options.older === undefined)) due.push(path);
    } catch (thrown) {
      noteTrouble(thrown, path, tally);
    }
  }
  return due;
}

/** What a kill left in the making. */
async function removeLeftovers(course: Course): Promise<void> {
  const { root, files } = course;
  for (const [path, kind] of root.tree.entries) {
    if (kind !== 'file' || !TEMPORARY_FILE.test(basename(path))) continue;
    const of = archiveOfTemporary(path);
    const isOurs = of !== undefined && (isRotated(course, of) || isMark(of) || basename(of) === PROBE);
    if (isOurs) await files.unlink(join(root.path, path));
  }
}

async function sayPlan(course: Course, writers: Writers): Promise<void> {
  const { context, options, root, tally } = course;
  for (const log of await findDue(course)) {
    try {
      if (options.method === 'punch-hole') {
        const { from, to } = await uncut(course, log);
        context.say(`would copy ${approximateSize(to - from)} of ${shownPath(log)}, and give its room back`);
      } else {
        const { bytes } = await checkRename(course, log);
        context.say(
          `would rename ${shownPath(log)}, ${approximateSize(bytes)}, and have its writers open it anew`,
        );
      }
      tally.add('files');
    } catch (thrown) {
      noteTrouble(thrown, log, tally);
    }
  }
  const to = options.to ?? ROTATE_DEFAULTS.to;
  for (const path of root.tree.entries.keys())
    if (to !== 'none' && isRaw(path) && isRotated(course, path)) {
      context.say(`would compress ${shownPath(path)}, when nobody writes to it any more`);
      tally.add('compressed');
    }
  await deleteOld(course, writers, root.tree.entries.keys());
}

function summaryOf({ counts }: Tally, dryRun: boolean): string {
  const of = (name: string): number => counts[name] ?? 0;
  const would = dryRun ? 'would have ' : '';
  const logs = `${of('files')} log${of('files') === 1 ? '' : 's'}`;
  const said: string[] = [];
  if (of('files') > 0)
    said.push(dryRun ? `would rotate ${logs}` : `rotated ${logs}, ${approximateSize(of('bytes'))}`);
  if (of('compressed') > 0) said.push(`${would}compressed ${of('compressed')}`);
  if (of('deleted') > 0) said.push(`${would}deleted ${of('deleted')} over the limits of \`keep\``);
  return said.length === 0 ? 'nothing to rotate' : said.join('; ');
}
