import { errorCode } from '../../../core/result.ts';
import type { Clock } from '../../../core/clock.ts';
import { type FileLook, isSame, lookAt } from '../../files/identity.ts';
import type { Writers } from '../../files/writers.ts';

/** How far ahead of our clock a file's time may be: clocks of file servers differ. */
const AHEAD_MS = 60_000;

export interface Patience {
  readonly settleMs: number;
  readonly clock: Clock;
  readonly writers: Writers;
  readonly signal: AbortSignal;
}

/**
 * Which files are over: old enough, the same in two looks, open for writing in no process. The reason of each that is not.
 * @param paths absolute.
 */
export async function unsettled(
  paths: readonly string[],
  { settleMs, clock, writers, signal }: Patience,
): Promise<ReadonlyMap<string, string>> {
  const waiting = new Map<string, string>();
  const seen = new Map<string, FileLook>();
  for (const path of paths) {
    const look = await lookOrGone(path);
    if (look === undefined) continue;
    const reason = tooYoung(clock.now() - look.mtimeMs, settleMs);
    if (reason === undefined) seen.set(path, look);
    else waiting.set(path, reason);
  }
  if (seen.size > 0 && !(await clock.sleep(settleMs, signal))) signal.throwIfAborted();
  for (const [path, before] of seen) {
    const look = await lookOrGone(path);
    if (look !== undefined && !isSame(before, look)) waiting.set(path, 'it still changes');
    else if (writers.has(path)) waiting.set(path, 'a process has it open for writing');
  }
  return waiting;
}

/** Why a file of this age is left for later; undefined where it is not. */
export function tooYoung(ageMs: number, settleMs: number): string | undefined {
  if (ageMs < -AHEAD_MS) return 'its time lies in the future';
  return ageMs < settleMs ? 'it changed a moment ago' : undefined;
}

async function lookOrGone(path: string): Promise<FileLook | undefined> {
  return lookAt(path).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  });
}
