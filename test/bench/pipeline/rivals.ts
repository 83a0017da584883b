import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { doomed, endForeground, startForeground } from '../foreground.ts';
import { makeFiles, timesOf, until } from './runner.ts';

/** What one contestant took for some files. */
export interface Cost {
  /** From the first to the last file, ms. */
  readonly wallMs: number;
  /** CPU of the program that starts the commands, ms; undefined where it cannot be told from the commands. */
  readonly ownMs: number | undefined;
  /** CPU of all, ms. */
  readonly allMs: number;
}

/** For every file: a copy of it under another name, renamed to its place, and a line in a list. Nothing is made durable. */
const SCRIPT = `#!/bin/sh
name=\${1##*/}
cp "$1" "out/.$name" && mv "out/.$name" "out/$name" && echo "$name" >> done
`;
const LOOP = `for f in incoming/*.in; do name=\${f##*/}; cp "$f" "out/.$name" && mv "out/.$name" "out/$name" && echo "$name" >> done; done`;
const MAKEFILE = `all: $(patsubst incoming/%,out/%,$(wildcard incoming/*.in))
out/%: incoming/%
\t@cp $< out/.$* && mv out/.$* $@ && echo $* >> done
`;

function prepare(folder: string): void {
  for (const name of ['incoming', 'out']) mkdirSync(join(folder, name), { recursive: true });
}

/** Runs a command and counts the CPU of all that it waits for. */
async function timed(argv: readonly string[], folder: string): Promise<Cost> {
  const began = performance.now();
  const child = spawn('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@" > /dev/null', 'bash', ...argv], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`cannot run ${argv.join(' ')}: ${said}`);
  const [user = 0, system = 0] = (said.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { wallMs: performance.now() - began, ownMs: undefined, allMs: (user + system) * 1000 };
}

export async function runLoop(folder: string, files: number): Promise<Cost> {
  prepare(folder);
  makeFiles(join(folder, 'incoming'), files);
  return timed(['sh', '-c', LOOP], folder);
}

export async function runMake(folder: string, files: number): Promise<Cost> {
  prepare(folder);
  makeFiles(join(folder, 'incoming'), files);
  writeFileSync(join(folder, 'Makefile'), MAKEFILE);
  return timed(['make', '-j2', 'all'], folder);
}

/** The same Node that only starts commands, so many at a time. */
export async function runBare(
  folder: string,
  argv: readonly string[],
  files: number,
  atOnce: number,
): Promise<Cost> {
  prepare(folder);
  makeFiles(join(folder, 'incoming'), files);
  const script = join(import.meta.dirname, 'bare.ts');
  const child = spawn(process.execPath, [script, String(files), String(atOnce), ...argv], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close');
  return JSON.parse(said) as Cost;
}

export function hasIncron(): boolean {
  return existsSync('/usr/sbin/incrond') && process.getuid?.() === 0;
}

export interface Incron {
  readonly pid: number;
  stop(): Promise<void>;
}

/** An incrond of the bench's own: its config, tables and pid file lie in the folder. */
export async function startIncron(folder: string, command: string): Promise<Incron> {
  const table = join(folder, 'tables');
  for (const name of [table, join(folder, 'user')]) mkdirSync(name, { recursive: true });
  const conf = join(folder, 'incron.conf');
  writeFileSync(
    conf,
    `system_table_dir = ${table}\nuser_table_dir = ${join(folder, 'user')}\nlockfile_dir = ${folder}\nlockfile_name = incrond\n`,
  );
  writeFileSync(join(table, 'bench'), `${join(folder, 'incoming')} IN_MOVED_TO ${command} $@/$#\n`);
  const child = startForeground({ argv: ['/usr/sbin/incrond', '-n', '-f', conf] }, folder);
  const pid = child.pid ?? 0;
  const pids = (): readonly number[] => [pid];
  doomed.add(pids);
  await until('incrond to watch', () => {
    const watches = execFileSync('sh', [
      '-c',
      `cat /proc/${pid}/fdinfo/* 2>/dev/null | grep -c '^inotify' || true`,
    ]);
    return Number(watches.toString()) >= 3;
  });
  return {
    pid,
    async stop() {
      await endForeground(child, folder).catch(() => undefined);
      doomed.delete(pids);
    },
  };
}

/** Renames files into the folder as fast as it goes. */
export async function runIncron(folder: string, files: number): Promise<Cost> {
  prepare(folder);
  mkdirSync(join(folder, 'made'));
  makeFiles(join(folder, 'made'), files);
  const script = join(folder, 'each.sh');
  writeFileSync(script, SCRIPT.replace('#!/bin/sh\n', `#!/bin/sh\ncd ${folder}\n`), { mode: 0o755 });
  const incron = await startIncron(folder, script);
  try {
    const [began, before] = [performance.now(), timesOf(incron.pid)];
    for (let at = 1; at <= files; at++)
      renameSync(join(folder, `made/${at}.in`), join(folder, `incoming/${at}.in`));
    await until('incron to have done all', () => linesIn(join(folder, 'done')) >= files, 10);
    const [wallMs, after] = [performance.now() - began, timesOf(incron.pid)];
    const ownMs = after.own - before.own;
    return { wallMs, ownMs, allMs: ownMs + after.children - before.children };
  } finally {
    await incron.stop();
  }
}

export function linesIn(file: string): number {
  return existsSync(file) ? readFileSync(file, 'latin1').split('\n').length - 1 : 0;
}
