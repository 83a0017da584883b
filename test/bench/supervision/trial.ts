import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs, type Footprint, footprintOf } from '../footprint.ts';
import { doomed, kill, output } from '../foreground.ts';
import type { Contestant, ServiceToRun, Supervisor } from './contestant.ts';
import { type PidFiles, watchPidFiles } from './pid-files.ts';
import { supervisingPids } from './supervisor-process.ts';

/** What was seen of one contestant in one trial. */
export interface Trial extends Footprint {
  /** From the start command to the last service's pid file, ms. */
  readonly upMs: number;
  /** CPU in the idle window, as a part of one core. */
  readonly idle: number;
  /** From `kill -9` to the successor's pid file, ms each. */
  readonly restartMs: readonly number[];
  /** Of the command that lists the services, ms each. */
  readonly statusMs: readonly number[];
}

export interface TrialOptions {
  readonly services: number;
  readonly kills: number;
  readonly idleMs: number;
  /** Not there yet; deleted afterwards. */
  readonly folder: string;
}

interface Run {
  readonly contestant: Contestant;
  readonly supervisor: Supervisor;
  readonly pids: PidFiles;
  readonly names: readonly string[];
  readonly upMs: number;
  readonly forget: () => void;
}

const UP_MS = 120_000;
const RESTART_MS = 60_000;
/** A life of 10 s is healthy; a little is added, since supervisors see a start later than we do. */
const HEALTHY_MS = 10_300;
const STATUS_RUNS = 5;

/**
 * Measures contestants, all at once: for one service each, so that their services grow old enough together. What is timed
 * is timed for one of them at a time.
 */
export async function runTrials(
  contestants: readonly Contestant[],
  options: TrialOptions,
): Promise<readonly Trial[]> {
  const runs: Run[] = [];
  try {
    for (const contestant of contestants) runs.push(await begin(contestant, options));
    await sleep(HEALTHY_MS);
    const idle = await idleShares(runs, options.idleMs);
    const footprints = runs.map((run) => footprintOf(supervisors(run)));
    const restarts = await killAgainAndAgain(runs, options.kills);
    const trials: Trial[] = [];
    for (const [index, run] of runs.entries()) {
      const { upMs } = run;
      const statusMs = await timeStatus(run);
      const [footprint, share] = [footprints[index] as Footprint, idle[index] as number];
      trials.push({ ...footprint, upMs, idle: share, restartMs: restarts[index] ?? [], statusMs });
    }
    return trials;
  } finally {
    for (const run of runs) await end(run);
    rmSync(options.folder, { recursive: true, force: true });
  }
}

async function begin(contestant: Contestant, { services, folder }: TrialOptions): Promise<Run> {
  const place = join(folder, contestant.name);
  mkdirSync(place, { recursive: true });
  const script = join(folder, 'service.sh');
  writeFileSync(script, 'echo $$ > "$1"\nexec sleep 1000000\n');
  const pids = watchPidFiles(join(folder, `${contestant.name}-pids`));
  const names = Array.from({ length: services }, (_, i) => `s${String(i).padStart(3, '0')}`);
  const wanted = names.map((name): ServiceToRun => {
    return { name, argv: ['/bin/sh', script, join(pids.folder, name)] };
  });
  let root: number | undefined;
  const all = (): number[] => [...(root === undefined ? [] : [root]), ...pids.all()];
  doomed.add(all);
  const began = performance.now();
  const up = Promise.all(names.map((name) => pids.successor(name, undefined, UP_MS)));
  const [supervisor, seen] = await Promise.all([contestant.start(place, wanted), up]);
  root = supervisor.pid;
  const forget = (): void => void doomed.delete(all);
  return { contestant, supervisor, pids, names, upMs: Math.max(...seen) - began, forget };
}

async function end({ supervisor, pids, forget }: Run): Promise<void> {
  try {
    await supervisor.stop();
  } finally {
    kill(supervisor.pid, 'SIGKILL');
    for (const pid of pids.all()) kill(pid, 'SIGKILL');
    pids.close();
    forget();
  }
}

function supervisors({ supervisor, pids }: Run): readonly number[] {
  return supervisingPids(supervisor.pid, pids.all());
}

async function idleShares(runs: readonly Run[], idleMs: number): Promise<readonly number[]> {
  const before = runs.map((run) => cpuMs(supervisors(run)));
  const began = performance.now();
  await sleep(idleMs);
  const lasted = performance.now() - began;
  return runs.map((run, index) => (cpuMs(supervisors(run)) - (before[index] as number)) / lasted);
}

/** Kills healthy lives, one at a time, of each contestant in turn. Where there are fewer services than kills, it lets them grow old again. */
async function killAgainAndAgain(runs: readonly Run[], kills: number): Promise<readonly number[][]> {
  const restarts: number[][] = runs.map(() => []);
  for (let nth = 0; nth < kills; nth++) {
    const services = runs[0]?.names.length ?? 1;
    if (nth > 0 && nth % services === 0) await sleep(HEALTHY_MS);
    for (const [index, run] of runs.entries()) {
      // Spread over all services, and over the phases of those that look once a second.
      const name = run.names[Math.floor(((nth % services) * services) / Math.min(kills, services))] as string;
      await sleep(150 + Math.random() * 300);
      restarts[index]?.push(await timeRestart(run, name));
    }
  }
  return restarts;
}

async function timeRestart({ pids, contestant }: Run, name: string): Promise<number> {
  const old = pids.pidOf(name);
  if (old === undefined) throw new Error(`${contestant.name}: ${name} never started`);
  const killed = performance.now();
  process.kill(old, 'SIGKILL');
  return (await pids.successor(name, old, RESTART_MS)) - killed;
}

async function timeStatus({ supervisor, names, contestant }: Run): Promise<readonly number[]> {
  const times: number[] = [];
  for (let nth = 0; nth < STATUS_RUNS; nth++) {
    const began = performance.now();
    const said = await output(supervisor.statusCommand);
    times.push(performance.now() - began);
    if (!said.includes(names.at(-1) as string))
      throw new Error(`${contestant.name}: its status command says: ${said.slice(-300)}`);
  }
  return times;
}
