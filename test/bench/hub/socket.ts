import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { WebSocket } from 'ws';
import { ROOT } from '../program.ts';
import { quantile } from '../table.ts';
import { createWorkload } from './workload.ts';

/** A hub as users run it, in a process of its own, and this process as agents that send it batches through its WebSocket. */

export interface SocketFigures {
  readonly batch: number;
  readonly rowsPerSecond: number;
  /** From a batch's sending to its acknowledgement, milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Of the hub, microseconds of processor time a row, and MiB at its end. */
  readonly cpu: number;
  readonly rss: number;
}

const CONNECTIONS = 4;
/** Batches of a connection that are on their way. */
const WINDOW = 16;
const READY_MS = 30_000;

/** @param ms for each size of batch. */
export async function measureSocket(
  folder: string,
  batches: readonly number[],
  ms: number,
): Promise<readonly SocketFigures[]> {
  const port = await freePort();
  const config = join(folder, 'vahti.yaml');
  const limits = 'limits: { records: 10000000, bytes: 10G }';
  writeFileSync(config, `hub: { listen: "127.0.0.1:${port}", agent: bench, ${limits} }\nservices: {}\n`);
  const hub = spawn(process.execPath, [join(ROOT, 'bin/vahti.js'), 'run', 'hub', '-c', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await ready(`http://127.0.0.1:${port}/readyz`);
    const token = readFileSync(join(folder, '.vahti/hub/agent-token'), 'utf8').trim();
    const found: SocketFigures[] = [];
    for (const batch of batches)
      found.push(await measureBatches(hub, `ws://127.0.0.1:${port}/ws`, token, batch, ms));
    return found;
  } finally {
    const gone = new Promise((resolve) => hub.once('exit', resolve));
    hub.kill('SIGTERM');
    await gone;
  }
}

async function measureBatches(
  hub: ChildProcess,
  url: string,
  token: string,
  batch: number,
  ms: number,
): Promise<SocketFigures> {
  const before = cpuMicros(hub.pid);
  const began = performance.now();
  const agents = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, index) => send(url, token, `b${batch}-${index}`, batch, ms)),
  );
  const seconds = (performance.now() - began) / 1000;
  const rows = agents.reduce((sum, each) => sum + each.rows, 0);
  const took = agents.flatMap((each) => each.took);
  return {
    batch,
    rowsPerSecond: rows / seconds,
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    cpu: (cpuMicros(hub.pid) - before) / rows,
    rss: rssMib(hub.pid),
  };
}

interface Sent {
  readonly rows: number;
  readonly took: number[];
}

/** One agent: makes its batches before, so that this process has as little to do as it can. */
async function send(url: string, token: string, series: string, batch: number, ms: number): Promise<Sent> {
  const work = createWorkload(1_000_000, 4, batch);
  const made = Array.from({ length: Math.max(20, Math.ceil(20_000 / batch)) }, (_, index) =>
    work.make(index),
  );
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const took: number[] = [];
  const waiting: number[] = [];
  let [next, after, rows] = [0, 0, 0];
  const end = performance.now() + ms;
  const frameOf = (): Buffer => {
    const records = made[next++ % made.length] ?? [];
    const numbered = records.map((record, index) => ({
      ...record,
      fields: undefined,
      seq: after + index + 1,
    }));
    const json = Buffer.from(JSON.stringify(numbered));
    const frame = Buffer.allocUnsafe(json.length + 8);
    frame.writeBigUInt64BE(BigInt(after), 0);
    json.copy(frame, 8);
    after += batch;
    return frame;
  };
  const push = (): void => {
    waiting.push(performance.now());
    socket.send(frameOf(), { binary: true });
  };
  return new Promise<Sent>((resolve, reject) => {
    socket.on('close', (code) => reject(new Error(`the hub closed a connection: ${code}`)));
    socket.on('message', (data: Buffer) => {
      const answer = JSON.parse(data.toString('utf8')) as {
        readonly action: string;
        readonly success?: boolean;
      };
      if (answer.action === 'auth' && answer.success === true) {
        for (let count = 0; count < WINDOW; count++) push();
        return;
      }
      if (answer.action !== 'stored') return reject(new Error(`the hub answered ${data.toString('utf8')}`));
      took.push(performance.now() - (waiting.shift() ?? 0));
      rows += batch;
      if (performance.now() < end) return push();
      if (waiting.length > 0) return;
      socket.removeAllListeners('close');
      socket.close();
      resolve({ rows, took });
    });
    socket.send(JSON.stringify({ action: 'auth', token, v: 2, series }));
  });
}

async function ready(url: string): Promise<void> {
  for (const end = performance.now() + READY_MS; performance.now() < end; ) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the hub does not come up');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** All threads of a process, user and system, microseconds (proc(5), 100 ticks a second). */
function cpuMicros(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function rssMib(pid: number | undefined): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}
