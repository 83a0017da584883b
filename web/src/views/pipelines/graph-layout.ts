import type { Inbox, Step } from './states.ts';

/** Where everything of the graph stands. Pixels. */

export const NODE = { width: 220, height: 112 } as const;
const GAP = { column: 48, row: 18 } as const;
const TOP = 30;

export interface Placed<T> {
  readonly of: T;
  readonly x: number;
  readonly y: number;
}

export interface Edge {
  readonly key: string;
  readonly path: string;
  /** Of its line. */
  readonly width: number;
  /** Something came along it within the last minute. */
  readonly isBusy: boolean;
  /** Nothing comes along it as it comes: its step is periodic, or disabled. */
  readonly isDashed: boolean;
}

export interface Column {
  /** 0: inboxes. */
  readonly level: number;
  readonly x: number;
  readonly inboxes: readonly Placed<Inbox>[];
  readonly steps: readonly Placed<Step>[];
}

export interface Graph {
  readonly columns: readonly Column[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

/** Inboxes on the left, those that only wake others last, then the steps by level; each near what it takes from. */
export function layoutOf(inboxes: readonly Inbox[], steps: readonly Step[]): Graph {
  const rows = new Map<string, number>();
  const first = inboxes.toSorted((a, b) => Number(a.reference) - Number(b.reference));
  for (const [row, { name }] of first.entries()) rows.set(name, row);
  const levels = [...new Set(steps.map(({ level }) => level))].toSorted((a, b) => a - b);
  const columns: Column[] = [
    { level: 0, x: 0, inboxes: first.map((of, row) => ({ of, x: 0, y: yOf(row) })), steps: [] },
  ];
  for (const [index, level] of levels.entries()) {
    const own = steps
      .map((step, at) => ({ step, at, wish: meanOf(step.from.flatMap((name) => rows.get(name) ?? [])) }))
      .filter(({ step }) => step.level === level)
      .toSorted((a, b) => a.wish - b.wish || a.at - b.at);
    const x = (index + 1) * (NODE.width + GAP.column);
    const placed = own.map(({ step }, row) => ({ of: step, x, y: yOf(row) }));
    for (const [row, { step }] of own.entries()) rows.set(step.name, row);
    columns.push({ level, x, inboxes: [], steps: placed });
  }
  const deepest = Math.max(...columns.map((column) => column.inboxes.length + column.steps.length), 1);
  return {
    columns,
    edges: edgesOf(columns),
    width: columns.length * (NODE.width + GAP.column) - GAP.column,
    height: yOf(deepest) - GAP.row,
  };
}

function yOf(row: number): number {
  return TOP + row * (NODE.height + GAP.row);
}

function meanOf(all: readonly number[]): number {
  return all.length === 0 ? 0 : all.reduce((sum, each) => sum + each, 0) / all.length;
}

function edgesOf(columns: readonly Column[]): readonly Edge[] {
  const places = new Map<string, { readonly x: number; readonly y: number }>();
  for (const { inboxes, steps } of columns)
    for (const { of, x, y } of [...inboxes, ...steps]) places.set(of.name, { x, y });
  return columns.flatMap(({ steps }) =>
    steps.flatMap(({ of: step, x, y }) =>
      step.from.flatMap((name) => {
        const from = places.get(name);
        if (from === undefined) return [];
        return [
          {
            key: `${name}\n${step.name}`,
            path: curve(from.x + NODE.width, from.y + NODE.height / 2, x, y + NODE.height / 2),
            width: widthOf(step.hour),
            isBusy: step.minute > 0,
            isDashed: !step.enabled || step.at !== null,
          },
        ];
      }),
    ),
  );
}

/** Ten times as much is a pixel and a bit more. */
function widthOf(hour: number): number {
  return Math.min(5, 1.25 + Math.log10(1 + hour));
}

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const bend = Math.max(20, Math.min(80, (x2 - x1) / 2));
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
