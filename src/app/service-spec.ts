import type { EmbeddedServiceSpec } from '../run/embedded/service.ts';
import { createPrivateTmp } from '../run/embedded/private-tmp.ts';
import { launchWithBeats } from './beat-environment.ts';
import { OWN_PROGRAM } from './config/checks.ts';
import { logFileOf } from './config/limits.ts';
import { launchOf } from './launch.ts';
import { isBuiltIn, type Plan, type PlannedService } from './plan.ts';
import { smallProgram } from './small-memory.ts';
import type { SupervisionOptions } from './supervision-options.ts';

/** What a service is run by: its launch, and everything that its runner has to know. */
export async function specOf(
  planned: PlannedService,
  plan: Plan,
  options: SupervisionOptions,
): Promise<EmbeddedServiceSpec> {
  const launch = launchWithBeats(await launchOf(planned, plan), planned, options);
  const { clock, log, paths } = options;
  const { memory, ready, stopSignal } = planned;
  const user = launch.user === undefined ? {} : { user: launch.user };
  return {
    name: planned.name,
    argv: commandOf(planned, options),
    ...launch,
    stopMs: planned.stopMs,
    ...(stopSignal === undefined ? {} : { stopSignal }),
    // A pipeline lets its steps come to their end.
    ...(isBuiltIn(planned) ? { endsChildren: true } : {}),
    ...(ready === undefined ? {} : { ready }),
    ...(memory === undefined ? {} : { memory }),
    ...(planned.tmp === undefined ? {} : { tmp: createPrivateTmp({ root: paths.tmp, ...user, clock, log }) }),
    restart: planned.restart,
    log: { ...planned.log, path: logFileOf(planned, plan.state) },
  };
}

/** Built-in kinds run as `vahti run NAME` on the plan that is in force, not on whatever the config file says by then. */
function commandOf(planned: PlannedService, options: SupervisionOptions): readonly string[] {
  const own = planned.kind === 'collect' ? smallProgram(options.program) : options.program;
  if (isBuiltIn(planned)) return [...own, 'run', planned.name, '--plan', options.paths.plan];
  const [command, ...rest] = planned.argv;
  return command === OWN_PROGRAM ? [...options.program, ...rest] : planned.argv;
}
