import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../core/clock.ts';
import { groupExists } from '../core/process-table.ts';
import { endTree, type Exit, LIFE_VARIABLE, type Process, startProcess } from '../core/processes.ts';

export interface ProgramRun {
  readonly argv: readonly string[];
  /** What it reads on stdin. */
  readonly input?: Iterable<string> | AsyncIterable<Uint8Array>;
  /** Gets what it says on stdout. */
  readonly output?: (piece: Buffer) => void;
  /** It is ended when it says nothing and takes nothing of its input for that long, milliseconds. */
  readonly idleMs: number;
  /** It is ended after that long in any case, milliseconds. */
  readonly deadlineMs?: number;
}

export interface ProgramEnd {
  /** `silent`: one of its deadlines came. */
  readonly exit: Exit | { readonly kind: 'silent' };
  /** The last lines of stderr. */
  readonly said: readonly string[];
}

/** Where programs run: environment, folder, clock, and what ends them. */
export interface Programs {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const MOST_SAID = 16_384;
const MOST_LINES = 50;
/** From SIGTERM to SIGKILL, milliseconds: rsync puts by what it has of a file. */
const END_MS = 3_000;
/** For what the pipes still hold once nobody of it lives. */
const DRAIN_MS = 1_000;

/**
 * Runs a program in a group and a life of its own to its end, and leaves nothing of it behind.
 * Rejects with the reason of the signal when that aborts, after everything of it is gone.
 */
export async function runProgram(
  run: ProgramRun,
  { env, cwd, clock, signal }: Programs,
): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const life = `${env[LIFE_VARIABLE] ?? 'verb'}/${randomUUID()}`;
  const program = startProcess({
    argv: run.argv,
    env: { ...env, LC_ALL: 'C', [LIFE_VARIABLE]: life },
    cwd,
    stdin: run.input === undefined ? 'none' : 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const idle = patience(run.idleMs, clock);
  const said = createTail();
  program.stdout?.on('data', (piece: Buffer) => {
    idle.renew();
    run.output?.(piece);
  });
  program.stderr?.on('data', (piece: Buffer) => {
    idle.renew();
    said.push(piece);
  });
  for (const pipe of [program.stdout, program.stderr]) pipe?.on('error', () => {});
  const fed = feed(program, run.input, idle.renew);
  const told = aborted(signal);
  const late = lateness(run.deadlineMs, clock);
  const end = await Promise.race([program.exited, idle.over, late.over, told.promise]);
  idle.cancel();
  late.cancel();
  told.forget();
  await endAll(program, life, end.kind === 'exited' || end.kind === 'failed', clock);
  await drained(program, clock);
  program.stdin?.destroy();
  await fed;
  signal.throwIfAborted();
  return { exit: end.kind === 'told' ? { kind: 'silent' } : end, said: said.lines() };
}

/** Why a program whose output was read did not do its work; the message is what it said last. */
export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed';
}

/**
 * What a program says on stdout, piece by piece, as fast as it is read; nothing of it is left behind, whenever the reader stops.
 * @throws ProgramFailed when it did not end well; the reason of the signal when that aborts.
 */
export async function* programOutput(
  argv: readonly string[],
  { env, cwd, clock, signal }: Programs,
): AsyncGenerator<Buffer, void> {
  signal.throwIfAborted();
  const life = `${env[LIFE_VARIABLE] ?? 'verb'}/${randomUUID()}`;
  const program = startProcess({
    argv,
    env: { ...env, LC_ALL: 'C', [LIFE_VARIABLE]: life },
    cwd,
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const said = createTail();
  program.stderr?.on('data', (piece: Buffer) => said.push(piece));
  program.stderr?.on('error', () => {});
  const stop = (): void => {
    program.stdout?.destroy(signal.reason as Error);
  };
  signal.addEventListener('abort', stop, { once: true });
  let isOver = false;
  try {
    if (program.stdout !== null) yield* program.stdout as AsyncIterable<Buffer>;
    const exit = await program.exited;
    isOver = true;
    await drained(program, clock);
    if (exit.kind === 'failed') throw new ProgramFailed(exit.error);
    if (exit.kind !== 'exited' || exit.code !== 0)
      throw new ProgramFailed(said.lines().at(-1) ?? `${argv[0] ?? ''} failed`);
  } finally {
    signal.removeEventListener('abort', stop);
    await endAll(program, life, isOver, clock);
    await drained(program, clock);
  }
}

/** Who does not read it all is none the worse for it: the exit code says what came of it. */
async function feed({ stdin }: Process, input: ProgramRun['input'], renew: () => void): Promise<void> {
  if (stdin === null || input === undefined) return;
  const taken = async function* (pieces: AsyncIterable<string | Uint8Array>) {
    for await (const piece of pieces) {
      // It is asked for only when there is room: what takes its input is at work.
      renew();
      yield piece;
    }
  };
  await pipeline(Readable.from(input), taken, stdin).catch(() => undefined);
}

function patience(idleMs: number, clock: Clock) {
  let give: (end: { readonly kind: 'silent' }) => void = () => {};
  const over = new Promise<{ readonly kind: 'silent' }>((resolve) => {
    give = resolve;
  });
  let last = clock.monotonic();
  const arm = (ms: number) =>
    clock.timer(ms, () => {
      const left = last + idleMs - clock.monotonic();
      if (left <= 0) give({ kind: 'silent' });
      else timer = arm(left);
    });
  let timer = arm(idleMs);
  return {
    over,
    renew: () => {
      last = clock.monotonic();
    },
    cancel: () => timer.cancel(),
  };
}

function lateness(deadlineMs: number | undefined, clock: Clock) {
  let give: (end: { readonly kind: 'silent' }) => void = () => {};
  const over = new Promise<{ readonly kind: 'silent' }>((resolve) => {
    give = resolve;
  });
  const timer =
    deadlineMs === undefined ? undefined : clock.timer(deadlineMs, () => give({ kind: 'silent' }));
  return { over, cancel: () => timer?.cancel() };
}

function aborted(signal: AbortSignal) {
  let give = (): void => {};
  const promise = new Promise<{ readonly kind: 'told' }>((resolve) => {
    give = () => resolve({ kind: 'told' });
  });
  if (signal.aborted) give();
  signal.addEventListener('abort', give, { once: true });
  return { promise, forget: () => signal.removeEventListener('abort', give) };
}

async function endAll(
  { pid, startTicks, exited }: Process,
  life: string,
  isOver: boolean,
  clock: Clock,
): Promise<void> {
  if (pid === undefined || (isOver && !groupExists(pid))) return;
  const ticks = startTicks === undefined ? {} : { startTicks };
  const end = await endTree({ pgid: pid, ...ticks, life, deadlineMs: isOver ? 0 : END_MS, clock });
  if (end.kind === 'gone') await exited;
}

async function drained({ stdout, stderr }: Process, clock: Clock): Promise<void> {
  const enough = new AbortController();
  const ends = [stdout, stderr].map(
    (pipe) =>
      new Promise<void>((resolve) => {
        if (pipe === null || pipe.closed) resolve();
        else pipe.once('close', resolve);
      }),
  );
  await Promise.race([Promise.all(ends), clock.sleep(DRAIN_MS, enough.signal)]);
  enough.abort();
  stdout?.destroy();
  stderr?.destroy();
}

function createTail() {
  let text = Buffer.alloc(0);
  return {
    push(piece: Buffer): void {
      text = Buffer.concat([text, piece]).subarray(-MOST_SAID);
    },
    lines: (): readonly string[] =>
      text
        .toString('utf8')
        .split(/[\r\n]+/)
        .map((line) => line.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').trim())
        .filter((line) => line !== '')
        .slice(-MOST_LINES),
  };
}
