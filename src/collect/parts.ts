import { createHash, type Hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Files } from '../core/files.ts';
import type { OpenPartState } from './checkpoint.ts';
import { makeFolder } from './folders.ts';
import { piecesOf, type Stretch } from './line-bytes.ts';
import { closedPath, type Layout, openPath, partName, readPartName } from './layout.ts';
import type { ManifestLine } from '../core/parts-manifest.ts';
import type { ManifestLog } from './manifest.ts';
import { isSizedKey, type PartCut, type PartLength, periodAt, sizedKey } from './period.ts';

/** A part stays open this long behind its end, by the stream's clock, for events that come late. */
const GRACE_MS = 60_000;

/** A part that takes lines. `state` is what is written; `fd` is absent until the file exists. */
export interface OpenPart {
  readonly name: string;
  readonly hash: Hash;
  fd: number | undefined;
  state: OpenPartState;
}

/** What one commit adds to one part. */
export interface PartBatch {
  readonly part: OpenPart;
  readonly stretches: Stretch[];
  lines: number;
  firstSeq: number;
  lastSeq: number;
  firstK: number;
  lastK: number;
  from: number;
  to: number;
}

/** The open parts of one collector. Calls must not overlap: only the committer makes them. */
export interface Parts {
  /** The part that an event belongs to, opened where there is none. */
  at(place: Place): OpenPart;
  /** The parts whose end has come: by the clock (milliseconds) or, where parts are cut so, by their size. */
  due(watermark: number): readonly OpenPart[];
  /** Appends and makes durable; the part's state then includes the batch. */
  write(batch: PartBatch): Promise<void>;
  /** Closes the part for ever: manifest line, then the name that readers look for. */
  close(part: OpenPart, now: number): Promise<ManifestLine>;
  open(): readonly OpenPart[];
  /** Lets go of the files, without closing the parts. */
  release(): Promise<void>;
}

/** Where an event belongs: its time, the stream's clock (milliseconds), its epoch, and the ordinal of its first line. */
export interface Place {
  readonly time: number;
  readonly clock: number;
  readonly epoch: number;
  readonly k: number;
}

export interface PartsOptions {
  readonly files: Files;
  readonly layout: Layout;
  readonly cut: PartCut;
  readonly manifest: ManifestLog;
  readonly open: readonly OpenPart[];
  readonly closed: readonly ManifestLine[];
}

export function newPart(name: string, close: number): OpenPart {
  const state = {
    ino: 0,
    len: 0,
    lines: 0,
    first: 0,
    last: 0,
    k: [0, 0] as [number, number],
    from: 0,
    to: 0,
    close,
  };
  return { name, hash: createHash('sha256'), fd: undefined, state };
}

export function createParts(options: PartsOptions): Parts {
  const { files, layout, manifest, cut } = options;
  const open = new Map(options.open.map((part) => [part.name, part]));
  const closed = new Set(options.closed.map((line) => line.part));

  const add = (name: string, close: number): OpenPart => {
    const part = newPart(name, close);
    open.set(name, part);
    return part;
  };

  const bySize = ({ time, epoch, k }: Place): OpenPart => {
    for (const part of open.values()) if (isSized(part) && epochOf(part) === epoch) return part;
    return add(partName({ key: sizedKey(time, k), epoch, late: 0 }), NEVER);
  };

  const byTime = ({ time, clock, epoch }: Place, length: PartLength): OpenPart => {
    const period = periodAt(time, length);
    for (let late = 0; ; late += 1) {
      const name = partName({ key: period.key, epoch, late });
      const found = open.get(name);
      if (found !== undefined) return found;
      if (closed.has(name)) continue;
      // A late part closes together with the part that is current when it is opened, so that
      // a trickle of late events makes one file a period, not one a commit.
      const end = late === 0 ? period.end : Math.max(period.end, periodAt(clock, length).end);
      return add(name, end + GRACE_MS);
    }
  };

  return {
    at: (place) => (typeof cut === 'number' ? bySize(place) : byTime(place, cut)),
    due: (watermark) => [...open.values()].filter((part) => isOver(part, cut, watermark)),
    async write(batch) {
      const { part } = batch;
      part.fd ??= await createPartFile(files, layout, part);
      let length = 0;
      for (const data of piecesOf(batch.stretches)) {
        await files.write(part.fd, data, part.state.len + length);
        part.hash.update(data);
        length += data.length;
      }
      await files.datasync(part.fd);
      part.state = grown(part.state, batch, length);
    },
    async close(part, now) {
      const line = manifestLine(part, now);
      await manifest.append(line);
      const path = join(layout.root, closedPath(part.name));
      await files.rename(join(layout.root, openPath(part.name)), path);
      await files.syncFolder(dirname(path));
      if (part.fd !== undefined) await files.close(part.fd);
      open.delete(part.name);
      closed.add(part.name);
      return line;
    },
    open: () => [...open.values()],
    async release() {
      for (const part of open.values()) {
        if (part.fd !== undefined) await files.close(part.fd);
        part.fd = undefined;
      }
    },
  };
}

/** What `close` is for parts that no clock closes; a number that JSON can say. */
const NEVER = Number.MAX_SAFE_INTEGER;

function isSized(part: OpenPart): boolean {
  return isSizedKey(readPartName(part.name)?.key ?? '');
}

function epochOf(part: OpenPart): number {
  return readPartName(part.name)?.epoch ?? 1;
}

/** A part that was cut by other rules than the present ones is over too: the config was changed. */
function isOver(part: OpenPart, cut: PartCut, watermark: number): boolean {
  if (isSized(part)) return typeof cut !== 'number' || part.state.len >= cut;
  return typeof cut === 'number' || part.state.close <= watermark;
}

function grown(state: OpenPartState, batch: PartBatch, bytes: number): OpenPartState {
  const fresh = state.lines === 0;
  return {
    ...state,
    len: state.len + bytes,
    lines: state.lines + batch.lines,
    first: fresh ? batch.firstSeq : state.first,
    last: batch.lastSeq,
    k: [fresh ? batch.firstK : state.k[0], batch.lastK],
    from: fresh ? batch.from : Math.min(state.from, batch.from),
    to: fresh ? batch.to : Math.max(state.to, batch.to),
  };
}

function manifestLine(part: OpenPart, now: number): ManifestLine {
  const { ino, len, lines, first, last, k, from, to } = part.state;
  const sha256 = part.hash.copy().digest('hex');
  return {
    v: 1,
    part: part.name,
    epoch: epochOf(part),
    first,
    last,
    k,
    lines,
    bytes: len,
    sha256,
    from,
    to,
    ino,
    closed: now,
  };
}

/** Makes the part's file, and its day's folder; both names are durable when it resolves. */
async function createPartFile(files: Files, layout: Layout, part: OpenPart): Promise<number> {
  const path = join(layout.root, openPath(part.name));
  const folder = dirname(path);
  await makeFolder(files, folder);
  const fd = await files.open(path, 'create');
  await files.syncFolder(folder);
  part.state = { ...part.state, ino: (await files.stat(fd)).ino };
  return fd;
}
