import { approximateDuration } from '../../../core/durations.ts';
import type { LedgerCopy, LedgerFile } from '../../../core/ledger.ts';

/** How much our clock may have been set back since a copy was read back; milliseconds. */
const AHEAD_MS = 60_000;

export interface Wanted {
  readonly jobs: readonly string[];
  /** On how many distinct targets; undefined: by each of the jobs, each on another target. */
  readonly copies: number | undefined;
  /** How long ago a copy may have been read back, milliseconds. */
  readonly withinMs: number;
}

/** Whether a file may go by its copies, and the reason where it may not. */
export type Proof =
  | { readonly ok: true; readonly copies: readonly LedgerCopy[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Counts the copies that prove a file: made by a wanted job, of the very bytes that the ledger has of the file or of its archive, read
 * back lately, each on another target, none below the root itself.
 */
export function proofOf(row: LedgerFile, copies: readonly LedgerCopy[], wanted: Wanted, now: number): Proof {
  const jobs = new Set(wanted.jobs);
  const counted = new Map<string, LedgerCopy>();
  const doubts: string[] = [];
  let proving = 0;
  for (const job of jobs) {
    const mine = copies.filter((copy) => copy.job === job);
    const reasons = mine.map((copy) => doubtOf(row, copy, wanted.withinMs, now));
    mine.forEach((copy, index) => reasons[index] === undefined && counted.set(copy.target, copy));
    if (reasons.includes(undefined)) proving += 1;
    else if (mine.length === 0) doubts.push(`${job} has not proved a copy of it`);
    else doubts.push(`${job} ${reasons[0] ?? ''}`);
  }
  const need = wanted.copies ?? jobs.size;
  const isProved = counted.size >= need && (wanted.copies !== undefined || proving === jobs.size);
  if (isProved && need > 0) return { ok: true, copies: [...counted.values()] };
  const places = need <= 1 ? '' : `${counted.size} of ${need} copies are proved: `;
  return { ok: false, reason: `${places}${doubts.join(', ') || 'they lie in the same place'}` };
}

/** Why a copy proves nothing; undefined where it does. */
function doubtOf(row: LedgerFile, copy: LedgerCopy, withinMs: number, now: number): string | undefined {
  const isRaw = copy.sha256 === row.sha256 && copy.bytes === row.bytes;
  const isArchive = copy.sha256 === row.archived?.sha256 && copy.bytes === row.archived.bytes;
  if (!isRaw && !isArchive) return `proved other bytes at ${copy.target}`;
  if (copy.target === row.root || copy.target.startsWith(`${row.root}/`))
    return `has its copy in the same folder, at ${copy.target}`;
  const ago = now - copy.verifiedAt;
  if (ago < -AHEAD_MS) return `proved it at a time that lies in the future`;
  if (ago > withinMs)
    return `read its copy back ${approximateDuration(ago)} ago, ${approximateDuration(withinMs)} is the most`;
  return undefined;
}
