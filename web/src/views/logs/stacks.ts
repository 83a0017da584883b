/** How many records there are over time, as columns of a chart. */

export const GROUPS = ['error', 'warn', 'info', 'debug'] as const;
export type Group = (typeof GROUPS)[number];

export const GROUP_WORDS: Readonly<Record<Group, string>> = {
  error: 'error and worse',
  warn: 'warn',
  info: 'info',
  debug: 'debug and less',
};

export interface Column {
  /** Milliseconds. */
  readonly at: number;
  readonly total: number;
  readonly groups: Readonly<Record<Group, number>>;
}

interface Counted {
  /** Microseconds, as in `counts`. */
  readonly step: number;
  readonly counts: readonly {
    readonly time: number;
    readonly total: number;
    readonly levels: Readonly<Record<string, number>>;
  }[];
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** A column for each step, those without records too. */
export function columnsOf({ counts }: Counted, { from, to, step }: Stretch): readonly Column[] {
  const columns = Array.from({ length: Math.max(1, Math.round((to - from) / step)) }, (_, index) => ({
    at: from + index * step,
    total: 0,
    groups: { error: 0, warn: 0, info: 0, debug: 0 },
  }));
  for (const { time, total, levels } of counts) {
    const column = columns[Math.floor((time / 1000 - from) / step)];
    if (column === undefined) continue;
    column.total += total;
    for (const [level, count] of Object.entries(levels)) column.groups[groupOf(Number(level))] += count;
  }
  return columns;
}

function groupOf(level: number): Group {
  return level >= 17 ? 'error' : level >= 13 ? 'warn' : level >= 9 ? 'info' : 'debug';
}

/** What is worst stands on the ground, where it is seen, and never lower than this. */
const LEAST_HEIGHT = 2;

/** An SVG path for each group, in a chart of `columns.length` by `height`. */
export function pathsOf(columns: readonly Column[], height: number): Readonly<Record<Group, string>> {
  const most = Math.max(1, ...columns.map(({ total }) => total));
  const paths: Record<Group, string> = { error: '', warn: '', info: '', debug: '' };
  for (const [x, { groups }] of columns.entries()) {
    let ground = height;
    for (const group of GROUPS) {
      if (groups[group] === 0) continue;
      const tall = Math.min(ground, Math.max(LEAST_HEIGHT, (groups[group] / most) * height));
      paths[group] += `M${x + 0.08} ${ground.toFixed(2)}h0.84v-${tall.toFixed(2)}h-0.84z`;
      ground -= tall;
    }
  }
  return paths;
}

/** `14:05 – 14:06: 120 records, 3 error and worse`. @param moment how a time is said. */
export function columnText(
  { at, total, groups }: Column,
  step: number,
  moment: (ms: number) => string,
): string {
  const kinds = GROUPS.filter((group) => groups[group] > 0).map(
    (group) => `${groups[group].toLocaleString('en')} ${GROUP_WORDS[group]}`,
  );
  const what = total === 0 ? 'nothing' : kinds.join(', ');
  return `${moment(at)} – ${moment(at + step)}: ${what}`;
}
