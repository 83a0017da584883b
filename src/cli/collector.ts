import type { Collecting, Plan } from '../app/plan.ts';
import { didYouMean } from '../core/suggest.ts';
import { CommandError } from './exit-codes.ts';

/** The collector of that name in the config. */
export function findCollector(plan: Plan, name: string): Collecting {
  const found = plan.services.find((service) => service.name === name);
  const names = plan.services
    .filter((service) => service.collect !== undefined)
    .map((service) => service.name);
  if (found?.collect !== undefined) return { ...found, collect: found.collect };
  const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
  throw new CommandError('unknown', `cannot find a collector "${name}"${didYouMean(name, names)} (${known})`);
}
