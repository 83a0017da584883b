/** How long a file has looked the same. Moments are of the monotonic clock, milliseconds: wall clocks step, and mtimes come from elsewhere. */
export interface Steadiness {
  /** What it looks like, as `lookOf` writes it. */
  readonly look: string;
  /** When the first of the looks was that have been equal since. */
  readonly since: number;
}

/** What a file looks like: another text when anything was written to it, or another file put in its place. */
export function lookOf({
  ino,
  size,
  mtimeNs,
}: {
  readonly ino: string;
  readonly size: number;
  readonly mtimeNs: string;
}): string {
  return `${ino} ${size} ${mtimeNs}`;
}

/** One more look at a file. */
export function lookAgain(before: Steadiness | undefined, look: string, at: number): Steadiness {
  return before?.look === look ? before : { look, since: at };
}

/** Whether two looks, so far apart, have been equal, and all between them. */
export function isSteady({ since }: Steadiness, at: number, settleMs: number): boolean {
  return at - since >= settleMs;
}
