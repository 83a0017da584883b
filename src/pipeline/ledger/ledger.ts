import type {
  Claim,
  FileIdentity,
  InboxFile,
  InboxFileState,
  Install,
  LedgerFile,
  Owner,
  ProductFile,
  Run,
  Task,
  TaskDraft,
  TaskState,
} from './types.ts';
import type { StepPlan } from '../plan.ts';
import type { AsideLedger } from './aside.ts';
import type { Conflict } from './conflicts.ts';
import type { AgainLedger } from './again.ts';
import type { GrowthLedger } from './growth.ts';
import type { PruningLedger } from './pruning.ts';
import type { LedgerLooks } from './looks.ts';
import type { PastLedger } from './past.ts';
import type { LedgerViews } from './views.ts';

/**
 * The ledger of a pipeline: what it knows, durable when a call resolves. It decides nothing. Calls reject where the disk fails; the
 * runner ends then, and the next one goes on from the last commit. One runner writes, anybody may read.
 */
export interface Ledger
  extends InboxLedger,
    TaskLedger,
    LedgerReader,
    AsideLedger,
    AgainLedger,
    GrowthLedger,
    PastLedger,
    PruningLedger {
  close(): Promise<void>;
}

/** A file of an inbox as it was just seen. */
export interface Sighting extends FileIdentity {
  readonly path: string;
  readonly state: Extract<InboxFileState, 'seen' | 'settling' | 'waiting' | 'ignored' | 'failed' | 'done'>;
  readonly why?: string;
  readonly due?: number;
  readonly settledAt?: number;
}

/** A file that may be worked on, and what is to be made of it. */
export interface Arrival extends FileIdentity {
  readonly path: string;
  readonly settledAt: number;
  readonly drafts: readonly TaskDraft[];
}

/** What inboxes write; they do it through an Intake (engine/intake.ts), which makes the drafts. */
export interface InboxLedger {
  /**
   * Files of an inbox that are on their way, or have failed: what is to be asked for when they are there no more. In no order; of each
   * name the newest revision.
   */
  looseFiles(inbox: string): AsyncIterable<InboxFile>;
  inboxFile(inbox: string, path: string): Promise<InboxFile | undefined>;
  /** The newest revision of each of these names that is known. */
  inboxFilesAt(inbox: string, paths: readonly string[]): Promise<ReadonlyMap<string, InboxFile>>;
  /** Files that settle or wait until a moment or an earlier one, what is due first before the others; at most `limit` of them. */
  dueFiles(inbox: string, until: number, limit: number): Promise<readonly InboxFile[]>;
  /** When the first of those is due that settle or wait. */
  firstDue(inbox: string): Promise<number | undefined>;
  /** Whether anything was ever known of an inbox. */
  isFirstLook(inbox: string): Promise<boolean>;
  /**
   * Writes down what was seen. A name that is new, or known with another identity and settled before, gets a new revision.
   * One that is `seen`, `settling` or `waiting` stays one, whatever it looks like now.
   */
  sight(inbox: string, sightings: readonly Sighting[], now: number): Promise<readonly InboxFile[]>;
  /** Makes files ready, and their tasks, in one transaction. A file without a draft is `ignored`: no step takes it. */
  arrive(inbox: string, arrivals: readonly Arrival[], now: number): Promise<readonly InboxFile[]>;
  /** Files that are not there any more. What was made of them stays, and what is still to be made fails by itself. */
  gone(ids: readonly number[], now: number): Promise<void>;
}

/** Of a claim, but for its files. */
export type Held = Pick<Claim, 'fence'> & { readonly task: Pick<Task, 'id'> };

/** How a run ended that made nothing. */
export interface Ending {
  readonly state: Extract<
    TaskState,
    'skipped' | 'ignored' | 'deferred' | 'retry' | 'failed' | 'parked' | 'ready' | 'cancelled'
  >;
  /** Of `deferred` and `retry`. */
  readonly due?: number;
  readonly exit: string | null;
  readonly error: string | null;
  readonly log: string | null;
  /** As of a `Run`. */
  readonly tool?: string;
  /** New tasks for files that were its inputs: a batch that is cut in two, what is made up for after a `skipped` one. */
  readonly drafts?: readonly DraftOf[];
  /** Does not count as an attempt. */
  readonly uncounted?: boolean;
  /** Counts against it: its runner died within the run. */
  readonly crashed?: boolean;
}

export interface DraftOf {
  readonly draft: TaskDraft;
  readonly files: readonly number[];
  /** Nothing joins it, and it takes over roots and order from the task that is ended. */
  readonly cutFrom?: number;
  /** It begins in this state: what failed alone of a batch that succeeded. */
  readonly failed?: string;
}

/** A product that is in its place, and what is to be made of it. */
export interface Produced extends FileIdentity, Pick<Install, 'path' | 'complete' | 'final' | 'removes'> {
  readonly sha256: string;
  readonly drafts: readonly TaskDraft[];
}

export interface Success {
  readonly state: Extract<TaskState, 'done' | 'warned'>;
  readonly exit: string | null;
  readonly error: string | null;
  readonly log: string | null;
  /** As of a `Run`. */
  readonly tool?: string;
  readonly products: readonly Produced[];
  readonly drafts?: readonly DraftOf[];
}

export type Intent = 'intended' | 'lost' | Conflict;

