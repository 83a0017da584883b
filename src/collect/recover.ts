import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Files } from '../core/files.ts';
import { errorCode } from '../core/result.ts';
import {
  type Checkpoint,
  CheckpointError,
  emptyCheckpoint,
  lastCheckpoint,
  type OpenPartState,
} from './checkpoint.ts';
import { saveTail, setAside } from './cut.ts';
import { makeFolder, makeFolders } from './folders.ts';
import { closedPath, type Layout, openPath, readPartName } from './layout.ts';
import { type ManifestLine, readManifest } from '../core/parts-manifest.ts';
import { newPart, type OpenPart } from './parts.ts';

/** What a collector goes on from: everything that was committed, and nothing else, is on the disk. */
export interface Recovered {
  readonly checkpoint: Checkpoint;
  readonly checkpointBytes: number;
  readonly open: readonly OpenPart[];
  readonly closed: readonly ManifestLine[];
  readonly manifestBytes: number;
  /** What had to be mended, in words for the log. */
  readonly mended: readonly string[];
}

/**
 * Brings the folder to the state of its last commit: cuts every open part to its committed length (the bytes
 * behind it are kept in `.vahti/cut/`), sets aside open parts that no commit knows, finishes a closing that
 * was cut short. Doing it twice, or being killed in the middle of it, ends in the same state.
 *
 * @throws CheckpointError or ManifestError where the folder contradicts its checkpoint; nothing is changed then.
 */
export async function recover(files: Files, layout: Layout, boot: string): Promise<Recovered> {
  await makeFolders(files, layout.root);
  await makeFolder(files, layout.own);
  await makeFolder(files, layout.cut);
  const manifest = await readManifest(layout.manifest);
  const content = await readIfThere(layout.checkpoint);
  const found = lastCheckpoint(content ?? Buffer.alloc(0), layout.checkpoint);
  if (found.checkpoint === undefined) await refuseLost(layout, manifest.parts, content === undefined);
  const checkpoint = found.checkpoint ?? emptyCheckpoint(boot);
  const closedNames = new Map(manifest.parts.map((line) => [line.part, line]));
  const mended: string[] = [];

  const plan = await examine(layout, checkpoint, closedNames);
  compareBooks(layout, checkpoint, manifest.parts, plan.reopen);
  for (const line of plan.finish) {
    const path = join(layout.root, closedPath(line.part));
    await files.rename(join(layout.root, openPath(line.part)), path);
    await files.syncFolder(dirname(path));
    mended.push(`finished closing ${line.part}`);
  }
  for (const name of await strayParts(layout, plan.reopen)) {
    await setAside(files, layout, openPath(name));
    mended.push(`set aside ${openPath(name)}, which no commit knows`);
  }
  const open: OpenPart[] = [];
  for (const [name, state] of plan.reopen) open.push(await reopenPart(files, layout, name, state, mended));
  await cutFile(files, layout.quarantine, checkpoint.quarantine, mended);
  await cutFile(files, layout.gaps, checkpoint.gaps, mended);
  return {
    checkpoint,
    checkpointBytes: found.wholeBytes,
    open,
    closed: manifest.parts,
    manifestBytes: manifest.wholeBytes,
    mended,
  };
}

/**
 * Refuses a folder that has lost its checkpoint: beginning anew would collect what is there again, or leave a hole that no
 * gap tells of. The log is made before the first part, so that open parts without it are not those of a first commit cut short.
 */
async function refuseLost(layout: Layout, closed: readonly ManifestLine[], gone: boolean): Promise<void> {
  const there =
    closed.length > 0 ? 'closed' : gone && (await strayParts(layout, new Map())).length > 0 && 'open';
  if (there === false) return;
  throw new CheckpointError(
    `cannot go on in ${layout.root}: it has ${there} parts but no checkpoint to go on from`,
  );
}

