import type { Readable } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import { treeMemory } from '../../core/process-memory.ts';
import { endTree, type Exit, groupAlive, LIFE_VARIABLE, startProcess } from '../../core/processes.ts';
import { approximateSize } from '../../core/sizes.ts';
import { approximateDuration } from '../../core/durations.ts';
import type { RunLog } from './run-log.ts';

/** A command of a step that is run once. */
export interface ChildSpec {
  readonly argv: readonly string[];
  /** The complete environment, but for the life. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What its whole tree carries. */
  readonly life: string;
  readonly timeoutMs: number;
  readonly stopMs: number;
  readonly memoryBytes?: number;
  /** Takes what it prints. */
  readonly log: RunLog;
  readonly clock: Clock;
  /** Aborted: it is ended. */
  readonly signal: AbortSignal;
}

/** How it ended: by itself, or by whom, in words. `stuck`: even KILL did not end all of it. */
export type ChildEnd =
  | { readonly kind: 'exit'; readonly exit: Exit }
  | { readonly kind: 'ended'; readonly why: string; readonly stopped: boolean }
  | { readonly kind: 'stuck'; readonly pids: readonly number[] };

/** What still comes through the pipes of a process that is gone is waited for so long. */
const PIPES_MS = 1000;
const MEMORY_MS = 1000;

/** Runs a command to its end, in a process group of its own. Nothing of it lives when this resolves, but for what is `stuck`. */
export async function runChild(spec: ChildSpec): Promise<ChildEnd> {
  const { argv, cwd, life, clock, signal } = spec;
  const child = startProcess({
    argv,
    cwd,
    env: { ...spec.env, [LIFE_VARIABLE]: life },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const pipes = [child.stdout, child.stderr].map((pipe) => follow(pipe, spec.log));
  const limits = limitsOf(spec, child.pid);
  const why = await Promise.race([child.exited.then(() => undefined), limits.broken]);
  limits.close();
  const { pid, startTicks } = child;
  const tree = {
    ...(pid === undefined ? {} : { pgid: pid }),
    ...(startTicks === undefined ? {} : { startTicks }),
  };
  if (why !== undefined || (pid !== undefined && groupAlive(pid))) {
    const gone = await endTree({ ...tree, life, deadlineMs: why === undefined ? 0 : spec.stopMs, clock });
    if (gone.kind === 'stuck') {
      for (const pipe of pipes) pipe.close();
      return { kind: 'stuck', pids: gone.pids };
    }
  }
  await drained(pipes, clock);
  if (why !== undefined) return { kind: 'ended', why, stopped: signal.aborted };
  return { kind: 'exit', exit: await child.exited };
}

interface Followed {
  readonly ended: Promise<void>;
  close(): void;
}

function follow(pipe: Readable | null, log: RunLog): Followed {
  if (pipe === null) return { ended: Promise.resolve(), close: () => {} };
  pipe.on('data', (chunk: Buffer) => log.take(chunk));
  // A pipe of a process that is gone may break: what came through it is all that there is.
  pipe.on('error', () => {});
  const ended = new Promise<void>((resolve) => pipe.once('close', () => resolve()));
  return { ended, close: () => pipe.destroy() };
}

/** A process that escaped may keep a pipe open for ever. */
async function drained(pipes: readonly Followed[], clock: Clock): Promise<void> {
  const late = clock.timer(PIPES_MS, () => {
    for (const pipe of pipes) pipe.close();
  });
  await Promise.all(pipes.map(({ ended }) => ended));
  late.cancel();
}

/** Resolves with a reason as soon as the command may not run any longer. */
function limitsOf(
  { timeoutMs, memoryBytes, life, clock, signal }: ChildSpec,
  pgid: number | undefined,
): { readonly broken: Promise<string>; close(): void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const stop = (): void => resolve('ended, since the pipeline ends');
  const deadline = clock.timer(timeoutMs, () => resolve(`timed out after ${approximateDuration(timeoutMs)}`));
  // To abort one takes longer than all else here: only who is watched has one.
  const over = memoryBytes === undefined || pgid === undefined ? undefined : new AbortController();
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  if (over !== undefined) void watchMemory(Number(pgid), Number(memoryBytes), over.signal);
  return {
    broken: promise,
    close() {
      deadline.cancel();
      over?.abort();
      signal.removeEventListener('abort', stop);
    },
  };

  async function watchMemory(group: number, most: number, ended: AbortSignal): Promise<void> {
    while (await clock.sleep(MEMORY_MS, ended)) {
      const bytes = await treeMemory({ pgid: group, life }).catch(() => undefined);
      if (bytes !== undefined && bytes > most)
        return resolve(`took ${approximateSize(bytes)} of memory, ${approximateSize(most)} at most`);
    }
  }
}
