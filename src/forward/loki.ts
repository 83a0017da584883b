import { levelName, type StoredRecord } from '../core/record.ts';
import { encodeLokiProtobuf, type LokiEntry, type LokiStream } from '../wire/loki/push.ts';
import { encodeSnappy } from '../wire/snappy.ts';
import { createHttpTarget } from './http-send.ts';
import type { ForwardTarget, TargetOptions } from './target.ts';

const PATH = '/loki/api/v1/push';

export function openLoki(options: TargetOptions): ForwardTarget {
  const url = new URL(options.url);
  if (url.pathname === '/') url.pathname = PATH;
  const headers = { 'content-type': 'application/x-protobuf' };
  return createHttpTarget(options, url, {
    write: (records) => ({
      headers,
      body: encodeSnappy(encodeLokiProtobuf(streamsOf(records, options.labels))),
    }),
    taken: () => ({ kind: 'taken' }),
    words: (body) => body.toString('utf8'),
  });
}

/** Few labels, so that there are few streams: what differs from record to record is structured metadata. */
export function streamsOf(
  records: readonly StoredRecord[],
  labels: Readonly<Record<string, string>>,
): readonly LokiStream[] {
  const streams = new Map<string, { labels: LokiStream['labels']; entries: LokiEntry[] }>();
  for (const record of records) {
    const { host, service, level } = record;
    const key = JSON.stringify([host, service, levelName(level)]);
    const stream = streams.get(key) ?? { labels: labelsOf(record, labels), entries: new Array<LokiEntry>() };
    streams.set(key, stream);
    stream.entries.push({ time: record.time, line: record.message, metadata: metadataOf(record) });
  }
  return [...streams.values()];
}

function labelsOf({ host, service, level }: StoredRecord, labels: Readonly<Record<string, string>>) {
  const named = Object.entries(labels).map(([name, value]) => [labelName(name), value]);
  return {
    job: 'vahti',
    // Loki takes no empty values: what is said of the machine as a whole is of the daemon.
    service_name: service === '' ? 'vahti' : service,
    host,
    level: levelName(level),
    ...(Object.fromEntries(named) as Readonly<Record<string, string>>),
  };
}

function metadataOf(record: StoredRecord): Readonly<Record<string, string>> {
  const { agent, seq, kind, life, sender, fields = {} } = record;
  const pairs = Object.entries(fields).map(([name, value]) => [
    labelName(name),
    typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
  ]);
  return {
    ...(Object.fromEntries(pairs) as Readonly<Record<string, string>>),
    vahti_id: `${agent}/${seq}`,
    kind,
    sender,
    ...(life === '' ? {} : { life }),
  };
}

/** Names have letters, digits and underscores there. */
function labelName(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_]/g, '_');
  return /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`;
}
