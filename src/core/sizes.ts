import { parseQuantity, parseQuantityRange, type QuantityForm, type QuantityRange } from './durations.ts';
import type { Result } from './result.ts';

const UNITS = ['B', 'K', 'M', 'G', 'T'] as const;

export const SIZE_FORM = 'a size such as 512K, 400M or 2G';

const SIZE: QuantityForm = {
  what: 'size',
  units: new Map(
    UNITS.flatMap((unit, power) => {
      const names = unit === 'B' ? [unit] : [unit, `${unit}B`, `${unit}iB`];
      return names.map((name) => [name.toLowerCase(), 1024 ** power] as const);
    }),
  ),
  ignoreCase: true,
  usualUnit: 'M',
  least: '1B',
  most: { amount: Number.MAX_SAFE_INTEGER, text: '8191T' },
  form: SIZE_FORM,
};

/** Reads a size such as `512K`, `400MB`, `1.5GiB` into whole bytes. Every unit is binary (`M` is MiB); case matters not. */
export function parseSize(text: string): Result<number, string> {
  return parseQuantity(text, SIZE);
}

/** Reads `400M..512M` into bytes; a single size is both ends. */
export function parseSizeRange(text: string): Result<QuantityRange, string> {
  return parseQuantityRange(text, SIZE);
}

/** A size in bytes, exact, in the largest unit without a remainder: `512M`, `1537B`. What it gives for 0 or more, parseSize reads back. */
export function formatSize(bytes: number): string {
  if (!Number.isFinite(bytes)) return String(bytes);
  let amount = Math.round(bytes);
  let power = 0;
  while (amount !== 0 && amount % 1024 === 0 && power < UNITS.length - 1) {
    amount /= 1024;
    power++;
  }
  return `${amount}${UNITS[power]}`;
}

/** A size in bytes for people, rounded: `340B`, `1.4G`, `512M`. */
export function approximateSize(bytes: number): string {
  if (!Number.isFinite(bytes)) return String(bytes);
  const round = (amount: number): number =>
    Math.abs(amount) < 9.95 ? Math.round(amount * 10) / 10 : Math.round(amount);
  let amount = Math.round(bytes);
  let power = 0;
  while (Math.abs(round(amount)) >= 1024 && power < UNITS.length - 1) {
    amount /= 1024;
    power++;
  }
  return `${round(amount)}${UNITS[power]}`;
}
