import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readArchived } from '../core/archive-file.ts';
import { errorCode } from '../core/result.ts';
import { type Checkpoint, lastCheckpoint } from './checkpoint.ts';
import { closedPath, type Layout, openPath, readPartName } from './layout.ts';
import { type ManifestLine, readManifest } from '../core/parts-manifest.ts';

/** A part as far as it is committed. */
export interface CommittedPart {
  readonly name: string;
  /** The count of numbers that it belongs to. */
  readonly epoch: number;
  readonly closed: boolean;
  readonly bytes: number;
  readonly lines: number;
  /** Sequence numbers of its first and last committed line. */
  readonly first: number;
  readonly last: number;
}

/** Everything committed at one moment, for readers beside a running collector. */
export interface Committed {
  readonly checkpoint: Checkpoint;
  readonly closed: readonly ManifestLine[];
  readonly parts: readonly CommittedPart[];
}

const TRIES = 50;

/**
 * Reads what is committed, consistently: nothing was committed between the two reads of the checkpoint that
 * stand around the manifest's. Undefined where nothing was ever committed.
 */
export async function readCommitted(layout: Layout): Promise<Committed | undefined> {
  for (let tries = 1; ; tries += 1) {
    const checkpoint = await readCheckpoint(layout);
    if (checkpoint === undefined) return undefined;
    const { parts: closed } = await readManifest(layout.manifest);
    const again = await readCheckpoint(layout);
    if (again?.k === checkpoint.k || tries === TRIES)
      return { checkpoint, closed, parts: partsOf(checkpoint, closed) };
  }
}

async function readCheckpoint(layout: Layout): Promise<Checkpoint | undefined> {
  const content = await readFile(layout.checkpoint).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  return lastCheckpoint(content, layout.checkpoint).checkpoint;
}

function partsOf(checkpoint: Checkpoint, closed: readonly ManifestLine[]): CommittedPart[] {
  const names = new Set(closed.map((line) => line.part));
  const parts = closed.map((line) => ({
    name: line.part,
    epoch: line.epoch,
    closed: true,
    bytes: line.bytes,
    lines: line.lines,
    first: line.first,
    last: line.last,
  }));
  for (const [name, state] of Object.entries(checkpoint.files)) {
    if (names.has(name)) continue;
    parts.push({
      name,
      epoch: readPartName(name)?.epoch ?? 1,
      closed: false,
      bytes: state.len,
      lines: state.lines,
      first: state.first,
      last: state.last,
    });
  }
  return parts;
}

/** A committed line: its sequence number, its text with the newline, and where it ends in its part (bytes). */
export interface CommittedLine {
  readonly seq: number;
  readonly text: string;
  readonly end: number;
}

const CHUNK = 262_144;

/**
 * The lines of a part between two byte offsets, a chunk at a time; undefined where its file is gone.
 * `to` stands at a line's border; `from` does too, or the line that it cuts is left out.
 */
export async function openPartLines(
  layout: Layout,
  name: string,
  from: number,
  to: number,
): Promise<AsyncGenerator<CommittedLine[], void> | undefined> {
  const closed = join(layout.root, closedPath(name));
  const file = await openEither(join(layout.root, openPath(name)), closed);
  if (file === undefined) {
    const archived = await readArchived(closed);
    return archived === undefined ? undefined : archivedLines(archived, name, from);
  }
  return (async function* () {
    try {
      let at = from === 0 ? 0 : await lineStart(file, from, to);
      let size = CHUNK;
      while (at < to) {
        const buffer = Buffer.allocUnsafe(Math.min(size, to - at));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        const { lines, end } = splitLines(buffer.subarray(0, bytesRead), at, name);
        if (bytesRead === 0) throw new Error(`cannot read ${name}: it ends at byte ${at} of ${to}`);
        // A line longer than the chunk: look again with a larger one.
        if (lines.length === 0) size *= 2;
        else yield lines;
        at = end;
      }
    } finally {
      await file.close();
    }
  })();
}

/** The same of a part that was archived: read from its beginning, since there is no other way into it. */
async function* archivedLines(
  pieces: AsyncIterable<Buffer>,
  name: string,
  from: number,
): AsyncGenerator<CommittedLine[], void> {
  let rest: Buffer = Buffer.alloc(0);
  let at = 0;
  for await (const piece of pieces) {
    const chunk = Buffer.concat([rest, piece]);
    const { lines, end } = splitLines(chunk, at, name);
    rest = chunk.subarray(end - at);
    at = end;
    const wanted = lines.filter((line) => line.end - Buffer.byteLength(line.text) >= from);
    if (wanted.length > 0) yield wanted;
  }
}

/** The first offset from `from` on at which a line begins. */
async function lineStart(file: FileHandle, from: number, to: number): Promise<number> {
  for (let at = from - 1; at < to; at += CHUNK) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, to - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    const end = buffer.subarray(0, bytesRead).indexOf(10);
    if (end !== -1) return at + end + 1;
  }
  return to;
}

/** A part may be renamed, by closing, between our look at the checkpoint and this. */
async function openEither(first: string, second: string): Promise<FileHandle | undefined> {
  for (const path of [first, second, first]) {
    try {
      return await open(path, 'r');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

const SEQ = /^\{"seq":(\d{1,16}),/;

function splitLines(chunk: Buffer, at: number, name: string): { lines: CommittedLine[]; end: number } {
  const lines: CommittedLine[] = [];
  let start = 0;
  for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
    const text = chunk.toString('utf8', start, end + 1);
    const match = SEQ.exec(text);
    if (match === null) throw new Error(`cannot read ${name}: the line at byte ${at + start} has no seq`);
    start = end + 1;
    lines.push({ seq: Number(match[1]), text, end: at + start });
  }
  return { lines, end: at + start };
}
