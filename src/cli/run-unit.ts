import { existsSync } from 'node:fs';
import { launchWith } from '../app/beat-environment.ts';
import { OWN_PROGRAM } from '../app/config/checks.ts';
import { launchOf } from '../app/launch.ts';
import type { Plan, PlannedService } from '../app/plan.ts';
import { lifeVariables, unitLives } from '../app/unit-lives.ts';
import { commandProblem, interpreterProblem } from '../core/command.ts';
import { ownLimits, wrapCommand } from '../core/exec-wrapper.ts';
import { asError, err, ok, type Result } from '../core/result.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { READY_FD_VARIABLE } from '../run/readiness/fd.ts';
import { ownProgram } from '../core/own-package.ts';

/** A command, all of it: this process is to become it. */
interface Image {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** What a unit of systemd's gets for open files where nobody says more; Node raises it for itself. */
const SOFT_OPEN_FILES = 1024;
/** Tools of util-linux lie in one of them. */
const FOLDERS = ['/usr/bin', '/bin'] as const;

/**
 * Runs a command in a unit of systemd's: this process becomes it, with the same pid, so that nothing of Vahti stays in memory and
 * systemd sees its end as it is. Returns only where it cannot: with the exit code, the reason is on standard error.
 * @param run systemd's id of this run of the unit.
 */
export async function becomeCommand(service: PlannedService, plan: Plan, run: string): Promise<number> {
  const image = await imageOf(service, plan, run);
  if (!image.ok) {
    process.stderr.write(`${image.error}\n`);
    return EXIT.notStarted.code;
  }
  const { argv, env, cwd } = image.value;
  const [file = '', ...rest] = argv;
  process.chdir(cwd);
  defaultSignals();
  try {
    process.execve?.(file, [file, ...rest], { ...env });
    throw new CommandError('internal', 'cannot run a command in a unit: this Node has no process.execve');
  } catch (error) {
    if (error instanceof CommandError) throw error;
    process.stderr.write(`cannot start "${service.argv[0] ?? ''}": ${asError(error).message}\n`);
    return EXIT.notStarted.code;
  }
}

async function imageOf(service: PlannedService, plan: Plan, run: string): Promise<Result<Image, string>> {
  const [command = '', ...rest] = service.argv;
  const argv = command === OWN_PROGRAM ? [...ownProgram(), ...rest] : service.argv;
  const refuse = (why: string): Result<never, string> => err(`cannot start "${command}": ${why}`);
  const { stateId, services } = unitLives(plan);
  const launch = launchWith(await launchOf(service, plan), service, () => services[service.name] ?? {});
  const found = launch.env();
  if (!found.ok) return refuse(found.error);
  const { VAHTI_UNIT: _, NOTIFY_SOCKET: _socket, ...inherited } = found.value;
  const env = { ...inherited, ...lifeVariables(service.name, stateId, run) };
  const { cwd, user } = launch;
  // Where the unit has not done it already: one that was written by hand.
  const limits = launch.openFiles === undefined || launch.openFiles === ownLimits().openFiles;
  const wrapped = wrapCommand({
    argv,
    env,
    cwd,
    ...(user === undefined ? {} : { user }),
    ...(limits || launch.openFiles === undefined ? {} : { openFiles: launch.openFiles }),
  });
  if (!wrapped.ok) return wrapped;
  const problem = commandProblem({ argv, env, cwd }) ?? interpreterProblem({ argv, env, cwd });
  if (problem !== undefined) return refuse(problem);
  const { ready } = service;
  const socket = found.value['NOTIFY_SOCKET'];
  if (ready?.sign.kind === 'fd' && socket !== undefined) {
    const { fd } = ready.sign;
    const told = { ...env, NOTIFY_SOCKET: socket, [READY_FD_VARIABLE]: String(fd) };
    const bridged = ['/bin/sh', '-c', readyBridge(fd), 'sh', ...wrapped.value];
    return ok({ argv: withSoftLimit(bridged, launch.openFiles), env: told, cwd });
  }
  return ok({ argv: withSoftLimit(wrapped.value, launch.openFiles), env, cwd });
}

/**
 * The words of a shell that gives its command a descriptor, and tells systemd that it is ready once there is a newline on it. What
 * comes behind it is read too, so that nobody who writes on blocks; the reader ends with the command.
 */
function readyBridge(fd: number): string {
  return `f=$(mktemp -u "\${TMPDIR:-/tmp}/vahti-ready.XXXXXX") && mkfifo -m 600 "$f" || exit ${EXIT.notStarted.code}
(if IFS= read -r _; then systemd-notify READY=1; fi; unset NOTIFY_SOCKET; exec cat >/dev/null) <"$f" &
exec ${fd}>"$f" && rm -f "$f" && unset NOTIFY_SOCKET && exec "$@"`;
}

/** Sets back what Node has raised, and finds the program on the PATH of the command, as execvp does. */
function withSoftLimit(argv: readonly string[], openFiles: number | undefined): readonly string[] {
  const tool = (name: string): string | undefined =>
    FOLDERS.map((folder) => `${folder}/${name}`).find((file) => existsSync(file));
  const soft = openFiles ?? Math.min(SOFT_OPEN_FILES, ownLimits().openFiles);
  const prlimit = tool('prlimit');
  if (prlimit !== undefined) return [prlimit, `--nofile=${soft}:`, '--', ...argv];
  return [tool('env') ?? '/usr/bin/env', ...argv];
}

/** Node ignores some signals, and so would the command: who has listened to one, and does no more, has it as it was made. */
function defaultSignals(): void {
  const nothing = (): void => {};
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) {
    process.on(signal, nothing);
    process.off(signal, nothing);
  }
}
