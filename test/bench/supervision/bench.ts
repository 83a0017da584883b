import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchFolder } from '../bench-folder.ts';
import { machineFacts, watchLoad } from '../machine.ts';
import type { Contestant } from './contestant.ts';
import { NAMES, prepare } from './contestants.ts';
import { type CrashLoop, runCrashLoops } from './crash-loop.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { number } from '../number-text.ts';
import { quantile } from '../table.ts';
import { crashTable, footprintTable, pageOf, type Row } from './report.ts';
import { runTrials, type Trial } from './trial.ts';

/** With one service; more would bring Vahti into its slow lane, which 12 starts in 10 minutes do. */
const KILLS_OF_ONE = 10;
const KILLS_OF_MANY = 20;

/** What is known so far of a contestant. */
interface Tally {
  readonly one: Trial[];
  readonly many: Trial[];
  readonly loops: CrashLoop[];
  trouble: string | undefined;
}

/** The bench: prints its tables, and writes its page. Resolves with the exit code. */
export async function runBench(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string' || options.only.some((name) => !NAMES.includes(name))) {
    const what = typeof options === 'string' ? options : `the contestants are ${NAMES.join(', ')}`;
    console.error(`${what}\n\n${USAGE}`);
    return 2;
  }
  const temp = benchFolder(options);
  return await benchIn(temp, options, args);
}

async function benchIn(temp: string, options: BenchOptions, args: readonly string[]): Promise<number> {
  const missing: string[] = [];
  console.log('building, and installing the others …');
  const contestants = prepare(temp, options.only, (name, reason) => missing.push(`${name}: ${reason}`));
  const tallies = new Map<Contestant, Tally>(
    contestants.map((each) => [each, { one: [], many: [], loops: [], trouble: undefined }]),
  );
  // Now, since others may commit while it runs.
  const machine = machineFacts(temp);
  const load = watchLoad();
  for (let round = 0; round < options.repeats; round++) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    await measureRound(order, tallies, options, join(temp, `round-${round}`));
  }
  if (options.loopMs > 0) await measureLoops(contestants, tallies, options.loopMs, join(temp, 'loops'));
  const rows = contestants.map((each): Row => ({ title: each.title, ...(tallies.get(each) as Tally) }));
  const page = pageOf(rows, {
    date: new Date().toISOString().slice(0, 10),
    command: `node test/bench/supervision/run.ts ${args.join(' ')}`.trim(),
    machine,
    load: load(),
    missing,
    ...options,
  });
  if (options.doc !== undefined) writeFileSync(options.doc, page);
  console.log(`\n${footprintTable(rows, options.services)}\n${crashTable(rows)}`);
  for (const each of missing) console.log(`not run: ${each}`);
  return rows.every((row) => row.trouble === undefined) ? 0 : 1;
}

/** One service each, all contestants at once; then many services, one contestant after the other. */
async function measureRound(
  contestants: readonly Contestant[],
  tallies: ReadonlyMap<Contestant, Tally>,
  { one, services, idleMs }: BenchOptions,
  folder: string,
): Promise<void> {
  const shared = { idleMs, folder };
  if (one) {
    const trials = await runTrials(contestants, { ...shared, services: 1, kills: KILLS_OF_ONE });
    for (const [index, contestant] of contestants.entries()) {
      const trial = trials[index] as Trial;
      tallies.get(contestant)?.one.push(trial);
      tell(contestant, 1, trial);
    }
  }
  for (const contestant of contestants) {
    const tally = tallies.get(contestant) as Tally;
    try {
      const [trial] = await runTrials([contestant], { ...shared, services, kills: KILLS_OF_MANY });
      tally.many.push(trial as Trial);
      tell(contestant, services, trial as Trial);
    } catch (error) {
      note(contestant, tally, error);
    }
  }
}

async function measureLoops(
  contestants: readonly Contestant[],
  tallies: ReadonlyMap<Contestant, Tally>,
  loopMs: number,
  folder: string,
): Promise<void> {
  for (const contestant of contestants) {
    const tally = tallies.get(contestant) as Tally;
    try {
      tally.loops.push(...(await runCrashLoops(contestant, loopMs, join(folder, contestant.name))));
    } catch (error) {
      note(contestant, tally, error);
    }
  }
}

function note({ name }: Contestant, tally: Tally, error: unknown): void {
  tally.trouble = `failed: ${(error as Error).message.split('\n')[0] ?? ''}`;
  console.error(`${name}: ${(error as Error).message}`);
}

function tell({ name }: Contestant, services: number, trial: Trial): void {
  const { rss, pss, idle, upMs, restartMs, statusMs } = trial;
  const restart = `${number(quantile(restartMs, 0.5), 1)} / ${number(quantile(restartMs, 0.95), 1)}`;
  console.log(
    `${name} @${services}: RSS ${number(rss / 2 ** 20, 1)} PSS ${number(pss / 2 ** 20, 1)} MiB, idle ${number(idle * 100, 2)} %, up ${number(upMs)} ms, restart ${restart} ms, status ${number(quantile(statusMs, 0.5))} ms`,
  );
}
