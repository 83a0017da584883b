import type { Clock } from '../../../core/clock.ts';
import type { Files } from '../../../core/files.ts';
import type { Ledger, LedgerCopy, LedgerFile } from '../../../core/ledger.ts';
import type { Tally } from '../../files/outcome.ts';
import type { Root } from '../../files/root.ts';
import type { Far, FarTrouble, Load } from '../../far/far.ts';
import type { SyncOptions } from './options.ts';

/** What all steps of a run work with. */
export interface Course {
  readonly job: string;
  readonly options: SyncOptions;
  readonly root: Root;
  readonly far: Far;
  readonly files: Files;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly tally: Tally;
  readonly dryRun: boolean;
  say(line: string): void;
  /** So many bytes are through, of so many. */
  progress(done: number, total: number, what: string): void;
}

/** So much is carried before it is read back and written down: a kill costs the proof of that much at the most, not the bytes. */
const BATCH_FILES = 4_000;
const BATCH_BYTES = 4 * 1024 ** 3;

export function* batches<T extends { readonly bytes: number }>(
  all: readonly T[],
): Generator<readonly T[], void> {
  let batch: T[] = [];
  let bytes = 0;
  for (const one of all) {
    if (batch.length > 0 && (batch.length >= BATCH_FILES || bytes + one.bytes > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(one);
    bytes += one.bytes;
  }
  if (batch.length > 0) yield batch;
}

export function loadOf(all: readonly { readonly path: string; readonly bytes: number }[]): Load {
  return {
    paths: all.map(({ path }) => path),
    largest: all.reduce((most, { bytes }) => Math.max(most, bytes), 0),
  };
}

/** The copy that this job has at this far side. */
export function copyOf({ ledger, root, job, far }: Course, name: string): LedgerCopy | undefined {
  return ledger.copies(root.path, name).find((copy) => copy.job === job && copy.target === far.target);
}

/** The far side was read: it holds these very bytes. */
export function prove(
  { ledger, root, job, far, clock }: Course,
  name: string,
  copy: Pick<LedgerCopy, 'path' | 'sha256' | 'bytes'>,
): void {
  const { path, sha256, bytes } = copy;
  ledger.proved(root.path, name, { job, target: far.target, path, sha256, bytes, verifiedAt: clock.now() });
}

/** Ends the run for what is in its way at the far side. */
export function endFor({ tally }: Course, { reason, passing }: FarTrouble): void {
  tally.end('failed', passing ? `${reason}; the next run goes on from here` : reason);
}

/** Rows with what this job has proved there. */
export function provedRows(
  course: Course,
): readonly { readonly row: LedgerFile; readonly copy: LedgerCopy }[] {
  return [...course.root.rows.values()].flatMap((row) => {
    const copy = copyOf(course, row.path);
    return copy === undefined ? [] : [{ row, copy }];
  });
}
