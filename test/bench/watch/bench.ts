import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchFolder } from '../bench-folder.ts';
import { machineFacts, watchLoad } from '../machine.ts';
import type { Contestant } from './contestant.ts';
import { NAMES, prepare } from './contestants.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { pageOf, type Row, tableOf } from './report.ts';
import { runTrial } from './trial.ts';

/** The bench: prints its table, and writes its page. Resolves with the exit code. */
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
  console.log('building …');
  const contestants = prepare(temp, options.only, (name, reason) => missing.push(`${name}: ${reason}`));
  // Now, since others may commit while it runs.
  const machine = machineFacts(temp);
  const load = watchLoad();
  const rows: Row[] = [];
  for (const contestant of contestants)
    rows.push(await rowOf(contestant, options, join(temp, contestant.name)));
  const page = pageOf(rows, {
    date: new Date().toISOString().slice(0, 10),
    command: `node test/bench/watch/run.ts ${args.join(' ')}`.trim(),
    machine,
    load: load(),
    options,
    missing,
  });
  if (options.doc !== undefined) writeFileSync(options.doc, page);
  for (const each of missing) console.log(`not run: ${each}`);
  return rows.every(({ trouble }) => trouble === undefined) ? 0 : 1;
}

async function rowOf(contestant: Contestant, options: BenchOptions, folder: string): Promise<Row> {
  const { name, title } = contestant;
  console.log(`${name} looks …`);
  try {
    const row = {
      title,
      trial: await runTrial(contestant, options, join(folder, 'trial')),
      trouble: undefined,
    };
    console.log(tableOf([row]));
    return row;
  } catch (error) {
    const reason = (error as Error).message;
    console.error(`${name}: ${reason}`);
    return { title, trial: undefined, trouble: `failed: ${reason.split('\n')[0] ?? ''}` };
  }
}
