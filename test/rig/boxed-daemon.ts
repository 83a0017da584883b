import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { TestContext } from 'node:test';
import type { ControlApi, ServiceStatus } from '../../src/app/control-api.ts';
import { statePaths } from '../../src/app/state.ts';
import type { RecordKind, StoredRecord } from '../../src/core/record.ts';
import { createRpcClient, type RpcClient } from '../../src/core/rpc-client.ts';
import { onEnd, TEST_VARIABLE, testStateId } from './leaks.ts';
import type { SystemdBox } from './systemd-box.ts';
import { PROGRAM } from './vahti.ts';
import { until, within } from './wait.ts';

/** `vahti up` in a box, spoken to from outside. */
export interface BoxedDaemon {
  readonly folder: string;
  readonly client: RpcClient<ControlApi>;
  service(name: string): Promise<ServiceStatus>;
  /** Waits until a service is as asked. */
  waitFor(name: string, what: string, check: (service: ServiceStatus) => boolean): Promise<ServiceStatus>;
  /** What `vahti ARGS` prints. @throws where its exit code is not 0. */
  cli(...args: string[]): Promise<string>;
  /** What the time line has of a service, oldest first. */
  records(name: string, kind: RecordKind): Promise<StoredRecord[]>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Ends it as systemd would. */
  stop(): Promise<void>;
}

/** @param folder in the share of the box. */
export async function startBoxedDaemon(
  t: TestContext,
  box: SystemdBox,
  yaml: string,
  folder: string,
  flags: readonly string[] = [],
): Promise<BoxedDaemon> {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'vahti.yaml'), yaml);
  const [file = '', ...args] = box.inside(
    folder,
    process.execPath,
    PROGRAM,
    'up',
    '--view',
    'json',
    ...flags,
  );
  const env = { ...process.env, [TEST_VARIABLE]: `${testStateId}/` };
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const pipe of [child.stdout, child.stderr])
    pipe.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-10_000);
    });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const client = createRpcClient<ControlApi>(statePaths(path.join(folder, '.vahti')).control);
  const status = async () => {
    const answer = await client.call('status', {});
    if (!answer.ok) throw new Error(`${answer.error.message}; ${output}`);
    return answer.value;
  };
  const early = ended.then((): never => {
    throw new Error(`the daemon ended at once: ${output}`);
  });
  early.catch(() => {});
  const { pid } = await Promise.race([
    until(status, { what: 'the daemon to answer', deadlineMs: 45_000 }),
    early,
  ]);
  const outer = box.outer(pid);
  let over = false;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!over) process.kill(outer, signal);
    over = true;
    await within(ended, { what: 'the daemon to end', deadlineMs: 45_000 });
  };
  onEnd(t, () => end('SIGTERM'));
  const cli = (...words: string[]): Promise<string> =>
    box.run('env', `--chdir=${folder}`, process.execPath, PROGRAM, ...words);
  const service = async (name: string): Promise<ServiceStatus> => {
    const found = (await status()).services.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no service ${name}`);
    return found;
  };
  return {
    folder,
    client,
    service,
    async waitFor(name, what, check) {
      let seen: ServiceStatus | undefined;
      try {
        return await until(
          async () => {
            seen = await service(name);
            return check(seen) && seen;
          },
          { deadlineMs: 45_000, what: `${name} ${what}` },
        );
      } catch (thrown) {
        throw new Error(`${String(thrown)}; it is ${JSON.stringify(seen)}`, { cause: thrown });
      }
    },
    cli,
    async records(name, kind) {
      const found: StoredRecord[] = [];
      const which = { services: [name], kinds: [kind], limit: 10_000, follow: false };
      for await (const answer of client.stream('logs', which)) {
        if (!answer.ok) throw new Error(answer.error.message);
        found.push(answer.value);
      }
      return found;
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

/** The messages that the time line has of a service. */
export async function told(daemon: BoxedDaemon, name: string, kind: RecordKind): Promise<string[]> {
  return (await daemon.records(name, kind)).map(({ message }) => message);
}

/** A service unit of a script. */
export function scriptUnit(script: string, ...lines: readonly string[]): string {
  return ['[Service]', `ExecStart=/bin/sh -c '${script}'`, ...lines, ''].join('\n');
}
