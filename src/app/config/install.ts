import { resolve } from 'node:path';
import type { Plan, PlannedService } from '../plan.ts';
import { DAEMON_UNIT, jobUnit, serviceUnit } from '../unit-names.ts';
import { type Notes, report } from './notes.ts';
import type { ServiceConfig } from './schema.ts';

/** What a unit of ours may be called: systemd.unit(5), without templates. */
const UNIT = /^[A-Za-z0-9:_-][A-Za-z0-9:_.-]{0,246}\.service$/;

/** The keys of a service that are for `vahti install` alone. */
export function resolveInstall(
  notes: Notes,
  at: readonly string[],
  service: ServiceConfig,
): Pick<PlannedService, 'unitName' | 'writes'> {
  const { writes, collect } = service;
  const written = service['unit-name'];
  const unitName = written === undefined || written.endsWith('.service') ? written : `${written}.service`;
  if (unitName !== undefined && !UNIT.test(unitName)) {
    const form = 'letters, digits and : _ . - are allowed, and it ends in .service';
    report(notes, 'error', [...at, 'unit-name'], 'value', `cannot name a unit "${unitName}": ${form}`);
  }
  if (writes !== undefined && collect !== undefined) {
    const message = `cannot use writes for "${at.at(-1) ?? ''}": a collector says by itself where it writes`;
    report(notes, 'error', [...at, 'writes'], 'key', message);
  }
  return {
    ...(unitName === undefined ? {} : { unitName }),
    ...(writes === undefined ? {} : { writes: writes.map((path) => resolve(notes.data, path)) }),
  };
}

/** No two of them may share a unit, nor take one that somebody else made. */
export function checkUnitNames(
  notes: Notes,
  { services }: Pick<Plan, 'services'>,
  jobs: readonly string[],
): void {
  const owners = new Map([[DAEMON_UNIT, 'the daemon']]);
  for (const job of jobs) owners.set(jobUnit(job), `the job ${job}`);
  for (const { name, unit } of services) if (unit !== undefined) owners.set(unit, name);
  for (const service of services) {
    const { name, unit } = service;
    if (unit !== undefined) continue;
    const own = serviceUnit(service);
    const owner = owners.get(own);
    owners.set(own, name);
    if (owner === undefined) continue;
    const key = service.unitName === undefined ? [] : ['unit-name'];
    const message = `cannot call the unit of ${name} ${own}: that is the unit of ${owner}`;
    report(notes, 'error', ['services', name, ...key], key.length === 0 ? 'key' : 'value', message);
  }
}
