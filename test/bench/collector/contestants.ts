import { smallEnvironment, smallProgram } from '../../../src/app/small-memory.ts';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildProgram, ROOT } from '../program.ts';
import { CURSOR_FILE, LINES_FILE } from './peers/durable-lines.ts';
import { lastWholeLine } from './tail-line.ts';

/** Where a trial takes place. */
export interface Place {
  readonly url: string;
  /** An empty folder. */
  readonly folder: string;
  readonly frames: number;
}

/** Something that collects, ready to be started. */
export interface Contestant {
  readonly name: string;
  /** For the table. */
  readonly title: string;
  /** Whether it writes lines at all. */
  readonly collects: boolean;
  /** Prepares the folder and says what to run. */
  argv(place: Place): readonly string[];
  /** The number up to which lines are durable, 0 before the first. */
  durableSeq(folder: string): number;
  /** Its files with lines. */
  files(folder: string): readonly string[];
}

interface PeerPlan {
  readonly name: string;
  readonly title: string;
  readonly packages: readonly string[];
  /** A module that gives the peer what it needs. */
  readonly entry: string;
}

const PEERS: readonly PeerPlan[] = [
  {
    name: 'skyware',
    title: '`@skyware/firehose` 0.5.2',
    packages: ['@skyware/firehose@0.5.2', 'ws@8.23.0'],
    entry: `export { Firehose } from '@skyware/firehose';\nexport { WebSocket } from 'ws';\n`,
  },
  {
    name: 'ipld',
    title: '`ws` 8.23.0 + `@ipld/car` 5.4.7 + `@ipld/dag-cbor` 10.0.2',
    packages: ['@ipld/car@5.4.7', '@ipld/dag-cbor@10.0.2', 'ws@8.23.0'],
    entry: [
      `export { CarBufferReader } from '@ipld/car/buffer-reader';`,
      `export { decode, decodeOptions } from '@ipld/dag-cbor';`,
      `export { decodeFirst } from 'cborg';`,
      `export { WebSocket } from 'ws';\n`,
    ].join('\n'),
  },
  {
    name: 'sync',
    title: '`@atproto/sync` 0.4.11',
    packages: ['@atproto/sync@0.4.11', '@atproto/lex@0.3.12'],
    entry: `export { Firehose } from '@atproto/sync';\nexport { lexToJson } from '@atproto/lex';\n`,
  },
];

export const NAMES: readonly string[] = ['dist', 'source', ...PEERS.map(({ name }) => name), 'receive'];

/** Builds our own program and installs the peers' packages below `temp`. What cannot be had is told, and left out. */
export function prepare(
  temp: string,
  only: readonly string[],
  missing: (title: string, reason: string) => void,
): readonly Contestant[] {
  const makers: Record<string, () => Contestant> = {
    dist: () => vahti('dist', 'Vahti, as installed (`dist`)', buildProgram(join(temp, 'build'))),
    source: () => vahti('source', 'Vahti, from source', join(ROOT, 'bin/vahti.js')),
    receive: () => peer('receive', '`ws` receive alone (ceiling, writes nothing)', undefined, false),
  };
  for (const plan of PEERS)
    makers[plan.name] = () => peer(plan.name, plan.title, install(join(temp, plan.name), plan), true);
  const contestants: Contestant[] = [];
  for (const name of NAMES.filter((each) => only.length === 0 || only.includes(each))) {
    try {
      contestants.push((makers[name] as () => Contestant)());
    } catch (error) {
      missing(name, (error as Error).message.split('\n')[0] ?? '');
    }
  }
  return contestants;
}

/** Installs a peer's packages, and returns the module that gives them out. */
function install(folder: string, { packages, entry }: PeerPlan): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', ...packages];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'], timeout: 300_000 });
  const file = join(folder, 'entry.mjs');
  writeFileSync(file, entry);
  return file;
}

function vahti(name: string, title: string, program: string): Contestant {
  const into = (folder: string): string => join(folder, 'data');
  return {
    name,
    title,
    collects: true,
    argv({ url, folder }) {
      const file = join(folder, 'vahti.yaml');
      const collect = { from: url, into: into(folder), part: 'hour', cursor: 'oldest' };
      // JSON is YAML.
      writeFileSync(file, JSON.stringify({ services: { bench: { collect } } }));
      // As the daemon starts it: on the plan that it made of the config.
      const said = execFileSync(process.execPath, [program, 'plan', '--json', '-c', file], {
        encoding: 'utf8',
      });
      const plan = join(folder, 'plan.json');
      writeFileSync(plan, JSON.stringify((JSON.parse(said) as { plan: unknown }).plan));
      const env = Object.entries(smallEnvironment({})).map(([key, value]) => `${key}=${value}`);
      return ['env', ...env, ...smallProgram([process.execPath, program]), 'run', 'bench', '--plan', plan];
    },
    durableSeq(folder) {
      const line = lastWholeLine(join(into(folder), '.vahti/checkpoint.ndjson'));
      return line === undefined ? 0 : ((JSON.parse(line) as { cursor: number | null }).cursor ?? 0);
    },
    files: (folder) =>
      readdirSync(into(folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ndjson') && !path.startsWith('.vahti'))
        .map((path) => join(into(folder), path))
        .filter((path) => statSync(path).isFile())
        .toSorted(),
  };
}

function peer(name: string, title: string, entry: string | undefined, collects: boolean): Contestant {
  const into = (folder: string): string => join(folder, 'data');
  const run = join(import.meta.dirname, 'run.ts');
  return {
    name,
    title,
    collects,
    argv: ({ url, folder, frames }) => {
      const args = [name, url, String(frames), into(folder), ...(entry === undefined ? [] : [entry])];
      return [process.execPath, run, 'peer', ...args];
    },
    durableSeq: (folder) => Number(readFileSync(join(into(folder), CURSOR_FILE), 'utf8')),
    files: (folder) => [join(into(folder), LINES_FILE)],
  };
}
