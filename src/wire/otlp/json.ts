import { err, ok, type Result } from '../../core/result.ts';
import {
  DEEPEST,
  MOST_LOGS,
  MOST_VALUES,
  type OtlpAttributes,
  type OtlpGroup,
  type OtlpLog,
  type OtlpRequest,
  type OtlpScope,
  type OtlpValue,
  readNanos,
  reject,
  type Rejects,
  wholeValue,
} from './logs.ts';

/**
 * OTLP/JSON (opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): names in lowerCamelCase, whole numbers of 64 bits as numbers or
 * texts, ids in hexadecimal, unknown fields ignored.
 */

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is wrong with a log; only within this file. */
class UnreadableError extends Error {}

function unreadable(why: string): never {
  throw new UnreadableError(why);
}

/** What is wrong with the frame is the error, a clause; a log that is wrong by itself is counted. */
export function decodeOtlpJson(text: string): Result<OtlpRequest, string> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return err('it is no JSON');
  }
  if (!isObject(given)) return err('it is no object');
  const groups: OtlpGroup[] = [];
  const rejects: Rejects = { count: 0, why: '' };
  const left = { logs: MOST_LOGS };
  try {
    for (const part of list(given, 'resourceLogs')) {
      const { resource } = part;
      const attributes = isObject(resource) ? readAttributes(resource['attributes'], budget()) : {};
      for (const { scope, ...rest } of list(part, 'scopeLogs'))
        groups.push({ resource: attributes, scope: readScope(scope), logs: readLogs(rest, rejects, left) });
    }
  } catch (thrown) {
    if (thrown instanceof UnreadableError) return err(thrown.message);
    throw thrown;
  }
  return ok({ groups, rejected: rejects.count, why: rejects.why });
}

