import type { Intake } from '../engine/intake.ts';
import { type FileIdentity, type InboxFile, isTaken } from '../ledger/types.ts';
import type { InboxPlan } from '../plan.ts';
import type { KnownFiles } from './known-files.ts';
import { beginPending, type Clocks, contentOf, createSteady, type Pending, type Steady } from './pending.ts';
import { createShelf, type Shelf } from './shelf.ts';
import type { SeenFile } from './walk.ts';

export interface PendingFilesOptions {
  readonly plan: InboxPlan;
  readonly intake: Pick<Intake, 'inboxFilesAt' | 'dueFiles' | 'firstDue'>;
  readonly known: KnownFiles;
  readonly clocks: Clocks;
  /** A file is in memory no more. */
  readonly dropped: (path: string) => void;
}

/** Files in memory: what is on its way beyond them is in the ledger alone. */
const IN_MEMORY = 2048;
/** Known names with other content that is not sure yet are in memory alone: beyond so many the next ones wait for a later scan. */
const MOST_UNSURE = 4 * IN_MEMORY;
/** Taken out of the ledger at once; and with so many that cannot be looked at no more are, as each would stay here. */
const TAKEN_BACK = 1024;
/** What could not be looked at is again after so long. */
const LOOK_AGAIN_MS = 5000;

/** The files on their way through an inbox, of which a bounded number is in memory. Moments are of the monotonic clock, milliseconds. */
export class PendingFiles {
  readonly #options: PendingFilesOptions;
  readonly #files = new Map<string, Pending>();
  /** Those that could not be looked at. */
  readonly #unseen = new Set<string>();
  readonly #shelf: Shelf;
  /** The clock in which the ledger says what is due. */
  readonly steady: Steady;
  #scan = 0;
  #isBehind = false;
  #hasShelved = false;

  constructor(options: PendingFilesOptions) {
    const { plan, intake, clocks } = options;
    this.#options = options;
    this.steady = createSteady(clocks);
    this.#shelf = createShelf(plan.name, intake, clocks, this.steady);
  }

  /** How many are in memory. */
  get size(): number {
    return this.#files.size;
  }

  /** Whether any was ever left to the ledger. */
  get hasShelved(): boolean {
    return this.#hasShelved;
  }

  /** Whether a scan has left something out that there is room for by now. */
  get wantsScan(): boolean {
    return this.#isBehind && this.#files.size < IN_MEMORY;
  }

  get(path: string): Pending | undefined {
    return this.#files.get(path);
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** Whether more may be taken out of the ledger. */
  get hasRoom(): boolean {
    return this.#unseen.size < TAKEN_BACK;
  }

  drop({ path }: Pick<Pending, 'path'>): void {
    this.#files.delete(path);
    this.#unseen.delete(path);
    this.#options.dropped(path);
  }

  /** Whether any is about to be looked at again, as two looks make it whole. */
  get hasSettling(): boolean {
    if (Number.isFinite(this.#shelf.next())) return true;
    return Array.from(this.#files.values()).some(
      ({ settledAt, due }) => settledAt === undefined && Number.isFinite(due),
    );
  }

  /** Those whose time has come, at most so many. */
  due(most: number): string[] {
    const now = this.#options.clocks.monotonic();
    const paths: string[] = [];
    for (const { due, path } of this.#files.values()) {
      if (paths.length === most) break;
      if (due <= now) paths.push(path);
    }
    return paths;
  }

  /** When the next one's comes; Infinity where that of none does. @param isTaking whether those of the ledger count. */
  nextDue(isTaking: boolean): number {
    let next = isTaking ? this.#shelf.next() : Infinity;
    for (const { due } of this.#files.values()) next = Math.min(next, due);
    return next;
  }

  /** Files that could not be looked at: they come due a while later. */
  postpone(paths: readonly string[]): void {
    const due = this.#options.clocks.monotonic() + LOOK_AGAIN_MS;
    for (const path of paths) {
      const file = this.#files.get(path);
      if (file === undefined) continue;
      file.due = due;
      this.#unseen.add(path);
    }
  }

  beginScan(): void {
    this.#scan++;
    this.#isBehind = false;
  }

  /** Those that the scan has not seen. */
  unseen(): readonly string[] {
    return Array.from(this.#files.values()).flatMap(({ scan, path }) => (scan === this.#scan ? [] : [path]));
  }

  /** What files that were seen are on their way as; those of which nothing is to be done are left out. */
  async of(
    seen: readonly SeenFile[],
  ): Promise<readonly { readonly seen: SeenFile; readonly file: Pending }[]> {
    const { plan, intake, known } = this.#options;
    const asked = seen.flatMap((one) =>
      this.#files.has(one.path) || known.has(one.path, contentOf(one)) ? [] : [one.path],
    );
    const written = asked.length === 0 ? undefined : await intake.inboxFilesAt(plan.name, asked);
    return seen.flatMap((one) => {
      const file = this.#one(one, written?.get(one.path));
      if (file === undefined) return [];
      file.scan = this.#scan;
      this.#unseen.delete(one.path);
      return [{ seen: one, file }];
    });
  }

  #one(seen: SeenFile, before: InboxFile | undefined): Pending | undefined {
    const { known } = this.#options;
    const content = contentOf(seen);
    const open = this.#files.get(seen.path);
    if (open !== undefined) {
      const hasReturned =
        open.before !== undefined && open.id === undefined && contentOf(open.before) === content;
      if (!hasReturned) return open;
      this.drop(open);
      known.add(seen.path, content);
      return undefined;
    }
    if (known.has(seen.path, content)) return undefined;
    if (before === undefined || !isTaken(before)) return this.#begin(seen, before);
    if (contentOf(before) === content) {
      known.add(seen.path, content);
      return undefined;
    }
    if (this.#files.size < MOST_UNSURE) return this.#begin(seen, before);
    this.#isBehind = true;
    return undefined;
  }

  #begin(seen: FileIdentity & { readonly path: string }, before: InboxFile | undefined): Pending {
    const { clocks, plan } = this.#options;
    const file = beginPending(seen, before, clocks, plan, this.steady);
    this.#files.set(seen.path, file);
    return file;
  }

  /** Has files in memory again that come due; answers with their paths. */
  async takeBack(): Promise<readonly string[]> {
    const { known } = this.#options;
    const paths: string[] = [];
    // Some of what is due may be in memory.
    for (const file of await this.#shelf.take(TAKEN_BACK + this.#files.size)) {
      if (paths.length === TAKEN_BACK) break;
      if (this.#files.has(file.path)) continue;
      known.forget(file.path);
      this.#begin(file, file);
      paths.push(file.path);
    }
    return paths;
  }

  /** Leaves files to the ledger, as far as there are too many, and it has all that there is to know of them. */
  shelve(files: readonly Pending[]): void {
    const { plan, known } = this.#options;
    // A group is counted in memory.
    if (plan.group !== undefined) return;
    for (const file of files) {
      if (this.#files.size <= IN_MEMORY) return;
      const { path, id, written, checking, due } = file;
      const isKept = id === undefined || written === undefined || checking !== undefined;
      if (isKept || this.#files.get(path) !== file) continue;
      this.drop(file);
      // Scans leave it out as long as nothing is done to it; its marker is to be seen by them.
      if (plan.marker === undefined) known.add(path, contentOf(file.identity));
      this.#shelf.put(due);
      this.#hasShelved = true;
    }
  }
}
