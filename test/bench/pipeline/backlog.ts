import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from '../footprint.ts';
import { quantile } from '../table.ts';
import {
  hold,
  makeFiles,
  makePipeline,
  memoryOf,
  type Program,
  type Runner,
  startRunner,
  timesOf,
  until,
} from './runner.ts';

/** What many waiting files cost. */
export interface Backlog {
  readonly files: number;
  /** Until all were ready, with `settle: 2s`: ms, and CPU of that. */
  readonly takenMs: number;
  readonly takenCpuMs: number;
  /** Answers of the runner's socket meanwhile, ms. */
  readonly asked: readonly number[];
  readonly most: number;
  readonly anonymous: number;
  /** From the start of the next runner until it begins something. */
  readonly restartMs: number;
  /** Files a second: of the first tenth, and of the last. */
  readonly firstRate: number;
  readonly lastRate: number;
  readonly askedWorking: readonly number[];
  /** Of one core, while nothing happens. */
  readonly idle: number;
  readonly end: { readonly most: number; readonly anonymous: number };
}

const ASK_EVERY_MS = 100;
const WORKER = `while read -r line; do echo '{"done": {}}'; done`;

/** Asks again and again until something holds. */
async function askedUntil(runner: Runner, holds: () => boolean): Promise<readonly number[]> {
  const asked: number[] = [];
  while (!holds()) {
    asked.push(await runner.ask());
    await sleep(ASK_EVERY_MS);
  }
  return asked;
}

export async function measureBacklog(
  folder: string,
  files: number,
  idleMs: number,
  program: Program,
): Promise<Backlog> {
  mkdirSync(folder, { recursive: true });
  makePipeline(folder, {
    inbox: { root: 'incoming', match: '*.in' },
    parallel: 2,
    steps: { S: { from: 'inbox', run: ['sh', '-c', WORKER], worker: true, concurrency: 2 } },
  });
  makeFiles(join(folder, 'incoming'), files);
  hold(folder, program);
  const began = performance.now();
  const first = await startRunner(folder, program);
  const asked = await askedUntil(first, () => first.count('ready') === files);
  const taken = { takenMs: performance.now() - began, takenCpuMs: timesOf(first.pid).own };
  const waiting = memoryOf(first.pid);
  console.log(
    `taken in within ${(taken.takenMs / 1000).toFixed(1)} s, ${(taken.takenCpuMs / 1000).toFixed(1)} s of CPU`,
  );
  await first.resume();
  await until('some to be done', () => first.count('done') > 0);
  await first.stop();
  const again = performance.now();
  const doneBefore = files / 20;
  const second = await startRunner(folder, program);
  try {
    const before = second.count('done');
    await until('it to go on', () => second.count('done') > before, 5);
    const restartMs = performance.now() - again;
    console.log(`goes on ${(restartMs / 1000).toFixed(2)} s after a restart`);
    const askedWorking = await askedUntil(second, () => second.count('done') === files);
    const ended = "SELECT ended FROM file WHERE kind = 'inbox' ORDER BY ended, id LIMIT 1 OFFSET ";
    const at = (index: number): number =>
      second.row(`${ended}${Math.min(files - 1, Math.round(index))}`)['ended'] ?? 0;
    const rate = (from: number, to: number): number => ((to - from) / (at(to) - at(from))) * 1000;
    // The second runner's: after its first scan, which takes a share of the processors.
    const rates = {
      firstRate: rate(doneBefore, 3 * doneBefore),
      lastRate: rate(files - 2 * doneBefore, files - 1),
    };
    await sleep(2000);
    const busy = cpuMs([second.pid]);
    await sleep(idleMs);
    const idle = (cpuMs([second.pid]) - busy) / idleMs;
    return {
      files,
      ...taken,
      ...waiting,
      asked,
      restartMs,
      ...rates,
      askedWorking,
      idle,
      end: memoryOf(second.pid),
    };
  } finally {
    await second.stop();
  }
}

export function worst(values: readonly number[]): { readonly p95: number; readonly most: number } {
  return { p95: quantile(values, 0.95), most: Math.max(...values) };
}
