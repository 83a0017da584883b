import type { Service } from '../../live/hub.svelte.ts';
import { bytes, count, duration, figureName } from '../../live/words.ts';

export type Unit = 'bytes' | 'time' | 'percent' | 'rate' | 'count';

/** What a figure counts: what a watch looks at depends on its kind (app/board/watch-figure.ts). */
export function unitOf(name: string, watches: Service['watches']): Unit {
  const own = { memory: 'bytes', lag: 'time', oldest: 'time', rate: 'rate' } as const;
  if (Object.hasOwn(own, name)) return own[name as keyof typeof own];
  const watch = name.startsWith('watch:') ? watches.find((each) => name === `watch:${each.name}`) : undefined;
  switch (watch?.kind) {
    case 'lag':
    case 'fresh':
    case 'log':
    case 'http':
    case 'tcp':
      return 'time';
    case 'memory':
    case 'disk':
      return 'bytes';
    case 'cpu':
      return 'percent';
    default:
      return 'count';
  }
}

export function figureText(name: string, value: number, watches: Service['watches']): string {
  switch (unitOf(name, watches)) {
    case 'bytes':
      return bytes(value);
    case 'time':
      return duration(value);
    case 'percent':
      return `${count(value)} %`;
    case 'rate':
      return `${count(value)}/s`;
    case 'count':
      return count(value);
  }
}

const SECOND = 1000;
/** Milliseconds between the lines of a chart of time. */
export const TIME_STEPS: number[] = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5].map((each) => each * SECOND),
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800].map((each) => each * SECOND),
  ...[1, 2, 6, 12, 24, 48, 120, 240, 720].map((each) => each * 3600 * SECOND),
];

export function figureTitle(name: string, watches: Service['watches']): string {
  const watch = watches.find((each) => name === `watch:${each.name}`);
  return watch === undefined ? figureName(name) : `${watch.name} (${watch.kind})`;
}

const FIRST = ['rate', 'lag', 'backlog', 'oldest', 'memory'];

/** Those that people look for first come first. */
export function figureOrder(names: readonly string[]): readonly string[] {
  const rank = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return names.toSorted((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
}

/** The value that was there at a moment, or the last before it; null where there is none near. */
export function valueAt(
  times: readonly number[],
  values: readonly (number | null)[],
  at: number,
  step: number,
): number | null {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  const found = times[low - 1];
  return found === undefined || at - found > 2 * step ? null : (values[low - 1] ?? null);
}
