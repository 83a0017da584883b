import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ControlApi, DaemonStatus, ServiceStatus } from '../../src/app/control-api.ts';
import { statePaths } from '../../src/app/state.ts';
import { processAlive, signalGroup } from '../../src/core/processes.ts';
import { createRpcClient, type RpcClient } from '../../src/core/rpc-client.ts';
import { onEnd, tempFolder } from './leaks.ts';
import { until, within } from './wait.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PROGRAM = join(ROOT, 'bin/vahti.js');

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
}

/** Starts the real program, as a user would. Its whole group is killed at the end of the test. */
export function startVahti(t: TestContext, args: readonly string[], cwd: string, env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const pid = child.pid as number;
  onEnd(t, async () => {
    signalGroup(pid, 'SIGKILL');
    await within(ended, { what: `vahti ${args[0] ?? ''} to end` });
  });
  return { pid, ended, output: () => ({ stdout, stderr }), kill: (signal) => process.kill(pid, signal) };
}

/** Runs a command of the program to its end. */
export function vahti(t: TestContext, args: readonly string[], cwd: string, env?: Record<string, string>): Promise<Ran> {
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
  /** Ends it as Ctrl-C does, and waits. */
  stop(): Promise<Ran>;
}

/** Writes a config into a folder and runs `vahti up` there until its control socket answers. */
export async function startDaemon(t: TestContext, yaml: string, folder = tempFolder(t)): Promise<TestDaemon> {
  writeFileSync(join(folder, 'vahti.yaml'), yaml);
  const running = startVahti(t, ['up', '--view', 'json'], folder);
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
  const answers = until(async () => (await status()).pid === running.pid, { deadlineMs: 20_000, what: 'the daemon to answer' });
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
    async stop() {
      running.kill('SIGTERM');
      return within(running.ended, { deadlineMs: 20_000, what: 'the daemon to end' });
    },
  };
}

/** Whether a process still runs; for pids that a test wrote down with their start. */
export { processAlive };
