import * as fs from 'node:fs';
import * as path from 'node:path';
import { errorCode } from './result.ts';

/** Why a command cannot be started, in words. */
export interface Command {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** What is wrong with it, as far as can be seen before it is started. */
export function commandProblem(command: Command): string | undefined {
  return cwdProblem(command.cwd) ?? programProblem(command);
}

/** Spawning fails with ENOENT for a missing program, interpreter and cwd alike: look which one it was. */
export function whyNotStarted(spec: Command, error: Error): string {
  const code = errorCode(error);
  const found = commandProblem(spec);
  const byCode: Record<string, string> = {
    ENOENT: 'its interpreter (the first line, #!) does not exist',
    EACCES: 'not executable',
    E2BIG: 'its arguments and environment are too long',
    EAGAIN: 'too many processes',
    ENOMEM: 'out of memory',
    EMFILE: 'too many open files',
  };
  return `cannot start "${spec.argv[0] ?? ''}": ${found ?? byCode[code ?? ''] ?? error.message}`;
}

function cwdProblem(cwd: string): string | undefined {
  try {
    return fs.statSync(cwd).isDirectory() ? undefined : `cwd "${cwd}" is not a folder`;
  } catch (thrown) {
    return errorCode(thrown) === 'ENOENT' ? `cwd "${cwd}" does not exist` : `cwd "${cwd}" cannot be entered`;
  }
}

/** Looks the program up as execvp does. */
function programProblem({ argv, env, cwd }: Command): string | undefined {
  const program = argv[0] ?? '';
  if (program === '') return 'no such program';
  const folders = program.includes('/') ? [''] : (env['PATH'] ?? '/bin:/usr/bin').split(':');
  let there = false;
  for (const folder of folders) {
    const file = path.resolve(cwd, folder, program);
    if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
    there = true;
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return undefined;
    } catch {
      // Not this one: execvp looks on.
    }
  }
  return there ? 'not executable' : 'no such program';
}
