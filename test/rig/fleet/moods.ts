import type { ReportedService, ReportedWatch } from '../../../src/wire/page/report.ts';
import type { Random } from './random.ts';

/** How made-up services are. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How a service may be; how often of 100. The first few services of a fleet show one each, so that small fleets show something. */
const MOODS = [
  ['ok', 88],
  ['bad', 3],
  ['late', 3],
  ['backoff', 2],
  ['stopped', 2],
  ['unknown', 1],
  ['snoozed', 1],
] as const;
export type Mood = (typeof MOODS)[number][0];
const FIRST: readonly Mood[] = ['ok', 'ok', 'bad', 'ok', 'late', 'ok', 'backoff', 'ok', 'stopped', 'snoozed'];

/** @param at of the service within its fleet, from 0. */
export function moodOf(at: number, random: Random): Mood {
  const first = FIRST[at];
  if (first !== undefined) return first;
  let left = random.below(100);
  for (const [mood, share] of MOODS) if ((left -= share) < 0) return mood;
  return 'ok';
}

/** A watch that is well. @param now wall milliseconds. */
export function watchOf(
  name: string,
  kind: string,
  since: number,
  now: number,
  value: string,
): ReportedWatch {
  return {
    name,
    kind,
    state: 'ok',
    since,
    value,
    reason: null,
    lookedAt: now - 4000,
    dueAt: null,
    nextLookAt: now + 11_000,
    nextAction: null,
  };
}

/** What is different of a service in this mood. @param now wall milliseconds. */
export function inMood(
  mood: Mood,
  service: ReportedService,
  random: Random,
  now: number,
): Partial<ReportedService> {
  const since = now - (1 + random.below(90)) * MINUTE;
  const [fresh, errors] = service.watches as [ReportedWatch, ReportedWatch];
  const exit = {
    at: now - 20_000,
    text: 'exited with code 1 after 3 s: Error: connect ECONNREFUSED 10.0.4.7:5432',
    level: 17,
  };
  const gone = { pid: null, ready: null, life: null, startedAt: null };
  switch (mood) {
    case 'ok':
      return {};
    case 'bad': {
      const reason = '7 records at error within 5 m: connect ECONNREFUSED 10.0.4.7:5432';
      const nextAction = { what: 'restart', at: now + 3 * MINUTE };
      const bad: ReportedWatch = { ...errors, state: 'bad', since, value: '7', reason, nextAction };
      return { condition: 'bad', since, trouble: `errors is bad: ${reason}`, watches: [fresh, bad] };
    }
    case 'late': {
      const reason = 'no new file for 2 m 40 s; 90 s are allowed';
      const late: ReportedWatch = {
        ...fresh,
        state: 'late',
        since,
        value: '160 s',
        reason,
        dueAt: now - 70_000,
      };
      return { condition: 'late', since, trouble: `fresh is late: ${reason}`, watches: [late, errors] };
    }
    case 'backoff':
      return {
        ...gone,
        state: 'waiting',
        stateSince: now - 20_000,
        condition: 'bad',
        since,
        lane: random.next() < 0.5 ? 'backoff' : 'slow',
        failures: 6,
        starts: 9,
        nextStartAt: now + 42_000,
        lastExit: exit,
        trouble: 'fails again and again: exited with code 1 after 3 s',
      };
    case 'stopped':
      return {
        ...gone,
        state: 'stopped',
        stateSince: since,
        condition: 'stopped',
        since,
        wanted: false,
        watches: [],
      };
    case 'unknown': {
      const reason = 'cannot look: permission denied: /var/log/relay.log';
      const unknown: ReportedWatch = { ...errors, state: 'unknown', since, value: null, reason };
      return {
        condition: 'unknown',
        since,
        trouble: `errors is unknown: ${reason}`,
        watches: [fresh, unknown],
      };
    }
    case 'snoozed': {
      const silence = {
        by: 'snooze' as const,
        why: 'the switch is being replaced',
        who: 'ada',
        until: now + 2 * HOUR,
        watch: null,
      };
      return { ...inMood('late', service, random, now), silences: [silence] };
    }
  }
}