/** Manifest and open parts must account for every line: a closed part that the manifest forgot would be written over. */
function compareBooks(
  layout: Layout,
  checkpoint: Checkpoint,
  closed: readonly ManifestLine[],
  reopen: Plan['reopen'],
): void {
  const booked = [...closed, ...reopen.values()].reduce((sum, { lines }) => sum + lines, 0);
  if (booked === checkpoint.k) return;
  throw new CheckpointError(
    `cannot go on in ${layout.root}: ${checkpoint.k} lines were committed, manifest and open parts account for ${booked}`,
  );
}

interface Plan {
  readonly finish: readonly ManifestLine[];
  readonly reopen: ReadonlyMap<string, OpenPartState>;
}

/** Compares checkpoint and manifest with what lies there, before anything is changed. */
async function examine(
  layout: Layout,
  checkpoint: Checkpoint,
  closed: ReadonlyMap<string, ManifestLine>,
): Promise<Plan> {
  const finish: ManifestLine[] = [];
  const reopen = new Map<string, OpenPartState>();
  for (const [name, state] of Object.entries(checkpoint.files)) {
    const path = join(layout.root, openPath(name));
    const there = await stat(path).catch(() => undefined);
    const line = closed.get(name);
    if (line !== undefined) {
      if (there !== undefined) finish.push(line);
    } else if (there === undefined) {
      throw new CheckpointError(`cannot go on: ${path} is gone, and ${state.lines} committed lines with it`);
    } else if (there.size < state.len) {
      throw new CheckpointError(`cannot go on: ${path} has ${there.size} bytes, ${state.len} were committed`);
    } else {
      reopen.set(name, state);
    }
  }
  return { finish, reopen };
}

async function reopenPart(
  files: Files,
  layout: Layout,
  name: string,
  state: OpenPartState,
  mended: string[],
): Promise<OpenPart> {
  const path = join(layout.root, openPath(name));
  const fd = await files.open(path, 'update');
  const { ino, size } = await files.stat(fd);
  if (size > state.len) {
    await saveTail(files, layout, fd, openPath(name), state.len, size);
    await files.truncate(fd, state.len);
    await files.datasync(fd);
    mended.push(`cut ${openPath(name)} from ${size} to the committed ${state.len} bytes`);
  }
  const part = newPart(name, state.close);
  part.fd = fd;
  part.state = { ...state, ino };
  for (let at = 0; at < state.len; ) {
    const piece = await files.read(fd, at, Math.min(1_048_576, state.len - at));
    if (piece.length === 0)
      throw new CheckpointError(`cannot go on: ${path} ended at byte ${at} of ${state.len}`);
    part.hash.update(piece);
    at += piece.length;
  }
  return part;
}

/** Open parts on the disk that the checkpoint does not list: begun in a commit that never was. */
async function strayParts(layout: Layout, known: ReadonlyMap<string, OpenPartState>): Promise<string[]> {
  const names: string[] = [];
  for (const day of await readdir(layout.root, { withFileTypes: true })) {
    if (!day.isDirectory() || !/^\d{4}-\d{2}-\d{2}$/.test(day.name)) continue;
    for (const file of await readdir(join(layout.root, day.name))) {
      const name = `${day.name}/${file.slice(0, -'.open.ndjson'.length)}`;
      if (file.endsWith('.open.ndjson') && readPartName(name) !== undefined && !known.has(name))
        names.push(name);
    }
  }
  return names.sort();
}

/** Cuts one of the files that only grow to its committed length. */
async function cutFile(files: Files, path: string, length: number, mended: string[]): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if ((there?.size ?? 0) < length) {
    throw new CheckpointError(`cannot go on: ${path} is shorter than the committed ${length} bytes`);
  }
  if (there === undefined || there.size === length) return;
  const fd = await files.open(path, 'update');
  await files.truncate(fd, length);
  await files.datasync(fd);
  await files.close(fd);
  mended.push(`cut ${path} from ${there.size} to the committed ${length} bytes`);
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}
