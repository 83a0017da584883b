import * as fs from 'node:fs';
import { errorCode } from './result.ts';

/** What /proc says of the processes of this machine, as proc(5) describes it. Reads only; processes.ts starts and signals. */

/** The environment variable that every process of a life carries: `STATE/SERVICE/LIFE`. */
export const LIFE_VARIABLE = 'VAHTI_LIFE';

export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
}

/** Names this boot of the machine: pids and start ticks mean nothing in another one. */
export function bootId(): string {
  return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

export interface Stat extends ProcessIdentity {
  readonly state: string;
  readonly parent: number;
  readonly group: number;
}

/** What proc(5) says in /proc/PID/stat; the name in brackets may hold anything, so it is read from the last bracket on. */
export function readStat(pid: number): Stat | undefined {
  const text = readProc(`/proc/${pid}/stat`)?.toString('latin1');
  if (text === undefined || text === '') return undefined;
  const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: words[0] ?? 'X',
    parent: Number(words[1]),
    group: Number(words[2]),
    startTicks: Number(words[19]),
  };
}

/**
 * What a process has of its own, in memory or swapped out, and what it shares with others, bytes: proc(5), /proc/PID/status. Pages of
 * files are left out: the kernel drops them when it needs room. Undefined where it is gone.
 */
export function readOwnMemory(pid: number): { readonly own: number; readonly shared: number } | undefined {
  const text = readProc(`/proc/${pid}/status`)?.toString('latin1') ?? '';
  const bytes = (name: string): number | undefined => {
    const at = text.indexOf(`\n${name}:`);
    return at === -1 ? undefined : Number.parseInt(text.slice(at + name.length + 2), 10) * 1024;
  };
  const anonymous = bytes('RssAnon');
  if (anonymous === undefined) return undefined;
  return { own: anonymous + (bytes('VmSwap') ?? 0), shared: bytes('RssShmem') ?? 0 };
}

let scratch = Buffer.allocUnsafe(65_536);

/** A whole file of /proc, valid until the next call; undefined where it is gone or not ours to read. */
function readProc(file: string): Buffer | undefined {
  let fd: number;
  try {
    fd = fs.openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    let length = 0;
    for (;;) {
      const room = scratch.length - length;
      const bytes = fs.readSync(fd, scratch, length, room, null);
      length += bytes;
      // Of a file of /proc a read that has room left has reached the end.
      if (bytes < room) return scratch.subarray(0, length);
      if (length === scratch.length) scratch = Buffer.concat([scratch], scratch.length * 2);
    }
  } catch {
    return undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function allPids(): number[] {
  return fs.readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** Over, or a zombie that only waits to be reaped. */
export function isDead(stat: Stat | undefined): boolean {
  return stat === undefined || stat.state === 'Z' || stat.state === 'X';
}

/** The same process, not another one with its number, is alive. */
export function processAlive({ pid, startTicks }: ProcessIdentity): boolean {
  const stat = readStat(pid);
  return !isDead(stat) && stat?.startTicks === startTicks;
}

/** True when the group has a member that is not a zombie. */
export function groupAlive(pgid: number): boolean {
  if (!groupExists(pgid)) return false;
  return allPids().some((pid) => {
    const stat = readStat(pid);
    return stat?.group === pgid && !isDead(stat);
  });
}

export function groupExists(pgid: number): boolean {
  if (pgid <= 1) return false;
  try {
    process.kill(-pgid, 0);
    return true;
  } catch (thrown) {
    return errorCode(thrown) === 'EPERM';
  }
}

export interface EnvMatch extends ProcessIdentity {
  readonly group: number;
  readonly value: string;
}

/** The living processes whose environment has `name` with a value that starts with `prefix`. Skips what cannot be read. */
export function processesWithEnv(name: string, prefix: string): EnvMatch[] {
  return carriersOf(name, prefix).flatMap(alive);
}

/** A process, perhaps a zombie, and what its environment says. */
interface Carrier {
  readonly pid: number;
  readonly value: string;
}

function alive({ pid, value }: Carrier): EnvMatch[] {
  const stat = readStat(pid);
  return stat === undefined || isDead(stat)
    ? []
    : [{ pid, startTicks: stat.startTicks, group: stat.group, value }];
}

function carriersOf(name: string, prefix: string): Carrier[] {
  const needle = Buffer.from(`${name}=${prefix}`);
  const found: Carrier[] = [];
  // A process in the middle of exec shows an empty environment for a moment: those are read again at the end.
  const empty: number[] = [];
  const look = (pid: number): boolean => {
    const environ = readProc(`/proc/${pid}/environ`);
    if (environ === undefined) return true;
    const value = environ.length === 0 ? undefined : valueIn(environ, needle, name.length + 1);
    if (value === undefined) return environ.length > 0;
    found.push({ pid, value });
    return true;
  };
  for (const pid of allPids()) if (!look(pid)) empty.push(pid);
  for (const pid of empty) look(pid);
  return found;
}

function valueIn(environ: Buffer, needle: Buffer, skip: number): string | undefined {
  for (let at = environ.indexOf(needle); at !== -1; at = environ.indexOf(needle, at + 1)) {
    if (at > 0 && environ[at - 1] !== 0) continue;
    const end = environ.indexOf(0, at);
    return environ.toString('utf8', at + skip, end === -1 ? environ.length : end);
  }
  return undefined;
}

/** One look at all processes. Whoever asks in the same turn of the loop shares it: many trees may end at once. */
export interface Census {
  /** The living processes of those lives. Only these are looked at closely: a machine may have hundreds of others. */
  readonly carriers: (ofLife: (value: string) => boolean) => readonly EnvMatch[];
  readonly everybody: () => readonly Stat[];
}

let census: Promise<Census> | undefined;

export function takeCensus(): Promise<Census> {
  census ??= new Promise((resolve) => {
    // oxlint-disable-next-line eslint/no-restricted-globals -- no time passes: it waits for the end of this turn
    setImmediate(() => {
      census = undefined;
      let stats: Stat[] | undefined;
      const everybody = (): Stat[] => (stats ??= allPids().flatMap((pid) => readStat(pid) ?? []));
      const all = carriersOf(LIFE_VARIABLE, '');
      const carriers = (ofLife: (value: string) => boolean): EnvMatch[] =>
        all.filter(({ value }) => ofLife(value)).flatMap(alive);
      resolve({ carriers, everybody });
    });
  });
  return census;
}

/** This process and what started it, never to be ended: an operator may work in a shell that a service opened. */
export function ourselves(): Stat[] {
  const chain: Stat[] = [];
  for (let stat = readStat(process.pid); stat !== undefined; stat = readStat(stat.parent)) {
    chain.push(stat);
    if (stat.parent <= 1) break;
  }
  return chain;
}
