import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const PATIENCE_MS = 60_000;

/** Pids of supervisors and of services to be killed should the bench end early. */
export const doomed = new Set<() => Iterable<number>>();
process.on('exit', () => {
  for (const pids of doomed) for (const pid of pids()) kill(pid, 'SIGKILL');
});

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}

/** Starts a supervisor that stays in the foreground; its output goes to a file. */
export function startForeground(command: Command, folder: string): ChildProcess {
  const fd = openSync(`${folder}/output.log`, 'a');
  const [file = '', ...args] = command.argv;
  const env = { ...process.env, ...command.env };
  const child = spawn(file, args, { cwd: folder, env, stdio: ['ignore', fd, fd] });
  closeSync(fd);
  child.on('error', () => {});
  return child;
}

/** TERM, and waits for its end. Throws where it has to be killed. */
export async function endForeground(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(`it ended by itself: ${readFileSync(`${folder}/output.log`, 'utf8').slice(-500)}`);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const [, signal] = (await exited) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  if (signal === 'SIGKILL') throw new Error(`it did not end within ${PATIENCE_MS} ms`);
}

/** Runs a command to its end. Its exit code is no matter: supervisorctl uses it to tell of services. */
export async function output({ argv, env }: Command): Promise<string> {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  await once(child, 'close');
  return Buffer.concat(said).toString('utf8');
}
