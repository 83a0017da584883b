/** Which files wait for a marker, by its path. */
export interface Awaiting {
  add(path: string): void;
  remove(path: string): void;
  /** Files that wait for this one. */
  of(marker: string): readonly string[];
}

/** @param markerOf the path of the marker of a file; undefined where there are no markers. */
export function createAwaiting(markerOf: (path: string) => string | undefined): Awaiting {
  const waiting = new Map<string, Set<string>>();
  return {
    add(path) {
      const marker = markerOf(path);
      if (marker === undefined) return;
      const paths = waiting.get(marker);
      if (paths === undefined) waiting.set(marker, new Set([path]));
      else paths.add(path);
    },
    remove(path) {
      const marker = waiting.size === 0 ? undefined : markerOf(path);
      const paths = marker === undefined ? undefined : waiting.get(marker);
      if (marker === undefined || paths === undefined) return;
      paths.delete(path);
      if (paths.size === 0) waiting.delete(marker);
    },
    of: (marker) => [...(waiting.get(marker) ?? [])],
  };
}
