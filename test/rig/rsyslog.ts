import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { onEnd, tempFolder } from './leaks.ts';
import { until, within } from './wait.ts';

const PROGRAM = '/usr/sbin/rsyslogd';

/** Why tests against rsyslog are skipped; false where it is there. */
export const NO_RSYSLOG =
  spawnSync(PROGRAM, ['-v']).error === undefined
    ? false
    : 'there is no rsyslogd on this machine (Debian: apt-get install rsyslog)';

/** Runs rsyslog, which reads a file with the given lines and sends each by the actions, until the end of the test. @param actions of its config */
export function startRsyslog(t: TestContext, lines: readonly string[], actions: string): void {
  const folder = tempFolder(t);
  const input = join(folder, 'in.log');
  writeFileSync(input, lines.map((line) => `${line}\n`).join(''));
  const config = join(folder, 'rsyslog.conf');
  writeFileSync(
    config,
    `global(workDirectory="${folder}" localHostname="alpha")
module(load="imfile")
input(type="imfile" File="${input}" Tag="app[12]:" Severity="warning" Facility="local3")
${actions}
`,
  );
  const child = spawn(PROGRAM, ['-n', '-f', config, '-i', join(folder, 'pid')], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  onEnd(t, async () => {
    child.kill('SIGKILL');
    await within(exit, { what: 'rsyslogd to end' });
  });
}

/** Runs rsyslog, which writes what comes by TCP into a file, a message a line, until the end of the test. @param template of a line */
export async function startRsyslogServer(
  t: TestContext,
  template: string,
): Promise<{ readonly port: number; lines(): readonly string[] }> {
  const folder = tempFolder(t);
  const [output, port] = [join(folder, 'out.log'), join(folder, 'port')];
  const config = join(folder, 'rsyslog.conf');
  // One worker: with the two of the default, what has queued up is written in any order.
  writeFileSync(
    config,
    `global(workDirectory="${folder}")
main_queue(queue.type="LinkedList" queue.workerThreads="1")
module(load="imtcp")
input(type="imtcp" port="0" address="127.0.0.1" listenPortFileName="${port}")
template(name="line" type="string" string="${template}\\n")
action(type="omfile" file="${output}" template="line")
`,
  );
  const child = spawn(PROGRAM, ['-n', '-f', config, '-i', join(folder, 'pid')], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  onEnd(t, async () => {
    child.kill('SIGKILL');
    await within(exit, { what: 'rsyslogd to end' });
  });
  const given = await until(() => existsSync(port) && readFileSync(port, 'utf8').trim(), {
    what: 'rsyslogd to listen',
  });
  return {
    port: Number(given),
    lines: () => (existsSync(output) ? readFileSync(output, 'utf8').split('\n').slice(0, -1) : []),
  };
}
