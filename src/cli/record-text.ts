import { levelName, type StoredRecord } from '../core/record.ts';
import { type Paint, paint, printable } from './output.ts';

const LEVEL_PAINT: Readonly<Record<string, Paint>> = {
  fatal: 'red',
  error: 'red',
  warn: 'yellow',
  debug: 'dim',
  trace: 'dim',
};

export interface RecordTextOptions {
  readonly colour: boolean;
  /** Whether the service's name is shown, in so many columns. */
  readonly service: boolean;
  readonly width?: number;
  /** The time of day alone. */
  readonly clock?: boolean;
}

/** A record in a line, for people: time (UTC), level, service, what it is, message. */
export function recordText(
  record: Pick<StoredRecord, 'time' | 'level' | 'service' | 'kind' | 'message'>,
  { colour, service, width = 16, clock = false }: RecordTextOptions,
): string {
  const iso = new Date(Math.floor(record.time / 1000)).toISOString();
  const time = clock ? iso.slice(11, 19) : iso;
  const level = levelName(record.level);
  const who = service ? `${(record.service || '-').padEnd(width)} ` : '';
  const kind = record.kind === 'log' ? '' : `[${record.kind}] `;
  const word = level.toUpperCase().padEnd(5);
  const style = LEVEL_PAINT[level];
  return `${paint(colour, 'dim', time)} ${style === undefined ? word : paint(colour, style, word)} ${paint(colour, 'cyan', who)}${kind}${printable(record.message)}`;
}
