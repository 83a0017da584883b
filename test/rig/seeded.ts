import assert from 'node:assert/strict';
import { type Collector, createCollector } from '../../src/collect/collector.ts';
import { type Committed, readCommitted } from '../../src/collect/committed.ts';
import type { OnReset } from '../../src/collect/gate.ts';
import { type Gap, readGaps } from '../../src/collect/gaps.ts';
import { layoutOf } from '../../src/collect/layout.ts';
import { disk, type Files } from '../../src/core/files.ts';
import { silentLog } from '../../src/core/log.ts';
import type { StreamSource } from '../../src/core/source.ts';
import { createRandom } from '../../src/wire/atproto/random.ts';
import { CRASH_MOMENTS, Crash, type CrashMoment, crashingFiles } from './crashing-files.ts';
import { createHurriedClock } from './hurried-clock.ts';

/** What seeded cases share: crashes, lives of a collector in this process, and the oracle's questions. */

/** How many cases a run has, and the first one's seed: VAHTI_SEEDED_CASES, VAHTI_SEEDED_FROM. */
export const SEEDED = {
  cases: Number(process.env['VAHTI_SEEDED_CASES'] ?? 100),
  from: Number(process.env['VAHTI_SEEDED_FROM'] ?? 1),
};

/** An integer from 0 up to and without `below`. */
export type Pick = (below: number) => number;

/** Time that is waited for comes this much sooner: a minute of silence in 0.1 s. */
const HURRY = 600;

/** At which file operation a life dies, and when in it. */
export interface SeededCrash {
  readonly at: number;
  readonly moment: CrashMoment;
}

/** Faults and crashes for a seed. */
export function seededCase(
  seed: number,
  faultsOf: (pick: Pick) => readonly ((pick: Pick) => string)[],
): { readonly faults: readonly string[]; readonly crashes: readonly SeededCrash[]; readonly pick: Pick } {
  const random = createRandom(seed);
  const pick: Pick = (below) => random.int(below);
  const kinds = faultsOf(pick);
  const faults = Array.from({ length: 1 + pick(4) }, () =>
    (kinds[pick(kinds.length)] as (typeof kinds)[number])(pick),
  );
  const crashes = Array.from({ length: pick(3) }, () => ({
    at: pick(70),
    moment: CRASH_MOMENTS[pick(3)] as CrashMoment,
  }));
  return { faults, crashes, pick };
}

export interface SeededLives {
  readonly into: string;
  readonly seed: number;
  /** The source of a life. */
  readonly source: (random: () => number) => StreamSource;
  readonly onReset?: OnReset;
  readonly crashes: readonly SeededCrash[];
  /** What goes on in each life: resolves when everything is there. `over` aborts where the life ends before. */
  readonly during: (figures: Collector['figures'], over: AbortSignal) => Promise<unknown>;
}

/** One life after another, each ended by a crash of its files, and a last one to which nothing happens. */
export async function liveThrough(lives: SeededLives): Promise<void> {
  for (const { at, moment } of lives.crashes) {
    await live(lives, crashingFiles(at, moment).files).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
  }
  await live(lives, disk);
}

async function live(lives: SeededLives, files: Files): Promise<void> {
  const { into, seed, onReset = 'live', during } = lives;
  const random = createRandom(seed);
  const source = lives.source(() => random.int(1_000) / 1_000);
  const clock = createHurriedClock(HURRY);
  const room = { floor: 0, free: async () => Number.POSITIVE_INFINITY };
  const collector = createCollector(
    { source, into, part: 'minute', start: 'oldest', onReset, files, room, spool: 1_048_576, boot: 'b' },
    clock,
  );
  const drain = new AbortController();
  const over = new AbortController();
  const running = collector
    .run({ clock, log: silentLog, drain: drain.signal, stop: new AbortController().signal, ready: () => {} })
    .finally(() => over.abort());
  const settled = running.catch(() => {});
  try {
    await during(collector.figures, over.signal);
  } finally {
    drain.abort();
    await settled;
  }
  await running;
}

export interface Collected {
  readonly committed: Committed;
  readonly gaps: readonly Gap[];
}

export async function readCollected(into: string): Promise<Collected> {
  const committed = await readCommitted(layoutOf(into));
  assert.ok(committed !== undefined, 'nothing was committed');
  const gaps = await readGaps(layoutOf(into).gaps, committed.checkpoint.gaps);
  return { committed, gaps };
}

/** A line as the oracle sees it. */
export interface Seen {
  readonly part: string;
  readonly seq: number;
  /** What it is of all that the stream had. */
  readonly key: string;
}

/** Whether a number lies between the two of a gap. */
export function isBetween(seq: number, { from, to }: Gap): boolean {
  return from !== null && to !== null && from < seq && seq < to;
}

/**
 * The questions that need no knowledge of the stream: nothing is there twice or was never sent, every part is in order, no gap covers
 * what is there, and the books account for every line.
 */
export function assertSound(
  { committed, gaps }: Collected,
  found: readonly Seen[],
  expected: ReadonlySet<string>,
  context: string,
): void {
  const keys = new Set<string>();
  const doubled = found.filter(({ key }) => keys.size === keys.add(key).size);
  assert.deepEqual(doubled, [], `${context}: doubled lines`);
  assert.deepEqual(
    found.filter(({ key }) => !expected.has(key)),
    [],
    `${context}: lines that never were`,
  );
  const disordered = found.filter(
    (line, i) => found[i - 1]?.part === line.part && (found[i - 1]?.seq ?? 0) > line.seq,
  );
  assert.deepEqual(disordered, [], `${context}: lines out of order`);
  assert.deepEqual(
    found.filter(({ seq }) => gaps.some((gap) => isBetween(seq, gap))),
    [],
    `${context}: a gap covers what is there; gaps ${JSON.stringify(gaps)}`,
  );
  const booked = committed.parts.reduce((sum, part) => sum + part.lines, 0);
  assert.equal(booked, found.length, `${context}: checkpoint and manifest do not account for every line`);
}
