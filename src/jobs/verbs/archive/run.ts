import { availableParallelism } from 'node:os';
import { disk, type Files } from '../../../core/files.ts';
import { approximateSize } from '../../../core/sizes.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { createTally, failed, noteTrouble, shownPath, type Tally } from '../../files/outcome.ts';
import { openRoot, type Root } from '../../files/root.ts';
import { createWriters, type Writers } from '../../files/writers.ts';
import { type Candidate, findCandidates } from './candidates.ts';
import { archiveOne, type Bench, type Done, nextStep } from './one-file.ts';
import { ARCHIVE_DEFAULTS, type ArchiveOptions } from './options.ts';
import type { Packing } from './packing.ts';
import { type Crew, createCrew } from './packing-crew.ts';
import { type Sorted, sortFiles, sortParts } from './waiting.ts';

/** What a test puts in the place of disk and threads. */
export interface Means {
  readonly files: Files;
  readonly packing: Packing;
  readonly writers?: Writers;
}

/** Archives what is to be archived in one folder. */
export async function runArchive(
  options: ArchiveOptions,
  context: VerbContext,
  means?: Means,
): Promise<VerbOutcome> {
  const opened = await openRoot(options.root, 'archive', context.ledger, context.signal);
  if (!opened.ok) return failed(opened.error);
  const root = opened.value;
  if (root.manifest === undefined && options.files === undefined)
    return failed(
      `cannot archive ${options.root}: no collector writes there, so \`files\` must say which files are meant`,
    );
  const crew: Crew = means === undefined ? createCrew() : { ...means.packing, close: async () => {} };
  const bench = benchOf(options, context, root, crew, means);
  const tally = createTally(context.say);
  try {
    const found = findCandidates(root, bench.to, options.files);
    for (const path of found.strangers)
      tally.refuse(path, 'it is not in the manifest: no collector closed it');
    for (const { path, reason } of root.tree.closed) tally.refuse(path, reason);
    if (found.gone.length > 0) tally.add('gone', found.gone.length);
    const sorted = await sort(found.candidates, options, bench, context, root);
    if (sorted.waiting.length > 0) tally.add('waiting', sorted.waiting.length);
    if (context.dryRun) sayPlan(sorted, bench, context, tally);
    else await workThrough(sorted.ready, bench, options.jobs ?? availableParallelism(), context, tally);
  } catch (thrown) {
    noteTrouble(thrown, undefined, tally);
  } finally {
    await crew.close();
  }
  return tally.outcome(summaryOf(tally, context.dryRun));
}

function benchOf(
  options: ArchiveOptions,
  { ledger, clock, signal }: VerbContext,
  root: Root,
  packing: Packing,
  means: Means | undefined,
): Bench {
  const to = options.to ?? ARCHIVE_DEFAULTS.to;
  return {
    root: root.path,
    files: means?.files ?? disk,
    packing,
    ledger,
    writers: means?.writers ?? createWriters(root.path, clock),
    clock,
    signal,
    to,
    level: options.level ?? ARCHIVE_DEFAULTS.level[to],
    keepRawMs: options['keep-raw'] ?? ARCHIVE_DEFAULTS.keepRawMs,
  };
}

/** What is there to do now. What is as it should be is left out before anything is waited for. */
async function sort(
  all: readonly Candidate[],
  options: ArchiveOptions,
  bench: Bench,
  { clock, signal }: VerbContext,
  { path, manifest }: Root,
): Promise<Sorted> {
  const open = all.filter((one) => nextStep(one, bench) !== 'nothing');
  const defaults = ARCHIVE_DEFAULTS.olderMs;
  const patience = {
    root: path,
    olderMs: options.older ?? (manifest === undefined ? defaults.files : defaults.parts),
    settleMs: options.settle ?? ARCHIVE_DEFAULTS.settleMs,
    clock,
    writers: bench.writers,
    signal,
  };
  return manifest === undefined ? sortFiles(open, patience) : sortParts(open, patience);
}

