import { dirname, join } from 'node:path';
import { disk, type Files } from '../../../core/files.ts';
import { approximateDuration } from '../../../core/durations.ts';
import type { LedgerFile } from '../../../core/ledger.ts';
import { approximateSize } from '../../../core/sizes.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { lookAt } from '../../files/identity.ts';
import { createTally, failed, noteTrouble, shownPath, type Tally } from '../../files/outcome.ts';
import { formsOf, openRoot, type Root } from '../../files/root.ts';
import { createWriters, type Writers } from '../../files/writers.ts';
import { finish, type Purging, purgeOne, readForms } from './one-file.ts';
import { PURGE_DEFAULTS, type PurgeOptions } from './options.ts';
import { type Proof, proofOf, type Wanted } from './proof.ts';
import { strays, unknownParts } from './strays.ts';

/** What a test puts in the place of the disk. */
export interface Means {
  readonly files: Files;
  readonly writers?: Writers;
}

interface Aged {
  readonly row: LedgerFile;
  /** Of its latest event, or of its last change; milliseconds. */
  readonly time: number;
  /** Paths of what lies there of it. */
  readonly forms: readonly string[];
}

/** How much a run may still delete. */
interface Caps {
  files: number;
  bytes: number;
}

/** Deletes what is old enough and proved elsewhere, oldest first. */
export async function runPurge(
  options: PurgeOptions,
  context: VerbContext,
  means?: Means,
): Promise<VerbOutcome> {
  const jobs = options['proved-by'] ?? [];
  if (jobs.length === 0) return failed(`cannot purge ${options.root}: \`proved-by\` names no job`);
  const opened = await openRoot(options.root, 'purge', context.ledger, context.signal);
  if (!opened.ok) return failed(opened.error);
  const root = opened.value;
  const tally = createTally(context.say);
  const wanted: Wanted = {
    jobs,
    copies: options.copies,
    withinMs: options['verified-within'] ?? PURGE_DEFAULTS.verifiedWithinMs,
  };
  const purging: Purging = {
    root: root.path,
    files: means?.files ?? disk,
    ledger: context.ledger,
    writers: means?.writers ?? createWriters(root.path, context.clock),
    signal: context.signal,
    by: { at: context.clock.now(), run: context.run },
  };
  try {
    const olderThan = context.clock.now() - options.older;
    const old = agedFiles(root).filter(({ time }) => time < olderThan);
    await finishKilled(root, purging, context, tally);
    tellWhatIsLeft(root, olderThan, context, tally);
    await workThrough(old, options, wanted, purging, context, tally);
  } catch (thrown) {
    noteTrouble(thrown, undefined, tally);
  }
  return tally.outcome(summaryOf(tally, context.dryRun));
}

/** Every file that the ledger knows and that is here, the oldest first. */
function agedFiles({ rows, tree, manifest }: Root): readonly Aged[] {
  return [...rows.values()]
    .map((row) => ({
      row,
      time: manifest?.get(row.path)?.to ?? row.mtimeMs,
      forms: row.purged === null ? formsOf(row).filter((path) => tree.entries.has(path)) : [],
    }))
    .filter(({ forms }) => forms.length > 0)
    .toSorted((a, b) => a.time - b.time || (a.row.path < b.row.path ? -1 : 1));
}

/** Writes down the end of files that a run deleted before it was killed. */
async function finishKilled(
  root: Root,
  purging: Purging,
  { say, dryRun }: VerbContext,
  tally: Tally,
): Promise<void> {
  for (const row of root.rows.values()) {
    if (row.purged !== null || formsOf(row).some((path) => root.tree.entries.has(path))) continue;
    if (row.purging === null) tally.add('gone');
    else if (!(await isSurelyThere(root, row))) tally.add('unsure');
    else if (dryRun)
      say(`would write down the end of ${shownPath(row.path)}, which run ${row.purging.run} deleted`);
    else {
      await finish(purging, row, row.purging.run);
      tally.add('finished');
      say(`wrote down the end of ${shownPath(row.path)}, which run ${row.purging.run} deleted`);
    }
  }
}

