/**
 * Whether a value that was read from JSON is nested deeper than so many levels. JSON of any depth can be read, but writing it, or walking
 * it, ends at some thousand levels with a RangeError: what comes from outside is checked before it is kept.
 */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const each of Object.values(value)) if (isDeeperThan(each, levels - 1)) return true;
  return false;
}
