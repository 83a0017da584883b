import { gzipSync } from 'node:zlib';
import { levelName, type StoredRecord } from '../core/record.ts';
import { readOtlpResponse, readOtlpStatus } from '../wire/otlp/answers.ts';
import type { OtlpAttributes, OtlpGroup, OtlpLog } from '../wire/otlp/logs.ts';
import { encodeOtlpProtobuf } from '../wire/otlp/protobuf.ts';
import { createHttpTarget } from './http-send.ts';
import type { ForwardTarget, TargetOptions } from './target.ts';

const PATH = '/v1/logs';

export function openOtlp(options: TargetOptions): ForwardTarget {
  const url = new URL(options.url);
  if (!url.pathname.endsWith(PATH)) url.pathname = `${url.pathname.replace(/\/$/, '')}${PATH}`;
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
  return createHttpTarget(options, url, {
    // Quick rather than small: this thread does everything else, too.
    write: (records) => ({
      headers,
      body: gzipSync(encodeOtlpProtobuf(groupsOf(records, options.labels)), { level: 1 }),
    }),
    taken(body) {
      const { rejected, why } = readOtlpResponse(body);
      return rejected > 0 ? { kind: 'taken', rejected: { count: rejected, why } } : { kind: 'taken' };
    },
    words: (body) => readOtlpStatus(body) ?? body.toString('utf8'),
  });
}

export function groupsOf(
  records: readonly StoredRecord[],
  labels: Readonly<Record<string, string>>,
): readonly OtlpGroup[] {
  const groups = new Map<string, { resource: OtlpAttributes; scope: OtlpGroup['scope']; logs: OtlpLog[] }>();
  for (const record of records) {
    const { host, service, sender } = record;
    const key = JSON.stringify([host, service, sender]);
    const group = groups.get(key) ?? {
      resource: { 'service.name': service === '' ? 'vahti' : service, 'host.name': host, ...labels },
      scope: { name: sender, version: '' },
      logs: [],
    };
    groups.set(key, group);
    group.logs.push(logOf(record));
  }
  return [...groups.values()];
}

function logOf({ agent, seq, time, received, level, kind, life, message, fields }: StoredRecord): OtlpLog {
  return {
    time,
    observed: received,
    severity: level,
    severityText: levelName(level).toUpperCase(),
    body: message,
    attributes: {
      ...attributesOf(fields),
      'vahti.id': `${agent}/${seq}`,
      'vahti.kind': kind,
      ...(life === '' ? {} : { 'vahti.life': life }),
    },
    traceId: '',
    spanId: '',
    eventName: '',
  };
}

/** Receivers stop at about 32. */
const DEEPEST = 16;

/** Fields as they are, but for what is nested too deeply: that is JSON. */
function attributesOf(fields: Readonly<Record<string, unknown>> = {}): OtlpAttributes {
  const pairs = Object.entries(fields).map(([name, value]) => [
    name,
    isDeep(value, DEEPEST) ? JSON.stringify(value) : value,
  ]);
  return Object.fromEntries(pairs) as OtlpAttributes;
}

function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeep(each, levels - 1));
}
