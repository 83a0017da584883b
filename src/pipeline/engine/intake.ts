import type { Clock } from '../../core/clock.ts';
import type { Arrival, InboxLedger, Ledger, Sighting } from '../ledger/ledger.ts';
import type { InboxFile } from '../ledger/types.ts';
import type { InboxPlan } from '../plan.ts';
import type { Router } from './routing.ts';

/** A file of an inbox that may be worked on. */
export interface ReadyFile extends Omit<Arrival, 'drafts'> {
  /** Files with the same word are one input of the steps that take one file at a time: members of a group. In one call only. */
  readonly group?: string;
}

/**
 * What an inbox speaks to, and all that it knows of the pipeline. It decides when a file is whole, old enough and wanted; what is made
 * of it is nothing that it hears of. Everything is durable when a call resolves; each rejects where the disk fails, and the inbox ends.
 */
export interface Intake
  extends Pick<
    InboxLedger,
    'looseFiles' | 'inboxFile' | 'inboxFilesAt' | 'dueFiles' | 'firstDue' | 'isFirstLook'
  > {
  /** Writes down what was seen and is not ready: see `InboxLedger.sight`. */
  sight(inbox: string, sightings: readonly Sighting[]): Promise<readonly InboxFile[]>;
  /** Files that may be worked on: their tasks are made, and what can run begins. Of a reference inbox: what was deferred wakes. */
  arrive(inbox: string, files: readonly ReadyFile[]): Promise<readonly InboxFile[]>;
  /** Files that are not there any more. */
  gone(ids: readonly number[]): Promise<void>;
}

/** Files in one transaction: what is seen of others must not wait for long. */
const AT_ONCE = 500;

export interface IntakeOptions {
  readonly inboxes: readonly InboxPlan[];
  readonly ledger: Ledger;
  readonly router: Router;
  readonly clock: Pick<Clock, 'now'>;
  /** Something can run that could not before. */
  readonly wake: () => void;
}

export function createIntake({ inboxes, ledger, router, clock, wake }: IntakeOptions): Intake {
  const references = new Set(inboxes.filter(({ reference }) => reference).map(({ name }) => name));
  return {
    looseFiles: (inbox) => ledger.looseFiles(inbox),
    inboxFile: (inbox, path) => ledger.inboxFile(inbox, path),
    inboxFilesAt: (inbox, paths) => ledger.inboxFilesAt(inbox, paths),
    dueFiles: (inbox, until, limit) => ledger.dueFiles(inbox, until, limit),
    firstDue: (inbox) => ledger.firstDue(inbox),
    isFirstLook: (inbox) => ledger.isFirstLook(inbox),
    sight: (inbox, sightings) => inParts(sightings, (part) => ledger.sight(inbox, part, clock.now())),
    async arrive(inbox, files) {
      const isReference = references.has(inbox);
      // What came first is done first.
      const inOrder = files.toSorted((a, b) => a.settledAt - b.settledAt || (a.path < b.path ? -1 : 1));
      const arrivals = inOrder.map((file): Arrival => {
        const { group: _, ...arrival } = file;
        return { ...arrival, drafts: isReference ? [] : router.arrivals(inbox, file.path, file.group) };
      });
      const taken = await inParts(arrivals, (part) => ledger.arrive(inbox, part, clock.now()));
      if (isReference) await ledger.wakeDeferred(clock.now());
      wake();
      return taken;
    },
    gone: async (ids) =>
      void (await inParts(ids, async (part) => {
        await ledger.gone(part, clock.now());
        return [];
      })),
  };
}

async function inParts<T, R>(
  all: readonly T[],
  write: (part: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE)
    results.push(...(await write(all.slice(at, at + AT_ONCE))));
  return results;
}
