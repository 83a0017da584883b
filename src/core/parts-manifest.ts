import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { errorCode } from './result.ts';
import { readSealedLines } from './sealed-line.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const ManifestLine = v.strictObject({
  v: v.literal(1),
  /** Below the folder collected into, without `.ndjson`. */
  part: v.string(),
  epoch: count,
  first: count,
  last: count,
  k: v.tuple([count, count]),
  lines: count,
  bytes: count,
  sha256: v.string(),
  /** Earliest and latest event time in it that counted, milliseconds. */
  from: v.number(),
  to: v.number(),
  ino: count,
  closed: count,
  crc: v.optional(v.string()),
});

/** A closed part of a collector: what it holds, and the checksum by which any copy can be proved. */
export type ManifestLine = v.InferOutput<typeof ManifestLine>;

class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly retryable = false;
}

/** Where a collector's manifest lies, below the folder that it collects into: one sealed line a closed part. */
export const MANIFEST = '.vahti/manifest.ndjson';

/**
 * All closed parts, oldest first; nothing where there is no manifest yet.
 * @throws ManifestError where a line before the last is damaged: a crash only tears the last.
 */
export async function readManifest(
  path: string,
): Promise<{ readonly parts: readonly ManifestLine[]; readonly wholeBytes: number }> {
  const content = await readFile(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const { values, wholeBytes, damaged } = readSealedLines(content);
  if (damaged.length > 0) throw new ManifestError(`cannot read ${path}: line ${damaged[0]} is damaged`);
  const parts = values.map((value, index) => {
    const parsed = v.safeParse(ManifestLine, value);
    if (parsed.success) return parsed.output;
    const issue = parsed.issues[0];
    throw new ManifestError(
      `cannot read ${path}: line ${index + 1}: ${v.getDotPath(issue) ?? 'line'}: ${issue.message}`,
    );
  });
  return { parts, wholeBytes };
}
