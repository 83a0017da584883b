import { join } from 'node:path';
import { approximateSize } from '../../../core/sizes.ts';
import { type FileLook, lookAt } from '../../files/identity.ts';
import { noteTrouble, shownPath } from '../../files/outcome.ts';
import { removeProved } from '../../files/removal.ts';
import { formsOf } from '../../files/root.ts';
import { LeftAlone } from '../../files/trouble.ts';
import type { Writers } from '../../files/writers.ts';
import { type Course, isLog } from './course.ts';
import { readRotated } from './names.ts';

interface Rotated {
  /** Without an archive's ending. */
  readonly path: string;
  readonly at: number;
  /** What lies there of it. */
  readonly forms: readonly { readonly path: string; readonly look: FileLook }[];
  readonly bytes: number;
}

/** What of a log's rotated ones is over a limit, the oldest first, each with the limit. @param all of one log, the newest first. */
export function overLimits<T extends { readonly at: number; readonly bytes: number }>(
  all: readonly T[],
  {
    count,
    age,
    bytes,
  }: {
    readonly count?: number | undefined;
    readonly age?: number | undefined;
    readonly bytes?: number | undefined;
  },
  now: number,
): readonly { readonly one: T; readonly limit: string }[] {
  let sum = 0;
  return all
    .flatMap((one, index) => {
      sum += one.bytes;
      if (count !== undefined && index >= count) return [{ one, limit: `count: ${count}` }];
      if (age !== undefined && now - one.at > age) return [{ one, limit: 'age' }];
      return bytes !== undefined && sum > bytes ? [{ one, limit: 'bytes' }] : [];
    })
    .toReversed();
}

/** Deletes what is over the limits of `keep`: only what the ledger knows for a rotated log, in all its forms. */
export async function deleteOld(course: Course, writers: Writers, entries: Iterable<string>): Promise<void> {
  const { options, context, tally } = course;
  if (options.keep === 'all') return;
  for (const all of (await byLog(course, entries)).values()) {
    for (const { one, limit } of overLimits(all, options.keep, context.clock.now())) {
      if (context.signal.aborted) tally.end('partly', 'the run was told to end');
      if (tally.hasEnded()) return;
      try {
        if (context.dryRun)
          context.say(
            `would delete ${shownPath(one.path)}, ${approximateSize(one.bytes)}: over keep.${limit}`,
          );
        else await deleteOne(course, writers, one, limit);
        tally.add('deleted');
      } catch (thrown) {
        noteTrouble(thrown, one.path, tally);
      }
    }
  }
}

/** What was rotated, by its log, the newest first. */
async function byLog(
  { root, options }: Course,
  entries: Iterable<string>,
): Promise<ReadonlyMap<string, readonly Rotated[]>> {
  const found = new Map<string, Map<string, Rotated>>();
  for (const entry of entries) {
    const name = readRotated(entry);
    if (name === undefined || !isLog(name.log, options)) continue;
    const form = { path: entry, look: await lookAt(join(root.path, entry)) };
    if (form.look.kind !== 'file') continue;
    const ofLog = found.get(name.log) ?? new Map<string, Rotated>();
    found.set(name.log, ofLog);
    const before = ofLog.get(name.path);
    ofLog.set(name.path, {
      path: name.path,
      at: name.at,
      forms: [...(before?.forms ?? []), form],
      bytes: (before?.bytes ?? 0) + form.look.bytes,
    });
  }
  return new Map([...found].map(([log, all]) => [log, [...all.values()].toSorted((a, b) => b.at - a.at)]));
}

async function deleteOne(course: Course, writers: Writers, one: Rotated, limit: string): Promise<void> {
  const { root, files, context } = course;
  const row = context.ledger.file(root.path, one.path);
  if (row === undefined) throw new LeftAlone('the ledger does not know it: it is not deleted');
  for (const { path, look } of one.forms) {
    const bytes =
      path === row.path ? row.bytes : path === row.archived?.path ? row.archived.bytes : undefined;
    if (bytes !== look.bytes) throw new LeftAlone('it is not what was rotated: it is not deleted');
  }
  const by = { at: context.clock.now(), run: context.run };
  context.ledger.purging(root.path, row.path, by);
  for (const { path, look } of one.forms) await removeProved(files, join(root.path, path), look, writers);
  context.ledger.purged(root.path, row.path, by);
  context.say(`deleted ${shownPath(one.path)}, ${approximateSize(one.bytes)}: over keep.${limit}`);
}

/** Writes down the end of rotated logs that a run deleted before it was killed. */
export function finishDeletions({ root, context }: Course): void {
  for (const row of root.rows.values()) {
    if (row.purging === null || row.purged !== null || readRotated(row.path) === undefined) continue;
    if (formsOf(row).some((path) => root.tree.entries.has(path))) continue;
    context.ledger.purged(root.path, row.path, { at: context.clock.now(), run: row.purging.run });
  }
}
