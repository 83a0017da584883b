import { join } from 'node:path';
import type { Clock } from '../../../core/clock.ts';
import { settle } from '../../files/settling.ts';
import type { Writers } from '../../files/writers.ts';
import type { Candidate } from './candidates.ts';

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
 * Which other files are over. What has no file any more, only an archive, is looked at in the same way.
 */
export async function sortFiles(all: readonly Candidate[], patience: Patience): Promise<Sorted> {
  const pathOfEach = (one: Candidate): string => pathOf(patience.root, one);
  const { ready, waiting } = await settle(all.map(pathOfEach), patience);
  return {
    ready: all.filter((one) => ready.has(pathOfEach(one))),
    waiting: all.flatMap((one) => {
      const reason = waiting.get(pathOfEach(one));
      return reason === undefined ? [] : [{ path: one.path, reason }];
    }),
  };
}

function pathOf(root: string, { path, raw, archive }: Candidate): string {
  return join(root, raw === undefined ? (archive?.path ?? path) : path);
}
