import { mkdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { disk, type Files } from '../../../core/files.ts';
import { asError } from '../../../core/result.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { failed, noteTrouble } from '../../files/outcome.ts';
import { troubleOf } from '../../files/trouble.ts';
import { createWriters, type Writers } from '../../files/writers.ts';
import { findCandidates } from './candidates.ts';
import { carry, endFor, refuse } from './carrying.ts';
import { blacklist, changedWork } from './changes.ts';
import { createCopies } from './copies.ts';
import { type Course, dryMemoryOf, memoryOf } from './course.ts';
import { baseOf, decide, type Draft, type Work } from './deciding.ts';
import { historyPath, type History, type HistoryReader, openHistory, readHistory } from './history.ts';
import type { PublishOptions } from './options.ts';
import type { Outlet } from './outlet.ts';
import { openPlaces, type Places } from './places.ts';
import { createReport } from './report.ts';
import { choose, type Chosen, inOrder } from './selection.ts';
import { settleBegun } from './settling.ts';
import { standingOf } from './standing.ts';

/** What a test puts in the place of disk, target and history. */
export interface Means {
  readonly files?: Files;
  readonly outlet?: (outlet: Outlet) => Outlet;
  readonly history?: (history: History) => History;
  readonly writers?: Writers;
}

/** Publishes what is new, once, and proves each file. */
export async function runPublish(
  options: PublishOptions,
  context: VerbContext,
  means: Means = {},
): Promise<VerbOutcome> {
  const held = context.products.hold(options.root);
  if (!held.ok && held.error.kind === 'held')
    return { kind: 'deferred', summary: `left for later: ${held.error.message}`, counts: {}, refused: [] };
  if (!held.ok) return failed(held.error.message);
  try {
    const places = await openPlaces(options, context, means.files ?? disk);
    if (!places.ok) return failed(places.error);
    return await withHistory(options, context, places.value, means);
  } finally {
    held.value.release();
  }
}

async function withHistory(
  options: PublishOptions,
  context: VerbContext,
  places: Places,
  means: Means,
): Promise<VerbOutcome> {
  const path = historyPath(context.state, context.job);
  const isThere = existsSync(path);
  const opened = !context.dryRun ? openHistory(path) : isThere ? readHistory(path) : undefined;
  if (opened?.ok === false) return failed(opened.error.message);
  const history = opened?.value;
  const work = `${path.slice(0, -'.db'.length)}.work`;
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true, mode: 0o700 });
    return await publish(options, context, { ...places, work, history }, means);
  } catch (thrown) {
    const trouble = troubleOf(thrown);
    if (trouble === undefined) throw thrown;
    return failed(`cannot publish ${options.root}: ${trouble.reason}`);
  } finally {
    await rm(work, { recursive: true, force: true });
    history?.close();
  }
}

async function publish(
  options: PublishOptions,
  context: VerbContext,
  given: Places & { readonly work: string; readonly history: History | HistoryReader | undefined },
  means: Means,
): Promise<VerbOutcome> {
  const { run, clock, signal, dryRun } = context;
  const { root, naming, quarantine, blacklist: listed, work, programs } = given;
  const bare = given.outlet(work);
  const outlet = means.outlet === undefined ? bare : means.outlet(bare);
  const report = createReport(context);
  const whole = given.history !== undefined && 'begun' in given.history ? given.history : undefined;
  const history = whole === undefined || means.history === undefined ? whole : means.history(whole);
  const courseFrom = (memory: Course['history']): Course => ({
    run,
    options,
    naming,
    root,
    outlet,
    quarantine,
    work,
    history: memory,
    blacklist: listed,
    files: means.files ?? disk,
    programs,
    clock,
    signal,
    report,
    dryRun,
  });
  let waiting = 0;
  try {
    const trouble = history === undefined ? undefined : await settleBegun({ outlet, report, clock }, history);
    if (trouble !== undefined) endFor({ outlet, report }, trouble);
    else {
      const memory = history === undefined ? dryMemoryOf(given.history) : memoryOf(history);
      waiting = await publishAll(courseFrom(memory), context, means);
    }
  } catch (thrown) {
    noteTrouble(thrown, undefined, report.tally);
  }
  report.say();
  return report.outcome(outlet.target, waiting);
}

