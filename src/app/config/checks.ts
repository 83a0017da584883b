import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { lookupUser } from '../../core/processes.ts';
import { errorCode } from '../../core/result.ts';
import { environmentFileOf, isInstalledConfig } from '../layout.ts';
import type { PlannedService } from '../plan.ts';
import { type Notes, report } from './notes.ts';

type Path = readonly string[];

/** The command as its own word means this very program. */
export const OWN_PROGRAM = 'vahti';

/** A command that can't be found is most likely a mistake, but may appear before it is started: a warning. */
export function checkCommand(notes: Notes, path: Path, argv: readonly string[], cwd = '.'): void {
  const [command] = argv;
  if (command === undefined) return;
  if (command === '') return report(notes, 'error', path, 'value', 'cannot run an empty word');
  const bad = argv.findIndex((word) => word.includes('\0'));
  if (bad !== -1)
    return report(notes, 'error', path, 'value', `cannot run word ${bad + 1}: it has a NUL byte`);
  if (command !== OWN_PROGRAM && !isRunnable(command, resolve(notes.data, cwd))) {
    report(notes, 'warning', path, 'value', `cannot find the program "${command}" here`);
  }
}

function isRunnable(command: string, cwd: string): boolean {
  const candidates = command.includes('/')
    ? [resolve(cwd, command)]
    : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, command));
  return candidates.some((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return statSync(candidate).isFile();
    } catch {
      return false;
    }
  });
}

/** systemd gives it to the units of an installed config; what cannot be read may have it. */
function isInEnvironmentFile({ file }: Notes, name: string): boolean {
  if (!isInstalledConfig(file)) return false;
  try {
    return new RegExp(`^\\s*${name}\\s*=`, 'm').test(readFileSync(environmentFileOf(file), 'utf8'));
  } catch (error) {
    return errorCode(error) !== 'ENOENT';
  }
}

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function checkEnv(notes: Notes, path: Path, env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) {
    if (!ENV_NAME.test(name)) {
      report(
        notes,
        'error',
        [...path, name],
        'key',
        `cannot use "${name}" as the name of an environment variable`,
      );
    }
    if (name.startsWith('VAHTI_LIFE')) {
      report(notes, 'error', [...path, name], 'key', `cannot set ${name}: Vahti tells its lives apart by it`);
    }
    const wanted = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1];
    if (wanted !== undefined && process.env[wanted] === undefined && !isInEnvironmentFile(notes, wanted)) {
      report(
        notes,
        'warning',
        [...path, name],
        'value',
        `$${wanted} is not set here; the service can't start without it`,
      );
    }
    if (value.startsWith('file:') && !existsSync(resolve(notes.folder, value.slice(5)))) {
      report(
        notes,
        'warning',
        [...path, name],
        'value',
        `${value.slice(5)} is not there; the service can't start without it`,
      );
    }
  }
}

/** What knows streams is the larger half of the program: it is loaded where there is a stream. */
export async function checkStreams(notes: Notes, services: readonly PlannedService[]): Promise<void> {
  const collectors = services.filter((service) => service.collect !== undefined);
  if (collectors.length === 0) return;
  const { collectProblems } = await import('../sources.ts');
  for (const { name, collect } of collectors) {
    const problems = collect === undefined ? [] : collectProblems(collect);
    for (const problem of problems)
      report(notes, 'error', ['services', name, 'collect', 'from'], 'value', problem);
  }
}

/** Users have to exist, and only root can become one of them. */
export async function checkUsers(notes: Notes, services: readonly PlannedService[]): Promise<void> {
  for (const { name, user } of services) {
    if (user === undefined) continue;
    const at = ['services', name, 'user'];
    const found = await lookupUser(user);
    if (found === undefined) {
      report(notes, 'error', at, 'value', `cannot run as "${user}": no such user here`);
    } else if (!notes.anyUser && process.getuid?.() !== found.uid) {
      report(notes, 'error', at, 'value', `cannot run as "${user}": only root can change the user`);
    }
  }
}
