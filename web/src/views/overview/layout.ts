import { severity, WORST_FIRST, type Condition } from '../../live/words.ts';
import type { Item, Sort } from './items.ts';

export const GROUPS = ['none', 'host', 'kind', 'condition'] as const;
export type Group = (typeof GROUPS)[number];

/** A line of the list: the head of a group, or an item. */
export type Line =
  | {
      readonly type: 'head';
      readonly key: string;
      readonly label: string;
      readonly count: number;
      readonly worst: Condition;
    }
  | { readonly type: 'item'; readonly key: string; readonly item: Item };

/** @param items in their order. */
export function linesOf(items: readonly Item[], group: Group, sort: Sort): readonly Line[] {
  if (group === 'none') return items.map(lineOf);
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const label = labelOf(item, group);
    const members = groups.get(label);
    if (members === undefined) groups.set(label, [item]);
    else members.push(item);
  }
  const heads = [...groups].map(([label, members]) => ({ label, members, worst: worstOf(members) }));
  const rank = (label: string, worst: Condition): number =>
    group === 'condition' ? WORST_FIRST.indexOf(label as Condition) : sort === 'worst' ? severity(worst) : 0;
  heads.sort(
    (one, other) =>
      rank(one.label, one.worst) - rank(other.label, other.worst) || (one.label < other.label ? -1 : 1),
  );
  return heads.flatMap(({ label, members, worst }) => [
    { type: 'head' as const, key: `group ${label}`, label, count: members.length, worst },
    ...members.map(lineOf),
  ]);
}

function lineOf(item: Item): Line {
  return { type: 'item', key: item.key, item };
}

function labelOf({ agent, kind, condition }: Item, group: Group): string {
  return group === 'host' ? agent : group === 'kind' ? kind : condition;
}

function worstOf(items: readonly Item[]): Condition {
  return items.reduce<Condition>(
    (worst, { condition }) => (severity(condition) < severity(worst) ? condition : worst),
    'stopped',
  );
}

/**
 * The order as it was when somebody began to point at it, with what is said now. What is new comes last, what is gone leaves.
 */
export function held(lines: readonly Line[], order: readonly string[]): readonly Line[] {
  const byKey = new Map(lines.map((line) => [line.key, line]));
  const kept = order.flatMap((key) => byKey.get(key) ?? []);
  const had = new Set(order);
  return kept.length === lines.length ? kept : [...kept, ...lines.filter(({ key }) => !had.has(key))];
}

export function isSameOrder(lines: readonly Line[], others: readonly Line[]): boolean {
  return lines.length === others.length && lines.every(({ key }, at) => key === others[at]?.key);
}
