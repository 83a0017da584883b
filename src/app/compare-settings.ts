import type { Plan, PlanChange } from './plan.ts';

/** What is set for the whole machine, by the key under which it is written. */
const SETTINGS: Readonly<Record<string, readonly (keyof Plan)[]>> = {
  'zone:': ['zone'],
  'keep:': ['keep'],
  'quiet:': ['quiet'],
  'notify:': ['told', 'notify', 'beat'],
  'beats:': ['beats'],
  'hub:': ['shipping'],
  'forward:': ['forward'],
};

/** What a reload changes beside services and jobs. Named by its key with a colon, as no service can be. */
export function compareSettings(before: Plan, after: Plan): readonly PlanChange[] {
  return Object.entries(SETTINGS).flatMap(([name, keys]): PlanChange[] => {
    const differing = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
    return differing.length === 0 ? [] : [{ name, change: 'update', keys: [] }];
  });
}
