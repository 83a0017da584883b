import { LEVELS } from '../../../core/record.ts';
import type { LokiStream } from '../../../wire/loki/push.ts';
import { type ForeignLine, fitRecord } from '../../ingest/fit-record.ts';
import type { IncomingRecord } from '../../ingest/intake.ts';
import { levelOfWord } from '../../ingest/level-words.ts';

/** Labels that say what a record has a place for, the first that is there. */
const SERVICE = ['service_name', 'service', 'job', 'app'] as const;
const HOST = ['host', 'hostname', 'instance'] as const;
const LEVEL = ['level', 'severity', 'detected_level'] as const;
const SENDER = ['stream'] as const;
/** As Loki calls what names no service. */
const UNKNOWN = 'unknown_service';

const NAMED: readonly string[] = [...SERVICE, ...HOST, ...LEVEL, ...SENDER];

/** @param agent whose records they are: the host where no label names one. @param received microseconds */
export function* recordsOfStreams(
  streams: readonly LokiStream[],
  agent: string,
  received: number,
): Generator<IncomingRecord> {
  for (const { labels, entries } of streams) {
    const ofStream = sayingOf(labels, agent);
    for (const { time, line, metadata } of entries) {
      const names = Object.keys(metadata);
      // Nearly always what an entry has of its own are fields alone.
      const said = names.some((name) => NAMED.includes(name))
        ? sayingOf({ ...labels, ...metadata }, agent)
        : { ...ofStream, fields: names.length === 0 ? ofStream.fields : { ...ofStream.fields, ...metadata } };
      yield fitRecord({ ...said, time, message: line }, received);
    }
  }
}

/** What labels say of a record. */
function sayingOf(labels: LokiStream['labels'], agent: string): Omit<ForeignLine, 'time' | 'message'> {
  const all = new Map(Object.entries(labels));
  const host = take(all, HOST) ?? agent;
  const service = take(all, SERVICE) ?? UNKNOWN;
  const sender = take(all, SENDER) ?? 'loki';
  const level = takeLevel(all);
  return { host, service, sender, level, fields: Object.fromEntries(all) };
}

function take(all: Map<string, string>, names: readonly string[]): string | undefined {
  const name = names.find((each) => (all.get(each) ?? '') !== '');
  if (name === undefined) return undefined;
  const value = all.get(name);
  all.delete(name);
  return value;
}

/** A word that is none of ours stays where it was. */
function takeLevel(all: Map<string, string>): number {
  for (const name of LEVEL) {
    const level = levelOfWord(all.get(name) ?? '');
    if (level === undefined) continue;
    all.delete(name);
    return level;
  }
  return LEVELS.info;
}
