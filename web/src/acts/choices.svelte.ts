import { hub, type Job, type Service } from '../live/hub.svelte.ts';
import { session } from '../live/session.svelte.ts';
import type { Act } from './acts.ts';

/** Whether the reader may act at all: otherwise nothing of it is shown. */
export function mayAct(): boolean {
  return session.may('operate');
}

/** Why nobody can act on what an agent has; empty where they can. */
export function whyNot(agent: string): string {
  const found = hub.agent(agent);
  if (found === undefined || found.host === null) return `${agent} has not said anything yet`;
  if (!hub.isLive) return 'this page is not connected to the hub';
  if (!found.connected) return `${agent} is not connected`;
  if (!found.host.acts)
    return `${agent} takes no actions from its hub; "hub: { act: true }" in its config allows it`;
  return '';
}

/** What makes sense now, the most likely first. */
export function serviceActs({ state, wanted, condition, silences, kind }: Service): readonly Act[] {
  const runs = state === 'running' || state === 'stopping' || state === 'stuck';
  const said = silences.filter(({ watch }) => watch === null).map(({ by }) => by);
  const isWrong = condition === 'bad' || condition === 'late' || condition === 'unknown';
  return [
    ...(isWrong && !said.includes('ack') ? (['ack'] as const) : []),
    ...(said.includes('snooze') || said.includes('ack') ? (['snooze-end'] as const) : []),
    'snooze',
    ...(runs ? (['restart'] as const) : (['start'] as const)),
    // From a page whose hub was stopped nobody could start it again.
    ...((runs || wanted) && kind !== 'hub' ? (['stop'] as const) : []),
  ];
}

export function jobActs({ condition, pause, run }: Job): readonly Act[] {
  const isWrong = condition === 'bad' || condition === 'late';
  return [
    ...(isWrong ? (['ack'] as const) : []),
    'snooze',
    ...(run === null ? (['job-run'] as const) : []),
    ...(pause === null ? (['job-pause'] as const) : (['job-resume'] as const)),
  ];
}
