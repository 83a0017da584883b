import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs, footprintOf, waitedMs } from '../footprint.ts';
import { doomed, kill } from '../foreground.ts';
import { type Check, makeChecks, pickFailing } from './checks.ts';
import type { Contestant, Monitor } from './contestant.ts';
import type { BenchOptions } from './options.ts';
import { openTargets, type Targets } from './targets.ts';
import { until } from './until.ts';

/** What was seen of one monitor. Times are ms. */
export interface Trial {
  /** How much later than its time each look began: a check's time comes every `every` after its first look. */
  readonly lateMs: readonly number[];
  readonly looksPerSecond: number;
  /** Of the monitor's own threads, as a part of one core. */
  readonly cpu: number;
  /** For how much of the time its main thread waited for a core. */
  readonly waited: number;
  /** The most of the window, bytes. */
  readonly pss: number;
  /** From the moment at which a target begins to fail until the monitor has stored that it does. */
  readonly knownMs: readonly number[];
  /** The same, but from the moment at which somebody who looks every `every` would know it, after its timeout where it does not answer. */
  readonly overdueMs: readonly number[];
  /** Targets that began to fail, without its ever being known. */
  readonly missed: number;
}

const ROUNDS = 2;
const SAMPLE_MS = 1000;

export async function runTrial(
  contestant: Contestant,
  options: BenchOptions,
  folder: string,
): Promise<Trial> {
  const place = join(folder, 'own');
  mkdirSync(place, { recursive: true });
  const checks = makeChecks(options.checks);
  const targets = await openTargets(checks, join(folder, 'targets'));
  const failures = new Map<string, number>();
  let monitor: Monitor | undefined;
  const root = (): number[] => (monitor === undefined ? [] : [monitor.pid]);
  doomed.add(root);
  try {
    const failed = (name: string): void => void failures.set(name, performance.now());
    const { everyMs, timeoutMs } = options;
    monitor = await contestant.start({ folder: place, checks, targets, everyMs, timeoutMs, failed });
    await settle(checks, targets, failures, options);
    const steady = await measure(monitor.pid, checks, targets, options);
    const detection = await failSome(checks, targets, failures, options);
    return { ...steady, ...detection };
  } finally {
    await monitor?.stop().finally(() => kill(monitor?.pid ?? 0, 'SIGKILL'));
    doomed.delete(root);
    await targets.close();
  }
}

/** The checks whose looks can be seen. */
function visible(checks: readonly Check[]): readonly string[] {
  return checks.filter(({ sort, hangs }) => sort !== 'tcp' || !hangs).map(({ name }) => name);
}

/** Waits for the first round, and until it is known of all that hang. */
async function settle(
  checks: readonly Check[],
  { looks }: Targets,
  failures: ReadonlyMap<string, number>,
  { limitMs }: BenchOptions,
): Promise<void> {
  const [seen, hanging] = [visible(checks), checks.filter(({ hangs }) => hangs)];
  const isSettled = (): boolean =>
    seen.every((name) => looks.get(name)?.length !== 0) && hanging.every(({ name }) => failures.has(name));
  await until('the first round', isSettled, limitMs);
}

/** Counts for the window. */
async function measure(
  pid: number,
  checks: readonly Check[],
  { looks }: Targets,
  { everyMs, windowMs, limitMs }: BenchOptions,
): Promise<Pick<Trial, 'lateMs' | 'looksPerSecond' | 'cpu' | 'waited' | 'pss'>> {
  const seen = visible(checks);
  const before = new Map(seen.map((name) => [name, looks.get(name)?.length ?? 0]));
  const count = (name: string): number => (looks.get(name)?.length ?? 0) - (before.get(name) ?? 0);
  const [began, cpuBefore, waitedBefore] = [performance.now(), cpuMs([pid]), waitedMs(pid)];
  let pss = 0;
  const isOver = (): boolean =>
    performance.now() - began >= windowMs && seen.every((name) => count(name) >= ROUNDS);
  for (const end = began + limitMs; !isOver(); await sleep(SAMPLE_MS)) {
    pss = Math.max(pss, footprintOf([pid]).pss);
    if (performance.now() > end)
      throw new Error(`it did not look ${ROUNDS} times within ${limitMs / 1000} s`);
  }
  const lasted = performance.now() - began;
  const all = seen.flatMap((name) => looks.get(name)?.filter((at) => at >= began) ?? []);
  return {
    lateMs: seen.flatMap((name) => latenessOf(looks.get(name) ?? [], everyMs, began)),
    looksPerSecond: (all.length / lasted) * 1000,
    cpu: (cpuMs([pid]) - cpuBefore) / lasted,
    waited: (waitedMs(pid) - waitedBefore) / lasted,
    pss,
  };
}

/** How much later than the earliest of them, reckoned in whole rounds, each look of a check since some time was. */
function latenessOf(looks: readonly number[], everyMs: number, since: number): readonly number[] {
  const offsets = looks.map((at, nth) => at - nth * everyMs);
  const first = Math.min(...offsets);
  return offsets.flatMap((offset, nth) => ((looks[nth] as number) < since ? [] : [offset - first]));
}

/** Lets targets fail at random moments of a round, and waits until that is known. */
async function failSome(
  checks: readonly Check[],
  targets: Targets,
  failures: ReadonlyMap<string, number>,
  { failures: ofEach, everyMs, timeoutMs, limitMs }: BenchOptions,
): Promise<Pick<Trial, 'knownMs' | 'overdueMs' | 'missed'>> {
  const begun = await Promise.all(
    pickFailing(checks, ofEach).map(async (check, nth) => {
      await sleep(Math.random() * everyMs);
      const how = check.sort === 'http' && nth % 2 === 1 ? 'hangs' : 'wrong';
      const [at, lastLook] = [performance.now(), targets.looks.get(check.name)?.at(-1) ?? 0];
      targets.fail(check, how);
      return { name: check.name, at, dueAt: lastLook + everyMs + (how === 'hangs' ? timeoutMs : 0) };
    }),
  );
  const known = (name: string, at: number): boolean => (failures.get(name) ?? 0) >= at;
  const all = until('failures', () => begun.every(({ name, at }) => known(name, at)), limitMs);
  await all.catch(() => {});
  const found = begun.filter(({ name, at }) => known(name, at));
  const knownAt = (name: string): number => failures.get(name) ?? Number.NaN;
  return {
    knownMs: found.map(({ name, at }) => knownAt(name) - at),
    overdueMs: found.map(({ name, at, dueAt }) => knownAt(name) - Math.max(at, dueAt)),
    missed: begun.length - found.length,
  };
}