/** An empty folder may be one on which nothing is mounted: there a file that is not to be seen is not gone. */
async function isSurelyThere({ path, tree, manifest }: Root, row: LedgerFile): Promise<boolean> {
  if (manifest !== undefined || tree.entries.size > 0) return true;
  const folder = dirname(join(path, row.path));
  return (
    folder !== path &&
    (await lookAt(folder).then(
      ({ kind }) => kind === 'folder',
      () => false,
    ))
  );
}

function tellWhatIsLeft(root: Root, olderThan: number, { say }: VerbContext, tally: Tally): void {
  for (const { path, reason } of root.tree.closed) tally.refuse(path, reason);
  for (const { path, to } of unknownParts(root))
    if (to < olderThan) tally.refuse(path, 'no job has taken it into the ledger');
  const left = strays(root);
  if (left.length === 0) return;
  tally.add('strays', left.length);
  for (const path of left.slice(0, 100)) say(`left alone: ${shownPath(path)}: the ledger does not know it`);
  if (left.length > 100) say(`and ${left.length - 100} more that the ledger does not know`);
}

async function workThrough(
  old: readonly Aged[],
  options: PurgeOptions,
  wanted: Wanted,
  purging: Purging,
  context: VerbContext,
  tally: Tally,
): Promise<void> {
  const caps: Caps = {
    files: options['max-files'] ?? PURGE_DEFAULTS.maxFiles,
    bytes: options['max-bytes'] ?? PURGE_DEFAULTS.maxBytes,
  };
  let through = 0;
  for (const aged of old) {
    if (context.signal.aborted) tally.end('partly', 'the run was told to end');
    if (tally.hasEnded()) return;
    try {
      await purgeAged(aged, caps, wanted, purging, context, tally);
    } catch (thrown) {
      noteTrouble(thrown, aged.row.path, tally);
    }
    through += 1;
    context.progress({ done: through, total: old.length, what: aged.row.path });
  }
}

async function purgeAged(
  { row, forms }: Aged,
  caps: Caps,
  wanted: Wanted,
  purging: Purging,
  { ledger, clock, dryRun, say }: VerbContext,
  tally: Tally,
): Promise<void> {
  const proof = proofOf(row, ledger.copies(row.root, row.path), wanted, clock.now());
  if (!proof.ok) return tally.refuse(row.path, proof.reason);
  let bytes = 0;
  for (const path of forms) bytes += (await lookAt(join(row.root, path))).bytes;
  if (caps.files < 1) return tally.end('partly', 'max-files is reached; the next run goes on');
  if (bytes > caps.bytes) return tally.end('partly', 'max-bytes is reached; the next run goes on');
  const read = await readForms(purging, row, forms);
  if (!dryRun) await purgeOne(purging, row, read);
  caps.files -= 1;
  caps.bytes -= bytes;
  tally.add('files');
  tally.add('bytes', bytes);
  say(
    `${dryRun ? 'would delete' : 'deleted'} ${forms.map(shownPath).join(' and ')}, ${approximateSize(bytes)}: ${shownProof(proof, clock.now())}`,
  );
}

function shownProof({ copies }: Proof & { readonly ok: true }, now: number): string {
  const shown = copies.map(
    ({ job, target, verifiedAt }) =>
      `proved by ${job} at ${target} ${approximateDuration(Math.max(0, now - verifiedAt))} ago`,
  );
  return shown.join(', ');
}

function summaryOf({ counts }: Tally, dryRun: boolean): string {
  const of = (name: string): number => counts[name] ?? 0;
  const files = `${of('files')} file${of('files') === 1 ? '' : 's'}, ${approximateSize(of('bytes'))}`;
  const said = [of('files') === 0 ? 'nothing to delete' : `${dryRun ? 'would delete' : 'deleted'} ${files}`];
  if (of('finished') > 0) said.push(`wrote down the end of ${of('finished')} that a killed run deleted`);
  if (of('unsure') > 0)
    said.push(
      `${of('unsure')} that a killed run may have deleted: the folder is empty, is its disk mounted?`,
    );
  if (of('gone') > 0)
    said.push(`${of('gone')} that the ledger knows are not here, and no purge deleted them`);
  if (of('strays') > 0) said.push(`${of('strays')} that the ledger does not know left alone`);
  return said.join('; ');
}
