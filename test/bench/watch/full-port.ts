import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port that takes no connection and refuses none, as a hung program's does. */
export interface FullPort {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens, and never accepts: once the kernel's queue is full it drops who comes. */
const HUNG = `
const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, server.address().port + '\\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;
const FILLERS = 8;
const FILL_MS = 300;

export async function openFullPort(): Promise<FullPort> {
  const child = spawn(process.execPath, ['-e', HUNG], { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(said.toString());
  const kept: Socket[] = [];
  for (let nth = 0; nth < FILLERS; nth++) kept.push(connect(port, '127.0.0.1').on('error', () => {}));
  await sleep(FILL_MS);
  const waiting = kept.filter(({ connecting }) => connecting);
  if (waiting.length === 0) throw new Error('cannot fill a port: all connections were taken');
  for (const socket of waiting) socket.destroy();
  return {
    port,
    async close() {
      for (const socket of kept) socket.destroy();
      process.off('exit', end);
      const exited = once(child, 'exit');
      end();
      await exited;
    },
  };
}
