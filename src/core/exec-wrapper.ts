import * as fs from 'node:fs';
import { commandProblem, interpreterProblem, type Command } from './command.ts';
import { err, ok, type Result } from './result.ts';

/**
 * What is put in front of a command so that it runs as somebody else or within limits: taskset, prlimit and setpriv, all of
 * util-linux. Each sets its part and execs the next, so the pid stays, and with it the group that the process leads.
 */

export interface WrapperUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface Wrapped extends Command {
  readonly user?: WrapperUser;
  /** How many files it may have open, soft and hard (RLIMIT_NOFILE). */
  readonly openFiles?: number;
  /** The processors that it may run on, by their numbers. */
  readonly processors?: readonly number[];
}

const FOLDERS = ['/usr/bin', '/bin'] as const;

/**
 * The words to start a command with; its own where nothing has to be set. A command that cannot be started is refused
 * here: a wrapper would only say so on its standard error. @returns a whole sentence where it cannot be.
 */
export function wrapCommand(command: Wrapped): Result<readonly string[], string> {
  const { argv, user } = command;
  const program = argv[0] ?? '';
  const refuse = (why: string): Result<never, string> => err(`cannot start "${program}": ${why}`);
  const uid = process.geteuid?.();
  const becomes = user !== undefined && user.uid !== uid;
  if (becomes && uid !== 0) return refuse(`only root can run it as user "${user.name}"`);
  const words: string[] = [];
  for (const { tool, options, what } of wrappers(command, becomes)) {
    const file = FOLDERS.map((folder) => `${folder}/${tool}`).find((each) => fs.existsSync(each));
    if (file === undefined) return refuse(`${tool} (util-linux) is needed to run it ${what}`);
    words.push(file, ...options);
  }
  if (words.length === 0) return ok(argv);
  const problem = commandProblem(command) ?? interpreterProblem(command);
  return problem === undefined ? ok([...words, ...argv]) : refuse(problem);
}

interface Wrapper {
  readonly tool: string;
  readonly options: readonly string[];
  /** What it is needed for, for a message. */
  readonly what: string;
}

/** Outermost first. The user changes last: only root may raise a hard limit. */
function wrappers({ user, openFiles, processors }: Wrapped, becomes: boolean): Wrapper[] {
  const found: Wrapper[] = [];
  if (processors !== undefined) {
    const options = ['--cpu-list', processors.join(',')];
    found.push({ tool: 'taskset', options, what: 'on some processors alone' });
  }
  if (openFiles !== undefined) {
    const options = [`--nofile=${openFiles}:${openFiles}`, '--'];
    found.push({ tool: 'prlimit', options, what: 'with a limit of open files' });
  }
  if (becomes && user !== undefined) {
    // Node's own uid option would leave it without any supplementary group (libuv calls setgroups(0)).
    const options = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups', '--'];
    found.push({ tool: 'setpriv', options, what: `as user "${user.name}"` });
  }
  return found;
}

/** The processors that this process may run on, by their numbers, and the hard limit of open files. */
export interface OwnLimits {
  readonly processors: readonly number[];
  readonly openFiles: number;
}

/** As proc(5) has it of this process; what it cannot read is taken for unlimited. */
export function ownLimits(): OwnLimits {
  const read = (file: string): string => {
    try {
      return fs.readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(read('/proc/self/status'))?.[1] ?? '';
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(read('/proc/self/limits'))?.[1];
  return { processors: parseCpuList(list), openFiles: hard === undefined ? Infinity : Number(hard) };
}

/** A list of processors as the kernel writes it: `0-3,8`. */
export function parseCpuList(list: string): readonly number[] {
  return list.split(',').flatMap((part) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === undefined) return [];
    const from = Number(first);
    return Array.from({ length: Number(last ?? first) - from + 1 }, (_, index) => from + index);
  });
}
