import { asError, errorCode } from '../../core/result.ts';
import { DatabaseError } from '../../core/sqlite.ts';

/** Why one file is left alone; the run goes on with the next. The message is what people read. */
export class LeftAlone extends Error {
  override readonly name = 'LeftAlone';
}

/** Why the whole run ends: what comes next would fail as well, or what was done may not be durable. */
class RunEnds extends Error {
  override readonly name = 'RunEnds';
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/**
 * What an error of one file means: `left` (the next one may go well), `ends` (the run does), `stopped` (it was told to), or
 * undefined: it is a bug, and is thrown again.
 */
export type Trouble = { readonly kind: 'left' | 'ends' | 'stopped'; readonly reason: string };

const STOPPED: Trouble = { kind: 'stopped', reason: 'the run was told to end' };

export function troubleOf(thrown: unknown): Trouble | undefined {
  if (thrown instanceof LeftAlone) return { kind: 'left', reason: thrown.message };
  if (thrown instanceof RunEnds || thrown instanceof DatabaseError)
    return { kind: 'ends', reason: thrown.message };
  // An abort without a reason of its own is a DOMException, whose code is a number (dom.spec.whatwg.org).
  if (asError(thrown).name === 'AbortError') return STOPPED;
  const code = errorCode(thrown);
  if (code === undefined) return undefined;
  const { message } = asError(thrown);
  if (code === 'ENOSPC') return { kind: 'ends', reason: 'the disk is full' };
  if (code === 'EDQUOT') return { kind: 'ends', reason: 'the quota is used up' };
  if (code === 'EROFS') return { kind: 'ends', reason: `cannot write: ${message}` };
  if (code === 'ENOENT') return { kind: 'left', reason: 'it went away while it was worked on' };
  return { kind: 'left', reason: message };
}

/** A step after which everything must be durable: where it fails, nothing that rests on it may be done. */
export async function durably(what: string, step: Promise<void>): Promise<void> {
  try {
    await step;
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code === undefined || FULL.has(code)) throw thrown;
    throw new RunEnds(`cannot make ${what} durable: ${asError(thrown).message}`, { cause: thrown });
  }
}
