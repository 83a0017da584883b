import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRpcClient } from '../../../src/core/rpc-client.ts';
import type { PipelineServiceApi } from '../../../src/app/pipeline/service-api.ts';
import { serviceSocket, statePaths } from '../../../src/app/state.ts';
import { doomed, endForeground, startForeground } from '../foreground.ts';

/** A pipeline's runner as the daemon starts it, but for the daemon: compiled, a process of its own. */
export interface Runner {
  readonly pid: number;
  /** Answers of its socket take so long, ms. */
  ask(): Promise<number>;
  /** How many files of its inboxes are in a state. */
  count(state: string): number;
  /** One row of its ledger. */
  row(sql: string): Readonly<Record<string, number>>;
  rows(sql: string): readonly Readonly<Record<string, number | string>>[];
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export interface Program {
  readonly node: string;
  readonly script: string;
}

const NAME = 'tm';
const LONGEST_MS = 1_200_000;

/** Makes the folder of a pipeline: `incoming`, and its config. */
export function makePipeline(folder: string, pipeline: Readonly<Record<string, unknown>>): void {
  mkdirSync(join(folder, 'incoming'), { recursive: true });
  writeFileSync(join(folder, 'vahti.yaml'), JSON.stringify({ services: { [NAME]: { pipeline } } }));
}

/** Nothing new begins in it until `resume`. */
export function hold(folder: string, { node, script }: Program): void {
  const args = [script, 'pipeline', 'hold', NAME, '--why', 'bench'];
  execFileSync(node, args, { cwd: folder, stdio: 'ignore' });
}

export async function startRunner(folder: string, { node, script }: Program): Promise<Runner> {
  const child = startForeground({ argv: [node, script, 'run', NAME] }, folder);
  const pid = child.pid ?? 0;
  const pids = (): readonly number[] => [pid];
  doomed.add(pids);
  const state = join(folder, '.vahti');
  const client = createRpcClient<PipelineServiceApi>(serviceSocket(statePaths(state), NAME));
  await until('the runner to answer', async () => (await client.call('figures', {})).ok);
  const db = new DatabaseSync(join(state, 'pipelines', NAME, 'ledger.db'), { readOnly: true });
  const counts = db.prepare('SELECT sum(count) AS count FROM file_tally WHERE state = ?');
  return {
    pid,
    async ask() {
      const began = performance.now();
      const answer = await client.call('figures', {}, { timeoutMs: 30_000 });
      if (!answer.ok) throw new Error(answer.error.message);
      return performance.now() - began;
    },
    count: (each) => (counts.get(each) as { count: number | null } | undefined)?.count ?? 0,
    row: (sql) => db.prepare(sql).get() as Record<string, number>,
    rows: (sql) => db.prepare(sql).all() as Record<string, number | string>[],
    async resume() {
      const answer = await client.call('resume', {});
      if (!answer.ok) throw new Error(answer.error.message);
    },
    async stop() {
      db.close();
      await endForeground(child, folder);
      doomed.delete(pids);
    },
  };
}

export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  everyMs = 25,
): Promise<void> {
  const end = performance.now() + LONGEST_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited too long for ${what}`);
    await sleep(everyMs);
  }
}

/** Time on a CPU in ms, to hundredths of a second: of a process itself, and of its children that have ended. */
export function timesOf(pid: number): { readonly own: number; readonly children: number } {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
  return { own: (user + system) * 10, children: (childUser + childSystem) * 10 };
}

/** The most memory that a process ever had, and what it has now of its own (what `fork` has to copy the tables of), bytes. */
export function memoryOf(pid: number): { readonly most: number; readonly anonymous: number } {
  const field = (file: string, name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'latin1'))?.[1]) *
    1024;
  return { most: field('status', 'VmHWM'), anonymous: field('smaps_rollup', 'Anonymous') };
}

/** Makes files `1.in` to `N.in`, in place. */
export function makeFiles(folder: string, count: number): void {
  execFileSync('sh', ['-c', `seq -f %g.in 1 ${count} | xargs touch`], { cwd: folder });
}
