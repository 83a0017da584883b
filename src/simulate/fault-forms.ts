import { err, ok, type Result } from '../core/result.ts';
import { parseSize, SIZE_FORM } from '../core/sizes.ts';

/** How a fault is written: its name, and what follows a colon, between commas. */
export interface FaultForm<W extends string = string> {
  readonly params: readonly Param[];
  /** What may follow the @. */
  readonly when: readonly W[];
}

/** How the faults of a simulator are written. */
export interface FaultForms {
  readonly forms: Readonly<Record<string, FaultForm>>;
  /** The field of a fault's `when` that a key behind the @ stands for, and the least number there. `times` is a field of the fault itself. */
  readonly whenFields: Readonly<Record<string, { readonly field: string; readonly least: number }>>;
}

/** The key behind the @ that is no wait: on how many connections a fault happens. */
export const TIMES = 'times';

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

/** RFC 6455, 7.1.6: a close frame has 125 bytes, two of them are the code. */
const REASON_BYTES = 123;
const MOST_MESSAGES = 1_000_000_000;
const LEFT_OUT = { value: undefined };

/** A whole number. */
export function readWhole(text: string, least: number, most: number): Result<number, string> {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? ok(value) : err(`a whole number from ${least} to ${most}`);
}

/** How many messages are touched. */
export const COUNT: Param = {
  name: 'COUNT',
  field: 'count',
  read: (text) => {
    if (text === 'all') return ok(Number.POSITIVE_INFINITY);
    const count = readWhole(text, 1, MOST_MESSAGES);
    return count.ok ? count : err(`${count.error}, or all`);
  },
  fallback: LEFT_OUT,
};

/** A number of messages that something is done with. */
export function amount(name: string, usual: number, most = MOST_MESSAGES): Param {
  return {
    name,
    field: name.toLowerCase(),
    read: (text) => readWhole(text, 1, most),
    fallback: { value: usual },
  };
}

/** A word that stands for a value. */
export function flag(word: string, field: string, value: boolean, otherwise: boolean | undefined): Param {
  return {
    name: word,
    field,
    read: (text) => (text === word ? ok(value) : err('that word, or left out')),
    fallback: { value: otherwise },
  };
}

/** A text as close frames can carry it. */
export function words(name: string, field: string, fallback?: string): Param {
  return {
    name,
    field,
    read: (text) =>
      Buffer.byteLength(text) <= REASON_BYTES ? ok(text) : err(`a text of ${REASON_BYTES} bytes at most`),
    fallback: { value: fallback },
  };
}

export const STATUS: Param = { name: 'STATUS', field: 'status', read: (text) => readWhole(text, 400, 599) };

export const RETRY_AFTER: Param = {
  name: 'SECONDS',
  field: 'retryAfterS',
  read: (text) => readWhole(text, 0, 86_400),
  fallback: LEFT_OUT,
};

export const CODE: Param = {
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

export const HEX: Param = {
  name: 'HEX',
  field: 'bytes',
  read: (text) => {
    const isHex = /^(?:[\da-f]{2})+$/i.test(text);
    return isHex ? ok(new Uint8Array(Buffer.from(text, 'hex'))) : err('bytes in hexadecimal, such as ff00');
  },
};

/** The size of a message that is too large. */
export function tooLargeSize(usual: number): Param {
  return {
    name: 'SIZE',
    field: 'bytes',
    read: (text) => {
      const size = parseSize(text);
      return size.ok && size.value > 0 && size.value <= 2 ** 28 ? size : err(`${SIZE_FORM}, 256M at most`);
    },
    fallback: { value: usual },
  };
}
