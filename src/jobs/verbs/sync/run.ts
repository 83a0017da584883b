import { realpath } from 'node:fs/promises';
import { disk, type Files } from '../../../core/files.ts';
import { asError, err, errorCode, ok, type Result } from '../../../core/result.ts';
import { approximateSize } from '../../../core/sizes.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { lookAt } from '../../files/identity.ts';
import { createTally, failed, shownPath, type Tally } from '../../files/outcome.ts';
import { openRoot } from '../../files/root.ts';
import { settle } from '../../files/settling.ts';
import { troubleOf } from '../../files/trouble.ts';
import { createWriters } from '../../files/writers.ts';
import { copyOf, type Course, endFor, provedRows } from './course.ts';
import type { Far } from '../../far/far.ts';
import { fetchAll } from './fetching.ts';
import { mirrorDeletions } from './mirror.ts';
import { SYNC_DEFAULTS, type SyncOptions } from './options.ts';
import { parsePlace, type Place, placeText } from '../../far/place.ts';
import type { Programs } from '../../program.ts';
import { createRcloneFar } from './rclone-far.ts';
import { reverify } from './reverify.ts';
import { createRsyncFar } from '../../far/rsync-far.ts';
import { type Due, sendAll } from './sending.ts';
import { fullPath } from './taking.ts';
import { checkSentinel, isProved, type Item, putSentinel, select, type Selection } from './source.ts';

/** What a test puts in the place of disk and far side. */
export interface Means {
  readonly files?: Files;
  readonly far?: (far: Far) => Far;
}

/** Carries what is to be carried between a folder here and a far one, and proves it. */
export async function runSync(
  options: SyncOptions,
  context: VerbContext,
  means: Means = {},
): Promise<VerbOutcome> {
  const tally = createTally(context.say);
  const isFetch = options.from !== undefined;
  try {
    const opened = await prepare(options, context, tally, means);
    if (!opened.ok) return failed(opened.error);
    if (isFetch) await runFetch(opened.value);
    else await runSend(opened.value);
  } catch (thrown) {
    if (context.signal.aborted) tally.end('partly', 'the run was told to end');
    else {
      const trouble = troubleOf(thrown);
      if (trouble === undefined) throw thrown;
      tally.end('failed', trouble.reason);
    }
  }
  return tally.outcome(summaryOf(tally, context.dryRun, isFetch, options.to ?? options.from ?? ''));
}

async function prepare(
  options: SyncOptions,
  context: VerbContext,
  tally: Tally,
  means: Means,
): Promise<Result<Course, string>> {
  const { ledger, job, folder, clock, signal, dryRun, say } = context;
  const place = parsePlace(options.to ?? options.from ?? '', folder);
  if (!place.ok) return place;
  const root = await openRoot(options.root, 'sync', ledger, signal);
  if (!root.ok) return root;
  const real = await realPlace(place.value, root.value.path);
  if (!real.ok) return real;
  const progress = { done: 0, total: 0, what: '' };
  const tell = (): void => context.progress(progress);
  const programs: Programs = { env: { ...context.env }, cwd: '/', clock, signal };
  const far = farOf(real.value, options, programs, (bytes) => {
    context.progress({ ...progress, done: Math.min(progress.total, progress.done + bytes) });
  });
  return ok({
    job,
    options,
    root: root.value,
    ledger,
    clock,
    signal,
    tally,
    dryRun,
    say,
    far: means.far === undefined ? far : means.far(far),
    files: means.files ?? disk,
    progress(done, total, what) {
      Object.assign(progress, { done, total, what });
      tell();
    },
  });
}

function farOf(
  place: Place,
  options: SyncOptions,
  programs: Programs,
  progress: (bytes: number) => void,
): Far {
  const target = placeText(place);
  if (place.kind === 'rclone') return createRcloneFar(place.remote, target, options, programs);
  const host = place.kind === 'ssh' ? place.host : undefined;
  return createRsyncFar({ host, path: place.path, target }, options, programs, progress);
}

/** A folder of this machine by its real path: it must be there, and neither lie in the root nor hold it. */
async function realPlace(place: Place, root: string): Promise<Result<Place, string>> {
  if (place.kind !== 'folder') return ok(place);
  try {
    const path = await realpath(place.path);
    if (path === root || path.startsWith(`${root}/`) || root.startsWith(path === '/' ? '/' : `${path}/`))
      return err(`cannot sync ${root}: ${path} and it lie in each other`);
    return ok({ kind: 'folder', path });
  } catch (thrown) {
    if (errorCode(thrown) === undefined) throw thrown;
    const hint = 'it is never made by itself, as a disk that is not mounted would then be filled elsewhere';
    return err(`cannot use ${place.path}: ${asError(thrown).message}; make it once: ${hint}`);
  }
}

async function runFetch(course: Course): Promise<void> {
  await reverify(course, new Set());
  if (!course.tally.hasEnded()) await fetchAll(course);
}

