import type { ServiceSnapshot } from '../../core/runner.ts';
import { joinNames } from '../../run/needs.ts';
import { CONDITIONS, type Condition } from '../../wire/page/report.ts';
import type { WatchFigures } from '../../watch/watch-figures.ts';
import type { JobStatus } from '../job-status.ts';

/** How something stands, for the eye, and why. */
export interface Stand {
  readonly condition: Condition;
  /** In a clause: `log is late: nothing for 5m`; empty where all is well. */
  readonly trouble: string;
  /** Since when what makes it so is so, wall milliseconds; null where that is not known. */
  readonly since: number | null;
}

export type StandingService = Pick<
  ServiceSnapshot,
  'state' | 'since' | 'wanted' | 'ready' | 'lane' | 'waitsFor' | 'lastExit' | 'unit' | 'runBy'
>;
export type StandingWatch = Pick<WatchFigures, 'name' | 'state' | 'since' | 'reason'>;

/**
 * The worst of a service and its watches. Bad: it failed, is stuck, or waits in the back-off or slow lane; a watch is bad. Late: it is
 * on its way (blocked, stopping, not ready, not proved after short lives); a watch is late or flaps. Unknown: nobody can look.
 * Stopped: it is not to run, and does not. A silence changes none of it.
 */
export function standOf(service: StandingService, watches: readonly StandingWatch[]): Stand {
  const own = ownStand(service);
  // What watches saw before it was stopped says nothing any more.
  if (own.condition === 'stopped') return own;
  const all = [own, ...watches.map(watchStand)];
  const worst = all.reduce((one, each) => (isWorse(each.condition, one.condition) ? each : one));
  const since = all.flatMap((each) => (each.condition === worst.condition ? (each.since ?? []) : []));
  // Trouble began with the first of them; all is well since the last of them is.
  return { ...worst, since: worst.condition === 'ok' ? Math.max(...since) : Math.min(...since) };
}

function isWorse(one: Condition, other: Condition): boolean {
  return CONDITIONS.indexOf(one) > CONDITIONS.indexOf(other);
}

function ownStand(service: StandingService): Stand {
  const { state, wanted, since, lane, ready, lastExit } = service;
  const is = (condition: Condition, trouble = ''): Stand => ({ condition, trouble, since });
  const last = lastExit === null ? '' : `; its last life ${lastExit.message}`;
  const blind = service.unit?.trouble ?? service.runBy?.trouble ?? null;
  if (state === 'stuck') return is('bad', 'its old processes do not end');
  if (blind !== null) return is('unknown', blind);
  if (state === 'failed') return is('bad', service.unit?.failure ?? `it has failed${last}`);
  if (state === 'done' || state === 'stopped') return is('stopped');
  if (state === 'stopping') return wanted ? is('late', 'it is being stopped') : is('stopped');
  if (state === 'blocked') return is('late', `it waits for ${joinNames(service.waitsFor)}`);
  if (state === 'waiting') {
    if (lane === 'fast') return is('late', `it waits for its next start${last}`);
    return is('bad', `it waits for its next start in the ${lane} lane${last}`);
  }
  if (ready === false) return is('late', 'it is not ready yet');
  if (lane !== 'fast') return is('late', `its restarts are in the ${lane} lane${last}`);
  return is('ok');
}

function watchStand({ name, state, since, reason }: StandingWatch): Stand {
  const is = (condition: Condition): Stand => {
    const how = state === 'flapping' ? 'flaps' : state === 'unknown' ? 'cannot look' : `is ${state}`;
    return { condition, trouble: `${name} ${how}${reason === null ? '' : `: ${reason}`}`, since };
  };
  if (state === 'bad') return is('bad');
  if (state === 'late' || state === 'flapping') return is('late');
  if (state === 'unknown') return is('unknown');
  return { condition: 'ok', trouble: '', since };
}

export type StandingJob = Pick<JobStatus, 'state' | 'standing' | 'last' | 'pause'>;

/** Bad: its last run that counts failed, or an old run does not end. Late: it should have succeeded by now. Stopped: it is paused, and was well. */
export function jobStand({ state, standing, last, pause }: StandingJob): Stand {
  const is = (condition: Condition, trouble: string, since: number | null = null): Stand => ({
    condition,
    trouble,
    since,
  });
  if (state === 'stuck') return is('bad', 'the processes of an old run do not end');
  if (standing === 'failed')
    return is('bad', last === null ? 'it failed' : `it failed: ${last.summary}`, last?.ended ?? null);
  if (standing === 'late') return is('late', 'it has not succeeded in time');
  if (pause !== null) return is('stopped', '', pause.at);
  return is('ok', '', last?.outcome === 'ok' ? last.ended : null);
}

/** Since when each thing is in its condition. */
export interface Sinces {
  /** @param now wall milliseconds. */
  of(key: string, stand: Stand, now: number): number;
  keepOnly(keys: ReadonlySet<string>): void;
}

/**
 * A condition lasts while it is the same, whatever makes it so. It began when what made it so first began, as far as that is kept over
 * restarts of the daemon (states of watches and units, runs of jobs); otherwise when it was first seen.
 */
export function createSinces(): Sinces {
  const known = new Map<string, { readonly condition: Condition; since: number }>();
  return {
    of(key, { condition, since }, now) {
      const before = known.get(key);
      if (before?.condition === condition) {
        // After a step of the wall clock backwards nothing began in the future.
        before.since = Math.min(before.since, now);
        return before.since;
      }
      const cause = Math.min(since ?? now, now);
      // What makes it better now may have been so all along, beside what made it worse.
      const from = before === undefined || isWorse(condition, before.condition) ? cause : now;
      known.set(key, { condition, since: from });
      return from;
    },
    keepOnly(keys) {
      for (const key of known.keys()) if (!keys.has(key)) known.delete(key);
    },
  };
}
