import type { Job, Service } from '../../live/hub.svelte.ts';

/** What tells that something flipped: for each agent whatever is not well, in words. */
export function troubleByAgent(
  things: readonly Pick<Service | Job, 'agent' | 'name' | 'condition' | 'trouble'>[],
): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  for (const { agent, name, condition, trouble } of things)
    if (condition !== 'ok' && condition !== 'stopped')
      said.set(agent, `${said.get(agent) ?? ''}\n${name} ${condition} ${trouble}`);
  return said;
}

/** The agents of which something else is said than before. */
export function changedAgents(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (agent) => before.get(agent) !== after.get(agent),
  );
}
