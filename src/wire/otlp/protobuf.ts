import type { Result } from '../../core/result.ts';
import { malformed, type ProtoReader, ProtoWriter, readProtobuf } from '../protobuf.ts';
import {
  DEEPEST,
  MOST_LOGS,
  MOST_VALUES,
  nanosToMicros,
  type OtlpAttributes,
  type OtlpGroup,
  type OtlpLog,
  type OtlpRequest,
  type OtlpScope,
  type OtlpValue,
  reject,
  type Rejects,
  wholeValue,
} from './logs.ts';

/** OTLP's logs as protobuf; the numbers of fields are of opentelemetry-proto 1.x, collector/logs/v1, logs/v1, common/v1, resource/v1. */

/** What is wrong with the frame is the error, a clause; a log that is wrong by itself is counted. */
export function decodeOtlpProtobuf(bytes: Uint8Array): Result<OtlpRequest, string> {
  return readProtobuf(bytes, (message) => {
    const groups: OtlpGroup[] = [];
    const rejects: Rejects = { count: 0, why: '' };
    const left = { logs: MOST_LOGS };
    eachField(message, (field) => {
      if (field !== 1) return false;
      readResourceLogs(message.message(), groups, rejects, left);
      return true;
    });
    return { groups, rejected: rejects.count, why: rejects.why };
  });
}

/** Calls `read` for each field; false: it does not know it. */
function eachField(message: ProtoReader, read: (field: number) => boolean): void {
  for (let field = message.next(); field !== 0; field = message.next()) if (!read(field)) message.skip();
}

function readResourceLogs(
  message: ProtoReader,
  groups: OtlpGroup[],
  rejects: Rejects,
  left: { logs: number },
): void {
  let resource: OtlpAttributes = {};
  const scopes: Omit<OtlpGroup, 'resource'>[] = [];
  eachField(message, (field) => {
    if (field === 1) resource = readResource(message.message());
    else if (field === 2) scopes.push(readScopeLogs(message.message(), rejects, left));
    else return false;
    return true;
  });
  for (const scope of scopes) groups.push({ resource, ...scope });
}

function readResource(message: ProtoReader): OtlpAttributes {
  const pairs: [string, OtlpValue][] = [];
  const left = { values: MOST_VALUES };
  eachField(message, (field) => {
    if (field !== 1) return false;
    pairs.push(readPair(message.message(), left, 0));
    return true;
  });
  return Object.fromEntries(pairs);
}

function readScopeLogs(
  message: ProtoReader,
  rejects: Rejects,
  left: { logs: number },
): Omit<OtlpGroup, 'resource'> {
  let scope: OtlpScope = { name: '', version: '' };
  const logs: OtlpLog[] = [];
  eachField(message, (field) => {
    if (field === 1) scope = readScope(message.message());
    else if (field === 2) {
      if (--left.logs < 0) malformed(`it has more than ${MOST_LOGS} logs`);
      const log = readProtobuf(message.bytes(), readLog);
      if (log.ok) logs.push(log.value);
      else reject(rejects, log.error);
    } else return false;
    return true;
  });
  return { scope, logs };
}

function readScope(message: ProtoReader): OtlpScope {
  let [name, version] = ['', ''];
  eachField(message, (field) => {
    if (field === 1) name = message.text();
    else if (field === 2) version = message.text();
    else return false;
    return true;
  });
  return { name, version };
}

type Draft = { -readonly [Key in keyof OtlpLog]: OtlpLog[Key] };

function readLog(message: ProtoReader): OtlpLog {
  const none = { time: 0, observed: 0, severity: 0, severityText: '', body: null };
  const log: Draft = { ...none, attributes: {}, traceId: '', spanId: '', eventName: '' };
  const pairs: [string, OtlpValue][] = [];
  const left = { values: MOST_VALUES };
  eachField(message, (field) => {
    if (field === 1) log.time = nanosToMicros(message.fixed64());
    else if (field === 2) log.severity = message.int32();
    else if (field === 3) log.severityText = message.text();
    else if (field === 5) log.body = readValue(message.message(), left, 0);
    else if (field === 6) pairs.push(readPair(message.message(), left, 0));
    else if (field === 9) log.traceId = readId(message.bytes(), 16, 'trace_id');
    else if (field === 10) log.spanId = readId(message.bytes(), 8, 'span_id');
    else if (field === 11) log.observed = nanosToMicros(message.fixed64());
    else if (field === 12) log.eventName = message.text();
    else return false;
    return true;
  });
  log.attributes = Object.fromEntries(pairs);
  return log;
}