async function runSend(course: Course): Promise<void> {
  const { root, options, tally, dryRun, say, far } = course;
  const rows = provedRows(course);
  const sentinel = await checkSentinel(root, options, rows.length > 0);
  if (!sentinel.ok) {
    tally.end('failed', sentinel.error);
    return;
  }
  const selection = select(root, options);
  for (const { path, reason } of selection.refused) tally.refuse(path, reason);
  const due = await findDue(course, selection.items);
  if (sentinel.value === 'missing' && !dryRun && selection.items.length > 0)
    await putSentinel(root.path, course.job);
  const again = await reverify(course, new Set(due.map(({ name }) => name)));
  const more = await located(
    course,
    selection.items.filter(({ name }) => again.has(name)),
  );
  const all = [...due, ...more];
  if (dryRun) {
    for (const { path, bytes } of all)
      say(`would send ${shownPath(path)}, ${approximateSize(bytes)}, to ${far.target}`);
    for (const path of selection.links) say(`would send the link ${shownPath(path)} to ${far.target}`);
    if (all.length > 0) tally.add('files', all.length);
  } else if (!tally.hasEnded()) {
    await sendAll(course, all);
    await sendLinks(course, selection);
  }
  await mirrorDeletions(course);
}

/** What is not proved as it lies here now, and is over. */
async function findDue(course: Course, items: readonly Item[]): Promise<readonly Due[]> {
  const { root, options, clock, signal, tally, dryRun, say, ledger, far } = course;
  const open: Located[] = [];
  for (const item of await located(course, items)) {
    const row = ledger.file(root.path, item.name);
    const isSame = item.isArchive
      ? row?.archived?.bytes === item.bytes
      : row?.bytes === item.bytes && row.mtimeMs === item.mtimeMs;
    const problem = far.nameProblem(item.path);
    if (isSame && isProved(item, row, copyOf(course, item.name))) tally.add('proved');
    else if (problem !== undefined) tally.refuse(item.path, problem);
    else open.push(item);
  }
  if (root.manifest !== undefined) return open;
  const { waiting } = await settle(
    open.map(({ full }) => full),
    {
      settleMs: options.settle ?? SYNC_DEFAULTS.settleMs,
      clock,
      writers: createWriters(root.path, clock),
      signal,
    },
  );
  if (waiting.size > 0) tally.add('waiting', waiting.size);
  if (dryRun) for (const [path, reason] of waiting) say(`would wait with ${shownPath(path)}: ${reason}`);
  return open.filter(({ full }) => !waiting.has(full));
}

/** Looks at what is to be carried; what went away is left out. */
async function located({ root, options }: Course, items: readonly Item[]): Promise<readonly Located[]> {
  const found: Located[] = [];
  for (const item of items) {
    try {
      const full = await fullPath(root, options, item.path);
      const { bytes, mtimeMs } = await lookAt(full);
      found.push({ ...item, bytes, mtimeMs, full });
    } catch (thrown) {
      if (errorCode(thrown) !== 'ENOENT') throw thrown;
    }
  }
  return found;
}

interface Located extends Due {
  readonly mtimeMs: number;
  readonly full: string;
}

/** Links are sent as such each time: rsync compares where they lead, and there is nothing in them to be proved. */
async function sendLinks(course: Course, { links }: Selection): Promise<void> {
  if (links.length === 0 || course.tally.hasEnded()) return;
  const { trouble } = await course.far.send(course.root.path, { paths: links, largest: 0 });
  if (trouble === undefined) course.tally.add('links', links.length);
  else endFor(course, trouble);
}

function summaryOf({ counts, hasEnded }: Tally, dryRun: boolean, isFetch: boolean, where: string): string {
  const of = (name: string): number => counts[name] ?? 0;
  const files = (count: number): string => `${count} file${count === 1 ? '' : 's'}`;
  const did = isFetch ? (dryRun ? 'would fetch' : 'fetched') : dryRun ? 'would send' : 'sent';
  const said: string[] = [];
  if (of('files') > 0) {
    const size = dryRun ? '' : `, ${approximateSize(of('bytes'))}, read back and equal`;
    said.push(`${did} ${files(of('files'))}${size}, ${isFetch ? 'from' : 'to'} ${where}`);
  }
  if (of('found') > 0)
    said.push(`${files(of('found'))} ${isFetch ? 'here' : 'there'} already, read and equal`);
  const [to, done] = isFetch ? ['fetch', 'fetched'] : ['send', 'sent'];
  if (said.length === 0) said.push(hasEnded() ? `nothing was ${done}` : `nothing to ${to}`);
  if (of('reverified') > 0) said.push(`${files(of('reverified'))} read back again`);
  if (of('disproved') > 0) said.push(`${files(of('disproved'))} of before not as it was there`);
  if (of('deleted') > 0) said.push(`deleted ${files(of('deleted'))} there`);
  if (of('waiting') > 0) said.push(`${files(of('waiting'))} not ready yet`);
  return said.join('; ');
}
