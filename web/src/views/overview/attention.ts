import type { Agent } from '../../live/hub.svelte.ts';
import { type Item, troubled } from './items.ts';

export interface Away {
  readonly agent: Agent;
  /** How much of it is therefore unknown. */
  readonly things: number;
}

export interface Attention {
  /** Hosts that are not connected: what is unknown therefore is said once. */
  readonly away: readonly Away[];
  readonly items: readonly Item[];
}

export function attentionOf(items: readonly Item[], agents: readonly Agent[]): Attention {
  const away = agents.filter(({ connected }) => !connected);
  const names = new Set(away.map(({ agent }) => agent));
  const hidden = (item: Item): boolean => item.condition === 'unknown' && names.has(item.agent);
  const things = new Map<string, number>();
  for (const item of items) if (hidden(item)) things.set(item.agent, (things.get(item.agent) ?? 0) + 1);
  return {
    away: away.map((agent) => ({ agent, things: things.get(agent.agent) ?? 0 })),
    items: troubled(items).filter((item) => !hidden(item)),
  };
}
