/**
 * OTLP's ExportLogsServiceRequest (opentelemetry.io/docs/specs/otlp, opentelemetry-proto: collector/logs/v1 and logs/v1), in the form
 * that both codecs share.
 */

/** A value of OTLP as JSON has it: bytes are base64, whole numbers beyond 2^53 are texts. */
export type OtlpValue =
  | string
  | number
  | boolean
  | null
  | readonly OtlpValue[]
  | { readonly [name: string]: OtlpValue };

export type OtlpAttributes = Readonly<Record<string, OtlpValue>>;

export interface OtlpLog {
  /** When it happened: microseconds since 1970, UTC; 0 where it is not known; what was written where that is no time. */
  readonly time: number | string;
  /** When it was seen first, in the same form. */
  readonly observed: number | string;
  /** 1 to 24; 0: not given. */
  readonly severity: number;
  readonly severityText: string;
  readonly body: OtlpValue;
  readonly attributes: OtlpAttributes;
  /** Hexadecimal; empty where there is none. */
  readonly traceId: string;
  readonly spanId: string;
  readonly eventName: string;
}

export interface OtlpScope {
  readonly name: string;
  readonly version: string;
}

/** Logs of one resource and one scope. */
export interface OtlpGroup {
  readonly resource: OtlpAttributes;
  readonly scope: OtlpScope;
  readonly logs: readonly OtlpLog[];
}

/** What a request holds, and what of it could not be read. */
export interface OtlpRequest {
  readonly groups: readonly OtlpGroup[];
  /** So many logs could not be read by themselves, the others could. */
  readonly rejected: number;
  /** What was wrong with the first of them, as a clause; empty where there is none. */
  readonly why: string;
}

/** More in one request is refused: each takes memory, however short it is. */
export const MOST_LOGS = 100_000;
/** Values nested deeper are refused. The collector itself stops at about as many. */
export const DEEPEST = 32;
/** The same for the values of one log. */
export const MOST_VALUES = 10_000;

/** Gathers what could not be read. */
export interface Rejects {
  count: number;
  why: string;
}

export function reject(rejects: Rejects, why: string): void {
  rejects.count += 1;
  if (rejects.count === 1) rejects.why = why;
}

const LONGEST_TIME = 64;

/** Nanoseconds, as a text or a number; see OtlpLog.time. */
export function readNanos(given: unknown): number | string {
  if (given === undefined || given === null || given === '') return 0;
  if (typeof given === 'number' && Number.isFinite(given)) return Math.trunc(given / 1000);
  if (typeof given !== 'string') return `a value of type ${typeof given}`;
  if (!/^\d{1,20}$/.test(given)) return given.slice(0, LONGEST_TIME);
  return nanosToMicros(BigInt(given));
}

export function nanosToMicros(nanos: bigint): number | string {
  const micros = Number(nanos / 1000n);
  return Number.isSafeInteger(micros) ? micros : String(nanos);
}

/** A whole number of 64 bits, as JSON can keep it. */
export function wholeValue(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
