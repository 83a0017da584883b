import { join } from 'node:path';
import type { Clock } from '../../../core/clock.ts';
import { errorCode } from '../../../core/result.ts';
import { type FileLook, isSame, lookAt } from '../../files/identity.ts';
import type { Writers } from '../../files/writers.ts';
import type { Candidate } from './candidates.ts';

/** How far ahead of our clock a file's time may be: clocks of file servers differ. */
const AHEAD_MS = 60_000;

export interface Sorted {
  readonly ready: readonly Candidate[];
  /** Too young, or still changing, or open for writing: a later run takes them. */
  readonly waiting: readonly { readonly path: string; readonly reason: string }[];
}

export interface Patience {
  readonly root: string;
  readonly olderMs: number;
  readonly settleMs: number;
  readonly clock: Clock;
  readonly writers: Writers;
  readonly signal: AbortSignal;
}

/** Which parts are old enough. A closed part never changes again. */
export function sortParts(all: readonly Candidate[], { olderMs, clock }: Patience): Sorted {
  const ready: Candidate[] = [];
  const waiting: { path: string; reason: string }[] = [];
  for (const one of all) {
    const isYoung = olderMs > 0 && clock.now() - (one.expected?.to ?? 0) < olderMs;
    if (isYoung) waiting.push({ path: one.path, reason: 'it is younger than `older` says' });
    else ready.push(one);
  }
  return { ready, waiting };
}

/**
 * Which other files are over: old enough, the same in two looks, and open for writing in no process. What has no file any more, only an
 * archive, is looked at in the same way.
 */
export async function sortFiles(all: readonly Candidate[], patience: Patience): Promise<Sorted> {
  const { root, olderMs, settleMs, clock, writers, signal } = patience;
  const waiting: { path: string; reason: string }[] = [];
  const seen = new Map<Candidate, FileLook>();
  for (const one of all) {
    const look = await lookOrGone(pathOf(root, one));
    if (look === undefined) continue;
    const age = clock.now() - look.mtimeMs;
    const reason =
      age < -AHEAD_MS
        ? 'its time lies in the future'
        : age < Math.max(olderMs, settleMs)
          ? 'it is younger than `older` says'
          : undefined;
    if (reason === undefined) seen.set(one, look);
    else waiting.push({ path: one.path, reason });
  }
  if (seen.size > 0 && !(await clock.sleep(settleMs, signal))) signal.throwIfAborted();
  const ready: Candidate[] = [];
  for (const [one, before] of seen) {
    const path = pathOf(root, one);
    const look = await lookOrGone(path);
    if (look === undefined) continue;
    if (!isSame(before, look)) waiting.push({ path: one.path, reason: 'it still changes' });
    else if (writers.has(path)) waiting.push({ path: one.path, reason: 'a process has it open for writing' });
    else ready.push(one);
  }
  return { ready, waiting };
}

function pathOf(root: string, { path, raw, archive }: Candidate): string {
  return join(root, raw === undefined ? (archive?.path ?? path) : path);
}

async function lookOrGone(path: string): Promise<FileLook | undefined> {
  return lookAt(path).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  });
}
