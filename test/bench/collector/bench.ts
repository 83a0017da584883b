import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { compare } from './check-lines.ts';
import { type Contestant, NAMES, prepare } from './contestants.ts';
import { benchFolder } from '../bench-folder.ts';
import { machineFacts, watchLoad } from '../machine.ts';
import { type BenchOptions, readOptions, type Source, USAGE } from './options.ts';
import { linesOfPool } from './prepared-stream.ts';
import { number } from '../number-text.ts';
import { pageOf, type Round, type Row, tableOf } from './report.ts';
import { runTrial, type Trial } from './trial.ts';

interface Setting {
  readonly temp: string;
  readonly contestants: readonly Contestant[];
  readonly cores: { readonly server: number; readonly contestant: number };
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
  const cores = { server: 0, contestant: Math.min(1, cpus().length - 1) };
  // We look and count; that must not happen on the contestant's core.
  execFileSync('taskset', ['-cp', String(cores.server), String(process.pid)], { stdio: 'ignore' });
  const missing: string[] = [];
  console.log('building, and installing the peers …');
  const contestants = prepare(temp, options.only, (name, reason) => missing.push(`${name}: ${reason}`));
  const setting = { temp, contestants, cores };
  const load = watchLoad();
  const rounds: Round[] = [];
  for (const source of options.sources)
    rounds.push(await runRound(setting, source, options.frames, options.repeats));
  const [first] = options.sources;
  if (options.catchUp > 0 && first !== undefined)
    rounds.push(await runRound(setting, first, options.catchUp, 1));
  const page = pageOf(rounds, {
    date: new Date().toISOString().slice(0, 10),
    command: `node test/bench/collector/run.ts ${args.join(' ')}`.trim(),
    machine: machineFacts(temp),
    load: load(),
    repeats: options.repeats,
    missing,
  });
  if (options.doc !== undefined) writeFileSync(options.doc, page);
  console.log(`\n${rounds.map(tableOf).join('\n')}`);
  for (const each of missing) console.log(`not run: ${each}`);
  for (const each of differencesOf(rounds)) console.error(each);
  return rounds.every((round) => round.rows.every((row) => row.trouble === undefined)) ? 0 : 1;
}

/** All contestants, again and again, in an order that turns around each time. */
async function runRound(setting: Setting, source: Source, frames: number, repeats: number): Promise<Round> {
  const linesOf = await linesOfPool(source.file);
  const trials = new Map<Contestant, Trial[]>(setting.contestants.map((each) => [each, []]));
  const troubles = new Map<Contestant, string>();
  for (let turn = 0; turn < repeats; turn++) {
    const order = turn % 2 === 0 ? setting.contestants : setting.contestants.toReversed();
    for (const contestant of order.filter((each) => !troubles.has(each))) {
      const folder = join(setting.temp, `trial-${contestant.name}-${source.name}-${turn}`);
      const { cores } = setting;
      try {
        const trial = await runTrial({ contestant, source, frames, linesOf, folder, cores });
        trials.get(contestant)?.push(trial);
        console.log(shortly(contestant, source, frames, trial));
      } catch (error) {
        troubles.set(contestant, `failed: ${(error as Error).message.split('\n')[0] ?? ''}`);
        console.error(`${contestant.name}: ${(error as Error).message}`);
      }
    }
  }
  const rows = setting.contestants.map((contestant): Row => {
    return {
      title: contestant.title,
      trials: trials.get(contestant) ?? [],
      trouble: troubles.get(contestant),
    };
  });
  return { title: titleOf(source, frames, repeats), frames, rows };
}

function titleOf(source: Source, frames: number, repeats: number): string {
  const kind =
    source.file === undefined ? 'Made-up frames' : 'Recorded frames of the network, again and again';
  return `${kind}: ${number(frames)} of them${repeats === 1 ? ', once' : ''}`;
}

function shortly({ name }: Contestant, source: Source, frames: number, trial: Trial): string {
  const { wallMs, cpuMs, peakRss, findings } = trial;
  const wrong =
    findings === undefined
      ? ''
      : `, ${findings.lines} lines, ${findings.missing} missing, ${findings.doubled} doubled`;
  const rate = number((frames / wallMs) * 1_000);
  return `${name} ${source.name}: ${rate} frames/s, ${number((cpuMs / frames) * 1_000, 1)} CPU ms per 1,000, ${number(peakRss / 1e6)} MB${wrong}`;
}

/** For each contestant whose lines differ from ours: how the first one does. */
/** For whoever runs it, not for the page: recorded frames are other people's words. */
function differencesOf(rounds: readonly Round[]): string[] {
  return rounds.flatMap(({ title, rows }) => {
    const found = rows.flatMap(({ title: name, trials }) => {
      const sample = trials[0]?.findings?.sample;
      return sample === undefined ? [] : [{ name, sample }];
    });
    return found.flatMap(({ name, sample }) => {
      const { example } = compare(sample, found[0]?.sample ?? new Map());
      return example === undefined ? [] : [`${title}: ${name}: \`${example.slice(0, 400)}\``];
    });
  });
}
