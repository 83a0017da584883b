import type { FoldContext, FoldPlan } from './fold.ts';
import { addOlder, mergeOlder } from './older.ts';
import { type Folded, newRow, type OutboxRow } from './outbox-row.ts';

/** From so many undelivered messages of jobs on the older ones become one. */
const MOST_JOBS = 50;
const KEPT_JOBS = 20;

/** Keeps what jobs said bounded in a channel that is dead: of the older messages the numbers remain. Pure but for the ids it takes. */
export function foldJobs(
  pending: readonly OutboxRow[],
  { channel, now, newId, nextPlace }: Omit<FoldContext, 'incidentOf'>,
): FoldPlan {
  const jobs = pending.filter((row) => row.class === 'job' && !row.trying);
  if (jobs.length <= MOST_JOBS) return { rows: [], folded: [], moved: [] };
  const gone = jobs.slice(0, -KEPT_JOBS);
  const older = gone.flatMap(numbersOf).reduce(addOlder, mergeOlder(gone.flatMap((row) => row.older)));
  const dueAt = Math.min(now, ...gone.map((row) => row.dueAt));
  const base = { id: newId(), channel, class: 'job', event: 'job', place: nextPlace(), at: now } as const;
  const row = newRow({ ...base, dueAt, older });
  return { rows: [row], folded: gone.map(({ id }) => ({ id, into: row.id })), moved: [] };
}

function numbersOf({ notice }: OutboxRow): readonly Folded[] {
  return (notice?.items ?? []).map(({ service, state, since, until }) => ({
    service,
    subject: state,
    count: 1,
    since,
    until: until ?? since,
    downMs: 0,
  }));
}

/** A digest tells of the present: an older one that was not delivered is not wanted any more. */
export function foldDigests(
  pending: readonly OutboxRow[],
  newest: OutboxRow,
): readonly { readonly id: string; readonly into: string }[] {
  const gone = pending.filter((row) => row.class === 'digest' && !row.trying && row.id !== newest.id);
  return gone.map(({ id }) => ({ id, into: newest.id }));
}
