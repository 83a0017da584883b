import { LEVELS } from '../core/record.ts';
import type { Unnumbered } from './buffer.ts';
import type { ClientOptions, Entry } from './types.ts';

/** What is said, as a record. @param now microseconds. */
export function recordOf(
  entry: Entry,
  kind: Unnumbered['kind'],
  { host = '', service = '', sender = 'client' }: Pick<ClientOptions, 'host' | 'service' | 'sender'>,
  now: number,
): Unnumbered {
  const { level = 'info', fields, time } = entry;
  return {
    time: micros(time) ?? now,
    host,
    service: plain(entry.service ?? service),
    life: plain(entry.life ?? ''),
    kind: entry.kind ?? kind,
    level: typeof level === 'number' ? level : (LEVELS[level] ?? LEVELS.info),
    sender: plain(entry.sender ?? sender),
    message: plain(entry.message),
    ...(fields === undefined ? {} : { fields }),
  };
}

/** Whoever has no types gives what he has. */
function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  return value instanceof Error ? value.message : (JSON.stringify(value) ?? '');
}

function micros(time: Date | number | undefined): number | undefined {
  const ms = time instanceof Date ? time.getTime() : time;
  const at = ms === undefined ? Number.NaN : Math.round(ms * 1000);
  return Number.isSafeInteger(at) ? at : undefined;
}
