import { type Columns, createColumns, meanOf } from './columns.ts';

/** How figures are kept: rows of points. */
export interface FigureStep {
  /** Milliseconds of a point. */
  readonly step: number;
  /** Points of a row. */
  readonly points: number;
  /** How long rows are kept, milliseconds. */
  readonly keepMs: number;
}

export const MINUTES: FigureStep = { step: 60_000, points: 60, keepMs: 3 * 86_400_000 };
export const HOURS: FigureStep = { step: 3_600_000, points: 24, keepMs: 100 * 86_400_000 };

/** A row of points, from when on; `at` is wall milliseconds. */
export interface FigureRow {
  readonly at: number;
  readonly columns: Columns;
}

/** The rows that a service's figures go into now. */
export interface Figures {
  /** What was reported; a minute has the mean of what was, or what was last. */
  report(figures: Readonly<Record<string, number>>): void;
  /** Nobody says anything any more. */
  silence(): void;
  /** Closes the minute that begins at `minute` (wall milliseconds). */
  sample(minute: number): void;
  /** Rows that are in memory, the oldest first: the hour before this one, this hour; and this day. */
  rows(step: FigureStep): readonly FigureRow[];
  /** Rows as they were stored, the oldest first. */
  put(step: FigureStep, row: FigureRow): void;
  /** What is not stored as it is here. */
  unstored(): readonly (FigureRow & { readonly step: FigureStep })[];
  /** All of that is stored now. */
  stored(): void;
}

/** When the row begins that a moment belongs to. */
export function rowAt({ step, points }: FigureStep, time: number): number {
  return Math.floor(time / (step * points)) * step * points;
}

export function createFigures(): Figures {
  /** Of this minute, and what was last. `turn`: the report that had it last. */
  const current = new Map<string, { sum: number; count: number; last: number; turn: number }>();
  let turn = 0;
  const kept = new Map<FigureStep, FigureRow[]>([
    [MINUTES, []],
    [HOURS, []],
  ]);
  const unstored = new Map<FigureRow, FigureStep>();
  const rows = (step: FigureStep): FigureRow[] => kept.get(step) ?? [];
  /** The row for a moment, which is begun where there is none. */
  const open = (step: FigureStep, time: number): FigureRow => {
    const at = rowAt(step, time);
    const known = rows(step).find((row) => row.at === at);
    if (known !== undefined) return known;
    const row = { at, columns: createColumns(step.points) };
    put(step, row);
    return row;
  };
  const put = (step: FigureStep, row: FigureRow): void => {
    rows(step).push(row);
    if (rows(step).length > (step === MINUTES ? 2 : 1)) rows(step).shift();
  };
  return {
    report(reported) {
      turn++;
      for (const name of Object.keys(reported)) {
        const value = reported[name] ?? 0;
        const known = current.get(name);
        if (known === undefined) current.set(name, { sum: value, count: 1, last: value, turn });
        else {
          known.sum += value;
          known.count++;
          [known.last, known.turn] = [value, turn];
        }
      }
    },
    silence() {
      turn++;
    },
    sample(minute) {
      for (const [name, { count, turn: heard }] of current)
        if (count === 0 && heard !== turn) current.delete(name);
      if (current.size === 0) return;
      const [hour, day] = [open(MINUTES, minute), open(HOURS, minute)];
      unstored.set(hour, MINUTES).set(day, HOURS);
      const [point, hourPoint] = [pointOf(MINUTES, minute), pointOf(HOURS, minute)];
      for (const [name, known] of current) {
        hour.columns.set(name, point, known.count === 0 ? known.last : known.sum / known.count);
        known.sum = known.count = 0;
        const mean = meanOf(hour.columns.get(name) ?? []);
        if (mean !== undefined) day.columns.set(name, hourPoint, mean);
      }
    },
    rows,
    put,
    unstored: () => [...unstored].map(([row, step]) => ({ ...row, step })),
    stored: () => unstored.clear(),
  };
}

function pointOf({ step, points }: FigureStep, time: number): number {
  return Math.floor(time / step) % points;
}
