import { LADDER_LIMITS, type LadderLimits } from '../../watch/ladder.ts';
import type { Lookup } from './notes.ts';
import type { Config, ServiceConfig } from './schema.ts';

/** What the watches of a service may do together. */
export function resolveWatchLimits(
  pick: Lookup,
  { restart }: ServiceConfig,
  defaults: Config['defaults'],
): LadderLimits {
  const { most, per, cool } = restart?.watches ?? {};
  const fallback = defaults?.restart?.watches;
  const at = (key: string): [string, string[]] => [`watches.${key}`, ['restart', 'watches', key]];
  return {
    mostRestarts: pick(...at('most'), most, fallback?.most, LADDER_LIMITS.mostRestarts),
    perMs: pick(...at('per'), per, fallback?.per, LADDER_LIMITS.perMs),
    coolMs: pick(...at('cool'), cool, fallback?.cool, LADDER_LIMITS.coolMs),
  };
}