function readId(bytes: Uint8Array, length: number, name: string): string {
  if (bytes.length !== 0 && bytes.length !== length) malformed(`${name} is not ${length} bytes`);
  return Buffer.from(bytes).toString('hex');
}

interface Budget {
  values: number;
}

function readPair(message: ProtoReader, left: Budget, depth: number): [string, OtlpValue] {
  let key = '';
  let value: OtlpValue = null;
  eachField(message, (field) => {
    if (field === 1) key = message.text();
    else if (field === 2) value = readValue(message.message(), left, depth + 1);
    else return false;
    return true;
  });
  return [key, value];
}

function readValue(message: ProtoReader, left: Budget, depth: number): OtlpValue {
  if (--left.values < 0) malformed(`it has more than ${MOST_VALUES} values`);
  if (depth > DEEPEST) malformed(`its values are nested deeper than ${DEEPEST}`);
  let value: OtlpValue = null;
  eachField(message, (field) => {
    if (field === 1) value = message.text();
    else if (field === 2) value = message.uint64() !== 0n;
    else if (field === 3) value = wholeValue(message.int64());
    else if (field === 4) value = finite(message.double());
    else if (field === 5) value = readArray(message.message(), left, depth);
    else if (field === 6) value = Object.fromEntries(readPairs(message.message(), left, depth));
    else if (field === 7) value = Buffer.from(message.bytes()).toString('base64');
    else return false;
    return true;
  });
  return value;
}

/** JSON has no word for what is no number. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function readArray(message: ProtoReader, left: Budget, depth: number): readonly OtlpValue[] {
  const values: OtlpValue[] = [];
  eachField(message, (field) => {
    if (field !== 1) return false;
    values.push(readValue(message.message(), left, depth + 1));
    return true;
  });
  return values;
}

function readPairs(message: ProtoReader, left: Budget, depth: number): readonly [string, OtlpValue][] {
  const pairs: [string, OtlpValue][] = [];
  eachField(message, (field) => {
    if (field !== 1) return false;
    pairs.push(readPair(message.message(), left, depth));
    return true;
  });
  return pairs;
}

/** @param groups whose times are all numbers */
export function encodeOtlpProtobuf(groups: readonly OtlpGroup[]): Buffer {
  const request = new ProtoWriter();
  for (const { resource, scope, logs } of groups)
    request.message(1, (part) => {
      part.message(1, (message) => writeAttributes(message, 1, resource));
      part.message(2, (message) => {
        message.message(1, (inner) => {
          if (scope.name !== '') inner.text(1, scope.name);
          if (scope.version !== '') inner.text(2, scope.version);
        });
        for (const log of logs) message.message(2, (inner) => writeLog(inner, log));
      });
    });
  return request.finish();
}

function writeLog(message: ProtoWriter, log: OtlpLog): void {
  if (log.time !== 0) message.fixed64(1, BigInt(log.time) * 1000n);
  if (log.severity !== 0) message.varint(2, log.severity);
  if (log.severityText !== '') message.text(3, log.severityText);
  message.message(5, (value) => writeValue(value, log.body));
  writeAttributes(message, 6, log.attributes);
  if (log.traceId !== '') message.bytes(9, Buffer.from(log.traceId, 'hex'));
  if (log.spanId !== '') message.bytes(10, Buffer.from(log.spanId, 'hex'));
  if (log.observed !== 0) message.fixed64(11, BigInt(log.observed) * 1000n);
  if (log.eventName !== '') message.text(12, log.eventName);
}

function writeAttributes(message: ProtoWriter, field: number, attributes: OtlpAttributes): void {
  for (const [key, value] of Object.entries(attributes))
    message.message(field, (pair) => pair.text(1, key).message(2, (inner) => writeValue(inner, value)));
}

function writeValue(message: ProtoWriter, value: OtlpValue): void {
  if (value === null) return;
  if (typeof value === 'string') message.text(1, value);
  else if (typeof value === 'boolean') message.varint(2, value ? 1 : 0);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) message.varint(3, value);
    else message.double(4, value);
  } else if (Array.isArray(value))
    message.message(5, (array) => {
      for (const each of value as readonly OtlpValue[]) array.message(1, (inner) => writeValue(inner, each));
    });
  else message.message(6, (pairs) => writeAttributes(pairs, 1, value as OtlpAttributes));
}
