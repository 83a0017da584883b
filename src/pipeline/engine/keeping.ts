import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { errorCode } from '../../core/result.ts';
import type { PruningLedger } from '../ledger/pruning.ts';
import type { InboxPlan } from '../plan.ts';

/** After the start there is other work. */
const FIRST_MS = 60_000;
const EVERY_MS = 6 * 3_600_000;
/** Between two parts of a sweep, so that a ledger of millions of files keeps its pace. */
const REST_MS = 50;
const AT_ONCE = 500;
/** An inbox that says nothing for so long is not asked any more before it has answered: each question holds a thread. */
const HANGS_MS = 10_000;

export interface Keeping {
  readonly ledger: PruningLedger;
  readonly inboxes: readonly Pick<InboxPlan, 'name' | 'root'>[];
  /** How old it has to be. */
  readonly keepMs: number;
  readonly clock: Clock;
}

/**
 * Forgets what is older than `keepMs` and led to nothing that is there; answers with how much that was. A file of an inbox that was
 * done is forgotten when it has not lain there for as long: a disk that is not mounted for a while makes nothing new. Ends early where
 * `drain` aborts.
 * @param hung inboxes that have not answered yet, from one sweep to the next; their files are left alone.
 */
export async function forget(
  keeping: Keeping,
  drain: AbortSignal,
  hung: Set<string> = new Set(),
): Promise<number> {
  const { ledger, keepMs, clock } = keeping;
  const before = clock.now() - keepMs;
  await lookForFiles(keeping, before, drain, hung);
  let removed = 0;
  // Files are free once the tasks on them are gone.
  for (const what of ['tasks', 'files'] as const) {
    for (let from: number | undefined = Number.MAX_SAFE_INTEGER; from !== undefined; ) {
      const part = await ledger.prune(what, from, before, AT_ONCE);
      removed += part.removed;
      from = part.next;
      if (from !== undefined && !(await clock.sleep(REST_MS, drain))) return removed;
    }
  }
  return removed;
}

/** Looks which of the files that were done long ago still lie in their inbox. */
async function lookForFiles(
  { ledger, inboxes, clock }: Keeping,
  before: number,
  drain: AbortSignal,
  hung: Set<string>,
): Promise<void> {
  const roots = new Map(inboxes.map(({ name, root }) => [name, root]));
  for (let from: number | undefined = Number.MAX_SAFE_INTEGER; from !== undefined; ) {
    const part = await ledger.forgettable(from, before, AT_ONCE);
    const absent: number[] = [];
    const present: number[] = [];
    for (const { id, inbox, path } of part.files) {
      if (hung.has(inbox)) continue;
      const root = roots.get(inbox);
      const hangs = (answer: Promise<unknown>): void => {
        hung.add(inbox);
        void answer.then(() => hung.delete(inbox));
      };
      const found = root === undefined ? 'absent' : await isThere(join(root, path), clock, drain, hangs);
      if (drain.aborted) return;
      if (found !== undefined) (found === 'absent' ? absent : present).push(id);
    }
    if (part.files.length > 0) await ledger.missed(absent, present, clock.now());
    from = part.next;
    if (from !== undefined && !(await clock.sleep(REST_MS, drain))) return;
  }
}

/** Undefined where nobody says so in time: `hangs` gets what somebody may say later. What cannot be looked at counts as there. */
async function isThere(
  path: string,
  clock: Clock,
  drain: AbortSignal,
  hangs: (answer: Promise<unknown>) => void,
): Promise<'absent' | 'present' | undefined> {
  const enough = new AbortController();
  const looked = stat(path).then(
    () => 'present' as const,
    (thrown: unknown) => (errorCode(thrown) === 'ENOENT' ? ('absent' as const) : ('present' as const)),
  );
  const late = clock.sleep(HANGS_MS, AbortSignal.any([drain, enough.signal])).then(() => undefined);
  const found = await Promise.race([looked, late]);
  enough.abort();
  if (found === undefined) hangs(looked);
  return found;
}

/** Keeps a ledger from growing without bound until `drain`. */
export async function keepForgetting(
  { log, ...keeping }: Keeping & { readonly log: Log },
  drain: AbortSignal,
): Promise<void> {
  const hung = new Set<string>();
  for (let waitMs = FIRST_MS; await keeping.clock.sleep(waitMs, drain); waitMs = EVERY_MS) {
    const removed = await forget(keeping, drain, hung);
    if (removed > 0) log.info('forgets what led to nothing that is there', { rows: removed });
  }
}
