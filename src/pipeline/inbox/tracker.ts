import type { Intake } from '../engine/intake.ts';
import type { InboxPlan } from '../plan.ts';
import type { Checks } from './checks.ts';
import { type Course, courseOf, isWhole } from './course.ts';
import { createGroups, type Groups } from './groups.ts';
import type { KnownFiles } from './known-files.ts';
import type { InboxNames } from './names.ts';
import { conclude, noOutcome, note, type Outcome, writeOutcome } from './outcome.ts';
import { beginPending, type Clocks, contentOf, isTaken, type Pending, seePending } from './pending.ts';
import { lookOf } from './settling.ts';
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

/** A file that could not be read is read again after so long. */
const READ_AGAIN_MS = 5000;

/** Knows the files that are on their way through an inbox, and writes to the ledger what comes of them. */
export class Tracker {
  readonly #options: TrackerOptions;
  readonly #pending = new Map<string, Pending>();
  /** Which files wait for a marker, by its path. */
  readonly #awaiting = new Map<string, Set<string>>();
  readonly #groups: Groups | undefined;
  #scan = 0;

  constructor(options: TrackerOptions) {
    this.#options = options;
    const { group } = options.plan;
    this.#groups = group === undefined ? undefined : createGroups(group);
  }

  /** Files that were just looked at. @param marked those that have their marker beside them. */
  async take(seen: readonly SeenFile[], marked: ReadonlySet<string>): Promise<void> {
    const { plan, clocks, watching } = this.#options;
    const outcome = noOutcome();
    for (const one of seen) {
      const file = await this.#pendingOf(one);
      if (file === undefined) continue;
      const now = clocks.monotonic();
      seePending(file, one, now);
      file.scan = this.#scan;
      const facts = {
        now,
        isMarked: marked.has(file.path),
        cameWhole: cameWhole(watching.arrival(file.path), one),
      };
      if (file.settledAt === undefined && isWhole(file, plan, facts)) file.settledAt = clocks.now();
      this.#go(file, courseOf(file, plan, now), outcome);
    }
    await this.#write(outcome);
  }

  /** Files that were there before the inbox began, and are not wanted. */
  async leaveOut(seen: readonly SeenFile[]): Promise<void> {
    const outcome = noOutcome();
    for (const one of seen) {
      const file = await this.#pendingOf(one);
      if (file !== undefined) conclude(file, 'done', 'there before the start', outcome);
    }
    await this.#write(outcome);
  }

