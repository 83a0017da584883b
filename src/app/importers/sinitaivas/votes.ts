import type { OldLine } from './old-line.ts';

/** Neighbouring lines that say the same number: the operations of a commit, as a rule. */
export interface Vote {
  /** NaN where the lines have no number that can be used. */
  readonly seq: number;
  /** The commit's time as its first line has it. */
  readonly time: string;
  /** Index of the file that they lie in. */
  readonly file: number;
  /** Byte in the file's content at which the first begins, and number of that line, from 1. */
  readonly offset: number;
  readonly line: number;
  lines: number;
  /** Lines among them that are there before, word for word. */
  doubled: number;
  readonly keys: number[];
}

/** So many operations are looked through for one that came before; a commit has 200 at most. */
const MOST_KEYS = 1_000;

/** Gathers lines into votes: one voice a commit, so that a commit of many operations has no more weight than others. */
export function createVotes(told: (vote: Vote) => void) {
  let current: Vote | undefined;
  const end = (): void => {
    if (current !== undefined) told(current);
    current = undefined;
  };
  return {
    add(line: OldLine, file: number, offset: number, number: number): void {
      if (current === undefined || !Object.is(current.seq, line.seq)) {
        end();
        current = {
          seq: line.seq,
          time: line.time,
          file,
          offset,
          line: number,
          lines: 0,
          doubled: 0,
          keys: [],
        };
      }
      current.lines += 1;
      if (current.keys.includes(line.key)) current.doubled += 1;
      else if (current.keys.length < MOST_KEYS) current.keys.push(line.key);
    },
    endFile: end,
  };
}
