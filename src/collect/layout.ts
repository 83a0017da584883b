import { join } from 'node:path';

/** Where a collector keeps what, below the folder it collects into. Data and cursor move together. */
export interface Layout {
  readonly root: string;
  /** Vahti's own folder in it. */
  readonly own: string;
  readonly checkpoint: string;
  readonly manifest: string;
  readonly quarantine: string;
  /** Bytes that were cut off at a recovery. They were never committed; they are kept for a person, not for the program. */
  readonly cut: string;
}

export function layoutOf(into: string): Layout {
  const own = join(into, '.vahti');
  return {
    root: into,
    own,
    checkpoint: join(own, 'checkpoint.ndjson'),
    manifest: join(own, 'manifest.ndjson'),
    quarantine: join(own, 'quarantine.bin'),
    cut: join(own, 'cut'),
  };
}

/** A part's name, without what tells open from closed: `2026-07-04/2026-07-04T14`, `…T14-late-2`. */
export function partName(key: string, late: number): string {
  const day = key.slice(0, 10);
  return late === 0 ? `${day}/${key}` : `${day}/${key}-late-${late}`;
}

export function openPath(name: string): string {
  return `${name}.open.ndjson`;
}

export function closedPath(name: string): string {
  return `${name}.ndjson`;
}

const NAME = /^(\d{4}-\d{2}-\d{2})\/(\1(?:T\d{2}(?:\d{2})?)?)(?:-late-(\d+))?$/;

/** A part's period key and late number, or undefined where the name is not one of ours. */
export function readPartName(name: string): { readonly key: string; readonly late: number } | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  return { key: match[2] as string, late: match[3] === undefined ? 0 : Number(match[3]) };
}
