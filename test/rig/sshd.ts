import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { onEnd, tempFolder } from './leaks.ts';
import { until, within } from './wait.ts';

const SSHD = '/usr/sbin/sshd';

/** Why tests with a real rsync are skipped; false where it is there. */
export const NO_RSYNC =
  spawnSync('rsync', ['--version']).error === undefined
    ? false
    : 'there is no rsync on this machine (Debian: apt-get install rsync)';

/** Why tests with a real rsync over a real sshd are skipped; false where both are there. */
export const NO_SSHD =
  NO_RSYNC === false && !existsSync(SSHD)
    ? 'there is no sshd on this machine (Debian: apt-get install openssh-server)'
    : NO_RSYNC;

export interface Sshd {
  readonly port: number;
  readonly pid: number;
  /** `user@127.0.0.1`. */
  readonly host: string;
  /** The private key that it lets in. */
  readonly identity: string;
  /** Options of ssh by which it is found and known. */
  readonly options: readonly string[];
  /** How often somebody was let in. */
  logins(): number;
  /** Ends it and all its sessions, and waits. */
  stop(): Promise<void>;
}

/** A real sshd on loopback, with keys and a configuration of its own, until the end of the test. It lets in who runs the test. */
export async function startSshd(t: TestContext, config = ''): Promise<Sshd> {
  const folder = tempFolder(t);
  chmodSync(folder, 0o700);
  for (const name of ['host', 'user']) {
    const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
    if (made.status !== 0) throw new Error(`ssh-keygen: ${String(made.stderr)}`);
  }
  // Its own folder for the separation of privileges, which the system makes at boot.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const port = await freePort();
  const log = join(folder, 'log');
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(join(folder, 'user.pub')));
  const key = readFileSync(join(folder, 'host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${key}\n`);
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host`,
    'PidFile none',
    'UsePAM no',
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UseDNS no',
    'LogLevel VERBOSE',
    // The default one costs more than all the rest of a connection.
    'KexAlgorithms curve25519-sha256',
    config,
  ];
  writeFileSync(join(folder, 'sshd_config'), `${lines.join('\n')}\n`);
  const child: ChildProcess = spawn(SSHD, ['-D', '-f', join(folder, 'sshd_config'), '-E', log], {
    stdio: 'ignore',
    detached: true,
  });
  const said = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  await until(() => said().includes('Server listening'), { what: `sshd to start: ${said()}` });
  let gone = false;
  const stop = async (): Promise<void> => {
    if (gone) return;
    gone = true;
    const ended = once(child, 'close');
    for (const pid of sessions(child.pid ?? 0)) kill(pid);
    kill(child.pid ?? 0);
    await within(ended, { what: 'sshd to end' });
  };
  onEnd(t, stop);
  return {
    port,
    pid: child.pid ?? 0,
    host: `${userInfo().username}@127.0.0.1`,
    identity: join(folder, 'user'),
    options: [`Port=${port}`, `UserKnownHostsFile=${folder}/known_hosts`, 'GlobalKnownHostsFile=/dev/null'],
    logins: () => said().split('Accepted publickey').length - 1,
    stop,
  };
}

/** The processes that descend from one. */
export function sessions(pid: number): readonly number[] {
  const found = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' }).stdout;
  const children = found
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(Number);
  return children.flatMap((child) => [child, ...sessions(child)]);
}

function kill(pid: number): void {
  try {
    if (pid > 1) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
