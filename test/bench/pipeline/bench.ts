import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchFolder } from '../bench-folder.ts';
import { machineFacts, watchLoad } from '../machine.ts';
import { ownNode } from '../own-node.ts';
import { buildProgram } from '../program.ts';
import { measureBacklog } from './backlog.ts';
import { incronLatency, type Latency, vahtiLatency } from './latency.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { contestants } from './overhead.ts';
import { type CostRow, pageOf, type Results, tablesOf } from './report.ts';
import { type Cost, hasIncron } from './rivals.ts';
import type { Program } from './runner.ts';

/** The bench: prints its tables, and writes its page. Resolves with the exit code. */
export async function runBench(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${USAGE}`);
    return 2;
  }
  const temp = benchFolder(options);
  console.log('building …');
  const folder = join(temp, 'vahti');
  const program = { script: buildProgram(folder), node: ownNode(folder) };
  const machine = machineFacts(temp);
  const load = watchLoad();
  const results = await measure(temp, options, program);
  const page = pageOf(results, {
    date: new Date().toISOString().slice(0, 10),
    command: `node test/bench/pipeline/run.ts ${args.join(' ')}`.trim(),
    machine,
    load: load(),
    missing: hasIncron() ? [] : ['incron: it is not installed, or this is not root'],
    repeats: options.repeats,
  });
  if (options.doc !== undefined) writeFileSync(options.doc, page);
  console.log(`\n${tablesOf(results)}\n${load()}`);
  return 0;
}

async function measure(temp: string, options: BenchOptions, program: Program): Promise<Results> {
  const { only, each, probes } = options;
  const overhead = only.includes('overhead') ? await measureOverhead(temp, options, program) : [];
  const latency: (Latency | undefined)[] = [];
  if (only.includes('latency')) {
    console.log('latency …');
    latency.push(await vahtiLatency(join(temp, 'idle'), probes, program, false));
    latency.push(await incronLatency(join(temp, 'incron'), probes));
    latency.push(await vahtiLatency(join(temp, 'loaded'), probes, program, true));
  }
  if (only.includes('backlog')) console.log(`backlog of ${options.files} …`);
  const backlog = only.includes('backlog')
    ? await measureBacklog(join(temp, 'backlog'), options.files, options.idleMs, program)
    : undefined;
  return { overhead, latency: latency.filter((one) => one !== undefined), backlog, each };
}

/** All contestants after each other, again and again: what else the machine does meets all of them. */
async function measureOverhead(
  temp: string,
  { each, repeats }: BenchOptions,
  program: Program,
): Promise<readonly CostRow[]> {
  const rows = contestants(program).map((contestant) => ({ contestant, costs: [] as Cost[] }));
  for (let round = 0; round < repeats; round++) {
    for (const [index, { contestant, costs }] of rows.entries()) {
      const folder = join(temp, `overhead-${round}-${index}`);
      const cost = await contestant.run(folder, each);
      rmSync(folder, { recursive: true, force: true });
      costs.push(cost);
      const [wall, cpu] = [cost.wallMs / each, cost.allMs / each];
      console.log(`${contestant.title}: ${wall.toFixed(2)} ms a file, ${cpu.toFixed(2)} ms of CPU`);
    }
  }
  return rows.map(({ contestant: { title }, costs }) => ({ title, costs }));
}
