import type { Series, Sparks } from '../../wire/page/board.ts';
import { rounded } from './columns.ts';
import { type FigureRow, type FigureStep, HOURS, MINUTES, rowAt } from './figures.ts';
import type { BoardStore } from './store.ts';
import type { Track } from './tracks.ts';

/** The last hour of minutes that are over. */
const SPARK_POINTS = 60;

/** @param now wall milliseconds. */
export function sparksOf(tracks: readonly Track[], now: number): Sparks {
  const since = (Math.floor(now / MINUTES.step) - SPARK_POINTS) * MINUTES.step;
  const services = tracks.map(({ agent, name, figures }) => ({
    agent,
    name,
    figures: cut(figures.rows(MINUTES), MINUTES, since, SPARK_POINTS),
  }));
  return { since, step: MINUTES.step, services };
}

/** From `since` to `until`, wall milliseconds: in minutes where all of it is kept so, else in hours. Nothing from before or behind what is kept. */
export function seriesOf(
  track: Track,
  store: BoardStore,
  asked: { readonly since: number; readonly until: number; readonly now: number },
): Series {
  const step = asked.since >= asked.now - MINUTES.keepMs ? MINUTES : HOURS;
  const first = Math.floor(Math.max(asked.since, asked.now - step.keepMs) / step.step);
  // What lasts still is not known yet, an hour is in part.
  const end = Math.ceil(Math.min(asked.until, asked.now) / step.step);
  const since = first * step.step;
  const points = Math.max(0, end - first);
  const until = since + points * step.step;
  const live = track.figures.rows(step);
  const stored = store.figures(track.id, step, rowAt(step, since), until);
  const rows = [...stored.filter(({ at }) => !live.some((row) => row.at === at)), ...live];
  return {
    since,
    until,
    step: step.step,
    times: Array.from({ length: points }, (_, index) => since + index * step.step),
    figures: cut(rows, step, since, points),
  };
}

/** The points of a stretch; figures of which nothing is known in it are left out. */
function cut(
  rows: readonly FigureRow[],
  { step }: FigureStep,
  since: number,
  points: number,
): Record<string, (number | null)[]> {
  const found = new Map<string, (number | null)[]>();
  for (const { at, columns } of rows) {
    const offset = (at - since) / step;
    for (const name of columns.names())
      for (const [index, value] of (columns.get(name) ?? []).entries()) {
        const point = offset + index;
        if (point < 0 || point >= points || Number.isNaN(value)) continue;
        const column = found.get(name) ?? Array.from({ length: points }, () => null);
        found.set(name, column);
        column[point] = rounded(value);
      }
  }
  return Object.fromEntries(found);
}