async function workThrough(
  ready: readonly Candidate[],
  bench: Bench,
  atOnce: number,
  { progress, say, signal }: VerbContext,
  tally: Tally,
): Promise<void> {
  const rest = ready.values();
  let through = 0;
  const take = async (): Promise<void> => {
    for (const candidate of rest) {
      if (signal.aborted) tally.end('partly', 'the run was told to end');
      if (tally.hasEnded()) return;
      try {
        account(await archiveOne(bench, candidate), candidate, tally, say);
      } catch (thrown) {
        noteTrouble(thrown, candidate.path, tally);
      }
      through += 1;
      progress({ done: through, total: ready.length, what: candidate.path });
    }
  };
  const takers = await Promise.allSettled(Array.from({ length: Math.min(atOnce, ready.length) }, take));
  // A bug in one of them is thrown when all have left their file.
  for (const taker of takers) if (taker.status === 'rejected') throw taker.reason;
}

function account(done: Done, { path }: Candidate, tally: Tally, say: (line: string) => void): void {
  const { step, bytes, archiveBytes, removed } = done;
  if (step === 'nothing') return;
  tally.add(step === 'archive' ? 'files' : step === 'adopt' ? 'adopted' : 'settled');
  if (step === 'archive') {
    tally.add('bytes', bytes);
    tally.add('archiveBytes', archiveBytes);
  }
  if (removed) tally.add('removed');
  const did = { archive: 'archived', settle: 'proved by its archive', adopt: 'took in the archive of' }[step];
  const sizes = `${approximateSize(bytes)} to ${approximateSize(archiveBytes)}`;
  const name = shownPath(path);
  say(
    `${step === 'settle' ? `${name} ${did}` : `${did} ${name}`}, ${sizes}${removed ? ', file removed' : ''}`,
  );
}

function sayPlan({ ready, waiting }: Sorted, bench: Bench, { say }: VerbContext, tally: Tally): void {
  for (const one of ready) {
    const step = nextStep(one, bench);
    const name = shownPath(one.path);
    const end = bench.keepRawMs > 0 ? 'keep it for now' : 'remove it';
    if (one.raw === 'link' || one.raw === 'other') tally.refuse(one.path, 'it is not a regular file');
    else if (step === 'archive')
      say(`would archive ${name} as ${name}.${bench.to}, read that back, and ${end}`);
    else if (step === 'settle') say(`would prove ${name} by its archive, and remove it`);
    else if (step === 'adopt') say(`would read back ${one.archive?.path ?? ''}, and take it in`);
    tally.add(step === 'archive' ? 'files' : step === 'adopt' ? 'adopted' : 'settled');
  }
  for (const { path, reason } of waiting) say(`would wait with ${shownPath(path)}: ${reason}`);
}

function summaryOf({ counts }: Tally, dryRun: boolean): string {
  const of = (name: string): number => counts[name] ?? 0;
  const said: string[] = [];
  const sizes = dryRun ? '' : `, ${approximateSize(of('bytes'))} to ${approximateSize(of('archiveBytes'))}`;
  const files = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  if (of('files') > 0)
    said.push(`${dryRun ? 'would archive' : 'archived'} ${files(of('files'), 'file')}${sizes}`);
  if (of('settled') > 0)
    said.push(`${dryRun ? 'would settle' : 'settled'} ${of('settled')} beside their archives`);
  if (of('adopted') > 0) said.push(`${dryRun ? 'would take' : 'took'} in ${files(of('adopted'), 'archive')}`);
  if (said.length === 0) said.push('nothing to archive');
  if (of('waiting') > 0) said.push(`${files(of('waiting'), 'file')} not ready yet`);
  if (of('gone') > 0) said.push(`${files(of('gone'), 'part')} of the manifest not here any more`);
  return said.join('; ');
}
