import { LIFE_VARIABLE } from '../core/processes.ts';
import { beatEnvironment } from './beat-environment.ts';
import type { Beats } from './beats.ts';
import type { Plan } from './plan.ts';
import type { StatePaths } from './state.ts';

/**
 * What a life in a unit of systemd's has to know of the daemon, which may not run when it begins: whose it is, and where its
 * service beats. The daemon writes it into the plan that units read; in one that nobody but `vahti install` has written it is not.
 */

export interface UnitLives {
  readonly stateId: string;
  /** By service: more for its environment. */
  readonly services: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Before any daemon of this folder has run. */
const NONE: UnitLives = { stateId: 'installed', services: {} };

/** A plan for units to read. */
export function planForUnits(
  plan: Plan,
  { beats, paths, stateId }: { readonly beats: Beats; readonly paths: StatePaths; readonly stateId: string },
): Plan & { readonly lives: UnitLives } {
  const services = Object.fromEntries(
    plan.services
      .map(({ name }) => [name, beatEnvironment(name, beats, paths.control)] as const)
      .filter(([, variables]) => Object.keys(variables).length > 0),
  );
  return { ...plan, lives: { stateId, services } };
}

/** What the plan that a unit has read says of lives. */
export function unitLives({ lives }: Plan & { readonly lives?: UnitLives }): UnitLives {
  return typeof lives?.stateId === 'string' && typeof lives.services === 'object' ? lives : NONE;
}

/** Whether this process was started by a unit that `vahti install` made; the id of its run. */
export function unitRun(env: NodeJS.ProcessEnv): string | undefined {
  const { VAHTI_UNIT: isUnit, INVOCATION_ID: run } = env;
  return isUnit === '1' && run !== undefined && RUN.test(run) ? run : undefined;
}

const RUN = /^[0-9a-f]{32}$/;

/** Whether a life is one of a unit's: its id is the one that systemd gave that run. `STATE/NAME/INVOCATION_ID`, and what is of it. */
export function isUnitLife(life: string): boolean {
  return life.split('/').some((part) => RUN.test(part));
}

/** What tells the processes of a life in a unit from all others, and from those of other services. */
export function lifeVariables(name: string, stateId: string, run: string): Readonly<Record<string, string>> {
  return { [LIFE_VARIABLE]: `${stateId}/${name}/${run}`, VAHTI_SERVICE: name };
}
