import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Writes as sinitaivas-live wrote. Only tests use it: they need old folders with every defect. */

export interface OldOperation {
  readonly seq: number;
  /** The commit's time, milliseconds since 1970 UTC. */
  readonly time: number;
  readonly op?: number;
  readonly author?: string;
  /** Merged over the fields before it, as the old program did. */
  readonly record?: Readonly<Record<string, unknown>>;
}

/** One operation as a line, keys and separators as Python's json.dumps has them. */
export function oldLine({
  seq,
  time,
  op = 0,
  author = `did:plc:test${seq % 50}`,
  record,
}: OldOperation): string {
  const iso = new Date(time).toISOString();
  const path = `com.example.test/${seq}-${op}`;
  return `${pythonJson({
    author,
    rev: `rev${seq}`,
    seq,
    since: null,
    commit_time: iso,
    collected_at: iso.slice(0, 13),
    action: 'create',
    path,
    cid: `bafyrei${seq}x${op}`,
    type: 'com.example.test',
    uri: `at://${author}/${path}`,
    uri_rkey: `${seq}-${op}`,
    text: `event ${seq}, operation ${op}`,
    embed: { ref: 'AXESIN59' },
    ...record,
  })}\n`;
}

/** Lines of commits with one to three operations, three numbers apart. */
export function oldCommits(count: number, first: number, time: number, spanMs: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const seq = first + i * 3;
    const at = time + Math.floor((i * spanMs) / count);
    return Array.from({ length: 1 + (i % 3) }, (__, op) => oldLine({ seq, time: at, op }));
  }).flat();
}

export function writeHour(
  dir: string,
  hour: string,
  content: string,
  packed: 'gz' | 'plain' = 'plain',
): string {
  const path = `firehose_stream/${hour.slice(0, 10)}/${hour}.ndjson${packed === 'gz' ? '.gz' : ''}`;
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), packed === 'gz' ? gzipSync(content) : content);
  return path;
}

export function writeCursor(dir: string, cursor: unknown): void {
  const updated = '2026-07-04T14:00:00.000000Z';
  writeFileSync(join(dir, 'cursors.json'), pythonJson({ streamer: { cursor, updated_at: updated } }));
}

function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, member]) => `${pythonJson(key)}: ${pythonJson(member)}`);
    return `{${members.join(', ')}}`;
  }
  return JSON.stringify(value).replaceAll(
    /[^\u0000-\u007f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
