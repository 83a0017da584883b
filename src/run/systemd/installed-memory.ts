import { groupMemory } from '../../core/control-group.ts';
import type { MemoryFigure } from '../../core/runner.ts';

/** What the control group of a unit takes, as it was seen last, and the most that was seen of the present life. */
export interface UnitMemory {
  /** @param group null where it is not to be looked at, or there is none. */
  look(group: string | null): void;
  end(): void;
  figure(): MemoryFigure | null;
}

export function createUnitMemory(): UnitMemory {
  let seen: MemoryFigure | null = null;
  return {
    look(group) {
      const bytes = group === null ? undefined : groupMemory(group);
      if (bytes !== undefined) seen = { bytes, peakBytes: Math.max(bytes, seen?.peakBytes ?? 0) };
    },
    end() {
      seen = null;
    },
    figure: () => seen,
  };
}
