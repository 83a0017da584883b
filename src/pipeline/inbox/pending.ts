import type { Clock } from '../../core/clock.ts';
import { type FileIdentity, type InboxFile, isTaken, UNSETTLED_STATES } from '../ledger/types.ts';
import type { InboxPlan } from '../plan.ts';
import { lookAgain, lookOf, type Steadiness } from './settling.ts';

/** What the ledger says of a file: where it is and what it looks like, and when it is due, wall milliseconds. */
export interface Written {
  readonly text: string;
  readonly due: number | null;
}

/** A file that is on its way through an inbox. Moments without other words are of the monotonic clock, milliseconds. */
export interface Pending {
  readonly path: string;
  identity: FileIdentity;
  steadiness: Steadiness;
  /** When it came. */
  readonly came: number;
  /** When it was found to be whole, wall milliseconds. */
  settledAt: number | undefined;
  /** What was taken under this name before. */
  readonly before: InboxFile | undefined;
  sha256: string | undefined;
  /** What its gate said last; `closedUntil` is when it is asked again. */
  gate: 'unasked' | 'open' | { readonly closedUntil: number };
  /** A check is on its way for a file that looks so. */
  checking: string | undefined;
  /** Its number in the ledger, once it is there. */
  id: number | undefined;
  /** What the ledger says of it, so that the same is not written twice. */
  written: Written | undefined;
  /** When it has to be looked at; Infinity: when something is told of it. */
  due: number;
  /** The number of the scan that last saw it. */
  scan: number;
}

/** Both clocks: what is stored is of the wall, what is waited for is not. */
export type Clocks = Pick<Clock, 'now' | 'monotonic'>;

/**
 * The wall clock as it was when the inbox began, and goes on whatever is done to it since: what is due is stored in it, and means the
 * same until the inbox ends.
 */
export interface Steady {
  /** When it began, monotonic. */
  readonly began: number;
  wallOf(monotonic: number): number;
  monotonicOf(wall: number): number;
}

export function createSteady(clocks: Clocks): Steady {
  const began = clocks.monotonic();
  const offset = clocks.now() - began;
  return { began, wallOf: (at) => at + offset, monotonicOf: (at) => at - offset };
}

/** A file that is seen for the first time since the inbox began to run. @param written what the ledger has under its name. */
export function beginPending(
  seen: FileIdentity & { readonly path: string },
  written: InboxFile | undefined,
  clocks: Clocks,
  { gate, settle }: Pick<InboxPlan, 'gate' | 'settle'>,
  steady: Steady,
): Pending {
  const now = clocks.monotonic();
  const fresh: Pending = {
    path: seen.path,
    identity: plainIdentity(seen),
    steadiness: { look: lookOf(seen), since: now },
    came: now,
    settledAt: undefined,
    before: written !== undefined && isTaken(written) ? written : undefined,
    sha256: undefined,
    gate: 'unasked',
    checking: undefined,
    id: undefined,
    written: undefined,
    due: now,
    scan: 0,
  };
  if (written === undefined || !UNSETTLED_STATES.includes(written.state)) return fresh;
  const left = Math.min(gate?.every ?? 0, Math.max(0, (written.due ?? 0) - clocks.now()));
  return {
    ...fresh,
    identity: plainIdentity(written),
    steadiness: { look: lookOf(written), since: sinceOf(written, settle, steady, now) },
    // A wall clock that was set back must not let a file wait for years.
    came: now - Math.max(0, clocks.now() - written.firstSeen),
    settledAt: written.settledAt ?? undefined,
    sha256: written.sha256,
    gate: written.why === 'gate' ? { closedUntil: now + left } : 'unasked',
    id: written.id,
    written: { text: placeText(written.state, written.why, written), due: written.due },
  };
}

/** Since when a file has looked as the ledger says: what was written before this inbox began tells nothing of that. */
function sinceOf({ state, due }: InboxFile, settle: number, steady: Steady, now: number): number {
  if (state !== 'settling' || due === null) return now;
  const since = steady.monotonicOf(due) - settle;
  return since >= steady.began && since <= now ? since : now;
}

/** Where a file is, and what it looks like there. */
export function placeText(state: string, why: string | null, identity: FileIdentity): string {
  return `${state} ${why ?? ''} ${lookOf(identity)}`;
}

/** Takes in what a file looks like now; with another look it begins anew, but for when it came. */
export function seePending(file: Pending, seen: FileIdentity, now: number): void {
  const look = lookOf(seen);
  if (look !== lookOf(file.identity)) {
    file.identity = plainIdentity(seen);
    file.settledAt = undefined;
    file.sha256 = undefined;
    file.gate = 'unasked';
  }
  file.steadiness = lookAgain(file.steadiness, look, now);
}

/** What tells one content of a name from another: a file that was copied anew with its mtime is the same. */
export function contentOf({ size, mtimeNs }: FileIdentity): string {
  return `${size} ${mtimeNs}`;
}

/** What the ledger is told of a file, whatever its state. */
export function sightingOf({ path, identity, sha256, settledAt }: Pending) {
  return {
    path,
    ...identity,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(settledAt === undefined ? {} : { settledAt }),
  };
}

function plainIdentity({ ino, size, mtimeNs }: FileIdentity): FileIdentity {
  return { ino, size, mtimeNs };
}
