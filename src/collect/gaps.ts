import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { errorCode } from '../core/result.ts';
import { readSealedLines, sealLine } from '../core/sealed-line.ts';

const number = v.pipe(v.number(), v.safeInteger());

const Gap = v.strictObject({
  v: v.literal(1),
  epoch: number,
  /** The last number that is here before the gap, and the first one after it; null where there is none. */
  from: v.nullable(number),
  to: v.nullable(number),
  /** Event time around it, or when the connection was down: milliseconds; null where it is not known. */
  since: v.nullable(number),
  until: v.nullable(number),
  reason: v.picklist(['outdated', 'disconnected', 'jump', 'reset', 'switched']),
  detail: v.string(),
  /** When it was written down: milliseconds. */
  at: number,
  crc: v.optional(v.string()),
});

/** A stretch of a stream that is known to be missing. */
export type Gap = v.InferOutput<typeof Gap>;

export function gapLine(gap: Gap): Buffer {
  return Buffer.from(sealLine(gap));
}

/**
 * All gaps that were committed, oldest first.
 * @param length committed bytes of the file; what is behind them does not count.
 */
export async function readGaps(path: string, length: number): Promise<readonly Gap[]> {
  const content = await readFile(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  return readSealedLines(content.subarray(0, length)).values.map((value) => v.parse(Gap, value));
}
