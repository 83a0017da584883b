import type { InboxFileState, TaskState } from '../../core/pipeline-states.ts';

/** What the ledger of a pipeline knows. Moments are wall milliseconds. */

export type { InboxFileState, TaskState } from '../../core/pipeline-states.ts';

/** On its way through its inbox, and not taken yet: what it looks like may still change. */
export const UNSETTLED_STATES: readonly InboxFileState[] = ['seen', 'settling', 'waiting'];

/** On its way, or failed: when such a file is there no more it is `gone`. */
export const LOOSE_STATES: readonly InboxFileState[] = [...UNSETTLED_STATES, 'failed', 'partial', 'parked'];

/** Whether a file of an inbox was taken: only other content makes something new of it. One that is gone comes as a new one. */
export function isTaken({ state }: Pick<InboxFile, 'state'>): boolean {
  return !UNSETTLED_STATES.includes(state) && state !== 'gone';
}

export type ProductState = 'current' | 'superseded' | 'gone';

/** Which content a name has: compared as text. */
export interface FileIdentity {
  /** Decimal, as the kernel gives it: some filesystems use all 64 bits. */
  readonly ino: string;
  /** Bytes. */
  readonly size: number;
  /** Nanoseconds since 1970, decimal. */
  readonly mtimeNs: string;
  readonly sha256?: string;
}

interface AnyFile extends FileIdentity {
  readonly id: number;
  /** The inbox that it came into, or the step that made it. */
  readonly origin: string;
  /** Relative to the inbox's folder, or to that of the products. */
  readonly path: string;
  /** How many contents came under this name before, of those that were taken for others. */
  readonly rev: number;
  readonly firstSeen: number;
}

export interface InboxFile extends AnyFile {
  readonly kind: 'inbox';
  readonly state: InboxFileState;
  /** When `waiting` ends, or is looked at again. */
  readonly due: number | null;
  /** What it waits for, or why it failed: `delay`, `gate`, `group`, or a sentence. */
  readonly why: string | null;
  readonly settledAt: number | null;
  /** When it was done, or failed. */
  readonly ended: number | null;
}

export interface ProductFile extends AnyFile {
  readonly kind: 'product';
  readonly state: ProductState;
  /** The task that made it. */
  readonly task: number;
  readonly version: number;
  /** False: it may still grow. */
  readonly complete: boolean;
  /** Its path when it is complete, where that is another one while it may grow; null where it is always the same. */
  readonly final: string | null;
}

/** What a file is called for names, keys and templates: one that may still grow as the complete one that it becomes. */
export function nameOf(file: LedgerFile): string {
  return file.kind === 'product' ? (file.final ?? file.path) : file.path;
}

export type LedgerFile = InboxFile | ProductFile;

/** Nothing more happens by itself. */
export const OVER: readonly TaskState[] = [
  'done',
  'warned',
  'skipped',
  'ignored',
  'failed',
  'parked',
  'cancelled',
];
/** Somebody has to look. */
export const BAD: readonly TaskState[] = ['failed', 'parked'];

/** What a task is to be made of one file, as the plan says it. */
export interface TaskDraft {
  readonly step: string;
  readonly key: string;
  readonly lock: string | null;
  readonly priority: number;
  readonly level: number;
  /** The most inputs that it may get; with more there are several tasks. */
  readonly most: number;
  /** How long it waits for more while it has fewer, milliseconds. */
  readonly waitMs: number;
  readonly version: number;
  readonly stepHash: string;
  /** What templates of the step can say of it. */
  readonly vars: Readonly<Record<string, string>>;
  /** Its place in the order, where that is not the arrival of its oldest input. */
  readonly order?: number;
}

export interface Task {
  readonly id: number;
  readonly step: string;
  readonly key: string;
  readonly state: TaskState;
  /** Counted from 1 once it was claimed. */
  readonly attempt: number;
  /** How often its runner died of it. */
  readonly crashes: number;
  readonly fence: number;
  readonly lock: string | null;
  readonly priority: number;
  readonly level: number;
  readonly order: number;
  readonly generation: number;
  readonly version: number;
  readonly stepHash: string;
  readonly vars: Readonly<Record<string, string>>;
  readonly inputs: number;
  readonly due: number | null;
  readonly created: number;
  readonly started: number | null;
  readonly ended: number | null;
  readonly exit: string | null;
  readonly error: string | null;
}

/** A task that is this runner's to run: every later write names both. */
export interface Claim {
  readonly task: Task;
  readonly fence: number;
  /** In the order in which they came. */
  readonly files: readonly LedgerFile[];
}

/** Who runs a task, so that the next runner can tell whether it lives. */
export interface Owner {
  readonly boot: string;
  readonly pid: number;
  readonly startTicks: number;
  /** What all its steps carry in their environment, before the number of their task. */
  readonly life: string;
}

/** A product on its way to its place. Paths of products are relative to their folder. */
export interface Install {
  readonly path: string;
  /** Absolute, on the filesystem of its place. */
  readonly temp: string;
  readonly size: number;
  readonly sha256: string;
  readonly complete: boolean;
  /** As of a `ProductFile`. */
  readonly final: string | null;
  /** The other form of the same product, which goes as soon as this one is in its place. */
  readonly removes: readonly string[];
}

/** One attempt at a task. */
export interface Run {
  readonly task: number;
  readonly attempt: number;
  readonly started: number;
  readonly ended: number | null;
  /** The state that it left its task in; null while it runs. */
  readonly outcome: string | null;
  readonly exit: string | null;
  readonly error: string | null;
  /** The file of what it printed, relative to the folder of logs; null where it printed nothing. */
  readonly log: string | null;
  readonly version: number;
  readonly stepHash: string;
  /** The content of its programs and of what its step uses, as 16 hexadecimal digits; null where it was never known. */
  readonly tool: string | null;
}
