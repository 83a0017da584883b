import { type HubFilter, newestFirst, type Place } from '../../src/hub/blocks/query.ts';
import type { HubRow } from '../../src/hub/blocks/row.ts';

/** What a filter means, without blocks. */
export function hubMatches(row: HubRow, filter: HubFilter): boolean {
  const among = <T>(values: readonly T[] | undefined, value: T): boolean => values?.includes(value) ?? true;
  const small = row.message.toLowerCase();
  const words = (text: string): string[] => text.toLowerCase().match(/[a-z0-9_\u0080-\uffff]+/g) ?? [];
  const fields = row.fields === '' ? {} : (JSON.parse(row.fields) as Record<string, unknown>);
  return (
    among(filter.agents, row.agent) &&
    row.time >= (filter.since ?? -Infinity) &&
    row.time < (filter.until ?? Infinity) &&
    among(filter.services, row.service) &&
    among(filter.kinds, row.kind) &&
    among(filter.senders, row.sender) &&
    among(filter.hosts, row.host) &&
    among(filter.lives, row.life) &&
    row.level >= (filter.levelAtLeast ?? 1) &&
    row.level <= (filter.levelAtMost ?? 24) &&
    small.includes((filter.text ?? '').toLowerCase()) &&
    words(filter.words ?? '').every((word) => words(row.message).includes(word)) &&
    (filter.matches === undefined || new RegExp(filter.matches, 'u').test(row.message)) &&
    (filter.fields ?? []).every(({ path, value }) => String(fields[path]) === value)
  );
}

/** The newest that match, behind a place. */
export function hubNewest(
  rows: readonly HubRow[],
  filter: HubFilter,
  limit: number,
  behind?: Place,
): readonly HubRow[] {
  return rows
    .filter((row) => hubMatches(row, filter) && (behind === undefined || newestFirst(behind, row) < 0))
    .toSorted(newestFirst)
    .slice(0, limit);
}
