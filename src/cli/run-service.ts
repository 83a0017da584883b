import type { BuiltinTrouble } from '../app/builtin.ts';
import { OWN_PROGRAM } from '../app/config/checks.ts';
import { launchOf } from '../app/launch.ts';
import type { Plan, PlannedService } from '../app/plan.ts';
import { readyOnDescriptor } from '../run/readiness/notify.ts';
import { serviceNotice } from '../run/systemd/notify.ts';
import { takeLittleMemory } from '../app/small-memory.ts';
import { serviceSocket, statePaths } from '../app/state.ts';
import { systemClock } from '../core/clock.ts';
import { createLog } from '../core/log.ts';
import { signalGroup, startProcess } from '../core/processes.ts';
import { errorCode, type Result } from '../core/result.ts';
import type { Scope } from '../core/scope.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { listenForEnd } from './signals.ts';
import { ownProgram, ownVersion } from '../core/own-package.ts';

/** Runs a service of a built-in kind in this process until TERM or Ctrl-C. Resolves with the exit code. */
export async function runBuiltin(service: PlannedService, plan: Plan): Promise<number> {
  const log = createLog('info');
  const notice = serviceNotice(process.env, systemClock, (message) => log.warn(message));
  const { signal, release } = listenForEnd();
  const stop = new AbortController();
  const readyOn = readyOnDescriptor(process.env, service.name);
  const ready = (): void => {
    readyOn();
    notice?.ready();
  };
  signal.addEventListener('abort', () => notice?.stopping(), { once: true });
  const scope = { clock: systemClock, log, drain: signal, stop: stop.signal, ready };
  try {
    const ran = await runKind(service, plan, scope);
    if (ran.ok) return EXIT.ok.code;
    log.error(ran.error.message);
    return EXIT[ran.error.kind].code;
  } catch (error) {
    const known = knownTrouble(error);
    if (known === undefined) throw error;
    log.error(known.message);
    return EXIT[known.exit].code;
  } finally {
    notice?.close();
    release();
  }
}

/** What knows one kind is not loaded for the other. */
async function runKind(
  service: PlannedService,
  plan: Plan,
  scope: Scope,
): Promise<Result<void, BuiltinTrouble>> {
  const { collect, pipeline, hub } = service;
  if (hub !== undefined) {
    const { runHub } = await import('../app/hub/run-hub.ts');
    return runHub(hub, scope, process.env);
  }
  takeLittleMemory();
  if (pipeline !== undefined) {
    const { runPipeline } = await import('../app/pipeline/run-pipeline.ts');
    return runPipeline(
      { ...service, pipeline },
      plan.file,
      statePaths(plan.state),
      scope,
      process.env,
      ownVersion(),
    );
  }
  if (collect === undefined) throw new Error(`cannot run ${service.name}: it is of no built-in kind`);
  const { runCollector } = await import('../app/builtin.ts');
  const socket = serviceSocket(statePaths(plan.state), service.name);
  return runCollector({ ...service, collect }, socket, scope, Math.random);
}

/** Trouble in the world, told from bugs: a system error of the disk, or a folder that contradicts its checkpoint. */
function knownTrouble(
  error: unknown,
): { readonly exit: 'disk' | 'failed' | 'reset'; readonly message: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'CheckpointError' || error.name === 'ManifestError')
    return { exit: 'failed', message: error.message };
  if (error.name === 'StreamResetError') return { exit: 'reset', message: error.message };
  const code = errorCode(error);
  return code !== undefined && /^E[A-Z0-9]+$/.test(code)
    ? { exit: 'disk', message: `cannot go on: ${error.message}; the next start goes on from the last commit` }
    : undefined;
}

/** Runs a command as the daemon would, but on this terminal, without its memory limit and private folder. TERM and Ctrl-C ask its whole group to stop. */
export async function runCommand(service: PlannedService, plan: Plan): Promise<number> {
  const { env, ...launch } = await launchOf(service, plan);
  const environment = env();
  if (!environment.ok) throw new CommandError('failed', environment.error);
  const [command, ...rest] = service.argv;
  const child = startProcess({
    argv: command === OWN_PROGRAM ? [...ownProgram(), ...rest] : service.argv,
    ...launch,
    env: environment.value,
    stdout: 'inherit',
    stderr: 'inherit',
  });
  const { signal, release } = listenForEnd();
  const end = (): void => {
    if (child.pid === undefined) return;
    const { pid } = child;
    signalGroup(pid, service.stopSignal ?? 'SIGTERM');
    kill = systemClock.timer(service.stopMs, () => signalGroup(pid, 'SIGKILL'));
  };
  let kill: { cancel(): void } | undefined;
  signal.addEventListener('abort', end, { once: true });
  const exit = await child.exited;
  kill?.cancel();
  release();
  // What the command left behind in its group goes with it.
  if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  if (exit.kind === 'failed') throw new CommandError('failed', exit.error);
  if (exit.kind === 'exited') return exit.code;
  return signal.aborted ? EXIT.ok.code : EXIT.failed.code;
}
