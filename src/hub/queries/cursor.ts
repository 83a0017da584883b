import { ok, type Result } from '../../core/result.ts';
import type { Place } from '../blocks/query.ts';

/** A place as clients have it: nothing is promised of what it looks like. */
export function writeCursor({ time, position }: Place): string {
  return `${time.toString(36)}.${position.toString(36)}`;
}

const FORM = /^(-?[0-9a-z]{1,11})\.([0-9a-z]{1,11})$/;

/** Undefined where it is none. */
export function readCursor(value: unknown): Result<Place, never> | undefined {
  const [, first, second] = typeof value === 'string' ? (FORM.exec(value) ?? []) : [];
  if (first === undefined || second === undefined) return undefined;
  const [time, position] = [Number.parseInt(first, 36), Number.parseInt(second, 36)];
  return Number.isSafeInteger(time) && Number.isSafeInteger(position) ? ok({ time, position }) : undefined;
}
