import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { RecordKind } from '../../core/record.ts';
import type { Heading } from './decode.ts';
import type { HubRow } from './row.ts';

/**
 * How many records a minute has of each agent, service, kind and level: the picture above a list is asked for most of all, and a block
 * that stays keeps its part of it, so that nothing has to be unpacked.
 */
export interface MinuteCount {
  /** Microseconds: when the minute begins. */
  readonly time: number;
  readonly agent: string;
  readonly service: string;
  readonly kind: RecordKind;
  readonly level: number;
  readonly count: number;
}

const MINUTE = 60_000_000;

export function countByMinute(rows: Iterable<Heading>): readonly MinuteCount[] {
  const counts = new Map<string, { time: number; row: Heading; count: number }>();
  for (const row of rows) {
    const time = Math.floor(row.time / MINUTE) * MINUTE;
    const key = `${time}\n${row.level}\n${row.kind}\n${row.agent}\n${row.service}`;
    const found = counts.get(key);
    if (found === undefined) counts.set(key, { time, row, count: 1 });
    else found.count++;
  }
  return [...counts.values()].map(({ time, row: { agent, service, kind, level }, count }) => ({
    time,
    agent,
    service,
    kind,
    level,
    count,
  }));
}

/** As it is stored: a list for each count, packed. */
type Stored = readonly [
  time: number,
  agent: string,
  service: string,
  kind: RecordKind,
  level: number,
  count: number,
];

export function encodeCounts(rows: readonly HubRow[]): Buffer {
  const stored = countByMinute(rows).map(
    ({ time, agent, service, kind, level, count }): Stored => [
      time / MINUTE,
      agent,
      service,
      kind,
      level,
      count,
    ],
  );
  return zstdCompressSync(JSON.stringify(stored));
}

export function decodeCounts(bytes: Uint8Array): readonly MinuteCount[] {
  const stored = JSON.parse(zstdDecompressSync(bytes).toString('utf8')) as readonly Stored[];
  return stored.map(([minute, agent, service, kind, level, count]) => ({
    time: minute * MINUTE,
    agent,
    service,
    kind,
    level,
    count,
  }));
}
