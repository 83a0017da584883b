import type { Agent, Job, Service } from '../../live/hub.svelte.ts';
import type { Condition } from '../../live/words.ts';

export interface Summary {
  /** One sentence that says it all. */
  readonly text: string;
  /** The worst of all. */
  readonly condition: Condition;
  readonly counts: Readonly<Record<Condition, number>>;
}

type Standing = Pick<Service | Job, 'condition'>;

/** `2 bad, 1 late of 38 services and 6 jobs on 3 hosts`; `All 38 services on 1 host are ok`. */
export function summaryOf(
  services: readonly Standing[],
  jobs: readonly Standing[],
  agents: readonly Pick<Agent, 'connected'>[],
): Summary {
  const counts = { ok: 0, stopped: 0, unknown: 0, late: 0, bad: 0 };
  for (const { condition } of [...services, ...jobs]) counts[condition] += 1;
  const away = agents.filter(({ connected }) => !connected).length;
  const missing =
    away === 0
      ? ''
      : `; ${away === agents.length && away > 1 ? 'no host is' : `${many(away, 'host')} ${away === 1 ? 'is' : 'are'} not`} connected`;
  const wrong = (['bad', 'late', 'unknown'] as const).filter((each) => counts[each] > 0);
  const condition = wrong[0] ?? (away > 0 ? 'unknown' : counts.ok === 0 ? 'stopped' : 'ok');
  return { text: sentence(wrong, counts, scopeOf(services, jobs, agents)) + missing, condition, counts };
}

function sentence(
  wrong: readonly Condition[],
  counts: Readonly<Record<Condition, number>>,
  { scope, total }: Scope,
): string {
  if (total === 0) return 'No service is here yet';
  const { ok, stopped } = counts;
  if (wrong.length > 0) return `${wrong.map((each) => `${counts[each]} ${each}`).join(', ')} of ${scope}`;
  if (ok === 0) return total === 1 ? 'Stopped, as it should be' : `All of ${scope} are stopped`;
  const all = total === 1 ? 'The' : 'All';
  const named = total === 1 ? scope.replace(/^1 /, '') : scope;
  const rest = stopped === 0 ? '' : `, ${stopped} of them stopped`;
  return `${all} ${named} ${total === 1 ? 'is' : 'are'} ok${rest}`;
}

interface Scope {
  readonly scope: string;
  readonly total: number;
}

function scopeOf(services: readonly unknown[], jobs: readonly unknown[], agents: readonly unknown[]): Scope {
  const things = [
    ...(services.length > 0 ? [many(services.length, 'service')] : []),
    ...(jobs.length > 0 ? [many(jobs.length, 'job')] : []),
  ].join(' and ');
  return { scope: `${things} on ${many(agents.length, 'host')}`, total: services.length + jobs.length };
}

export function many(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}
