/** What is known of one file that verbs take care of. Paths are relative to `root`. */
export interface LedgerFile {
  /** Absolute real path of the folder that the verbs work on. */
  readonly root: string;
  /** The name that the file had when it was taken in, without a suffix of an archive: `2026-11-22T08.ndjson`. */
  readonly path: string;
  /** Of the content before it was compressed. */
  readonly sha256: string;
  readonly bytes: number;
  /** Milliseconds; when the content was last changed, as it was taken in. */
  readonly mtimeMs: number;
  /** Where its archived form lies, and what that is; null while there is none. */
  readonly archived: {
    readonly path: string;
    readonly sha256: string;
    readonly bytes: number;
    readonly at: number;
  } | null;
  /** That a run was about to delete it: if it is gone now, it was that run. Null while nobody was, and after it was taken in again. */
  readonly purging: { readonly at: number; readonly run: string } | null;
  /** When it was deleted, by which job's run; null while it is there. The row stays: a tombstone. */
  readonly purged: { readonly at: number; readonly run: string } | null;
}

/** A proof that a file lies elsewhere: read back from there and compared, not merely sent. */
export interface LedgerCopy {
  /** The job that made it. */
  readonly job: string;
  /** Where, without secrets: `backup:/srv/firehose`. */
  readonly target: string;
  /** The path there. */
  readonly path: string;
  /** The bytes that lie there: of the file as it was sent, archived or not. */
  readonly sha256: string;
  readonly bytes: number;
  /** When it was last read back and found equal; milliseconds. */
  readonly verifiedAt: number;
}

/** What a job made of a file, once: the folder of an archive that was unpacked. */
export interface LedgerProduct {
  readonly job: string;
  /** Of the content that it was made of. */
  readonly sha256: string;
  /** Where it lies, absolute. */
  readonly into: string;
  /** Written down before it gets its name, so that what a killed run has made is told from a stranger's. */
  readonly begunAt: number;
  /** Null until it has its name for certain. */
  readonly doneAt: number | null;
}

/**
 * The durable list of files, their archives, proved copies and ends, shared by all verbs and jobs of a state folder. Several processes
 * may use it at the same time. Every write is durable when it returns. Implementation: `jobs/ledger/`.
 */
export interface Ledger {
  file(root: string, path: string): LedgerFile | undefined;
  files(root: string): Iterable<LedgerFile>;
  /** A new row, or one whose content changed: then what was known of the old content (archive, copies) is kept as history and does not count any more. */
  take(file: Pick<LedgerFile, 'root' | 'path' | 'sha256' | 'bytes' | 'mtimeMs'>): void;
  archived(root: string, path: string, archive: NonNullable<LedgerFile['archived']>): void;
  copies(root: string, path: string): readonly LedgerCopy[];
  /** Sets the copy of this job and target. */
  proved(root: string, path: string, copy: LedgerCopy): void;
  /** Takes back a proof: the far side does not have it any more. */
  disproved(root: string, path: string, job: string, target: string, why: string): void;
  /** What this job made of it last. */
  product(root: string, path: string, job: string): LedgerProduct | undefined;
  /** Sets the product of this job. */
  produced(root: string, path: string, product: LedgerProduct): void;
  /** Written down before a file is deleted, so that a run that is killed in between is told from a stranger's hand. */
  purging(root: string, path: string, by: { readonly at: number; readonly run: string }): void;
  purged(root: string, path: string, by: { readonly at: number; readonly run: string }): void;
  /** Many writes, durable together when it returns; none of them when it throws. `writes` is synchronous. */
  together(writes: () => void): void;
  close(): void;
}
