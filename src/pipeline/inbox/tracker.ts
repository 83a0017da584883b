import type { Intake } from '../engine/intake.ts';
import { LOOSE_STATES } from '../ledger/types.ts';
import type { InboxPlan } from '../plan.ts';
import { type Awaiting, createAwaiting } from './awaiting.ts';
import { type Checking, createChecking } from './checking.ts';
import type { Checks } from './checks.ts';
import { type Course, courseOf, isWhole } from './course.ts';
import { createGroups, type Groups } from './groups.ts';
import type { KnownFiles } from './known-files.ts';
import type { InboxNames } from './names.ts';
import { conclude, noOutcome, note, type Outcome, writeOutcome } from './outcome.ts';
import { type Clocks, contentOf, type Pending, seePending } from './pending.ts';
import { PendingFiles } from './pending-files.ts';
import type { SeenFile } from './walk.ts';
import { cameWhole, type Watching } from './watching.ts';

export interface TrackerOptions {
  readonly plan: InboxPlan;
  readonly names: Pick<InboxNames, 'markerOf'>;
  readonly intake: Intake;
  readonly watching: Pick<Watching, 'arrival'>;
  readonly checks: Pick<Checks, 'checksum' | 'gate'>;
  readonly clocks: Clocks;
  /** Those that need nothing. */
  readonly known: KnownFiles;
  /** Something came due. */
  readonly wake: () => void;
  /** A check has thrown: a bug. */
  readonly fail: (thrown: unknown) => void;
}

/** Knows the files that are on their way through an inbox, and writes to the ledger what comes of them. */
export class Tracker {
  readonly #options: TrackerOptions;
  readonly #awaiting: Awaiting;
  readonly #checking: Checking;
  readonly #groups: Groups | undefined;
  readonly #pending: PendingFiles;

