import * as v from 'valibot';
import { LEVELS } from '../core/record.ts';
import type { PersistedService, Runner } from '../core/runner.ts';
import type { Units } from '../core/units.ts';
import { createSystemdHost, type SystemdHost } from '../run/systemd/host.ts';
import type { JournalPlace } from '../run/systemd/journal.ts';
import type { KnownLife } from '../run/systemd/unit-course.ts';
import { type KnownOnce, knownOnce, recordKey } from '../run/systemd/unit-log.ts';
import { createUnitService } from '../run/systemd/unit-service.ts';
import { logFileOf } from './config/limits.ts';
import type { Plan, PlannedService } from './plan.ts';
import type { SupervisionOptions } from './supervision-options.ts';

/** The units of systemd that a daemon follows. Nothing of systemd's is asked or run before there is one. */
export interface FollowedUnits extends Units {
  /** What runs a service that is a unit: systemd; this follows it. */
  service(planned: PlannedService & { readonly unit: string }, plan: Plan, how: FollowOptions): Runner;
  /** The one systemd that all of them are looked at in. */
  host(): SystemdHost;
  /** What the time line has of a service since a time, microseconds; see UnitLog. */
  recorded(service: string, since: number): KnownOnce;
  close(): Promise<void>;
}

export interface FollowOptions {
  readonly restored: PersistedService | undefined;
  readonly changed: (name: string) => void;
  readonly persist: (name: string, state: PersistedService) => void;
}

/** Where the journal was followed to is kept under this name. */
const PLACE = 'journal';
/** The lives that the time line is asked for, and the records behind a place. */
const MOST_KNOWN = 200;
const MOST_RECORDS = 10_000;

const place = v.object({ cursor: v.string(), units: v.array(v.string()) });

export function createFollowedUnits(options: SupervisionOptions): FollowedUnits {
  const { clock, log, records } = options;
  let host: SystemdHost | undefined;
  const theHost = (): SystemdHost => (host ??= openHost(options));
  return {
    facts: (name, signal) => theHost().facts(name, signal),
    service(planned, plan, { restored, ...how }) {
      const { name, unit } = planned;
      return createUnitService(
        { name, unit, log: { ...planned.log, path: logFileOf(planned, plan.state) } },
        {
          ...how,
          clock,
          log: log.child({ service: name }),
          records,
          host: theHost(),
          known: knownOf(name, options),
          recorded: (since) => recordedOf(name, since, options),
          ...(restored === undefined ? {} : { restored }),
        },
      );
    },
    host: theHost,
    recorded: (service, since) => recordedOf(service, since, options),
    async close() {
      await host?.close();
    },
  };
}

function openHost({ clock, random, state, records, flush }: SupervisionOptions): SystemdHost {
  const saved = v.safeParse(place, state.loadMark(PLACE));
  return createSystemdHost({
    clock,
    random,
    life: `${state.stateId}/systemd`,
    place: saved.success ? saved.output : undefined,
    savePlace: (at: JournalPlace) => state.saveMark(PLACE, at),
    flush: flush ?? (() => true),
    note(message, isTrouble) {
      const level = isTrouble ? LEVELS.warn : LEVELS.info;
      records([
        { time: clock.micros(), service: '', life: '', kind: 'note', level, sender: 'daemon', message },
      ]);
    },
  });
}

/** What the time line has of a unit: its last lives, and its last trouble. */
export function knownOf(
  name: string,
  { stored }: SupervisionOptions,
): { readonly lives: readonly KnownLife[]; readonly told: string } {
  const services = [name];
  const lives = new Map<string, KnownLife>();
  const asked = { services, limit: MOST_KNOWN, take: 'newest' } as const;
  for (const { kind, life, time } of stored?.({ ...asked, kinds: ['start', 'exit'] }) ?? []) {
    if (life === '') continue;
    const known = lives.get(life) ?? { id: life, startedAt: null, ended: false };
    lives.set(life, kind === 'exit' ? { ...known, ended: true } : { ...known, startedAt: time });
  }
  const flips = stored?.({ ...asked, kinds: ['flip'] }) ?? [];
  const last = flips.findLast(({ fields }) => fields?.['subject'] === 'state');
  const trouble = last?.fields?.['trouble'];
  const told =
    typeof trouble !== 'string' ? '' : trouble === 'failed' ? `failed ${last?.life ?? ''}` : trouble;
  return { lives: [...lives.values()], told };
}

function recordedOf(name: string, since: number, { stored }: SupervisionOptions): KnownOnce {
  const known = stored?.({ services: [name], since, limit: MOST_RECORDS, take: 'oldest' }) ?? [];
  return knownOnce(known.map(recordKey));
}
