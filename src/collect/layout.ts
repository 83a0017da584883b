import { join } from 'node:path';
import { MANIFEST } from '../core/parts-manifest.ts';

/** Where a collector keeps what, below the folder it collects into. Data and cursor move together. */
export interface Layout {
  readonly root: string;
  /** Vahti's own folder in it. */
  readonly own: string;
  readonly checkpoint: string;
  readonly manifest: string;
  readonly quarantine: string;
  /** Stretches of the stream that are known to be missing, one line each. */
  readonly gaps: string;
  /** What arrived while the disk did not keep up. Not part of what is committed. */
  readonly spool: string;
  /** Bytes that were cut off at a recovery. They were never committed; they are kept for a person, not for the program. */
  readonly cut: string;
}

export function layoutOf(into: string): Layout {
  const own = join(into, '.vahti');
  return {
    root: into,
    own,
    checkpoint: join(own, 'checkpoint.ndjson'),
    manifest: join(into, MANIFEST),
    quarantine: join(own, 'quarantine.bin'),
    gaps: join(own, 'gaps.ndjson'),
    spool: join(own, 'spool.bin'),
    cut: join(own, 'cut'),
  };
}

/** What a part's name says. */
export interface PartIdentity {
  /** Of its period: `2026-07-04T14`; or, cut by size, of its beginning: `2026-07-04T143807-k1200`. */
  readonly key: string;
  /** 1, until the stream's numbers begin anew. */
  readonly epoch: number;
  /** 0, or which one of the parts for events that came after the period's part was closed. */
  readonly late: number;
}

/** A part's name, without what tells open from closed: `2026-07-04/2026-07-04T14`, `…T14-e2`, `…T14-late-2`. */
export function partName({ key, epoch, late }: PartIdentity): string {
  const anew = epoch === 1 ? '' : `-e${epoch}`;
  return `${key.slice(0, 10)}/${key}${anew}${late === 0 ? '' : `-late-${late}`}`;
}

export function openPath(name: string): string {
  return `${name}.open.ndjson`;
}

export function closedPath(name: string): string {
  return `${name}.ndjson`;
}

const NAME = /^(\d{4}-\d{2}-\d{2})\/(\1(?:T\d{2}(?:\d{2})?|T\d{6}-k\d+)?)(?:-e(\d+))?(?:-late-(\d+))?$/;

/** What a part's name says, or undefined where it is not one of ours. */
export function readPartName(name: string): PartIdentity | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  return { key: match[2] as string, epoch: Number(match[3] ?? 1), late: Number(match[4] ?? 0) };
}
