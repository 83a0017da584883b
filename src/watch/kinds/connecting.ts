import type { Judgement } from '../judgement.ts';
import { codesTrouble, networkCodes } from '../../core/network-error.ts';
import { bad, unknown } from './judgement.ts';

/** An error of a connection, as it can be kept. */
export type Trouble = { readonly codes: readonly string[]; readonly message: string };

const LONGEST_MESSAGE = 300;

export function troubleOf(error: Error): Trouble {
  return { codes: networkCodes(error), message: error.message.slice(0, LONGEST_MESSAGE) };
}

/** What an error of a connection to `where` says: bad where the other side is at fault, unknown where this one is. */
export function judgeTrouble({ codes, message }: Trouble, where: string): Judgement {
  const trouble = codesTrouble(codes);
  if (trouble === undefined) return bad(null, `cannot use the answer of ${where}: ${message}`);
  const what = `cannot connect to ${where}: ${trouble.why}`;
  return trouble.side === 'theirs' ? bad(null, what) : unknown(what);
}
