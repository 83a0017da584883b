import type { Readable } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import { endTree, type Exit, LIFE_VARIABLE, type Process, startProcess } from '../../core/processes.ts';
import type { Scope } from '../../core/scope.ts';
import type { StreamSink, StreamSource } from '../../core/source.ts';
import { logStderr } from './command-stderr.ts';
import type { Interruptions } from './interruptions.ts';
import { readLines } from './line-inflow.ts';
import type { LineOptions } from './line-reader.ts';
import { onceAborted } from './once-aborted.ts';
import { reconnecting } from './reconnecting.ts';

/** From SIGTERM to SIGKILL, when nothing else is said. */
const STOP_MS = 5_000;
/** How long a pipe may stay open when everybody who had it is gone: a stranger holds it. */
const PIPE_MS = 1_000;
/** Between two tries to end what not even SIGKILL ended. */
const STUCK_MS = 10_000;

export interface ExecLinesOptions extends LineOptions {
  readonly argv: readonly string[];
  /** The complete environment but for VAHTI_LIFE: nothing else is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The command's VAHTI_LIFE, of its own: whoever carries it is ended together with the command. */
  readonly life: string;
  /** From SIGTERM to SIGKILL, milliseconds; default 5 s. */
  readonly stopMs?: number | undefined;
}

/**
 * The standard output of a command, line by line. It is started again with back-off and jitter when it ends, whatever its exit
 * code, and only when its whole tree is gone; its pipe is not read while the sink is full. Its standard error goes to the log.
 * No replay: the time between two runs is declared as a gap.
 */
export function createExecLinesSource(options: ExecLinesOptions): StreamSource {
  return {
    numbers: 'dense',
    run: (scope, sink) =>
      reconnecting(scope, sink, options.random, (interruptions) =>
        runOnce(options, scope, sink, interruptions),
      ),
  };
}

async function runOnce(
  options: ExecLinesOptions,
  scope: Scope,
  sink: StreamSink,
  interruptions: Interruptions,
): Promise<string> {
  const { argv, cwd, life } = options;
  const env = { ...options.env, [LIFE_VARIABLE]: life };
  const child = startProcess({ argv, cwd, env, stdout: 'pipe', stderr: 'pipe' });
  const { stdout, stderr } = child;
  if (child.pid === undefined || stdout === null || stderr === null) return exitReason(await child.exited);
  sink.take({ kind: 'connected', cursor: undefined });
  interruptions.connected();
  const silent = Promise.withResolvers<string>();
  const drained = onceAborted(scope.drain);
  const read = readLines(stdout, { options, scope, sink, interruptions, silent: silent.resolve });
  const logged = logStderr(stderr, scope.log, scope.clock);
  try {
    return await Promise.race([
      child.exited.then(exitReason),
      read.then(() => closedReason(child, scope.clock)),
      silent.promise,
      drained.promise.then(() => 'the collector ends'),
    ]);
  } finally {
    drained.release();
    await endCommand(child, options, scope);
    await Promise.all([closePipe(stdout, read, scope), closePipe(stderr, logged, scope)]);
  }
}

/** Output and process mostly end together: how the process ended says more. */
async function closedReason({ exited }: Process, clock: Clock): Promise<string> {
  const closed = Promise.withResolvers<string>();
  const patience = clock.timer(PIPE_MS, () => closed.resolve('the command closed its output'));
  const why = await Promise.race([exited.then(exitReason), closed.promise]);
  patience.cancel();
  return why;
}

function exitReason(exit: Exit): string {
  if (exit.kind === 'failed') return exit.error;
  if (exit.kind === 'signalled') return `the command was ended by ${exit.signal}`;
  return `the command ended with exit code ${exit.code}`;
}

/** Ends the whole tree of a command: nothing new is started before it is gone. On stop it is killed at once. */
async function endCommand(
  { pid, startTicks }: Process,
  { life, stopMs = STOP_MS }: ExecLinesOptions,
  { clock, stop, log }: Scope,
): Promise<void> {
  if (pid === undefined) return;
  const tree = { pgid: pid, ...(startTicks === undefined ? {} : { startTicks }), life, clock };
  const stopped = onceAborted(stop);
  const killed = stopped.promise.then(() => endTree({ ...tree, deadlineMs: 0 }));
  try {
    for (;;) {
      const end = await Promise.race([endTree({ ...tree, deadlineMs: stopMs }), killed]);
      if (end.kind === 'gone') return;
      log.error('cannot end the command, not even by SIGKILL', { pids: end.pids });
      if (!(await clock.sleep(STUCK_MS, stop))) return;
    }
  } finally {
    stopped.release();
  }
}

/**
 * With the tree gone a pipe ends by itself when all that is in it has been read. Only a stranger can hold it open: it is
 * closed then. As long as we are the ones who don't read, because the sink is full, it has its time.
 */
async function closePipe(pipe: Readable, closed: Promise<void>, { clock, stop }: Scope): Promise<void> {
  const cut = (): void => void pipe.destroy();
  const look = (): void => {
    if (!pipe.isPaused()) cut();
    else patience = clock.timer(PIPE_MS, look);
  };
  let patience = clock.timer(PIPE_MS, look);
  if (stop.aborted) cut();
  stop.addEventListener('abort', cut, { once: true });
  try {
    await closed;
  } finally {
    patience.cancel();
    stop.removeEventListener('abort', cut);
  }
}