/** Answers with how many files wait. */
async function publishAll(course: Course, context: VerbContext, means: Means): Promise<number> {
  const { report, history, clock, root, options, naming } = course;
  const found = await findCandidates(root, naming, options, context).catch((thrown: unknown) => {
    if (options.pipeline === undefined || troubleOf(thrown) !== undefined) throw thrown;
    report.tally.end('failed', asError(thrown).message);
    return undefined;
  });
  if (found === undefined) return 0;
  for (const { path, reason } of found.closed) report.refuse(path, reason);
  const known = [...history.all.values()].filter(
    ({ state }) => state === 'published' || state === 'supplement',
  );
  if (found.candidates.length + found.others === 0 && known.length > 0) {
    const hint = 'is what belongs there not mounted?';
    report.tally.end(
      'failed',
      `none of the ${known.length} files that were published is in ${options.root}; ${hint}`,
    );
    return 0;
  }
  const chosen = choose(found.candidates, options, clock.now());
  const { works, writing } = await worksOf(course, chosen, means.writers ?? createWriters(root, clock));
  const hasFailed = new Map(works.map((work) => [work.candidate, work.hasFailed]));
  const ordered = inOrder(
    works.map(({ candidate }) => candidate),
    options,
    (candidate) => hasFailed.get(candidate) === true,
  );
  const byCandidate = new Map(works.map((work) => [work.candidate, work]));
  if (works.length > ordered.length) report.tally.add('later', works.length - ordered.length);
  await publishWorks(
    course,
    ordered.flatMap((candidate) => byCandidate.get(candidate) ?? []),
    context,
  );
  return chosen.waiting.length + writing;
}

type Due = Work & { readonly base: string; readonly hasFailed: boolean };

/** What is to be done, of what is asked for: all that is not done yet, but what the blacklist names. */
async function worksOf(
  course: Course,
  { ready, latest }: Chosen,
  writers: Writers,
): Promise<{ readonly works: readonly Due[]; readonly writing: number }> {
  const { report, signal, history } = course;
  const works: Due[] = [];
  let writing = 0;
  for (const candidate of ready) {
    signal.throwIfAborted();
    try {
      const standing = await standingOf(course, candidate);
      if (standing.kind === 'done') continue;
      if (writers.has(join(course.root, candidate.path))) {
        writing += 1;
        continue;
      }
      const work: Work | undefined =
        standing.kind === 'changed'
          ? changedWork(course, candidate, standing, latest)
          : { candidate, row: standing.row, isAgain: isAgain(standing.row) };
      if (work === undefined) continue;
      const base = baseOf(course, work);
      if (!base.ok) refuse(course, work, base.error);
      else if (course.blacklist([candidate.path, base.value])) blacklist(course, work, base.value);
      else works.push({ ...work, base: base.value, hasFailed: standing.hasFailed });
    } catch (thrown) {
      const trouble = troubleOf(thrown);
      if (trouble?.kind !== 'left') throw thrown;
      report.refuse(candidate.path, trouble.reason);
    }
  }
  history.flush();
  return { works, writing };
}

/** A file whose new content was to take the place of the old one, and did not come there yet. */
function isAgain(row: Work['row']): boolean {
  return row?.replaces != null && row.publicName !== null;
}

/** In groups: as many as are carried at a time, and no two of one public name, as the second depends on what became of the first. */
async function publishWorks(course: Course, works: readonly Due[], context: VerbContext): Promise<void> {
  const { outlet, report, signal } = course;
  const copies = createCopies(course.work);
  let group: Draft[] = [];
  let bases = new Set<string>();
  // Of those that were looked at, as each may have left a copy: also where nothing came of it.
  let looked = 0;
  let bytes = 0;
  let done = 0;
  const flush = async (): Promise<void> => {
    const drafts = group;
    [group, bases, looked, bytes] = [[], new Set(), 0, 0];
    await carry(course, drafts);
    await copies.clear();
  };
  for (const work of works) {
    if (report.tally.hasEnded()) return;
    if (signal.aborted) report.tally.end('partly', 'the run was told to end');
    const { base, candidate } = work;
    if (bases.has(base) || looked >= outlet.most.files || bytes + candidate.bytes > outlet.most.bytes)
      await flush();
    if (report.tally.hasEnded()) return;
    looked += 1;
    bytes += candidate.bytes;
    try {
      const draft = await decide(course, copies, work, base);
      if (draft !== undefined) {
        group.push(draft);
        bases.add(base);
      }
    } catch (thrown) {
      const trouble = troubleOf(thrown);
      if (trouble?.kind !== 'left') throw thrown;
      refuse(course, work, trouble.reason);
    }
    done += 1;
    context.progress({ done, total: works.length, what: candidate.path });
  }
  if (!report.tally.hasEnded()) await flush();
}
