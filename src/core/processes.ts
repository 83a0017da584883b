import { execFile, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from './clock.ts';
import { asError, errorCode } from './result.ts';

/**
 * Operating-system processes: the only place that spawns, signals and looks into /proc.
 * Every process started here leads a session and a group of its own, so that its whole tree can be ended.
 */

/** The environment variable that every process of a life carries: `STATE/SERVICE/LIFE`. */
export const LIFE_VARIABLE = 'VAHTI_LIFE';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface ProcessSpec {
  readonly argv: readonly string[];
  /** The complete environment: nothing is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Who it runs as, with that user's own supplementary groups; by default whoever runs this process. */
  readonly user?: User;
  readonly stdin?: 'none' | 'pipe';
  /** Default `ignore`. A pipe is a socket pair, as Node makes it: /dev/stdout cannot be opened by its name there. */
  readonly stdout?: Output;
  readonly stderr?: Output;
}
export type Output = 'pipe' | 'inherit' | 'ignore';

/** How a process ended. `failed`: it never ran; the error is a whole sentence. */
export type Exit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'failed'; readonly error: string };

export interface Process {
  /** Also the id of its group and session; undefined when it could not be started. */
  readonly pid: number | undefined;
  /** When it started, clock ticks since boot: with the pid it names the process for ever (until the next boot). */
  readonly startTicks: number | undefined;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Resolves when the process itself is over; its children and its pipes may live on. Never rejects. */
  readonly exited: Promise<Exit>;
}

export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
}

/** The user's HOME, USER and LOGNAME, for an environment. */
export function userEnvironment(user: User): Record<string, string> {
  return { HOME: user.home, USER: user.name, LOGNAME: user.name };
}

/** Starts a process. Never throws for what the operating system refuses: `exited` says it. */
export function startProcess(spec: ProcessSpec): Process {
  const command = commandLine(spec);
  if (!command.ok) return failedProcess(command.error);
  const [file = '', ...args] = command.argv;
  try {
    const child = spawn(file, args, {
      cwd: spec.cwd,
      env: { ...spec.env },
      detached: true,
      stdio: [spec.stdin === 'pipe' ? 'pipe' : 'ignore', spec.stdout ?? 'ignore', spec.stderr ?? 'ignore'],
    });
    const exited = new Promise<Exit>((resolve) => {
      // After a successful start `error` only tells of a failed kill or message, which nobody here asks for.
      child.on('error', (error) => {
        if (child.pid === undefined) resolve({ kind: 'failed', error: whyNotStarted(spec, error) });
      });
      child.once('exit', (code, signal) => {
        resolve(signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal });
      });
    });
    // The child cannot have been reaped before this function returns, so its entry in /proc is there.
    const startTicks = child.pid === undefined ? undefined : readStat(child.pid)?.startTicks;
    return { pid: child.pid, startTicks, stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exited };
  } catch (thrown) {
    return failedProcess(whyNotStarted(spec, asError(thrown)));
  }
}

function failedProcess(error: string): Process {
  const exited = Promise.resolve<Exit>({ kind: 'failed', error });
  return { pid: undefined, startTicks: undefined, stdin: null, stdout: null, stderr: null, exited };
}

type CommandLine = { readonly ok: true; readonly argv: readonly string[] } | { readonly ok: false; readonly error: string };

/**
 * Another user's process is started through setpriv, which execs, so the pid stays. Node's own uid option would
 * leave it without any supplementary group (libuv calls setgroups(0)).
 */
function commandLine(spec: ProcessSpec): CommandLine {
  const { argv, user } = spec;
  const program = argv[0] ?? '';
  if (user === undefined || user.uid === process.geteuid?.()) return { ok: true, argv };
  const refuse = (why: string): CommandLine => ({ ok: false, error: `cannot start "${program}": ${why}` });
  if (process.geteuid?.() !== 0) return refuse(`only root can run it as user "${user.name}"`);
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => fs.existsSync(file));
  if (setpriv === undefined) return refuse(`setpriv (util-linux) is needed to run it as user "${user.name}"`);
  const problem = cwdProblem(spec.cwd) ?? programProblem(spec);
  if (problem !== undefined) return refuse(problem);
  return { ok: true, argv: [setpriv, `--reuid=${user.uid}`, `--regid=${user.gid}`, '--init-groups', '--', ...argv] };
}

