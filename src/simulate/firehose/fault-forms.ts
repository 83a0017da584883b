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
  readWhole,
  RETRY_AFTER,
  STATUS,
  tooLargeSize,
  words,
} from '../fault-forms.ts';
import { readFault, usages } from '../parse-fault.ts';
import { type FirehoseFault, TOO_LARGE_BYTES } from './faults.ts';

type WhenKey = 'frames' | 'all-frames' | 'seq' | 'connection' | 'times';

const AT_CONNECT: readonly WhenKey[] = ['connection', 'all-frames', 'times'];
const IN_STREAM: readonly WhenKey[] = ['frames', 'all-frames', 'seq', 'connection', 'times'];
const AT_RESET: readonly WhenKey[] = ['frames', 'seq', 'connection'];

const WHEN_FIELDS: FaultForms['whenFields'] = {
  frames: { field: 'after', least: 0 },
  'all-frames': { field: 'afterAll', least: 0 },
  seq: { field: 'seq', least: 1 },
  connection: { field: 'connection', least: 1 },
};

const SHIFT: Param = {
  name: 'SHIFT',
  field: 'shiftMs',
  read: (text) => {
    const [, sign, duration] = /^([+-])(.*)$/.exec(text) ?? [];
    const size = parseDuration(duration ?? '');
    return size.ok
      ? ok(sign === '-' ? -size.value : size.value)
      : err('+ or - and a duration, such as -1h or +400d');
  },
};

const PERCENT: Param = {
  name: 'SHARE%',
  field: 'percent',
  read: (text) => {
    const percent = readWhole(text.replace(/%$/, ''), 1, 100);
    return text.endsWith('%') && percent.ok ? percent : err('a share of the senders, such as 10%');
  },
  fallback: { value: 100 },
};

const SEQ: Param = {
  name: 'SEQ',
  field: 'to',
  read: (text) => readWhole(text, 0, Number.MAX_SAFE_INTEGER / 2),
  fallback: { value: 0 },
};

/** How each fault is written. */
export const FAULT_FORMS: Readonly<Record<FirehoseFault['kind'], FaultForm<WhenKey>>> = {
  http: { params: [STATUS, RETRY_AFTER], when: AT_CONNECT },
  'no-upgrade': { params: [], when: AT_CONNECT },
  silent: { params: [], when: AT_CONNECT },
  inclusive: { params: [], when: AT_CONNECT },
  exclusive: { params: [], when: AT_CONNECT },
  outdated: { params: [amount('FRAMES', 100)], when: AT_CONNECT },
  clamped: { params: [], when: AT_CONNECT },
  'future-live': { params: [], when: AT_CONNECT },
  close: { params: [CODE, words('REASON', 'reason')], when: IN_STREAM },
  cut: { params: [], when: IN_STREAM },
  'half-open': { params: [flag('deaf', 'pongs', false, true)], when: IN_STREAM },
  error: {
    params: [words('ERROR', 'error', 'ConsumerTooSlow'), words('MESSAGE', 'message')],
    when: IN_STREAM,
  },
  duplicate: { params: [amount('FRAMES', 10)], when: IN_STREAM },
  text: { params: [], when: IN_STREAM },
  garbage: { params: [], when: IN_STREAM },
  'unknown-type': { params: [], when: IN_STREAM },
  'unknown-op': { params: [], when: IN_STREAM },
  raw: { params: [HEX], when: IN_STREAM },
  swallow: { params: [COUNT], when: IN_STREAM },
  poison: { params: [COUNT], when: IN_STREAM },
  'missing-block': { params: [COUNT], when: IN_STREAM },
  'odd-header': { params: [COUNT], when: IN_STREAM },
  'too-large': { params: [tooLargeSize(TOO_LARGE_BYTES), COUNT], when: IN_STREAM },
  clock: { params: [SHIFT, PERCENT, COUNT], when: IN_STREAM },
  reset: { params: [SEQ, flag('restart', 'restart', true, undefined)], when: AT_RESET },
};

/** Reads a fault of a firehose as it is written on the command line. The error is a whole sentence. */
export function parseFault(text: string): Result<FirehoseFault, string> {
  // The forms know the fields of each kind; the test of this file holds every form against its kind.
  return readFault(text, { forms: FAULT_FORMS, whenFields: WHEN_FIELDS }) as Result<FirehoseFault, string>;
}

/** How each fault is written, as `close[:CODE[,REASON]]`. */
export function listFaults(): string[] {
  return usages(FAULT_FORMS);
}
