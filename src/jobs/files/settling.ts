import type { Clock } from '../../core/clock.ts';
import { errorCode } from '../../core/result.ts';
import { type FileLook, isSame, lookAt } from './identity.ts';
import type { Writers } from './writers.ts';

/** How far ahead of our clock a file's time may be: clocks of file servers differ. */
const AHEAD_MS = 60_000;

export interface Patience {
  /** How far apart the two looks are; since its last `change` a file has to be as old, too. Milliseconds. */
  readonly settleMs: number;
  /** How old it has to be at the least. */
  readonly olderMs?: number;
  /**
   * What its age is counted from: its last change (default), or its last change of any kind, its arrival here included, which nobody
   * can set: there the two looks are enough.
   */
  readonly since?: 'change' | 'arrival';
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  readonly writers: Writers;
  readonly signal: AbortSignal;
}

/** What is gone is in neither. */
export interface Settled {
  /** As they were in the second look. */
  readonly ready: ReadonlyMap<string, FileLook>;
  /** With the reason: a later run takes them. */
  readonly waiting: ReadonlyMap<string, string>;
}

/**
 * Which files are over: old enough, the same in two looks, open for writing in no process. One that went away rejects nothing.
 * @param paths absolute.
 */
export async function settle(
  paths: Iterable<string>,
  { settleMs, olderMs = 0, since = 'change', clock, writers, signal }: Patience,
): Promise<Settled> {
  const waiting = new Map<string, string>();
  const seen = new Map<string, FileLook>();
  for (const path of paths) {
    const look = await lookOrGone(path);
    if (look === undefined) continue;
    const at = since === 'change' ? look.mtimeMs : Number(look.ctimeNs) / 1e6;
    const reason = tooYoung(clock.now() - at, since === 'change' ? settleMs : 0, olderMs, since);
    if (reason === undefined) seen.set(path, look);
    else waiting.set(path, reason);
  }
  if (seen.size > 0 && !(await clock.sleep(settleMs, signal))) signal.throwIfAborted();
  const ready = new Map<string, FileLook>();
  for (const [path, before] of seen) {
    const look = await lookOrGone(path);
    if (look === undefined) continue;
    if (!isSame(before, look)) waiting.set(path, 'it still changes');
    else if (writers.has(path)) waiting.set(path, 'a process has it open for writing');
    else ready.set(path, look);
  }
  return { ready, waiting };
}

/** Why a file of this age is left for later; undefined where it is not. All milliseconds. */
export function tooYoung(
  ageMs: number,
  settleMs: number,
  olderMs = 0,
  since: 'change' | 'arrival' = 'change',
): string | undefined {
  if (ageMs < -AHEAD_MS) return 'its time lies in the future';
  if (ageMs < olderMs)
    return since === 'change'
      ? 'it is younger than `older` says'
      : 'it has not waited for as long as `delay` says';
  return ageMs < settleMs ? 'it changed a moment ago' : undefined;
}

/** A look at a file that may not be there. */
export async function lookOrGone(path: string): Promise<FileLook | undefined> {
  return lookAt(path).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  });
}
