/** A moment as people and logs can be compared by: ISO, UTC, to the second. */
export function clockTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
