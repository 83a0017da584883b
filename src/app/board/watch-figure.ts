import { parseDuration } from '../../core/durations.ts';
import { parseSize } from '../../core/sizes.ts';
import type { WatchFigures } from '../../watch/watch-figures.ts';

/** The words of each kind that say a number, and how that is read. */
const READ: Readonly<Record<string, (value: string) => number | undefined>> = {
  backlog: (value) => (value === 'nothing waits' ? 0 : plain(/^(\d+) waits?\b/.exec(value)?.[1])),
  lag: (value) => span(/^(\S+) behind$/.exec(value)?.[1]),
  fresh: (value) => span(/^(\S+) old$/.exec(value)?.[1]),
  log: (value) => span(/^(\S+) old$/.exec(value)?.[1]),
  http: (value) => span(/ in (\S+)$/.exec(value)?.[1]),
  tcp: (value) => span(/ in (\S+)$/.exec(value)?.[1]),
  cpu: (value) => plain(/^(\d+)%$/.exec(value)?.[1]),
  memory: (value) => bytes(value),
  disk: (value) => bytes(/^(\S+) /.exec(value)?.[1]),
};

/**
 * The number that a watch looks at, for a chart: milliseconds of an age, a lag or an answer's time, bytes of memory or of free room,
 * percent of a processor, how many wait; or a value that is a number and nothing else. Undefined where it is none.
 */
export function watchFigure({ kind, value }: Pick<WatchFigures, 'kind' | 'value'>): number | undefined {
  if (value === null || value.length > 100) return undefined;
  const read = Object.hasOwn(READ, kind) ? READ[kind] : undefined;
  return read?.(value) ?? plain(value.trim());
}

function plain(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function span(text: string | undefined): number | undefined {
  const read = text === undefined ? undefined : parseDuration(text);
  return read?.ok === true ? read.value : undefined;
}

function bytes(text: string | undefined): number | undefined {
  const read = text === undefined ? undefined : parseSize(text);
  return read?.ok === true ? read.value : undefined;
}
