import { execFile, spawn, type StdioOptions } from 'node:child_process';
import * as fs from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from './clock.ts';
import {
  groupExists,
  isDead,
  ourselves,
  processAlive,
  readStat,
  takeCensus,
  type ProcessIdentity,
  type Stat,
} from './process-table.ts';
import { whyNotStarted } from './command.ts';
import { groupMembers } from './control-group.ts';
import { wrapCommand } from './exec-wrapper.ts';
import { asError } from './result.ts';

export { bootId, groupAlive, LIFE_VARIABLE, processAlive, processesWithEnv } from './process-table.ts';

// Operating-system processes: the only place that spawns and signals (process-table.ts looks).
// Every process started here leads a session and a group of its own, so that its whole tree can be ended.

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
  /** How many files it may have open, soft and hard (RLIMIT_NOFILE). */
  readonly openFiles?: number;
  /** The processors that it may run on, by their numbers. */
  readonly processors?: readonly number[];
  /** Default `none`: it reads nothing. */
  readonly stdin?: 'none' | 'pipe' | 'inherit';
  /** Default `ignore`. A pipe is a socket pair, as Node makes it: /dev/stdout cannot be opened by its name there. */
  readonly stdout?: Output;
  readonly stderr?: Output;
  /** A descriptor (3 or more) on which the child gets a pipe that we read: see `notify`. */
  readonly notifyFd?: number;
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
  /** Our end of the pipe on `notifyFd`. */
  readonly notify: Readable | null;
  /** Resolves when the process itself is over; its children and its pipes may live on. Never rejects. */
  readonly exited: Promise<Exit>;
}

/** The user's HOME, USER and LOGNAME, for an environment. */
export function userEnvironment(user: User): Record<string, string> {
  return { HOME: user.home, USER: user.name, LOGNAME: user.name };
}

