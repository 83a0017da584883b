import { err, ok, type Result } from '../../core/result.ts';
import { formatLabels, parseLabels } from './labels.ts';
import { type ProtoReader, ProtoWriter, malformed, readProtobuf } from '../protobuf.ts';

/**
 * What is sent to Loki's `POST /loki/api/v1/push` (grafana.com/docs/loki/latest/reference/loki-http-api, pkg/push/push.proto):
 * JSON, or a message of protobuf. How it is packed is another matter.
 */
export interface LokiStream {
  readonly labels: Readonly<Record<string, string>>;
  readonly entries: readonly LokiEntry[];
}

export interface LokiEntry {
  /** Microseconds since 1970, UTC; or what was written where that is no time. */
  readonly time: number | string;
  readonly line: string;
  /** What Loki calls structured metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** More in one request is refused: each takes memory, however short it is. */
const MOST_ENTRIES = 100_000;
const LONGEST_TIME = 64;

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The error is a clause that names the stream and the entry: `stream 1, entry 3: its line is no text`. */
export function decodeLokiJson(text: string): Result<readonly LokiStream[], string> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return err('it is no JSON');
  }
  if (!isObject(given) || !Array.isArray(given['streams'])) return err('it has no list "streams"');
  const streams: LokiStream[] = [];
  let entries = 0;
  for (const [index, stream] of (given['streams'] as unknown[]).entries()) {
    const read = readStream(stream);
    if (!read.ok) return err(`stream ${index + 1}${read.error}`);
    streams.push(read.value);
    entries += read.value.entries.length;
    if (entries > MOST_ENTRIES) return err(`it has more than ${MOST_ENTRIES} entries`);
  }
  return ok(streams);
}

function readStream(stream: unknown): Result<LokiStream, string> {
  if (!isObject(stream)) return err(': it is no object');
  const { stream: labels = {}, values } = stream;
  if (!isObject(labels)) return err(': its labels are no object');
  if (!Array.isArray(values)) return err(': it has no list "values"');
  if (values.length > MOST_ENTRIES) return err(`: it has more than ${MOST_ENTRIES} entries`);
  const entries: LokiEntry[] = [];
  for (const [index, value] of (values as unknown[]).entries()) {
    const entry = readEntry(value);
    if (!entry.ok) return err(`, entry ${index + 1}: ${entry.error}`);
    entries.push(entry.value);
  }
  return ok({ labels: texts(labels), entries });
}

function readEntry(value: unknown): Result<LokiEntry, string> {
  if (!Array.isArray(value) || value.length < 2) return err('it is no list of a time and a line');
  const [time, line, metadata = {}] = value as readonly unknown[];
  if (typeof line !== 'string') return err('its line is no text');
  if (!isObject(metadata)) return err('its structured metadata is no object');
  return ok({ time: readTime(time), line, metadata: texts(metadata) });
}

/** Nanoseconds as a text, as the API says; some clients write a number. */
function readTime(time: unknown): number | string {
  if (typeof time === 'number' && Number.isFinite(time)) return readTime(BigInt(Math.trunc(time)).toString());
  if (typeof time !== 'string') return shown(time).slice(0, LONGEST_TIME);
  if (!/^-?\d{1,19}$/.test(time)) return time.slice(0, LONGEST_TIME);
  // Nanoseconds have more digits than a number has; the last three are cut off.
  const micros = time.slice(0, -3);
  return Number(micros === '' || micros === '-' ? 0 : micros);
}

/** Labels and metadata are texts; what is not is written as JSON. */
function texts(given: Fields): Readonly<Record<string, string>> {
  const all = Object.entries(given).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : shown(value),
  ]);
  return Object.fromEntries(all) as Record<string, string>;
}

/** JSON of what JSON.parse gave, which may be nested deeper than JSON.stringify goes. */
function shown(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '(nested too deeply)';
  }
}

export function encodeLokiJson(streams: readonly LokiStream[]): string {
  const written = streams.map(({ labels, entries }) => ({
    stream: labels,
    values: entries.map(({ time, line, metadata }) => {
      const at = typeof time === 'number' ? `${time}000` : time;
      return Object.keys(metadata).length === 0 ? [at, line] : [at, line, metadata];
    }),
  }));
  return JSON.stringify({ streams: written });
}

/** The error is a clause: what is wrong, and in which stream. */
export function decodeLokiProtobuf(bytes: Uint8Array): Result<readonly LokiStream[], string> {
  return readProtobuf(bytes, (message) => {
    const streams: LokiStream[] = [];
    const left = { entries: MOST_ENTRIES };
    for (let field = message.next(); field !== 0; field = message.next()) {
      if (field === 1) streams.push(protoStream(message.message(), streams.length + 1, left));
      else message.skip();
    }
    return streams;
  });
}

function protoStream(message: ProtoReader, number: number, left: { entries: number }): LokiStream {
  const entries: LokiEntry[] = [];
  let written = '{}';
  for (let field = message.next(); field !== 0; field = message.next()) {
    if (field === 1) written = message.text();
    else if (field === 2) {
      if (--left.entries < 0) malformed(`it has more than ${MOST_ENTRIES} entries`);
      entries.push(protoEntry(message.message()));
    } else message.skip();
  }
  const labels = parseLabels(written);
  return labels.ok ? { labels: labels.value, entries } : malformed(`stream ${number}: ${labels.error}`);
}

function protoEntry(message: ProtoReader): LokiEntry {
  let time: number | string = '';
  let line = '';
  const metadata: [string, string][] = [];
  for (let field = message.next(); field !== 0; field = message.next()) {
    if (field === 1) time = protoTime(message.message());
    else if (field === 2) line = message.text();
    else if (field === 3) metadata.push(protoPair(message.message()));
    else message.skip();
  }
  return { time, line, metadata: Object.fromEntries(metadata) };
}

function protoTime(message: ProtoReader): number | string {
  let [seconds, nanos] = [0n, 0];
  for (let field = message.next(); field !== 0; field = message.next()) {
    if (field === 1) seconds = message.int64();
    else if (field === 2) nanos = message.int32();
    else message.skip();
  }
  const micros = Number(seconds) * 1_000_000 + Math.trunc(nanos / 1000);
  return Number.isSafeInteger(micros) ? micros : `${seconds} s`;
}

function protoPair(message: ProtoReader): [string, string] {
  let [name, value] = ['', ''];
  for (let field = message.next(); field !== 0; field = message.next()) {
    if (field === 1) name = message.text();
    else if (field === 2) value = message.text();
    else message.skip();
  }
  return [name, value];
}

/** @param streams whose times are all numbers */
export function encodeLokiProtobuf(streams: readonly LokiStream[]): Buffer {
  const request = new ProtoWriter();
  for (const { labels, entries } of streams)
    request.message(1, (stream) => {
      stream.text(1, formatLabels(labels));
      for (const entry of entries) stream.message(2, (message) => writeEntry(message, entry));
    });
  return request.finish();
}

function writeEntry(message: ProtoWriter, { time, line, metadata }: LokiEntry): void {
  const micros = Number(time);
  const seconds = Math.floor(micros / 1_000_000);
  message.message(1, (stamp) => stamp.varint(1, seconds).varint(2, (micros - seconds * 1_000_000) * 1000));
  message.text(2, line);
  for (const [name, value] of Object.entries(metadata))
    message.message(3, (pair) => pair.text(1, name).text(2, value));
}
