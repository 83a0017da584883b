import type { Row } from '../../../../src/client/types.ts';

/** So many are kept; the oldest leave. */
export const MOST_ROWS = 2000;

/** Both, each once, the newest first. */
export function merged(had: readonly Row[], more: readonly Row[]): readonly Row[] {
  if (more.length === 0) return had;
  const byId = new Map(had.map((row) => [row.id, row]));
  for (const row of more) byId.set(row.id, row);
  return [...byId.values()]
    .toSorted((one, other) => other.time - one.time || other.position - one.position)
    .slice(0, MOST_ROWS);
}
