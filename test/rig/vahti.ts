import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PROGRAM_VARIABLE } from '../../scripts/testing/program.ts';
import type { ControlApi, DaemonStatus, ServiceStatus } from '../../src/app/control-api.ts';
import { statePaths } from '../../src/app/state.ts';
import { isDead, readStat } from '../../src/core/process-table.ts';
import { signalGroup } from '../../src/core/processes.ts';
import type { StoredRecord } from '../../src/core/record.ts';
import { createRpcClient, type RpcClient } from '../../src/core/rpc-client.ts';
import { onEnd, tempFolder, TEST_VARIABLE, testStateId } from './leaks.ts';
import { until, within } from './wait.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCE = join(ROOT, 'bin/vahti.js');
/** What tests start: as the runner built it, or from source where a test file runs by itself. */
export const PROGRAM = process.env[PROGRAM_VARIABLE] ?? SOURCE;
/** In the environment of what a test starts: from source, as a hook changes its modules. */
export const FROM_SOURCE = { RIG_PROGRAM: 'source' } as const;

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ran>;
  /** What it printed so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  kill(signal: NodeJS.Signals): void;
  /** Whether it has ended. */
  over(): boolean;
}

/** Starts the real program, as a user would. Its whole group is killed at the end of the test. */
export function startVahti(
  t: TestContext,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Running {
  const program = env['RIG_PROGRAM'] === FROM_SOURCE.RIG_PROGRAM ? SOURCE : PROGRAM;
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', [TEST_VARIABLE]: `${testStateId}/`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  let over = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => {
      over = true;
    });
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const pid = child.pid as number;
  onEnd(t, async () => {
    signalGroup(pid, 'SIGKILL');
    await within(ended, { what: `vahti ${args[0] ?? ''} to end` });
  });
  return {
    pid,
    ended,
    output: () => ({ stdout, stderr }),
    kill: (signal) => process.kill(pid, signal),
    over: () => over,
  };
}

/** Runs a command of the program to its end. */
export function vahti(
  t: TestContext,
  args: readonly string[],
  cwd: string,
  env?: Record<string, string>,
): Promise<Ran> {
  return within(startVahti(t, args, cwd, env).ended, { deadlineMs: 30_000, what: `vahti ${args.join(' ')}` });
}

export interface TestDaemon {
  readonly folder: string;
  readonly process: Running;
  readonly client: RpcClient<ControlApi>;
  status(): Promise<DaemonStatus>;
  service(name: string): Promise<ServiceStatus>;
  /** Waits until a service is as asked. */
  waitFor(name: string, what: string, check: (service: ServiceStatus) => boolean): Promise<ServiceStatus>;
  /** Runs `vahti ARGS` in its folder. */
  cli(...args: string[]): Promise<Ran>;
  /** What `vahti logs --json ARGS` shows. */
  records(...args: string[]): Promise<StoredRecord[]>;
  /** Ends it as Ctrl-C does, and waits. */
  stop(): Promise<Ran>;
}

/** Writes a config into a folder and runs `vahti up` there until its control socket answers. At the end of the test it is stopped. */
export async function startDaemon(
  t: TestContext,
  yaml: string,
  folder = tempFolder(t),
  env: Record<string, string> = {},
): Promise<TestDaemon> {
  writeFileSync(join(folder, 'vahti.yaml'), yaml);
  const running = startVahti(t, ['up', '--view', 'json'], folder, env);
  const stop = async (): Promise<Ran> => {
    if (!running.over()) running.kill('SIGTERM');
    return within(running.ended, { deadlineMs: 20_000, what: 'the daemon to end' });
  };
  onEnd(t, stop);
  const client = createRpcClient<ControlApi>(statePaths(join(folder, '.vahti')).control);
  const status = async (): Promise<DaemonStatus> => {
    const answer = await client.call('status', {});
    if (!answer.ok) throw new Error(`${answer.error.message}; ${JSON.stringify(running.output())}`);
    return answer.value;
  };
  const service = async (name: string): Promise<ServiceStatus> => {
    const found = (await status()).services.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no service ${name}`);
    return found;
  };
  const early = running.ended.then((ran): never => {
    throw new Error(`the daemon ended at once: ${JSON.stringify(ran)}`);
  });
  const answers = until(async () => (await status()).pid === running.pid, {
    deadlineMs: 20_000,
    what: 'the daemon to answer',
  });
  early.catch(() => {});
  await Promise.race([answers, early]);
  return {
    folder,
    process: running,
    client,
    status,
    service,
    waitFor: (name, what, check) =>
      until(
        async () => {
          const found = await service(name);
          return check(found) ? found : undefined;
        },
        { deadlineMs: 20_000, what: `${name} ${what}` },
      ),
    cli: (...args) => vahti(t, args, folder),
    async records(...args) {
      const { code, stdout, stderr } = await vahti(t, ['logs', '--json', ...args], folder);
      if (code !== 0) throw new Error(`vahti logs ended with code ${code}: ${stderr}`);
      return jsonLines<StoredRecord>(stdout);
    },
    stop,
  };
}

/** The values of a text with a JSON value in each line; a last line that is not over is left out. */
export function jsonLines<T>(text: string): T[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T);
}

/** Whether a process still runs. Zombies do not: whoever runs the test may be slow to reap orphans. */
export function isAlive(pid: number): boolean {
  return !isDead(readStat(pid));
}
