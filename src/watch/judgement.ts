/** What a look found. `late` is not good any more, `bad` is wrong; `unknown`: it could not look, which says nothing of the service. */
export type Verdict = 'ok' | 'late' | 'bad' | 'unknown';

export interface Judgement {
  readonly verdict: Verdict;
  /** What was seen, with its unit: `3m12s old`, `status 503`, `412 MiB`; null where nothing was. */
  readonly value: string | null;
  /** Why, as a clause: `the newest of raw/*.ndjson is 3m12s old, 90s at most`. */
  readonly reason: string;
  /** More of what was seen than a line tells; it is kept with the evidence. */
  readonly detail?: string;
  /** Of kinds with deadlines: by when the next sign has to come, and from when on it is bad that it did not; wall milliseconds. */
  readonly due?: { readonly at: number; readonly badAt: number };
  /** It is too early to tell: the look is shown, but counts for nothing. Shown as `late` where that is the verdict. */
  readonly undecided?: true;
}

/** The life that is watched. Evidence of earlier ones does not count. */
export interface WatchedLife {
  readonly id: string;
  /** Its main process; 0 where a unit of systemd's has none. */
  readonly pid: number;
  /** Wall milliseconds. */
  readonly startedAt: number;
  /** When it began for the watch: it was ready, say. What it did not do before is no reproach. Default `startedAt`. */
  readonly from?: number;
}
