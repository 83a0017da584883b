import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasIncron, linesIn, startIncron } from './rivals.ts';
import { makeFiles, makePipeline, type Program, startRunner, until } from './runner.ts';

/** From the rename of a file, ms. */
export interface Latency {
  readonly title: string;
  /** Until the ledger has it; none where there is no ledger. */
  readonly seen: readonly number[];
  /** Until the first thing that its command does. */
  readonly started: readonly number[];
}

const APART_MS = 60;
/** Files that are worked on meanwhile, one at a time: more than are done by then. */
const LOAD = 10_000;
/** A command that writes down when it began; `date` takes its share. */
const SAY = 'echo "$1 $(date +%s%N)" >> "$2"';

/** Renames files into a folder, one after the other; answers with when, wall ms, by name. */
async function deliver(folder: string, probes: number): Promise<ReadonlyMap<string, number>> {
  const renamed = new Map<string, number>();
  for (let at = 0; at < probes; at++) {
    const [from, name] = [join(folder, '.new'), `p${at}.in`];
    writeFileSync(from, name);
    renamed.set(name, performance.timeOrigin + performance.now());
    renameSync(from, join(folder, name));
    await sleep(APART_MS);
  }
  return renamed;
}

function startsIn(file: string, renamed: ReadonlyMap<string, number>): readonly number[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', ns = ''] = line.split(' ');
      return Number(ns) / 1e6 - (renamed.get(name) ?? Number.NaN);
    });
}

/** One pipeline; under load it works at the files of another inbox all the while, of which each is done one after the other. */
export async function vahtiLatency(
  folder: string,
  probes: number,
  program: Program,
  isLoaded: boolean,
): Promise<Latency> {
  const said = join(folder, 'said');
  mkdirSync(join(folder, 'probes'), { recursive: true });
  makePipeline(folder, {
    inboxes: {
      load: { root: 'incoming', match: '*.in', settle: '0s' },
      probes: { root: 'probes', match: '*.in' },
    },
    parallel: 2,
    steps: {
      LOAD: { from: 'load', run: ['true'] },
      PROBE: { from: 'probes', priority: 1, run: ['sh', '-c', SAY, 'sh', '{name}', said] },
    },
  });
  if (isLoaded) makeFiles(join(folder, 'incoming'), LOAD);
  const runner = await startRunner(folder, program);
  try {
    // Taken in while it works: the latency is that of a pipeline that is busy, not of one that begins.
    await until('it to have looked', async () =>
      isLoaded ? runner.count('ready') + runner.count('done') === LOAD : true,
    );
    await sleep(1000);
    const renamed = await deliver(join(folder, 'probes'), probes);
    await until('all probes to have begun', () => linesIn(said) === probes);
    const seen = runner
      .rows("SELECT path, first_seen FROM file WHERE kind = 'inbox' AND origin = 'probes'")
      .map(({ path, first_seen: at }) => Number(at) - (renamed.get(String(path)) ?? Number.NaN));
    const title = isLoaded ? 'Vahti, while it works at 10,000 files' : 'Vahti, idle';
    return { title, seen, started: startsIn(said, renamed) };
  } finally {
    await runner.stop();
  }
}

export async function incronLatency(folder: string, probes: number): Promise<Latency | undefined> {
  if (!hasIncron()) return undefined;
  const said = join(folder, 'said');
  mkdirSync(join(folder, 'incoming'), { recursive: true });
  const script = join(folder, 'each.sh');
  writeFileSync(script, `#!/bin/sh\nset -- "\${1##*/}" "${said}"\n${SAY}\n`, { mode: 0o755 });
  const incron = await startIncron(folder, script);
  try {
    const renamed = await deliver(join(folder, 'incoming'), probes);
    await until('all probes to have begun', () => linesIn(said) === probes);
    return { title: 'incron, idle', seen: [], started: startsIn(said, renamed) };
  } finally {
    await incron.stop();
  }
}
