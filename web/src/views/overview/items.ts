import type { Job, Service } from '../../live/hub.svelte.ts';
import { type Condition, severity } from '../../live/words.ts';
import { nextOfJob, nextOfService, type Next } from './next.ts';

/** A service or a job, as the lists of the overview show both. */
export interface Item {
  /** `AGENT/NAME`, of a job `AGENT/job/NAME`: as records call it. */
  readonly key: string;
  readonly agent: string;
  readonly name: string;
  readonly kind: string;
  readonly about: string;
  readonly condition: Condition;
  readonly trouble: string;
  /** Since when the condition is what it is, wall milliseconds. */
  readonly since: number;
  readonly address: string;
  readonly next: Next | undefined;
  readonly service: Service | undefined;
  readonly job: Job | undefined;
}

/** What did not change is the same item as before, so that it is not drawn again. */
const known = new WeakMap<Service | Job, Item>();

export function serviceItem(service: Service): Item {
  return remembered(service, () => {
    const { agent, name, kind, about, condition, trouble, since } = service;
    return {
      key: `${agent}/${name}`,
      agent,
      name,
      kind,
      about,
      condition,
      trouble,
      since,
      address: `/services/${encodeURIComponent(agent)}/${encodeURIComponent(name)}`,
      next: nextOfService(service),
      service,
      job: undefined,
    };
  });
}

export function jobItem(job: Job): Item {
  return remembered(job, () => {
    const { agent, name, verb, about, condition, trouble, since } = job;
    return {
      key: `${agent}/job/${name}`,
      agent,
      name,
      about,
      condition,
      trouble,
      since,
      kind: verb === 'run' ? 'job' : `job: ${verb}`,
      address: `/jobs?job=${encodeURIComponent(`${agent}/${name}`)}`,
      next: nextOfJob(job),
      service: undefined,
      job,
    };
  });
}

function remembered(of: Service | Job, make: () => Item): Item {
  const before = known.get(of);
  if (before !== undefined) return before;
  const item = make();
  known.set(of, item);
  return item;
}

export function itemsOf(services: readonly Service[], jobs: readonly Job[]): readonly Item[] {
  return [...services.map(serviceItem), ...jobs.map(jobItem)];
}

/** What needs somebody's attention, the worst first, and of those the longest. */
export function troubled(items: readonly Item[]): readonly Item[] {
  return items
    .filter(({ condition }) => condition === 'bad' || condition === 'late' || condition === 'unknown')
    .toSorted(
      (one, other) =>
        severity(one.condition) - severity(other.condition) || one.since - other.since || byName(one, other),
    );
}

export interface Wanted {
  /** Words that all have to be there, in any case. */
  readonly text: string;
  /** None: all. */
  readonly conditions: readonly string[];
}

export function filtered(items: readonly Item[], { text, conditions }: Wanted): readonly Item[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0 && conditions.length === 0) return items;
  return items.filter(
    (item) =>
      (conditions.length === 0 || conditions.includes(item.condition)) &&
      (words.length === 0 || hasAll(item, words)),
  );
}

function hasAll({ key, kind, about, trouble, service, job }: Item, words: readonly string[]): boolean {
  const state = service?.state ?? job?.state ?? '';
  const all = `${key} ${kind} ${about} ${trouble} ${state}`.toLowerCase();
  return words.every((word) => all.includes(word));
}

export const SORTS = ['worst', 'name'] as const;
export type Sort = (typeof SORTS)[number];

export function sorted(items: readonly Item[], sort: Sort): readonly Item[] {
  if (sort === 'name') return items.toSorted(byName);
  return items.toSorted(
    (one, other) => severity(one.condition) - severity(other.condition) || byName(one, other),
  );
}

/** Faster than localeCompare by far: an order, not a dictionary. */
function byName(one: Item, other: Item): number {
  return compare(one.name, other.name) || compare(one.key, other.key);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
