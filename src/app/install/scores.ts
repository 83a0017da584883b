import { basename } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { LeftOut } from '../../deploy/hardening.ts';
import type { Plan } from '../plan.ts';
import { targetOf, userOf } from './install.ts';
import { hasSystemd, readOwnFiles, runTool } from './machine.ts';
import { renderInstall } from './render.ts';

/** How exposed a unit is in systemd's own measure: 0 (nothing can reach out of it) to 10. */
export interface UnitScore {
  readonly unit: string;
  /** Undefined where systemd does not say. */
  readonly score: number | undefined;
  /** Why that, where there is none. */
  readonly trouble?: string;
  /** What would make it lower, and why it is not there. */
  readonly leftOut: readonly LeftOut[];
}

/** What is installed from a plan, measured. Empty where nothing is. */
export async function unitScores(
  plan: Plan,
  how: { readonly program: readonly string[]; readonly version: string; readonly clock: Clock },
): Promise<readonly UnitScore[]> {
  const files = readOwnFiles('').filter((file) => file.config === plan.file);
  const units = files.filter(({ path }) => path.endsWith('.service'));
  if (units.length === 0) return [];
  const target = await targetOf({ ...how, plan, user: undefined, root: '' }, userOf(files));
  const rendered = new Map(renderInstall(target).units.map((unit) => [unit.name, unit.leftOut]));
  // With systemd, lines that people have added by systemctl edit count, too.
  const asked = hasSystemd()
    ? units.map(({ path }) => basename(path))
    : ['--offline=yes', ...units.map(({ path }) => path)];
  const measured = await runTool(['systemd-analyze', 'security', '--no-pager', ...asked], how.clock);
  const scores = measured.ok ? readScores(measured.value) : new Map<string, number>();
  const trouble = measured.ok ? 'systemd does not say' : measured.error;
  return units.map(({ path }) => {
    const unit = basename(path);
    const score = scores.get(unit);
    return { unit, score, leftOut: rendered.get(unit) ?? [], ...(score === undefined ? { trouble } : {}) };
  });
}

/** What `systemd-analyze security` says of units in its last lines. */
export function readScores(text: string): ReadonlyMap<string, number> {
  const found = text.matchAll(/Overall exposure level for (\S+): (\d+\.\d+)/g);
  return new Map([...found].map(([, unit = '', score = '']) => [basename(unit), Number(score)]));
}