  /** Files that are not there any more. */
  async lose(paths: readonly string[]): Promise<void> {
    const gone: number[] = [];
    for (const path of paths) {
      this.#options.known.forget(path);
      const file = this.#pending.get(path);
      if (file === undefined) continue;
      this.#drop(file);
      if (file.id !== undefined) gone.push(file.id);
    }
    if (gone.length > 0) await this.#options.intake.gone(gone);
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

  /** Files whose time has come, at most so many. */
  due(most: number): readonly string[] {
    const now = this.#options.clocks.monotonic();
    const paths: string[] = [];
    for (const { due, path } of this.#pending.values()) {
      if (paths.length === most) break;
      if (due <= now) paths.push(path);
    }
    return paths;
  }

  /** When the next one's comes, on the monotonic clock; Infinity where that of none does. */
  nextDue(): number {
    let next = this.#groups?.next() ?? Infinity;
    for (const { due } of this.#pending.values()) next = Math.min(next, due);
    return next;
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
    return Array.from(this.#pending.values()).some(
      ({ settledAt, due }) => settledAt === undefined && Number.isFinite(due),
    );
  }

  /** Files that wait for this one. */
  waitingFor(marker: string): readonly string[] {
    return [...(this.#awaiting.get(marker) ?? [])];
  }

  /** A scan begins. */
  beginScan(): void {
    this.#scan++;
  }

  /** Files on their way that the scan has not seen. */
  unseen(): readonly string[] {
    return Array.from(this.#pending.values()).flatMap(({ scan, path }) =>
      scan === this.#scan ? [] : [path],
    );
  }

  /** What a file that was seen is on its way as; undefined where nothing is to be done with it. */
  async #pendingOf(seen: SeenFile): Promise<Pending | undefined> {
    const { plan, intake, known, clocks } = this.#options;
    const content = contentOf(seen);
    const open = this.#pending.get(seen.path);
    if (open !== undefined) {
      const hasReturned =
        open.before !== undefined && open.id === undefined && contentOf(open.before) === content;
      if (!hasReturned) return open;
      this.#drop(open);
    }
    if (known.has(seen.path, content)) return undefined;
    const before = await intake.inboxFile(plan.name, seen.path);
    if (before !== undefined && isTaken(before) && contentOf(before) === content) {
      known.add(seen.path, content);
      return undefined;
    }
    const file = beginPending(seen, before, clocks, plan);
    this.#pending.set(seen.path, file);
    return file;
  }

  #go(file: Pending, course: Course, outcome: Outcome): void {
    const { known, plan } = this.#options;
    file.due = 'due' in course ? course.due : Infinity;
    if (course.kind === 'known') {
      known.add(file.path, contentOf(file.identity));
      this.#drop(file);
    } else if (course.kind === 'ignore') conclude(file, 'ignored', course.why, outcome);
    else if (course.kind === 'fail') conclude(file, 'failed', course.why, outcome);
    else if (course.kind === 'ready') outcome.ready.push({ file });
    else if (course.kind === 'group' && this.#groups?.add(file.path, file.came) === false)
      conclude(file, 'ignored', `no member of a group: its name does not fit ${plan.group?.key}`, outcome);
    else {
      if (course.kind === 'hash' || course.kind === 'gate') this.#check(file, course.kind);
      if (course.kind === 'wait' && course.why === 'marker') this.#await(file);
      note(file, course, outcome, this.#options.clocks);
    }
  }

  #check(file: Pending, kind: 'hash' | 'gate'): void {
    const { checks, clocks, plan, wake, fail } = this.#options;
    const { path } = file;
    const look = lookOf(file.identity);
    if (file.checking === `${kind} ${look}`) return;
    const word = (file.checking = `${kind} ${look}`);
    const answered = (): boolean => {
      if (file.checking !== word) return false;
      file.checking = undefined;
      file.due = clocks.monotonic();
      return this.#pending.get(path) === file && lookOf(file.identity) === look;
    };
    const takeSum = (sum: string | undefined): void => {
      if (!answered()) return;
      file.sha256 = sum;
      if (sum === undefined) file.due += READ_AGAIN_MS;
      wake();
    };
    const takeGate = (isOpen: boolean): void => {
      if (!answered()) return;
      file.gate = isOpen ? 'open' : { closedUntil: file.due + (plan.gate?.every ?? 0) };
      wake();
    };
    const asked = kind === 'hash' ? checks.checksum(path).then(takeSum) : checks.gate(path).then(takeGate);
    asked.catch(fail);
  }

  #await({ path }: Pending): void {
    const marker = this.#options.names.markerOf(path);
    if (marker === undefined) return;
    const waiting = this.#awaiting.get(marker);
    if (waiting === undefined) this.#awaiting.set(marker, new Set([path]));
    else waiting.add(path);
  }

  async #write(outcome: Outcome): Promise<void> {
    const { intake, plan, clocks, known } = this.#options;
    await writeOutcome(outcome, plan.name, intake, clocks);
    for (const { file } of [...outcome.verdicts, ...outcome.ready]) {
      known.add(file.path, contentOf(file.identity));
      this.#drop(file);
    }
  }

  #drop({ path }: Pending): void {
    this.#pending.delete(path);
    this.#groups?.remove(path);
    if (this.#options.plan.marker === undefined) return;
    const marker = this.#options.names.markerOf(path) ?? '';
    const waiting = this.#awaiting.get(marker);
    waiting?.delete(path);
    if (waiting?.size === 0) this.#awaiting.delete(marker);
  }
}
