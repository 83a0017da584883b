import { basename } from 'node:path';
import type { Origin } from '../plan.ts';

/** A line of what `vahti plan` says of a service or a job. */
export interface PlanLine {
  readonly key: string;
  readonly value: string;
  /** Where the value comes from: `line 12`, `built in`; empty where that is not told. */
  readonly from: string;
}

export function lineOf(key: string, value: string, from = ''): PlanLine {
  return { key, value, from };
}

/** Where a value comes from, in words. */
export function originText(origin: Origin | undefined): string {
  if (origin === undefined || origin.from === 'built-in') return 'built in';
  const place =
    origin.file === undefined ? `line ${origin.line}` : `${basename(origin.file)}, line ${origin.line}`;
  return origin.from === 'config' ? place : `defaults, ${place}`;
}