/** Starts a process. Never throws for what the operating system refuses: `exited` says it. */
export function startProcess(spec: ProcessSpec): Process {
  const command = wrapCommand(spec);
  if (!command.ok) return failedProcess(command.error);
  const [file = '', ...args] = command.value;
  try {
    const child = spawn(file, args, {
      cwd: spec.cwd,
      env: { ...spec.env },
      detached: true,
      stdio: stdioOf(spec),
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
    return {
      pid: child.pid,
      startTicks,
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      notify: spec.notifyFd === undefined ? null : ((child.stdio[spec.notifyFd] ?? null) as Readable | null),
      exited,
    };
  } catch (thrown) {
    return failedProcess(whyNotStarted(spec, asError(thrown)));
  }
}

/** A process that could not be started, for the reason given. */
export function failedProcess(error: string): Process {
  const exited = Promise.resolve<Exit>({ kind: 'failed', error });
  const none = { stdin: null, stdout: null, stderr: null, notify: null };
  return { pid: undefined, startTicks: undefined, ...none, exited };
}

/** Descriptors between the three standard ones and `notifyFd` stay closed. */
function stdioOf({
  stdin = 'none',
  stdout = 'ignore',
  stderr = 'ignore',
  notifyFd,
}: ProcessSpec): StdioOptions {
  const standard = [stdin === 'none' ? 'ignore' : stdin, stdout, stderr] as const;
  if (notifyFd === undefined) return [...standard];
  return [...standard, ...Array<'ignore'>(notifyFd - standard.length).fill('ignore'), 'pipe'];
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

/** Signals every member of a group; false when there is none (or it may not be signalled). Refuses init's group and our own. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): boolean {
  if (!Number.isInteger(pgid) || pgid <= 1 || pgid === readStat(process.pid)?.group) return false;
  return send(-pgid, signal);
}

/** Signals one process; false when there is none (or it may not be signalled). Refuses init and ourselves. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
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

/** All the living processes of a life: the groups to signal whole, and who is in them or carries the life elsewhere. */
interface Tree {
  readonly groups: readonly number[];
  readonly members: readonly Stat[];
}

async function findTree(end: TreeName): Promise<Tree> {
  const { carriers, everybody } = await takeCensus();
  const ours = carriers((value) => value === end.life || value.startsWith(`${end.life}/`));
  const groups = new Set(ours.map((match) => match.group));
  if (end.pgid !== undefined && groupExists(end.pgid) && !isReused(end.pgid, end.startTicks))
    groups.add(end.pgid);
  if (groups.size === 0) return { groups: [], members: [] };
  const spared = ourselves();
  for (const own of spared) groups.delete(own.group);
  const pids = new Set(ours.map((match) => match.pid));
  for (const own of spared) pids.delete(own.pid);
  const members = everybody().filter(
    (stat) => !isDead(stat) && (groups.has(stat.group) || pids.has(stat.pid)),
  );
  return { groups: [...groups].filter((group) => group > 1), members };
}

/** A leader with other start ticks is a stranger with a recycled number: while a group lives, its number is not given out. */
function isReused(pgid: number, startTicks: number | undefined): boolean {
  const leader = readStat(pgid);
  return startTicks !== undefined && leader !== undefined && leader.startTicks !== startTicks;
}

function signalTree(tree: Tree, signal: NodeJS.Signals): void {
  for (const group of tree.groups) signalGroup(group, signal);
  for (const { pid, group } of tree.members) if (!tree.groups.includes(group)) signalProcess(pid, signal);
}

/** The living processes of a life: its control group where it has one of its own, else its group, and whoever carries the life. */
export async function treeMembers(tree: TreeName): Promise<readonly ProcessIdentity[]> {
  const grouped = tree.controlGroup === undefined ? undefined : groupMembers(tree.controlGroup);
  return grouped ?? (await findTree(tree)).members;
}

/** What a tree is found by. */
export interface TreeName {
  /** The group that the main process led. */
  readonly pgid?: number;
  /** Start ticks of its leader, so that a recycled number is left alone. */
  readonly startTicks?: number;
  /** The whole value of VAHTI_LIFE: who carries it belongs to the tree, wherever it went. */
  readonly life: string;
  /** The control group that is its alone, a unit of systemd's: who is in it is looked at, never ended. */
  readonly controlGroup?: string;
}

export interface TreeToEnd extends TreeName {
  /** From the first signal to SIGKILL, milliseconds. */
  readonly deadlineMs: number;
  /** What asks the main process to end; default SIGTERM. Once that is over, the rest is asked by SIGTERM. */
  readonly signal?: NodeJS.Signals;
  /** The main process ends its own children: it alone is asked, what it leaves is asked when it is gone. */
  readonly mainFirst?: boolean;
  /** Aborted: the deadline is now. */
  readonly hurry?: AbortSignal;
  readonly clock: Clock;
}

export type TreeEnd =
  | { readonly kind: 'gone'; readonly killed: boolean }
  | { readonly kind: 'stuck'; readonly pids: readonly number[] };

/** What SIGKILL has not ended after this long sits in the kernel (a dead disk, NFS). */
const KILL_PATIENCE_MS = 5000;
const LONGEST_POLL_MS = 20;

/**
 * Ends a whole tree: its signal (and SIGCONT, for who is stopped), at the deadline SIGKILL, 5 s later `stuck`.
 * Returns at once when nothing lives. Zombies count as gone.
 */
export async function endTree(end: TreeToEnd): Promise<TreeEnd> {
  const killAt = end.clock.monotonic() + end.deadlineMs;
  let tree = await findTree(end);
  if (tree.members.length === 0) return { kind: 'gone', killed: false };
  const patient = (): boolean => end.clock.monotonic() < killAt && end.hurry?.aborted !== true;
  while (patient()) {
    const isWaitedFor = end.mainFirst === true || end.signal !== undefined;
    const leader = isWaitedFor ? tree.members.filter(({ pid }) => pid === end.pgid) : [];
    const asked = end.mainFirst === true && leader.length > 0 ? { groups: [], members: leader } : tree;
    signalTree(asked, leader.length === 0 ? 'SIGTERM' : (end.signal ?? 'SIGTERM'));
    signalTree(asked, 'SIGCONT');
    await allGone(leader.length === 0 ? tree.members : leader, killAt, end.clock, end.hurry);
    if (!patient()) break;
    // Whoever came up meanwhile (a child forked on the way out) is asked too.
    tree = await findTree(end);
    if (tree.members.length === 0) return { kind: 'gone', killed: false };
  }
  return killTree(end);
}

async function killTree(end: TreeToEnd): Promise<TreeEnd> {
  const stuckAt = end.clock.monotonic() + KILL_PATIENCE_MS;
  let killed = false;
  for (;;) {
    const tree = await findTree(end);
    if (tree.members.length === 0) return { kind: 'gone', killed };
    if (end.clock.monotonic() >= stuckAt) return { kind: 'stuck', pids: tree.members.map(({ pid }) => pid) };
    signalTree(tree, 'SIGKILL');
    killed = true;
    await allGone(tree.members, Math.min(stuckAt, end.clock.monotonic() + 100), end.clock);
  }
}

/** Waits until none of them lives, or the time (monotonic) has come. The kernel tells only a parent, so this polls. */
async function allGone(
  members: readonly ProcessIdentity[],
  until: number,
  clock: Clock,
  hurry?: AbortSignal,
): Promise<void> {
  const left = [...members];
  for (let pollMs = 1; ; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
    for (let last = left.at(-1); last !== undefined && !processAlive(last); last = left.at(-1)) left.pop();
    const remaining = until - clock.monotonic();
    if (left.length === 0 || remaining <= 0 || hurry?.aborted === true) return;
    await clock.sleep(Math.min(pollMs, remaining));
  }
}