/** Spawning fails with ENOENT for a missing program, interpreter and cwd alike: look which one it was. */
function whyNotStarted(spec: ProcessSpec, error: Error): string {
  const code = errorCode(error);
  const found = cwdProblem(spec.cwd) ?? programProblem(spec);
  const byCode: Record<string, string> = {
    ENOENT: 'its interpreter (the first line, #!) does not exist',
    EACCES: 'not executable',
    E2BIG: 'its arguments and environment are too long',
    EAGAIN: 'too many processes',
    ENOMEM: 'out of memory',
    EMFILE: 'too many open files',
  };
  return `cannot start "${spec.argv[0] ?? ''}": ${found ?? byCode[code ?? ''] ?? error.message}`;
}

function cwdProblem(cwd: string): string | undefined {
  try {
    return fs.statSync(cwd).isDirectory() ? undefined : `cwd "${cwd}" is not a folder`;
  } catch (thrown) {
    return errorCode(thrown) === 'ENOENT' ? `cwd "${cwd}" does not exist` : `cwd "${cwd}" cannot be entered`;
  }
}

/** Looks the program up as execvp does. */
function programProblem({ argv, env, cwd }: ProcessSpec): string | undefined {
  const program = argv[0] ?? '';
  if (program === '') return 'no such program';
  const folders = program.includes('/') ? [''] : (env['PATH'] ?? '/bin:/usr/bin').split(':');
  let there = false;
  for (const folder of folders) {
    const file = path.resolve(cwd, folder, program);
    if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
    there = true;
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return undefined;
    } catch {
      // Not this one: execvp looks on.
    }
  }
  return there ? 'not executable' : 'no such program';
}

/** Finds a user by name or number: /etc/passwd first, then whatever else the machine asks (`getent`, 5 s at most). */
export async function lookupUser(name: string): Promise<User | undefined> {
  const local = await fs.promises.readFile('/etc/passwd', 'utf8').catch(() => '');
  return findUser(local, name) ?? findUser(await getent(name), name);
}

function findUser(passwd: string, name: string): User | undefined {
  for (const line of passwd.split('\n')) {
    const [login = '', , uid = '', gid = '', , home = ''] = line.split(':');
    if (login === '' || uid === '' || (login !== name && uid !== name)) continue;
    return { name: login, uid: Number(uid), gid: Number(gid), home };
  }
  return undefined;
}

function getent(name: string): Promise<string> {
  return new Promise((resolve) => {
    execFile('getent', ['--', 'passwd', name], { timeout: 5000, killSignal: 'SIGKILL' }, (error, stdout) => {
      resolve(error === null ? stdout : '');
    });
  });
}

