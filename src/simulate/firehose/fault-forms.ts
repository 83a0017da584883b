import { parseDuration } from '../../core/durations.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { parseSize, SIZE_FORM } from '../../core/sizes.ts';
import { type FirehoseFault, TOO_LARGE_BYTES } from './faults.ts';

/** How a fault is written: its name, and what follows a colon, between commas. */
export interface FaultForm {
  readonly params: readonly Param[];
  /** What may follow the @. */
  readonly when: readonly WhenKey[];
}

export interface Param {
  /** What it is called in messages, and how an optional one is shown. */
  readonly name: string;
  /** Its field of the fault. */
  readonly field: string;
  /** The value, or what it has to be. */
  readonly read: (text: string) => Result<unknown, string>;
  /** The value where it is left out; an object, so that it can be undefined. Without it it must be given. */
  readonly fallback?: { readonly value: unknown };
}

export type WhenKey = 'frames' | 'all-frames' | 'seq' | 'connection' | 'times';

const AT_CONNECT: readonly WhenKey[] = ['connection', 'all-frames', 'times'];
const IN_STREAM: readonly WhenKey[] = ['frames', 'all-frames', 'seq', 'connection', 'times'];
const AT_RESET: readonly WhenKey[] = ['frames', 'seq', 'connection'];

/** RFC 6455, 7.1.6: a close frame has 125 bytes, two of them are the code. */
const REASON_BYTES = 123;
const MOST_FRAMES = 1_000_000_000;
const LEFT_OUT = { value: undefined };

/** A whole number. */
export function readWhole(text: string, least: number, most: number): Result<number, string> {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? ok(value) : err(`a whole number from ${least} to ${most}`);
}

const COUNT: Param = {
  name: 'COUNT',
  field: 'count',
  read: (text) => {
    if (text === 'all') return ok(Number.POSITIVE_INFINITY);
    const count = readWhole(text, 1, MOST_FRAMES);
    return count.ok ? count : err(`${count.error}, or all`);
  },
  fallback: LEFT_OUT,
};

function framesParam(usual: number): Param {
  return {
    name: 'FRAMES',
    field: 'frames',
    read: (text) => readWhole(text, 1, MOST_FRAMES),
    fallback: { value: usual },
  };
}

/** A word that stands for a value. */
function flag(word: string, field: string, value: boolean, otherwise: boolean | undefined): Param {
  return {
    name: word,
    field,
    read: (text) => (text === word ? ok(value) : err('that word, or left out')),
    fallback: { value: otherwise },
  };
}

function words(name: string, field: string, fallback?: string): Param {
  return {
    name,
    field,
    read: (text) =>
      Buffer.byteLength(text) <= REASON_BYTES ? ok(text) : err(`a text of ${REASON_BYTES} bytes at most`),
    fallback: { value: fallback },
  };
}

const STATUS: Param = { name: 'STATUS', field: 'status', read: (text) => readWhole(text, 400, 599) };

const RETRY_AFTER: Param = {
  name: 'SECONDS',
  field: 'retryAfterS',
  read: (text) => readWhole(text, 0, 86_400),
  fallback: LEFT_OUT,
};

const CODE: Param = {
  name: 'CODE',
  field: 'code',
  read: (text) => {
    const code = Number(text);
    const isProtocol = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
    const isGood = /^\d{4}$/.test(text) && (isProtocol || (code >= 3000 && code <= 4999));
    return isGood
      ? ok(code)
      : err('a close code: 1000 to 1014 without 1004 to 1006, or 3000 to 4999 (for 1006 write cut)');
  },
  fallback: { value: 1000 },
};

const HEX: Param = {
  name: 'HEX',
  field: 'bytes',
  read: (text) => {
    const isHex = /^(?:[\da-f]{2})+$/i.test(text);
    return isHex ? ok(new Uint8Array(Buffer.from(text, 'hex'))) : err('bytes in hexadecimal, such as ff00');
  },
};

const SIZE: Param = {
  name: 'SIZE',
  field: 'bytes',
  read: (text) => {
    const size = parseSize(text);
    return size.ok && size.value > 0 && size.value <= 2 ** 28 ? size : err(`${SIZE_FORM}, 256M at most`);
  },
  fallback: { value: TOO_LARGE_BYTES },
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
export const FAULT_FORMS: Readonly<Record<FirehoseFault['kind'], FaultForm>> = {
  http: { params: [STATUS, RETRY_AFTER], when: AT_CONNECT },
  'no-upgrade': { params: [], when: AT_CONNECT },
  silent: { params: [], when: AT_CONNECT },
  inclusive: { params: [], when: AT_CONNECT },
  exclusive: { params: [], when: AT_CONNECT },
  outdated: { params: [framesParam(100)], when: AT_CONNECT },
  clamped: { params: [], when: AT_CONNECT },
  'future-live': { params: [], when: AT_CONNECT },
  close: { params: [CODE, words('REASON', 'reason')], when: IN_STREAM },
  cut: { params: [], when: IN_STREAM },
  'half-open': { params: [flag('deaf', 'pongs', false, true)], when: IN_STREAM },
  error: {
    params: [words('ERROR', 'error', 'ConsumerTooSlow'), words('MESSAGE', 'message')],
    when: IN_STREAM,
  },
  duplicate: { params: [framesParam(10)], when: IN_STREAM },
  text: { params: [], when: IN_STREAM },
  garbage: { params: [], when: IN_STREAM },
  'unknown-type': { params: [], when: IN_STREAM },
  'unknown-op': { params: [], when: IN_STREAM },
  raw: { params: [HEX], when: IN_STREAM },
  swallow: { params: [COUNT], when: IN_STREAM },
  poison: { params: [COUNT], when: IN_STREAM },
  'missing-block': { params: [COUNT], when: IN_STREAM },
  'odd-header': { params: [COUNT], when: IN_STREAM },
  'too-large': { params: [SIZE, COUNT], when: IN_STREAM },
  clock: { params: [SHIFT, PERCENT, COUNT], when: IN_STREAM },
  reset: { params: [SEQ, flag('restart', 'restart', true, undefined)], when: AT_RESET },
};
