import { systemClock } from '../../core/clock.ts';
import { showUnits } from '../../run/systemd/systemctl.ts';
import type { Plan } from '../plan.ts';
import { type Notes, report } from './notes.ts';
import type { ServiceConfig } from './schema.ts';

/** What the unit of a service may be called: systemd.unit(5); a template needs its instance. */
const UNIT = /^(?!.*@\.service$)[A-Za-z0-9:_\\@-][A-Za-z0-9:_.\\@-]{0,246}\.service$/;

/** What is said of the keys that are for what Vahti runs itself. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  boot: 'write systemctl enable, or disable',
  ready: 'its Type says when it is ready',
  restart: 'Restart= and StartLimit of the unit pace it; only `watches` is for Vahti',
};

const NOT_OF_UNITS = [
  'env',
  'env-file',
  'cwd',
  'user',
  'boot',
  'memory',
  'cpu',
  'open-files',
  'tmp',
  'reload-on',
  'unit-name',
  'writes',
  'stop',
  'stop-signal',
  'ready',
] as const satisfies readonly (keyof ServiceConfig)[];

/** The unit of a service, with its suffix; undefined where it has none, or one that cannot be. */
export function resolveUnit(notes: Notes, name: string, service: ServiceConfig): string | undefined {
  const { unit: written } = service;
  if (written === undefined) return undefined;
  const at = ['services', name];
  const unit = /\.[a-z]+$/.test(written) ? written : `${written}.service`;
  for (const key of NOT_OF_UNITS) if (service[key] !== undefined) reportKey(notes, name, unit, key);
  if (Object.keys(service.restart ?? {}).some((key) => key !== 'watches'))
    reportKey(notes, name, unit, 'restart');
  if (UNIT.test(unit)) return unit;
  const form = 'write the name of a service of systemd such as livereduce.service';
  const other = /\.(?:socket|timer|target|mount|path|slice|scope|device|swap|automount)$/.test(unit)
    ? '; other units can be looked at by a watch: { unit: … }'
    : '';
  report(notes, 'error', [...at, 'unit'], 'value', `cannot follow the unit "${written}": ${form}${other}`);
  return undefined;
}

function reportKey(notes: Notes, name: string, unit: string, key: string): void {
  const where = ELSEWHERE[key] ?? `set it in the unit: systemctl edit ${unit}`;
  const message = `cannot use ${key} for "${name}": systemd runs it; ${where}`;
  report(notes, 'error', ['services', name, key], 'key', message);
}

/** One service a unit, and units that are there: else a warning, since they may come. */
export async function checkUnits(notes: Notes, { services }: Plan): Promise<void> {
  const units = services.flatMap(({ name, unit }) => (unit === undefined ? [] : [{ name, unit }]));
  if (units.length === 0) return;
  const tell = (severity: 'error' | 'warning', name: string, message: string): void =>
    report(notes, severity, ['services', name, 'unit'], 'value', message);
  const owners = new Map<string, string>();
  for (const { name, unit } of units) {
    const owner = owners.get(unit);
    if (owner !== undefined) tell('error', name, `cannot follow ${unit} twice: ${owner} does so already`);
    owners.set(unit, name);
  }
  const shown = await showUnits([...owners.keys()], { clock: systemClock, life: 'vahti-check' });
  for (const [unit, name] of owners) {
    if (!shown.ok) {
      tell('warning', name, `cannot see whether there is a unit ${unit}: ${shown.error.message}`);
      continue;
    }
    const load = shown.value.find((facts) => facts.name === unit)?.load ?? '';
    if (load === 'not-found') tell('warning', name, `there is no unit ${unit} here`);
    else if (load !== 'loaded') tell('warning', name, `${unit} cannot be started now: it is ${load}`);
  }
}