  constructor(options: TrackerOptions) {
    this.#options = options;
    const { group } = options.plan;
    this.#groups = group === undefined ? undefined : createGroups(group);
    this.#awaiting = createAwaiting(options.names.markerOf);
    this.#pending = new PendingFiles({
      ...options,
      dropped: (path) => {
        this.#groups?.remove(path);
        this.#awaiting.remove(path);
      },
    });
    this.#checking = createChecking({
      ...options,
      isWanted: (file) => this.#pending.get(file.path) === file,
    });
  }

  /** Files that were just looked at. @param marked those that have their marker beside them. */
  async take(seen: readonly SeenFile[], marked: ReadonlySet<string>): Promise<void> {
    const { plan, clocks, watching } = this.#options;
    const outcome = noOutcome();
    const files = await this.#pending.of(seen);
    for (const { seen: one, file } of files) {
      const now = clocks.monotonic();
      seePending(file, one, now);
      const facts = {
        now,
        isMarked: marked.has(file.path),
        cameWhole: cameWhole(watching.arrival(file.path), one),
      };
      if (file.settledAt === undefined && isWhole(file, plan, facts)) file.settledAt = clocks.now();
      this.#go(file, this.#courseOf(file, now), outcome);
    }
    await this.#write(outcome);
    this.#pending.shelve(files.map(({ file }) => file));
  }

  /** Files that were there before the inbox began, and are not wanted. */
  async leaveOut(seen: readonly SeenFile[]): Promise<void> {
    const outcome = noOutcome();
    for (const { file } of await this.#pending.of(seen))
      conclude(file, 'done', 'there before the start', outcome);
    await this.#write(outcome);
  }

  /** Files that are not there any more: those that are on their way, and those that the ledger has as loose. */
  async lose(paths: readonly string[]): Promise<void> {
    const { known, plan, intake } = this.#options;
    const gone: number[] = [];
    const others: string[] = [];
    for (const path of paths) {
      known.forget(path);
      const file = this.#pending.get(path);
      if (file !== undefined) this.#pending.drop(file);
      if (file?.id === undefined) others.push(path);
      else gone.push(file.id);
    }
    // What is forgotten here no scan misses: nobody else would ask for it.
    const written = others.length === 0 ? [] : (await intake.inboxFilesAt(plan.name, others)).values();
    for (const { id, state } of written) if (LOOSE_STATES.includes(state)) gone.push(id);
    if (gone.length > 0) await intake.gone(gone);
  }

  /** Files that could not be looked at. */
  postpone(paths: readonly string[]): void {
    this.#pending.postpone(paths);
  }

  /** Lets groups go that are complete, or have waited long enough. */
  async release(): Promise<void> {
    const { clocks, plan } = this.#options;
    for (const { word, paths, missing } of this.#groups?.take(clocks.monotonic()) ?? []) {
      const outcome = noOutcome();
      const { count = 0, partial } = plan.group ?? {};
      const why = `only ${count - missing} of ${count} members of ${word} came in time`;
      for (const file of paths.flatMap((path) => this.#pending.get(path) ?? []))
        if (missing > 0 && partial === 'fail') conclude(file, 'failed', why, outcome);
        else outcome.ready.push({ file, group: word });
      await this.#write(outcome);
    }
  }

  /** Files whose time has come, at most so many, and more that waited in the ledger. */
  async due(most: number): Promise<readonly string[]> {
    const paths = this.#pending.due(most);
    return this.#hasRoom ? [...paths, ...(await this.#pending.takeBack())] : paths;
  }

  /** When the next one's comes, on the monotonic clock; Infinity where that of none does. */
  nextDue(): number {
    return Math.min(this.#groups?.next() ?? Infinity, this.#pending.nextDue(this.#hasRoom));
  }

  /** Whether more may be taken out of the ledger. */
  get #hasRoom(): boolean {
    return this.#checking.hasRoom && this.#pending.hasRoom;
  }

  /** How many files are in memory. */
  get size(): number {
    return this.#pending.size;
  }

  /** Whether any was left to the ledger. */
  get hasShelved(): boolean {
    return this.#pending.hasShelved;
  }

  /** Whether a scan has left something out that there is room for by now. */
  get wantsScan(): boolean {
    return this.#pending.wantsScan;
  }

  isPending(path: string): boolean {
    return this.#pending.has(path);
  }

  /** Whether it is looked at by itself when it could be whole: until then each write to it tells nothing new. */
  isSettling(path: string): boolean {
    const file = this.#pending.get(path);
    return file !== undefined && file.settledAt === undefined && Number.isFinite(file.due);
  }

  /** Whether any is about to be looked at again, as two looks make it whole. */
  get hasSettling(): boolean {
    return this.#pending.hasSettling;
  }

  /** Files that wait for this one. */
  waitingFor(marker: string): readonly string[] {
    return this.#awaiting.of(marker);
  }

  /** A scan begins. */
  beginScan(): void {
    this.#pending.beginScan();
  }

  /** Files on their way that the scan has not seen. */
  unseen(): readonly string[] {
    return this.#pending.unseen();
  }

  #courseOf(file: Pending, now: number): Course {
    const { plan } = this.#options;
    const course = courseOf(file, plan, now);
    const said = course.kind === 'gate' ? this.#checking.lastGate() : undefined;
    if (said === undefined) return course;
    file.gate = said;
    return courseOf(file, plan, now);
  }

  #go(file: Pending, course: Course, outcome: Outcome): void {
    const { known, plan } = this.#options;
    file.due = 'due' in course ? course.due : Infinity;
    // A member that changed while it waited for the others is not whole any more.
    if (course.kind !== 'group') this.#groups?.remove(file.path);
    if (course.kind === 'known') {
      known.add(file.path, contentOf(file.identity));
      this.#pending.drop(file);
    } else if (course.kind === 'ignore') conclude(file, 'ignored', course.why, outcome);
    else if (course.kind === 'fail') conclude(file, 'failed', course.why, outcome);
    else if (course.kind === 'ready') outcome.ready.push({ file });
    else if (course.kind === 'group' && this.#groups?.add(file.path, file.came) === false)
      conclude(file, 'ignored', `no member of a group: its name does not fit ${plan.group?.key}`, outcome);
    else {
      if (course.kind === 'hash' || course.kind === 'gate') this.#checking.begin(file, course.kind);
      if (course.kind === 'wait' && course.why === 'marker') this.#awaiting.add(file.path);
      note(file, course, outcome, this.#pending.steady);
    }
  }

  async #write(outcome: Outcome): Promise<void> {
    const { intake, plan, clocks, known } = this.#options;
    await writeOutcome(outcome, plan.name, intake, clocks);
    for (const { file } of [...outcome.verdicts, ...outcome.ready]) {
      known.add(file.path, contentOf(file.identity));
      this.#pending.drop(file);
    }
  }
}
