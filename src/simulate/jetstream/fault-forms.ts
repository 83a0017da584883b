import { parseDuration } from '../../core/durations.ts';
import { err, ok, type Result } from '../../core/result.ts';
import {
  amount,
  CODE,
  COUNT,
  type FaultForm,
  type FaultForms,
  flag,
  HEX,
  type Param,
  RETRY_AFTER,
  STATUS,
  tooLargeSize,
  words,
} from '../fault-forms.ts';
import { readFault, usages } from '../parse-fault.ts';
import { type JetstreamFault, TOO_LARGE_BYTES } from './faults.ts';

type WhenKey = 'events' | 'all-events' | 'seq' | 'before-live' | 'connection' | 'times';

const AT_CONNECT: readonly WhenKey[] = ['connection', 'all-events', 'times'];
const IN_STREAM: readonly WhenKey[] = ['events', 'all-events', 'seq', 'before-live', 'connection', 'times'];
const AT_RESET: readonly WhenKey[] = ['events', 'connection'];

const WHEN_FIELDS: FaultForms['whenFields'] = {
  events: { field: 'after', least: 0 },
  'all-events': { field: 'afterAll', least: 0 },
  seq: { field: 'seq', least: 1 },
  'before-live': { field: 'beforeLive', least: 0 },
  connection: { field: 'connection', least: 1 },
};

/** What is reordered for a reader is kept in a list. */
const MOST_REORDERED = 10_000;
const HOUR_MS = 3_600_000;

const BEHIND: Param = {
  name: 'BEHIND',
  field: 'shiftMs',
  read: (text) => {
    const duration = parseDuration(text);
    return duration.ok ? ok(duration.value) : err('a duration, such as 1h');
  },
  fallback: { value: HOUR_MS },
};

/** How each fault is written. */
export const FAULT_FORMS: Readonly<Record<JetstreamFault['kind'], FaultForm<WhenKey>>> = {
  http: { params: [STATUS, RETRY_AFTER], when: AT_CONNECT },
  'no-upgrade': { params: [], when: AT_CONNECT },
  silent: { params: [], when: AT_CONNECT },
  'ignore-cursor': { params: [], when: AT_CONNECT },
  outdated: { params: [amount('EVENTS', 100)], when: AT_CONNECT },
  close: { params: [CODE, words('REASON', 'reason')], when: IN_STREAM },
  cut: { params: [], when: IN_STREAM },
  'half-open': { params: [flag('deaf', 'pongs', false, true)], when: IN_STREAM },
  duplicate: { params: [amount('EVENTS', 10)], when: IN_STREAM },
  reorder: { params: [amount('EVENTS', 10, MOST_REORDERED)], when: IN_STREAM },
  drop: { params: [amount('EVENTS', 10)], when: IN_STREAM },
  garbage: { params: [], when: IN_STREAM },
  binary: { params: [], when: IN_STREAM },
  raw: { params: [HEX], when: IN_STREAM },
  swallow: { params: [COUNT], when: IN_STREAM },
  poison: { params: [COUNT], when: IN_STREAM },
  'unknown-kind': { params: [COUNT], when: IN_STREAM },
  'too-large': { params: [tooLargeSize(TOO_LARGE_BYTES), COUNT], when: IN_STREAM },
  reset: { params: [BEHIND], when: AT_RESET },
};

/** Reads a fault of a Jetstream as it is written on the command line. The error is a whole sentence. */
export function parseFault(text: string): Result<JetstreamFault, string> {
  // The forms know the fields of each kind; the test of this file holds every form against its kind.
  return readFault(text, { forms: FAULT_FORMS, whenFields: WHEN_FIELDS }) as Result<JetstreamFault, string>;
}

/** How each fault is written, as `close[:CODE[,REASON]]`. */
export function listFaults(): string[] {
  return usages(FAULT_FORMS);
}
