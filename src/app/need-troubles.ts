import type { Clock } from '../core/clock.ts';
import type { ServiceSnapshot } from '../core/runner.ts';
import type { Trouble } from '../watch/trouble.ts';

/** How what a service needs does, from one to the next as far as they reach. */
export interface NeedTroubles {
  /** What each service needs, from now on. */
  use(needs: ReadonlyMap<string, readonly string[]>): void;
  /** How something that a service needs is in trouble, at the root of it: `db: alive is bad`; undefined where all is well, or nothing is known. */
  of(name: string): string | undefined;
  /** Since when all that a service needs is well, wall milliseconds; 0 where it always was. */
  wellSince(name: string): number;
  /** All that a service needs, and what that needs; each behind what it needs itself. */
  needsOf(name: string): readonly string[];
  /** A service is different, or its watches say something else of it. */
  noticed(name: string): void;
}

/** A service, as far as others need it. */
export interface Needed {
  snapshot(): Pick<ServiceSnapshot, 'state' | 'ready'>;
  /** What its watches say against it. */
  troubles(): readonly Trouble[];
}

/** @param find a service by its name; undefined while it is replaced. */
export function createNeedTroubles(clock: Clock, find: (name: string) => Needed | undefined): NeedTroubles {
  let needs: ReadonlyMap<string, readonly string[]> = new Map();
  const reached = new Map<string, readonly string[]>();
  const known = new Map<string, { isTroubled: boolean; wellSince: number }>();

  const notice = (name: string): readonly Trouble[] => {
    const troubles = troublesOf(name, find(name));
    const isTroubled = troubles.some(({ isSure }) => isSure);
    const before = known.get(name) ?? { isTroubled: false, wellSince: 0 };
    const ends = before.isTroubled && !isTroubled;
    known.set(name, { isTroubled, wellSince: ends ? clock.now() : before.wellSince });
    return troubles;
  };
  const follow = (name: string): readonly string[] => {
    const seen = new Set([name]);
    const order: string[] = [];
    const visit = (of: string): void => {
      for (const need of needs.get(of) ?? []) {
        if (seen.has(need)) continue;
        seen.add(need);
        visit(need);
        order.push(need);
      }
    };
    visit(name);
    return order;
  };
  const needsOf = (name: string): readonly string[] => {
    const all = reached.get(name) ?? follow(name);
    reached.set(name, all);
    return all;
  };
  /** After a step of the wall clock backwards it is well from now on. */
  const sinceOf = (name: string): number => {
    const state = known.get(name);
    if (state === undefined) return 0;
    state.wellSince = Math.min(state.wellSince, clock.now());
    return state.wellSince;
  };
  return {
    use(graph) {
      needs = graph;
      reached.clear();
      for (const name of known.keys()) if (!graph.has(name)) known.delete(name);
    },
    of(name) {
      // What stands in front is needed by what follows: there the trouble began.
      const found = needsOf(name).flatMap(notice);
      return (found.find(({ isSure }) => isSure) ?? found[0])?.what;
    },
    wellSince: (name) => Math.max(0, ...needsOf(name).map(sinceOf)),
    needsOf,
    noticed: (name) => void notice(name),
  };
}

function troublesOf(name: string, service: Needed | undefined): readonly Trouble[] {
  const sure = (what: string): readonly Trouble[] => [{ what, isSure: true }];
  if (service === undefined) return sure(`${name} is being replaced`);
  const { state, ready } = service.snapshot();
  if (state !== 'running') return sure(`${name} is ${state}`);
  if (ready === false) return sure(`${name} is not ready`);
  return service.troubles().map(({ what, isSure }) => ({ what: `${name}: ${what}`, isSure }));
}
