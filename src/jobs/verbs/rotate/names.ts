import type { ArchiveFormat } from '../../../core/archive-file.ts';

/** What a rotated log is called: `app.log-20261122T120000Z`, with an archive's ending when it is compressed. The time is UTC. */
const ROTATED = /^(.+)-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:\.(zst|gz))?$/s;

export interface RotatedName {
  /** The log that it comes from. */
  readonly log: string;
  /** Its own name, without an archive's ending. */
  readonly path: string;
  /** When it was rotated; milliseconds. */
  readonly at: number;
  readonly format: ArchiveFormat | undefined;
}

/** Reads the path of a rotated log; undefined where it is none. */
export function readRotated(path: string): RotatedName | undefined {
  const match = ROTATED.exec(path);
  if (match === null) return undefined;
  const [, log = '', year, month, day, hour, minute, second, format] = match;
  const at = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const own = format === undefined ? path : path.slice(0, -format.length - 1);
  if (rotatedPath(log, at) !== own) return undefined;
  return { log, path: own, at, format: format as ArchiveFormat | undefined };
}

/** @param atMs wall time. */
export function rotatedPath(log: string, atMs: number): string {
  const stamp = new Date(Math.floor(atMs / 1000) * 1000)
    .toISOString()
    .replace('.000', '')
    .replaceAll(/[-:]/g, '');
  return `${log}-${stamp}`;
}

/** The first free name from a moment on: what is there is never written over. @param isTaken whether a name is there in any form. */
export async function freeRotatedPath(
  log: string,
  atMs: number,
  isTaken: (path: string) => Promise<boolean>,
): Promise<string> {
  for (let at = atMs; ; at += 1000) {
    const path = rotatedPath(log, at);
    if (!(await isTaken(path))) return path;
  }
}
