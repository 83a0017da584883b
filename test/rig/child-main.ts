import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import { createInterface } from 'node:readline';
import type { RigCommand, RigHello } from './child.ts';

/** The remote-controlled child: a real program that does what the test tells it over a socket. See child.ts. */

const kept: Buffer[] = [];
const socket = net.connect(process.env['RIG_SOCKET'] ?? '');
const say = (message: object): void => void socket.write(`${JSON.stringify(message)}\n`);

const OUTPUTS = { stdout: 1, stderr: 2 } as const;

/** Blocks until the reader has taken it, as most programs do. */
function writeAll(fd: number, data: Buffer): void {
  for (let done = 0; done < data.length; ) {
    try {
      done += fs.writeSync(fd, data, done);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EAGAIN') throw thrown;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

const BLOCK_LINES = 600;
const BLOCK = Buffer.from(`${'0123456789'.repeat(10)}\n`.repeat(BLOCK_LINES));

function flood(fd: number, bytes: number): void {
  for (let left = bytes; left > 0; left -= BLOCK.length)
    writeAll(fd, BLOCK.subarray(0, Math.min(left, BLOCK.length)));
}

function floodFor(fd: number, ms: number): number {
  let lines = 0;
  for (const end = performance.now() + ms; performance.now() < end; lines += BLOCK_LINES) writeAll(fd, BLOCK);
  return lines;
}

/** Resolves when the grandchild is what it shall be. */
async function forkGrandchild({
  keepPipe,
  setsid,
  ignoreTerm,
  clearEnv,
}: Extract<RigCommand, { do: 'fork' }>): Promise<number | undefined> {
  const trap = ignoreTerm ? "trap '' TERM; " : '';
  const output = keepPipe ? 'inherit' : 'ignore';
  const env = clearEnv ? { PATH: process.env['PATH'] } : process.env;
  const script = `${trap}echo ready >&3; exec 3>&-; exec sleep 1000`;
  const child = spawn('/bin/sh', ['-c', script], {
    stdio: ['ignore', output, output, 'pipe'],
    detached: setsid,
    env,
  });
  const ready = child.stdio[3];
  await new Promise((resolve) => ready?.once('data', resolve));
  ready?.destroy();
  child.unref();
  return child.pid;
}

function obey(command: RigCommand): unknown {
  switch (command.do) {
    case 'print':
      return writeAll(OUTPUTS[command.stream], Buffer.from(command.base64, 'base64'));
    case 'flood':
      return flood(OUTPUTS[command.stream], command.bytes);
    case 'floodFor':
      return floodFor(OUTPUTS[command.stream], command.ms);
    case 'read':
      return fs.readFileSync(command.file).length;
    case 'exit':
      return process.exit(command.code);
    case 'signal':
      return void process.kill(process.pid, command.signal);
    case 'ignoreTerm':
      return void process.on('SIGTERM', () => {});
    case 'fork':
      return forkGrandchild(command);
    case 'closePipes':
      fs.closeSync(1);
      return fs.closeSync(2);
    case 'spin':
      for (;;);
    case 'allocate':
      return void kept.push(Buffer.alloc(command.bytes, 1));
    case 'env':
      return process.env;
  }
}

async function answer(id: number, command: RigCommand): Promise<void> {
  try {
    say({ id, value: await obey(command) });
  } catch (thrown) {
    say({ id, error: String(thrown) });
  }
}

createInterface(socket).on('line', (line) => {
  const { id, command } = JSON.parse(line) as { id: number; command: RigCommand };
  void answer(id, command);
});
// The test is over: so is its child.
socket.on('close', () => process.exit(99));
socket.on('error', () => process.exit(98));

const hello: RigHello = {
  pid: process.pid,
  uid: process.getuid?.() ?? -1,
  gid: process.getgid?.() ?? -1,
  groups: process.getgroups?.() ?? [],
  cwd: process.cwd(),
  life: process.env['VAHTI_LIFE'] ?? '',
  service: process.env['VAHTI_SERVICE'] ?? '',
};
say({ hello });