/** What the engine writes. Every call that has a claim resolves false where another runner has the task by now. */
export interface TaskLedger {
  /** The next tasks that can run of these steps, at most `room` of them and `free` of each step, each claimed. */
  claim(
    owner: Owner,
    free: ReadonlyMap<string, number>,
    room: number,
    now: number,
  ): Promise<readonly Claim[]>;
  /**
   * Before the first rename: what goes where, and with which exit code it was made. Nothing is written where another runner has the
   * task, or one of the places is taken.
   * @param overwrite what the step has made of other inputs takes no place.
   */
  intend(
    held: Held,
    installs: readonly Install[],
    about: { readonly exit: string | null; readonly overwrite: boolean },
    now: number,
  ): Promise<Intent>;
  /** Products, the next level's tasks and the end of the task, in one transaction. */
  succeed(held: Held, success: Success, now: number): Promise<boolean>;
  end(held: Held, ending: Ending, now: number): Promise<boolean>;
  /** What was running or being installed: nobody runs it any more. */
  interrupted(): Promise<readonly Interrupted[]>;
  /** Makes tasks ready whose time has come; answers with how many those were, and when the next one's comes. */
  promote(now: number): Promise<{ readonly promoted: number; readonly next: number | undefined }>;
  /** Makes what was deferred ready now. */
  wakeDeferred(now: number): Promise<number>;
  /** Makes tasks for files that are there. */
  add(drafts: readonly DraftOf[], now: number): Promise<readonly number[]>;
  /** Failed and parked tasks become ready, as if new; answers with how many. */
  retry(filter: RetryFilter, now: number): Promise<number>;
  /** Small things to remember: whether it is held, when a periodic step last ran. */
  mark(name: string): Promise<string | undefined>;
  setMark(name: string, value: string | undefined): Promise<void>;
  /** What the plan says now of steps: tasks that wait follow it. */
  adopt(
    steps: readonly (Pick<StepPlan, 'name' | 'priority' | 'level' | 'version'> & { readonly hash: string })[],
  ): Promise<void>;
}

export interface Interrupted {
  readonly claim: Claim;
  readonly owner: Owner;
  /** Of a task that was being installed. */
  readonly installs: readonly Install[];
}

export interface RetryFilter {
  readonly tasks?: readonly number[];
  readonly step?: string;
  /** Tasks of what came in under this path. */
  readonly path?: string;
}

/** How many tasks of a step are in each state. */
export interface Tally {
  readonly step: string;
  readonly state: TaskState;
  readonly count: number;
}

/** What anybody may ask. */
export interface LedgerReader extends LedgerViews, LedgerLooks {
  tally(): Promise<readonly Tally[]>;
  /** Files of inboxes that may be worked on and are not done yet, and since when the oldest of them may. */
  backlog(): Promise<{ readonly count: number; readonly oldest: number | undefined }>;
  /** By state, over all revisions. */
  inboxTally(): Promise<
    readonly { readonly inbox: string; readonly state: InboxFileState; readonly count: number }[]
  >;
  task(id: number): Promise<Task | undefined>;
  tasks(filter: {
    readonly states?: readonly TaskState[];
    readonly step?: string;
    readonly limit: number;
  }): Promise<readonly Task[]>;
  /** @param limit the most of them, the first by number; without it all. */
  inputsOf(task: number, limit?: number): Promise<readonly LedgerFile[]>;
  /** @param limit the most of them, the first by path; without it all. */
  productsOf(task: number, limit?: number): Promise<readonly ProductFile[]>;
  countProducts(task: number): Promise<number>;
  /** Tasks that have a file as an input, in the order in which they were made. @param limit the most of them, the last; without it all. */
  tasksOn(file: number, limit?: number): Promise<readonly Task[]>;
  /** Every task that goes back to a file of an inbox, in the order in which they were made. */
  tasksOfRoot(file: number): Promise<readonly Task[]>;
  runsOf(task: number): Promise<readonly Run[]>;
  file(id: number): Promise<LedgerFile | undefined>;
  /** All revisions of what has this path, of inboxes and of products, the newest first. */
  filesAt(path: string): Promise<readonly LedgerFile[]>;
  /** Whether a product has ever been put at a place below `products`, or is just being put there. */
  knowsPlace(path: string): Promise<boolean>;
  /** Files of inboxes in some states, the oldest first. */
  inboxFilesIn(states: readonly InboxFileState[], limit: number): Promise<readonly InboxFile[]>;
  /** The last files of inboxes that came to an end, the newest first. */
  lastEnded(states: readonly InboxFileState[], limit: number): Promise<readonly InboxFile[]>;
  /** Products that are current, of one step or of all, by path; after a path, at most `limit` of them. */
  products(filter: {
    readonly step?: string;
    readonly after?: string;
    readonly limit: number;
  }): Promise<readonly ProductFile[]>;
  /** Every content of a product, under the name of the complete one and that of the one that may grow; the newest first. @param limit the most of them; without it all. */
  contentsOf(product: ProductFile, limit?: number): Promise<readonly ProductFile[]>;
  /** Where the current other forms of a product of a step lie. @param other the place of the other form, by the config. */
  otherForms(
    step: string,
    product: { readonly path: string; readonly final: string; readonly other: string },
  ): Promise<readonly string[]>;
  /** Current products that a key of a step has made with this version. */
  productsOfKey(step: string, key: string, version: number): Promise<readonly ProductFile[]>;
  /** Everything that ever was an input of this key of a step and is there still, by its newest revision. */
  inputsOfKey(step: string, key: string): Promise<readonly LedgerFile[]>;
  /** When a task last came to an end with a product. */
  lastSuccess(): Promise<number | undefined>;
}
