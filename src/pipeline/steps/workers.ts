import type { Writable } from 'node:stream';
import { createLineSplitter } from '../../core/lines.ts';
import { endTree, type Exit, LIFE_VARIABLE, type Process, startProcess } from '../../core/processes.ts';
import { approximateDuration } from '../../core/durations.ts';
import type { StepPlan } from '../plan.ts';
import type { ChildEnd, ChildSpec } from './child.ts';
import type { Manifest } from './folder.ts';
import type { RunLog } from './run-log.ts';

/**
 * Commands that stay: `{"run": MANIFEST}` goes to their standard input, one line each, and `{"done": {"exit": CODE}}` comes back on
 * their standard output; `exit` may be left out for 0. Whatever else they print is log.
 */
export interface Workers {
  /**
   * Gives a run to a worker of the step that is idle, or to a new one. A worker that takes too long, or dies, is replaced.
   * @param tool what it is made with: a worker that was started with something else is ended, and replaced.
   */
  run(step: StepPlan, spec: ChildSpec, manifest: Manifest, tool: string): Promise<ChildEnd>;
  /** Ends all of them. */
  close(): Promise<void>;
}

interface Worker {
  readonly process: Process;
  readonly spec: ChildSpec;
  readonly tool: string;
  /** Where its lines go: to the run that it has. */
  log: RunLog | undefined;
  done: ((code: number) => void) | undefined;
  exited: Exit | undefined;
}

const LONGEST_LINE = 1_048_576;

export function createWorkers(): Workers {
  const idle = new Map<string, Worker[]>();
  const all = new Set<Worker>();
  const start = (spec: ChildSpec, step: string, tool: string): Worker => {
    const worker = startWorker({ ...spec, life: `${spec.life}/worker-${step}` }, tool);
    all.add(worker);
    void worker.process.exited.then(() => all.delete(worker));
    return worker;
  };
  return {
    async run(step, spec, manifest, tool) {
      const free = idle.get(step.name) ?? [];
      idle.set(step.name, free);
      // One that died while it was idle took nothing with it.
      let worker = free.pop();
      while (worker !== undefined && (worker.exited !== undefined || worker.tool !== tool)) {
        if (worker.exited === undefined) await endWorker(worker, worker.spec.stopMs);
        worker = free.pop();
      }
      worker ??= start(spec, step.name, tool);
      const end = await give(worker, spec, manifest);
      if (end.kind === 'exit' && worker.exited === undefined) free.push(worker);
      return end;
    },
    async close() {
      await Promise.all([...all].map((worker) => endWorker(worker, worker.spec.stopMs)));
    },
  };
}

function startWorker(spec: ChildSpec, tool: string): Worker {
  const { argv, cwd, life } = spec;
  const child = startProcess({
    argv,
    cwd,
    env: { ...spec.env, [LIFE_VARIABLE]: life },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const worker: Worker = { process: child, spec, tool, log: undefined, done: undefined, exited: undefined };
  void child.exited.then((exit) => {
    worker.exited = exit;
  });
  const lines = createLineSplitter({
    maxBytes: LONGEST_LINE,
    onLine(line) {
      const code = doneCode(line);
      if (code === undefined) worker.log?.take(Buffer.concat([line, Buffer.from('\n')]));
      else worker.done?.(code);
    },
  });
  child.stdout?.on('data', (chunk: Buffer) => lines.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => worker.log?.take(chunk));
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.on('error', () => {});
  return worker;
}

/** The exit code of a line `{"done": …}`; undefined for any other line. */
function doneCode(line: Buffer): number | undefined {
  if (line[0] !== 0x7b) return undefined;
  try {
    const { done } = JSON.parse(line.toString('utf8')) as { done?: { exit?: unknown } };
    if (typeof done !== 'object' || done === null) return undefined;
    return Number.isInteger(done.exit) ? Number(done.exit) : 0;
  } catch {
    return undefined;
  }
}

async function give(worker: Worker, spec: ChildSpec, manifest: Manifest): Promise<ChildEnd> {
  const { clock, signal, timeoutMs } = spec;
  const { promise, resolve } = Promise.withResolvers<{ code: number } | { exit: Exit } | { why: string }>();
  worker.log = spec.log;
  worker.done = (code) => resolve({ code });
  void worker.process.exited.then((exit) => resolve({ exit }));
  const deadline = clock.timer(timeoutMs, () =>
    resolve({ why: `timed out after ${approximateDuration(timeoutMs)}` }),
  );
  const stop = (): void => resolve({ why: 'ended, since the pipeline ends' });
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  else send(worker.process.stdin, { run: manifest });
  const end = await promise;
  deadline.cancel();
  signal.removeEventListener('abort', stop);
  worker.log = undefined;
  worker.done = undefined;
  if ('code' in end) return { kind: 'exit', exit: { kind: 'exited', code: end.code } };
  if ('exit' in end) return diedOf(end.exit);
  const stuck = await endWorker(worker, spec.stopMs);
  if (stuck !== undefined) return { kind: 'stuck', pids: stuck };
  return { kind: 'ended', why: end.why, stopped: signal.aborted };
}

/** A worker that ends within a run has not made it, whatever its code says. */
function diedOf(exit: Exit): ChildEnd {
  if (exit.kind !== 'exited') return { kind: 'exit', exit };
  return { kind: 'ended', why: `the worker ended with code ${exit.code} within the run`, stopped: false };
}

function send(stdin: Writable | null, message: object): void {
  stdin?.write(`${JSON.stringify(message)}\n`);
}

async function endWorker(
  { process, spec }: Worker,
  deadlineMs: number,
): Promise<readonly number[] | undefined> {
  const { pid, startTicks } = process;
  process.stdin?.end();
  if (pid === undefined) return undefined;
  const ticks = startTicks === undefined ? {} : { startTicks };
  const { life, clock } = spec;
  const end = await endTree({ pgid: pid, ...ticks, life, deadlineMs, clock });
  return end.kind === 'stuck' ? end.pids : undefined;
}
