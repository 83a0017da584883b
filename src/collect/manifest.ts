import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import type { Files } from '../core/files.ts';
import { errorCode } from '../core/result.ts';
import { openOrCreate } from './checkpoint.ts';
import type { Layout } from './layout.ts';
import { readSealedLines, sealLine } from './sealed-line.ts';

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

/** A closed part: what it holds, and the checksum by which any copy can be proved. */
export type ManifestLine = v.InferOutput<typeof ManifestLine>;

class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly retryable = false;
}

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

export interface ManifestLog {
  /** Durable when it resolves. */
  append(line: ManifestLine): Promise<void>;
  close(): Promise<void>;
}

export async function openManifestLog(
  files: Files,
  layout: Layout,
  wholeBytes: number,
): Promise<ManifestLog> {
  const fd = await openOrCreate(files, layout.manifest, layout.own);
  let length = wholeBytes;
  const { size } = await files.stat(fd);
  if (size > wholeBytes) await files.truncate(fd, wholeBytes);
  return {
    async append(line) {
      const data = Buffer.from(sealLine(line));
      await files.write(fd, data, length);
      await files.datasync(fd);
      length += data.length;
    },
    close: () => files.close(fd),
  };
}
