/** The hub's store beside others: `node test/bench/hub/run.ts --help`. Each contestant runs in a process of its own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchFolder } from '../bench-folder.ts';
import { machineFacts, watchLoad } from '../machine.ts';
import { number } from '../number-text.ts';
import { ROOT } from '../program.ts';
import { median, quantile, table } from '../table.ts';
import { blocks } from './blocks.ts';
import { type Contestant, QUESTIONS, type QuestionName } from './contestant.ts';
import { duckdb } from './duckdb.ts';
import { postgres, postgresPrograms } from './postgres.ts';
import { measureSocket, type SocketFigures } from './socket.ts';
import { sqliteRows } from './sqlite-rows.ts';
import { createWorkload } from './workload.ts';

const USAGE = `node test/bench/hub/run.ts [OPTIONS]

  --rows N       records altogether (2000000)
  --hours N      that they are spread over (4)
  --batch N      records of a batch, each stored durably before the next (500)
  --seconds N    that agents send to a hub, for each of 1, 50 and 500 records a batch (10; 0: not at all)
  --only NAMES   blocks, rows, duckdb, postgres (where it is installed, and this is root)
  --doc FILE     where the page goes (docs/bench-hub.md for whole runs; "none": nowhere)
  --temp FOLDER  where to work (a new one in the system's; deleted unless --keep)`;

const CONTESTANTS: Readonly<
  Record<string, (folder: string, hours: number) => Contestant | Promise<Contestant>>
> = {
  blocks,
  rows: sqliteRows,
  duckdb,
  postgres,
};
const ALL = Object.keys(CONTESTANTS);
const ROUNDS = 5;

/** What was measured; milliseconds, microseconds of processor time a row. */
interface Figures {
  readonly name: string;
  readonly rowsPerSecond: number;
  readonly cpu: number;
  readonly cpuSettled: number;
  readonly p50: number;
  readonly p99: number;
  readonly bytes: number;
  readonly questions: Readonly<Record<QuestionName, { readonly ms: number; readonly rows: number }>>;
  readonly purgeMs: number;
  readonly bytesLeft: number;
  readonly rss: number;
}

/** Batches that are not the usual ones. */
interface Small {
  readonly name: string;
  readonly batch: number;
  readonly rowsPerSecond: number;
}

const SMALL = [1, 50];
const SMALL_BATCHES = 4000;

interface Size {
  readonly rows: number;
  readonly hours: number;
  readonly batch: number;
}

async function measure(contestant: Contestant, { rows, hours, batch }: Size): Promise<Figures> {
  const work = createWorkload(rows, hours, batch);
  const took: number[] = [];
  let cpu = 0;
  const batches = Math.floor(rows / batch);
  for (let index = 0; index < batches; index++) {
    const records = work.make(index);
    const [before, begun] = [process.cpuUsage(), performance.now()];
    await contestant.append(records, work.end(index));
    took.push(performance.now() - begun);
    cpu += cpuSince(before);
  }
  const before = process.cpuUsage();
  await contestant.settle();
  const settled = cpuSince(before);
  const bytes = await contestant.bytes();
  const end = work.end(batches - 1);
  const ask = { end, sender: 'sender-3', rare: work.rare, frequent: work.frequent };
  const questions: Partial<Record<QuestionName, { readonly ms: number; readonly rows: number }>> = {};
  for (const name of Object.keys(QUESTIONS) as QuestionName[]) {
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const begun = performance.now();
      found = await contestant.questions[name](ask);
      times.push(performance.now() - begun);
    }
    questions[name] = { ms: median(times), rows: found };
  }
  const half = work.end(Math.floor(batches / 2));
  const begun = performance.now();
  const bytesLeft = await contestant.purge(half);
  const purgeMs = performance.now() - begun;
  await contestant.close();
  const stored = batches * batch;
  return {
    name: contestant.name,
    rowsPerSecond: stored / (took.reduce((sum, ms) => sum + ms, 0) / 1000),
    cpu: cpu / stored,
    cpuSettled: settled / stored,
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    bytes: bytes / stored,
    questions: questions as Figures['questions'],
    purgeMs,
    bytesLeft: bytesLeft / bytes,
    rss: process.memoryUsage().rss / 2 ** 20,
  };
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function pageOf(
  command: string,
  facts: readonly string[],
  { rows, hours, batch }: Size,
  found: readonly Figures[],
  small: readonly Small[],
  sockets: readonly SocketFigures[],
): string {
  const stores = table(
    [
      'store',
      'rows/s',
      'CPU µs/row',
      'later',
      'batch p50 / p99 (ms)',
      'bytes/row',
      'purge of half (ms)',
      'bytes left',
      'RSS (MiB)',
    ],
    found.map((each) => [
      each.name,
      number(each.rowsPerSecond),
      number(each.cpu, 1),
      number(each.cpuSettled, 1),
      `${number(each.p50, 1)} / ${number(each.p99, 1)}`,
      number(each.bytes),
      number(each.purgeMs),
      `${number(each.bytesLeft * 100)} %`,
      number(each.rss),
    ]),
  );
  const questions = table(
    ['question', ...found.map(({ name }) => name), 'rows'],
    (Object.keys(QUESTIONS) as QuestionName[]).map((name) => [
      QUESTIONS[name],
      ...found.map((each) => `${number(each.questions[name].ms, 1)} ms`),
      number(found[0]?.questions[name].rows ?? 0),
    ]),
  );
  return `# The hub's store, side by side

Made by \`${command}\` on ${new Date().toISOString().slice(0, 10)}; run it again and this page is written anew.

${facts.map((fact) => `- ${fact}\n`).join('')}
${number(rows)} records over ${number(hours)} hours of 1,000 senders, messages of some 120 bytes out of 6,000 words with an id that comes once, times out of order by
up to 250 ms. Batches of ${number(batch)}, each durable before the next; the time to make them is not counted. "Later" is work that nobody waits for: of blocks, that large ones are
made of small ones. Questions are asked ${ROUNDS} times, medians, of warm files. "Bytes left" is what the disk still has after the purge of the older half.

${stores}
${questions}
## Small batches

Each durable before the next, as an agent with little to say sends them; one after the other, so nothing is stored together.

${smallTable(small)}
## Through the WebSocket

A hub as users run it, TypeScript stripped at its start, with its own program as agents beside it on the same cores: 4 connections, 16 batches of each on
their way, each acknowledged when it is durable. Merging of blocks goes on meanwhile.

${socketTable(sockets)}`;
}