/** Names this boot of the machine: pids and start ticks mean nothing in another one. */
export function bootId(): string {
  return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

interface Stat extends ProcessIdentity {
  readonly state: string;
  readonly parent: number;
  readonly group: number;
}

/** What proc(5) says in /proc/PID/stat; the name in brackets may hold anything, so it is read from the last bracket on. */
function readStat(pid: number): Stat | undefined {
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
      const bytes = fs.readSync(fd, scratch, length, scratch.length - length, null);
      length += bytes;
      if (bytes === 0) return scratch.subarray(0, length);
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
function isDead(stat: Stat | undefined): boolean {
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

function groupExists(pgid: number): boolean {
  if (pgid <= 1) return false;
  try {
    process.kill(-pgid, 0);
    return true;
  } catch (thrown) {
    return errorCode(thrown) === 'EPERM';
  }
}

/** Signals every member of a group; false when there is none (or it may not be signalled). Refuses init's group and our own. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): boolean {
  if (!Number.isInteger(pgid) || pgid <= 1 || pgid === readStat(process.pid)?.group) return false;
  return send(-pgid, signal);
}

function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid) return false;
  return send(pid, signal);
}

function send(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false;
  }
}

export interface EnvMatch extends ProcessIdentity {
  readonly group: number;
  readonly value: string;
}

/** The living processes whose environment has `name` with a value that starts with `prefix`. Skips what cannot be read. */
export function processesWithEnv(name: string, prefix: string): EnvMatch[] {
  const needle = Buffer.from(`${name}=${prefix}`);
  const found: EnvMatch[] = [];
  // A process in the middle of exec shows an empty environment for a moment: those are read again at the end.
  const empty: number[] = [];
  const look = (pid: number): boolean => {
    const environ = readProc(`/proc/${pid}/environ`);
    if (environ === undefined) return true;
    const value = environ.length === 0 ? undefined : valueIn(environ, needle, name.length + 1);
    if (value === undefined) return environ.length > 0;
    const stat = readStat(pid);
    if (stat !== undefined && !isDead(stat)) found.push({ pid, startTicks: stat.startTicks, group: stat.group, value });
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

/** All the living processes of a life: the groups to signal whole, and who is in them or carries the life elsewhere. */
interface Tree {
  readonly groups: readonly number[];
  readonly members: readonly Stat[];
}

function findTree(end: TreeToEnd): Tree {
  const groups = new Set<number>();
  const carriers = new Set<number>();
  if (end.pgid !== undefined && groupExists(end.pgid) && !isReused(end.pgid, end.startTicks)) groups.add(end.pgid);
  for (const match of processesWithEnv(LIFE_VARIABLE, end.life)) {
    if (match.value !== end.life) continue;
    carriers.add(match.pid);
    groups.add(match.group);
  }
  if (groups.size === 0) return { groups: [], members: [] };
  const spared = ourselves();
  for (const own of spared) groups.delete(own.group);
  const sparedPids = new Set(spared.map((own) => own.pid));
  const members = allPids()
    .filter((pid) => pid > 1 && !sparedPids.has(pid))
    .map(readStat)
    .filter((stat) => stat !== undefined && !isDead(stat) && (groups.has(stat.group) || carriers.has(stat.pid)));
  return { groups: [...groups].filter((group) => group > 1), members: members as Stat[] };
}

/** A leader with other start ticks is a stranger with a recycled number: while a group lives, its number is not given out. */
function isReused(pgid: number, startTicks: number | undefined): boolean {
  const leader = readStat(pgid);
  return startTicks !== undefined && leader !== undefined && leader.startTicks !== startTicks;
}

/** This process and what started it, never to be ended: an operator may work in a shell that a service opened. */
function ourselves(): Stat[] {
  const chain: Stat[] = [];
  for (let stat = readStat(process.pid); stat !== undefined; stat = readStat(stat.parent)) {
    chain.push(stat);
    if (stat.parent <= 1) break;
  }
  return chain;
}

function signalTree(tree: Tree, signal: NodeJS.Signals): void {
  for (const group of tree.groups) signalGroup(group, signal);
  for (const { pid, group } of tree.members) if (!tree.groups.includes(group)) signalProcess(pid, signal);
}

export interface TreeToEnd {
  /** The group that the main process led. */
  readonly pgid?: number;
  /** Start ticks of its leader, so that a recycled number is left alone. */
  readonly startTicks?: number;
  /** The whole value of VAHTI_LIFE: who carries it belongs to the tree, wherever it went. */
  readonly life: string;
  /** From SIGTERM to SIGKILL, milliseconds. */
  readonly deadlineMs: number;
  readonly clock: Clock;
}

export type TreeEnd =
  | { readonly kind: 'gone'; readonly killed: boolean }
  | { readonly kind: 'stuck'; readonly pids: readonly number[] };

/** What SIGKILL has not ended after this long sits in the kernel (a dead disk, NFS). */
const KILL_PATIENCE_MS = 5000;
const LONGEST_POLL_MS = 20;

/**
 * Ends a whole tree: SIGTERM (and SIGCONT, for who is stopped), at the deadline SIGKILL, 5 s later `stuck`.
 * Returns at once when nothing lives. Zombies count as gone.
 */
export async function endTree(end: TreeToEnd): Promise<TreeEnd> {
  const killAt = end.clock.monotonic() + end.deadlineMs;
  let tree = findTree(end);
  if (tree.members.length === 0) return { kind: 'gone', killed: false };
  while (end.clock.monotonic() < killAt) {
    signalTree(tree, 'SIGTERM');
    signalTree(tree, 'SIGCONT');
    await allGone(tree.members, killAt, end.clock);
    if (end.clock.monotonic() >= killAt) break;
    // Whoever came up meanwhile (a child forked on the way out) is asked too.
    tree = findTree(end);
    if (tree.members.length === 0) return { kind: 'gone', killed: false };
  }
  return killTree(end);
}

async function killTree(end: TreeToEnd): Promise<TreeEnd> {
  const stuckAt = end.clock.monotonic() + KILL_PATIENCE_MS;
  let killed = false;
  for (;;) {
    const tree = findTree(end);
    if (tree.members.length === 0) return { kind: 'gone', killed };
    if (end.clock.monotonic() >= stuckAt) return { kind: 'stuck', pids: tree.members.map(({ pid }) => pid) };
    signalTree(tree, 'SIGKILL');
    killed = true;
    await allGone(tree.members, Math.min(stuckAt, end.clock.monotonic() + 100), end.clock);
  }
}

/** Waits until none of them lives, or the time (monotonic) has come. The kernel tells only a parent, so this polls. */
async function allGone(members: readonly ProcessIdentity[], until: number, clock: Clock): Promise<void> {
  const left = [...members];
  for (let pollMs = 1; ; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
    for (let last = left.at(-1); last !== undefined && !processAlive(last); last = left.at(-1)) left.pop();
    const remaining = until - clock.monotonic();
    if (left.length === 0 || remaining <= 0) return;
    await clock.sleep(Math.min(pollMs, remaining));
  }
}
