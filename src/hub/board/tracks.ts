import { BAR_RANGES, type BarRange } from '../../wire/page/board.ts';
import { type Bars, createBars } from './bars.ts';
import { createFigures, type Figures } from './figures.ts';
import { CUTS } from './letters.ts';

/** What is remembered of a service over time; also of one that is not there any more. */
export interface Track {
  /** What it is called in `board.db`. */
  readonly id: number;
  readonly agent: string;
  readonly name: string;
  readonly bars: Bars;
  readonly figures: Figures;
}

export interface Tracks {
  find(agent: string, name: string): Track | undefined;
  /** Begins one where there is none. */
  open(agent: string, name: string): Track;
  /** One that was stored. */
  put(id: number, agent: string, name: string): Track;
  /** Forgets it. */
  drop(track: Track): void;
  all(): IterableIterator<Track>;
  readonly size: number;
  of(agent: string): readonly Track[];
  count(agent: string): number;
  /** Slots that are not as they were stored. */
  readonly touched: Readonly<Record<BarRange, Set<number>>>;
  /** Those that `board.db` does not know yet, and those that it still knows. */
  readonly begun: Set<Track>;
  readonly dropped: Set<Track>;
}

export function createTracks(): Tracks {
  const byAgent = new Map<string, Map<string, Track>>();
  const byId = new Map<number, Track>();
  const touched = { '24h': new Set<number>(), '90d': new Set<number>() } as const;
  const [begun, dropped] = [new Set<Track>(), new Set<Track>()];
  let lastId = 0;
  const put = (id: number, agent: string, name: string): Track => {
    const bars = createBars((range, slot) => touched[range].add(slot));
    const track = { id, agent, name, bars, figures: createFigures() };
    lastId = Math.max(lastId, id);
    const own = byAgent.get(agent) ?? new Map<string, Track>();
    byAgent.set(agent, own.set(name, track));
    byId.set(id, track);
    return track;
  };
  const find = (agent: string, name: string): Track | undefined => byAgent.get(agent)?.get(name);
  return {
    find,
    put,
    touched,
    begun,
    dropped,
    open(agent, name) {
      const known = find(agent, name);
      if (known !== undefined) return known;
      const track = put(lastId + 1, agent, name);
      begun.add(track);
      return track;
    },
    drop(track) {
      const { id, agent, name } = track;
      byId.delete(id);
      byAgent.get(agent)?.delete(name);
      if (byAgent.get(agent)?.size === 0) byAgent.delete(agent);
      if (!begun.delete(track)) dropped.add(track);
    },
    all: () => byId.values(),
    get size() {
      return byId.size;
    },
    count: (agent) => byAgent.get(agent)?.size ?? 0,
    of: (agent) => [...(byAgent.get(agent)?.values() ?? [])],
  };
}

/** Whether anything is known of it within the days that are kept. @param now wall milliseconds. */
export function isKnown({ bars }: Track, now: number): boolean {
  return BAR_RANGES.some((range) =>
    bars.rings[range].hasSince(Math.floor(now / CUTS[range].step) - CUTS[range].kept + 1),
  );
}
