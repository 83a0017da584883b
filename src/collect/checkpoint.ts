import * as v from 'valibot';
import type { Files } from '../core/files.ts';
import type { Layout } from './layout.ts';
import { readSealedLines, sealLine } from '../core/sealed-line.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const OpenPart = v.strictObject({
  ino: count,
  /** Committed length, bytes; what the file has beyond it was never committed. */
  len: count,
  lines: count,
  /** Sequence numbers of its first and last line. */
  first: count,
  last: count,
  /** Ordinals, among all lines ever collected here, of its first and last line. */
  k: v.tuple([count, count]),
  /** Earliest and latest time that counted, milliseconds. */
  from: v.number(),
  to: v.number(),
  /** When the stream's clock passes this, milliseconds, the part is closed. */
  close: v.number(),
});

const Counts = v.strictObject({
  frames: count,
  /** Events that arrived again, by rewinding at a reconnect, and were dropped. */
  repeated: count,
  /** Events whose own time was too far off the stream's clock. */
  corrected: count,
  /** Frames that could not be read; they lie in quarantine. */
  quarantined: count,
  /** Numbers that were left out, in a stream whose numbers are not contiguous anyway. */
  jumps: v.optional(count, 0),
  kinds: v.record(v.string(), count),
});

const Checkpoint = v.strictObject({
  v: v.literal(1),
  epoch: count,
  /** Sequence number up to which everything is committed; null before the first. */
  cursor: v.nullable(count),
  /** How many lines were ever committed: the ordinal of the next one. */
  k: count,
  /** Wall clock of the commit, milliseconds, and the boot it happened in. */
  time: count,
  boot: v.string(),
  clock: v.strictObject({ base: v.number(), offsets: v.array(v.number()) }),
  files: v.record(v.string(), OpenPart),
  quarantine: count,
  /** The furthest reach of any event, milliseconds: what is later cannot have been here before. */
  latest: v.optional(v.number(), 0),
  /** Committed length of the gaps, bytes. */
  gaps: v.optional(count, 0),
  /** Where the source stands, where a number alone cannot say it; see StreamEvent. */
  marks: v.optional(v.record(v.string(), v.string())),
  /** Where an epoch begins that has no cursor yet. */
  begin: v.optional(v.union([v.picklist(['live', 'oldest']), count])),
  /** The server that the numbers are from. */
  server: v.optional(v.string()),
  /** Up to this event time, milliseconds, the server before it may have sent the same events. */
  overlap: v.optional(v.number()),
  counts: Counts,
  crc: v.optional(v.string()),
});

/** What a commit makes true: the cursor, and how much of which file belongs to it. */
export type Checkpoint = v.InferOutput<typeof Checkpoint>;
export type OpenPartState = v.InferOutput<typeof OpenPart>;
export type CollectCounts = v.InferOutput<typeof Counts>;

/** The state before anything was collected. */
export function emptyCheckpoint(boot: string): Checkpoint {
  return {
    v: 1,
    epoch: 1,
    cursor: null,
    k: 0,
    time: 0,
    boot,
    clock: { base: 0, offsets: [] },
    files: {},
    quarantine: 0,
    latest: 0,
    gaps: 0,
    counts: emptyCounts(),
  };
}

export function emptyCounts(): CollectCounts {
  return { frames: 0, repeated: 0, corrected: 0, quarantined: 0, jumps: 0, kinds: {} };
}

/** A checkpoint log that cannot be trusted. A person has to look: going on would lose or double events. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly retryable = false;
}

/**
 * The last whole checkpoint in a log's content, and how many bytes of the log are whole.
 * @throws CheckpointError where the log has content but no line that can be used, or was written by a newer version.
 */
export function lastCheckpoint(
  content: Buffer,
  path: string,
): { readonly checkpoint: Checkpoint | undefined; readonly wholeBytes: number } {
  const { values, wholeBytes } = readSealedLines(content);
  const last = values.at(-1);
  if (last === undefined) {
    if (content.includes(10)) throw new CheckpointError(`cannot read ${path}: no line in it is whole`);
    return { checkpoint: undefined, wholeBytes: 0 };
  }
  if (typeof last['v'] === 'number' && last['v'] > 1) {
    throw new CheckpointError(
      `cannot read ${path}: written by a newer Vahti (format ${last['v']}, this one knows 1)`,
    );
  }
  const parsed = v.safeParse(Checkpoint, last);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw new CheckpointError(`cannot read ${path}: ${v.getDotPath(issue) ?? 'line'}: ${issue.message}`);
  }
  return { checkpoint: parsed.output, wholeBytes };
}

/** Over this size the log is written anew with its last line alone. */
const COMPACT_BYTES = 1_048_576;

/** The log of checkpoints: one line a commit, the last whole one counts. */
export interface CheckpointLog {
  /** Durable when it resolves. After a rejection the process has to end. */
  append(checkpoint: Checkpoint): Promise<void>;
  close(): Promise<void>;
}

/** Opens the log behind its last whole line; a torn line behind that is cut off. */
export async function openCheckpointLog(
  files: Files,
  layout: Layout,
  wholeBytes: number,
): Promise<CheckpointLog> {
  let fd = await openOrCreate(files, layout.checkpoint, layout.own);
  let length = wholeBytes;
  const { size } = await files.stat(fd);
  if (size > wholeBytes) await files.truncate(fd, wholeBytes);

  const compact = async (line: Buffer): Promise<void> => {
    const fresh = `${layout.checkpoint}.new`;
    await files.unlink(fresh).catch(() => {});
    const next = await files.open(fresh, 'create');
    await files.write(next, line, 0);
    await files.datasync(next);
    await files.rename(fresh, layout.checkpoint);
    await files.syncFolder(layout.own);
    await files.close(fd);
    fd = next;
    length = line.length;
  };

  return {
    async append(checkpoint) {
      const line = Buffer.from(sealLine(checkpoint));
      if (length + line.length > COMPACT_BYTES && length > 0) return compact(line);
      await files.write(fd, line, length);
      await files.datasync(fd);
      length += line.length;
    },
    close: () => files.close(fd),
  };
}

/** Opens a file of our own for update, made durable in its folder where it is new. */
export async function openOrCreate(files: Files, path: string, folder: string): Promise<number> {
  try {
    return await files.open(path, 'update');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const fd = await files.open(path, 'create');
  await files.syncFolder(folder);
  return fd;
}
