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

const NO_INTERPRETER = 'its interpreter (the first line, #!) does not exist';

/** Spawning fails with ENOENT for a missing program, interpreter and cwd alike: look which one it was. */
export function whyNotStarted(spec: Command, error: Error): string {
  const code = errorCode(error);
  const found = commandProblem(spec);
  const byCode: Record<string, string> = {
    ENOENT: NO_INTERPRETER,
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

function programProblem(command: Command): string | undefined {
  const { file, there } = findProgram(command);
  if (file !== undefined) return undefined;
  return there ? 'not executable' : 'no such program';
}

/** Looks the program up as execvp does. `there`: it was found, but perhaps not as something to execute. */
function findProgram({ argv, env, cwd }: Command): { readonly file?: string; readonly there: boolean } {
  const program = argv[0] ?? '';
  if (program === '') return { there: false };
  const folders = program.includes('/') ? [''] : (env['PATH'] ?? '/bin:/usr/bin').split(':');
  let there = false;
  for (const folder of folders) {
    const file = path.resolve(cwd, folder, program);
    try {
      if (!fs.statSync(file).isFile()) continue;
      there = true;
      fs.accessSync(file, fs.constants.X_OK);
      return { file, there };
    } catch {
      // Not this one, or a folder that we may not look into: execvp looks on.
    }
  }
  return { there };
}

/** What the kernel reads of a first line. */
const FIRST_LINE = 256;

/** Whether the `#!` of a script names a program that is not there: for who does not see the failed exec. */
export function interpreterProblem(command: Command): string | undefined {
  const { file } = findProgram(command);
  if (file === undefined) return undefined;
  const [, interpreter] = /^#![ \t]*([^ \t\n]+)/.exec(firstBytes(file)) ?? [];
  if (interpreter === undefined || fs.existsSync(path.resolve(command.cwd, interpreter))) return undefined;
  return NO_INTERPRETER;
}

function firstBytes(file: string): string {
  try {
    const fd = fs.openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(FIRST_LINE);
      return bytes.toString('latin1', 0, fs.readSync(fd, bytes, 0, FIRST_LINE, 0));
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return '';
  }
}