function socketTable(sockets: readonly SocketFigures[]): string {
  return table(
    ['records a batch', 'rows/s', 'acknowledged after, p50 / p99 (ms)', 'hub, CPU µs/row', 'hub, RSS (MiB)'],
    sockets.map((each) => [
      number(each.batch),
      number(each.rowsPerSecond),
      `${number(each.p50, 1)} / ${number(each.p99, 1)}`,
      number(each.cpu, 1),
      number(each.rss),
    ]),
  );
}

function smallTable(small: readonly Small[]): string {
  const sizes = [...new Set(small.map(({ batch }) => batch))];
  const names = [...new Set(small.map(({ name }) => name))];
  return table(
    ['store', ...sizes.map((size) => `rows/s, batches of ${size}`)],
    names.map((name) => [
      name,
      ...sizes.map((size) =>
        number(small.find((each) => each.name === name && each.batch === size)?.rowsPerSecond ?? 0),
      ),
    ]),
  );
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '2000000' },
      hours: { type: 'string', default: '4' },
      batch: { type: 'string', default: '500' },
      seconds: { type: 'string', default: '10' },
      only: { type: 'string', default: ALL.join(',') },
      one: { type: 'string' },
      doc: { type: 'string' },
      temp: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const size = { rows: Number(values.rows), hours: Number(values.hours), batch: Number(values.batch) };
  const names = values.only
    .split(',')
    .filter((name) => name !== 'postgres' || postgresPrograms() !== undefined);
  const unknown = names.find((name) => CONTESTANTS[name] === undefined);
  if (values.help || unknown !== undefined || Object.values(size).some((value) => !(value >= 1))) {
    console.error(USAGE);
    return 2;
  }
  if (values.one !== undefined) {
    const make = CONTESTANTS[values.one];
    if (make === undefined || values.temp === undefined) return 2;
    console.log(JSON.stringify(await measure(await make(values.temp, size.hours), size)));
    return 0;
  }
  const folder = benchFolder({ temp: values.temp, keep: values.keep });
  const facts = machineFacts(folder);
  const load = watchLoad();
  const measured = (name: string, { rows, hours, batch }: Size): Figures => {
    const own = join(folder, name);
    mkdirSync(own);
    const sizes = ['--rows', String(rows), '--hours', String(hours), '--batch', String(batch)];
    const words = [import.meta.filename, '--one', name, '--temp', own, ...sizes];
    const said = execFileSync(process.execPath, words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    rmSync(own, { recursive: true });
    console.error(`${name}, batches of ${batch}: done`);
    return JSON.parse(said) as Figures;
  };
  const found = names.map((name) => measured(name, size));
  const small = SMALL.flatMap((batch) =>
    names.map((name): Small => {
      const rows = Math.min(size.rows, batch * SMALL_BATCHES);
      const { name: shown, rowsPerSecond } = measured(name, { ...size, rows, batch });
      return { name: shown, batch, rowsPerSecond };
    }),
  );
  const ofSocket = join(folder, 'socket');
  mkdirSync(ofSocket);
  const ms = Number(values.seconds) * 1000;
  const sockets = ms > 0 ? await measureSocket(ofSocket, [1, 50, 500], ms) : [];
  const page = pageOf(
    `node test/bench/hub/run.ts ${args.join(' ')}`.trim(),
    [...facts, load()],
    size,
    found,
    small,
    sockets,
  );
  console.log(page);
  const doc = values.doc ?? (names.length >= ALL.length - 1 ? join(ROOT, 'docs/bench-hub.md') : 'none');
  if (doc !== 'none') writeFileSync(doc, page);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
