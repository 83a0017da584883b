import type { Runner } from '../core/runner.ts';
import { joinNames, type Need, needText, startOrder } from './needs.ts';

/**
 * Keeps services and what they need together: tells each what of its needs is not there, and gives those that run another
 * life once all that they need is there again and something of it has another life than when they started.
 */
export interface Dependencies {
  /** Takes a service in; it knows what it waits for when this returns. */
  add(service: Dependent, needs: readonly Need[]): void;
  /** Other needs from now on. What runs goes on running. */
  change(name: string, needs: readonly Need[]): void;
  remove(name: string): void;
  /** Something about this service is different; those that need it are looked at in a turn of their own. */
  changed(name: string): void;
}

export type Dependent = Pick<Runner, 'name' | 'snapshot' | 'needs' | 'renew'>;

interface Entry {
  readonly name: string;
  readonly service: Dependent;
  needs: readonly Need[];
  /** The life that `basis` is of. */
  life: string | null;
  /** The lives of what it needs that its present life began with; null for what was not there, since a person started it. */
  readonly basis: Map<string, string | null>;
}

export function createDependencies(): Dependencies {
  const entries = new Map<string, Entry>();
  const dirty = new Set<string>();
  let order: readonly Entry[] | undefined;

  /** The life that answers a need, or null. */
  const lifeFor = ({ name, ready }: Need): string | null => {
    const found = entries.get(name)?.service.snapshot();
    if (found?.state !== 'running' || found.pid === null) return null;
    return ready && found.ready !== true ? null : found.life;
  };

  // Whoever is needed comes first: what it is about to do is known when its dependents are looked at, so that along a
  // chain (and where it meets again) each of them gets one new life, and no more.
  const look = (): void => {
    const names = new Set(dirty);
    dirty.clear();
    order ??= startOrder([...entries.values()]);
    for (const entry of order) {
      if (names.has(entry.name) || entry.needs.some((need) => names.has(need.name))) settle(entry, lifeFor);
    }
  };
  const mark = (name: string): void => {
    if (dirty.size === 0) queueMicrotask(look);
    dirty.add(name);
  };
  return {
    add(service, needs) {
      const { name } = service;
      const entry: Entry = { name, service, needs, life: null, basis: new Map() };
      entries.set(name, entry);
      order = undefined;
      settle(entry, lifeFor);
      mark(name);
    },
    change(name, needs) {
      const entry = entries.get(name);
      if (entry === undefined) return;
      entry.needs = needs;
      order = undefined;
      settle(entry, lifeFor);
    },
    remove(name) {
      entries.delete(name);
      order = undefined;
      mark(name);
    },
    changed: mark,
  };
}

/** Tells one service what it waits for, and gives it another life where that is due. */
function settle(entry: Entry, lifeFor: (need: Need) => string | null): void {
  const { service, needs, basis } = entry;
  if (needs.length === 0 && basis.size === 0) return service.needs([]);
  const lives = new Map(needs.map((need) => [need.name, lifeFor(need)]));
  service.needs(needs.filter(({ name }) => lives.get(name) === null).map(needText));
  const { state, life } = service.snapshot();
  if (state !== 'running' || life === null) return;
  if (entry.life !== life) {
    entry.life = life;
    basis.clear();
  }
  for (const name of basis.keys()) if (!lives.has(name)) basis.delete(name);
  const renewed: string[] = [];
  for (const [name, present] of lives) {
    const began = basis.get(name) ?? null;
    // What it began without is taken as it comes.
    if (began === null) basis.set(name, present);
    else if (present !== null && present !== began) renewed.push(name);
  }
  if (renewed.length === 0 || [...lives.values()].includes(null)) return;
  service.renew(`${joinNames(renewed)} ${renewed.length === 1 ? 'was' : 'were'} restarted`);
}
