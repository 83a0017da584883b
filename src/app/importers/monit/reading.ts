import { isWord, type Token } from './tokens.ts';

/** Words that Monit reads over. */
const NOISE =
  'is as are for on only with within and has using use the to sum program programs than usage was times but of does'.split(
    ' ',
  );

/** Goes through the tokens of one statement; noise is left out. */
export interface Reading {
  /** Takes the next token where it is one of these words; answers with it in small letters. */
  take(...words: readonly string[]): string | undefined;
  /** Takes the next token, whatever it is. */
  text(): string | undefined;
  /** Takes a number such as 5 or 1.5. */
  number(): number | undefined;
  /** Takes a comparison; none is `==`. */
  comparison(): Comparison;
  /** Takes a number and its unit, which may hang together: `500 MB`, `80%`. */
  quantity(): Quantity | undefined;
  block(): string | undefined;
  /** What was not taken. */
  rest(): readonly Token[];
}

export type Comparison = '<' | '>' | '==' | '!=' | '<=' | '>=';

export interface Quantity {
  readonly number: number;
  /** In small letters; empty where there is none. */
  readonly unit: string;
}

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '<': '<',
  lt: '<',
  less: '<',
  newer: '<',
  '>': '>',
  gt: '>',
  greater: '>',
  older: '>',
  '=': '==',
  '==': '==',
  eq: '==',
  equal: '==',
  '!=': '!=',
  ne: '!=',
  notequal: '!=',
  '<=': '<=',
  le: '<=',
  '>=': '>=',
  ge: '>=',
};
const UNITS =
  /^(?:%|percent|b|bytes?|kb|kilobytes?|mb|megabytes?|gb|gigabytes?|tb|ms|milliseconds?|s|seconds?|minutes?|hours?|days?|weeks?|months?)$/;

export function read(tokens: readonly Token[]): Reading {
  const left = tokens.filter((token) => !isWord(token, ...NOISE));
  const takeIf = (fits: boolean): string | undefined => (fits ? left.shift()?.text : undefined);
  const text = (): string | undefined => takeIf(left[0] !== undefined && left[0].kind !== 'block');
  const quantity = (): Quantity | undefined => {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([a-z%]*)$/i.exec(left[0]?.text ?? '') ?? [];
    if (digits === undefined) return undefined;
    left.shift();
    const next = left[0]?.text.toLowerCase() ?? '';
    const own = unit === '' && UNITS.test(next) ? (left.shift()?.text ?? '') : unit;
    return { number: Number(digits), unit: own.toLowerCase() };
  };
  return {
    take: (...words) => takeIf(isWord(left[0], ...words))?.toLowerCase(),
    text,
    number: () => {
      const found = takeIf(/^\d+(?:\.\d+)?$/.test(left[0]?.text ?? ''));
      return found === undefined ? undefined : Number(found);
    },
    comparison: () => {
      const word = left[0]?.text.toLowerCase() ?? '';
      const found = Object.hasOwn(COMPARISONS, word) ? COMPARISONS[word] : undefined;
      if (found !== undefined) left.shift();
      return found ?? '==';
    },
    quantity,
    block: () => takeIf(left[0]?.kind === 'block'),
    rest: () => left,
  };
}

const BYTES: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes: Monit counts 1,024 to the kilobyte, and bytes where no unit is said. */
export function bytesOf({ number, unit }: Quantity): number {
  return Math.round(number * (BYTES[unit.charAt(0)] ?? 1));
}

export function isPercent({ unit }: Quantity): boolean {
  return unit === '%' || unit === 'percent';
}

const SECONDS: readonly (readonly [start: string, seconds: number])[] = [
  ['ms', 0.001],
  ['milli', 0.001],
  ['s', 1],
  ['mi', 60],
  ['h', 3600],
  ['d', 86_400],
  ['w', 604_800],
  ['mo', 2_592_000],
];

/** Milliseconds; seconds where no unit is said. */
export function msOf({ number, unit }: Quantity): number {
  const seconds = SECONDS.find(([start]) => unit.startsWith(start))?.[1] ?? 1;
  return Math.round(number * seconds * 1000);
}