function list(of: Fields, name: string): readonly Fields[] {
  const value = of[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return unreadable(`${name} is no list`);
  if (!(value as readonly unknown[]).every(isObject))
    return unreadable(`${name} has something that is no object`);
  return value as readonly Fields[];
}

function readScope(scope: unknown): OtlpScope {
  const { name, version } = isObject(scope) ? scope : {};
  return { name: textOf(name), version: textOf(version) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function readLogs(part: Fields, rejects: Rejects, left: { logs: number }): readonly OtlpLog[] {
  const given = part['logRecords'];
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) return unreadable('logRecords is no list');
  left.logs -= given.length;
  if (left.logs < 0) return unreadable(`it has more than ${MOST_LOGS} logs`);
  const logs: OtlpLog[] = [];
  for (const log of given as readonly unknown[]) {
    try {
      logs.push(readLog(log));
    } catch (thrown) {
      if (!(thrown instanceof UnreadableError)) throw thrown;
      reject(rejects, thrown.message);
    }
  }
  return logs;
}

function readLog(log: unknown): OtlpLog {
  if (!isObject(log)) return unreadable('a log is no object');
  const left = budget();
  return {
    time: readNanos(log['timeUnixNano']),
    observed: readNanos(log['observedTimeUnixNano']),
    severity: readSeverity(log['severityNumber']),
    severityText: textOf(log['severityText']),
    body: readValue(log['body'], left, 0),
    attributes: readAttributes(log['attributes'], left),
    traceId: readId(log['traceId'], 32, 'traceId'),
    spanId: readId(log['spanId'], 16, 'spanId'),
    eventName: textOf(log['eventName']),
  };
}

const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** A number, or its name in the protocol's enum: SEVERITY_NUMBER_WARN2. */
function readSeverity(given: unknown): number {
  if (given === undefined || given === null) return 0;
  if (typeof given === 'number' && Number.isInteger(given)) return given;
  const [, name = '', step = '1'] = /^SEVERITY_NUMBER_([A-Z]+)([2-4])?$/.exec(textOf(given)) ?? [];
  const range = SEVERITIES.indexOf(name);
  if (range >= 0) return range * 4 + Number(step);
  return name === 'UNSPECIFIED' ? 0 : unreadable('severityNumber is no number');
}

function readId(given: unknown, digits: number, name: string): string {
  if (given === undefined || given === null || given === '') return '';
  if (typeof given !== 'string' || given.length !== digits || !/^[0-9a-fA-F]+$/.test(given))
    return unreadable(`${name} is not ${digits} hexadecimal digits`);
  return given.toLowerCase();
}

interface Budget {
  values: number;
}

function budget(): Budget {
  return { values: MOST_VALUES };
}

function readAttributes(given: unknown, left: Budget, depth = 0): OtlpAttributes {
  if (given === undefined || given === null) return {};
  if (!Array.isArray(given)) return unreadable('attributes is no list');
  const pairs = (given as readonly unknown[]).map((pair): [string, OtlpValue] => {
    if (!isObject(pair) || typeof pair['key'] !== 'string') return unreadable('an attribute has no key');
    return [pair['key'], readValue(pair['value'], left, depth + 1)];
  });
  return Object.fromEntries(pairs);
}

function readValue(given: unknown, left: Budget, depth: number): OtlpValue {
  if (given === undefined || given === null) return null;
  if (!isObject(given)) return unreadable('a value is no object such as {"stringValue": "text"}');
  if (--left.values < 0) return unreadable(`it has more than ${MOST_VALUES} values`);
  if (depth > DEEPEST) return unreadable(`its values are nested deeper than ${DEEPEST}`);
  const { stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue } = given;
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (intValue !== undefined) return readInt(intValue);
  if (doubleValue !== undefined) return readDouble(doubleValue);
  if (typeof bytesValue === 'string') return bytesValue;
  if (isObject(arrayValue)) {
    const { values = [] } = arrayValue;
    if (!Array.isArray(values)) return unreadable('arrayValue has no list "values"');
    return (values as readonly unknown[]).map((value) => readValue(value, left, depth + 1));
  }
  return isObject(kvlistValue) ? readAttributes(kvlistValue['values'], left, depth) : null;
}

function readInt(given: unknown): number | string {
  if (typeof given === 'number' && Number.isFinite(given)) return given;
  if (typeof given === 'string' && /^-?\d{1,19}$/.test(given)) return wholeValue(BigInt(given));
  return unreadable('intValue is no whole number');
}

/** JSON has no word for what is no number: the protocol writes it as a text. */
function readDouble(given: unknown): number | string {
  if (typeof given === 'number') return given;
  if (given === 'NaN' || given === 'Infinity' || given === '-Infinity') return given;
  const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN;
  return Number.isNaN(number) ? unreadable('doubleValue is no number') : number;
}

export function encodeOtlpJson(groups: readonly OtlpGroup[]): string {
  const resourceLogs = groups.map(({ resource, scope, logs }) => ({
    resource: { attributes: writeAttributes(resource) },
    scopeLogs: [{ scope, logRecords: logs.map(writeLog) }],
  }));
  return JSON.stringify({ resourceLogs });
}

function writeLog(log: OtlpLog): Fields {
  const { time, observed, severity, severityText, body, attributes, traceId, spanId, eventName } = log;
  return {
    timeUnixNano: writeNanos(time),
    observedTimeUnixNano: writeNanos(observed),
    ...(severity === 0 ? {} : { severityNumber: severity }),
    ...(severityText === '' ? {} : { severityText }),
    body: writeValue(body),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes: writeAttributes(attributes) }),
    ...(traceId === '' ? {} : { traceId }),
    ...(spanId === '' ? {} : { spanId }),
    ...(eventName === '' ? {} : { eventName }),
  };
}

function writeNanos(time: number | string): string {
  return time === 0 ? '0' : `${time}000`;
}

function writeAttributes(attributes: OtlpAttributes): readonly Fields[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: writeValue(value) }));
}

function writeValue(value: OtlpValue): Fields {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(writeValue) } };
  return { kvlistValue: { values: writeAttributes(value as OtlpAttributes) } };
}
