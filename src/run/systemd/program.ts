import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import { endTree, type Exit, LIFE_VARIABLE, startProcess } from '../../core/processes.ts';

/** How the programs of systemd are run. */
export interface ProgramDeps {
  readonly clock: Clock;
  /** The VAHTI_LIFE that they carry, so that the next daemon finds what is left of them. */
  readonly life: string;
  /** More for their environment. */
  readonly variables?: Readonly<Record<string, string>>;
}

export interface ProgramOptions {
  /** From its start to KILL, milliseconds. */
  readonly deadlineMs: number;
  /** Of each output so much is kept; what comes then is dropped. */
  readonly mostBytes: number;
  /** Ends it at once. */
  readonly signal?: AbortSignal;
  /** Takes what it writes to stdout instead. */
  readonly take?: (chunk: Buffer) => void;
}

export interface ProgramEnd {
  readonly exit: Exit | { readonly kind: 'timeout' | 'aborted' };
  readonly stdout: string;
  readonly stderr: string;
}

/** What systemctl and journalctl find in their environment: nothing that changes how they print. Times are in UTC. */
export function programEnvironment(life: string): Readonly<Record<string, string>> {
  const path = process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin';
  const plain = { LC_ALL: 'C.UTF-8', TZ: 'UTC', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' };
  return { PATH: path, ...plain, [LIFE_VARIABLE]: life };
}

/** Runs a program to its end. Never rejects; nothing of it lives when this resolves. */
export async function runProgram(
  argv: readonly string[],
  { clock, life: whose, variables }: ProgramDeps,
  { deadlineMs, mostBytes, signal, take }: ProgramOptions,
): Promise<ProgramEnd> {
  const life = `${whose}/${randomUUID()}`;
  const child = startProcess({
    argv,
    env: { ...programEnvironment(life), ...variables },
    cwd: '/',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const out = gather(child.stdout, mostBytes, take);
  const err = gather(child.stderr, mostBytes);
  const over = new AbortController();
  const patience = AbortSignal.any(signal === undefined ? [over.signal] : [over.signal, signal]);
  const late = clock.sleep(deadlineMs, patience).then((slept) => (slept ? 'timeout' : 'aborted'));
  const ended = Promise.all([child.exited, out.ended, err.ended]);
  const first = await Promise.race([ended, late]);
  over.abort();
  if (typeof first !== 'string') return { exit: first[0], stdout: out.text(), stderr: err.text() };
  const group = child.pid === undefined ? {} : { pgid: child.pid };
  const ticks = child.startTicks === undefined ? {} : { startTicks: child.startTicks };
  await endTree({ ...group, ...ticks, life, deadlineMs: 0, clock });
  child.stdout?.destroy();
  child.stderr?.destroy();
  return { exit: { kind: first }, stdout: out.text(), stderr: err.text() };
}

function gather(
  pipe: Readable | null,
  most: number,
  take?: (chunk: Buffer) => void,
): { readonly ended: Promise<void>; readonly text: () => string } {
  const chunks: Buffer[] = [];
  let left = most;
  pipe?.on('data', (chunk: Buffer) => {
    if (take !== undefined) return take(chunk);
    if (left > 0) chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
  });
  // A pipe that breaks says no more; `close` follows.
  pipe?.on('error', () => {});
  return {
    ended: pipe === null ? Promise.resolve() : new Promise((resolve) => pipe.once('close', () => resolve())),
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}
