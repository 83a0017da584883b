import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { endTree, type Exit, LIFE_VARIABLE, signalGroup, startProcess } from '../core/processes.ts';
import { err, ok, type Result } from '../core/result.ts';
import { splitWords } from '../core/words.ts';

export interface BeforeCommand {
  /** As it is written, one command without a shell. */
  readonly text: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborted: it is ended. */
  readonly signal: AbortSignal;
}

/** From TERM to KILL. */
const END_MS = 5000;

/**
 * Runs a command to its end, on this terminal; nothing that it started lives when this resolves, but for what not even KILL ends.
 * The error is a whole sentence.
 */
export async function runBefore(before: BeforeCommand): Promise<Result<void, string>> {
  const { text, cwd, environment, clock, signal } = before;
  const argv = splitWords(text);
  if (!argv.ok) return err(`cannot run ${text}: ${argv.error}`);
  if (signal.aborted) return err(`cannot run ${text}: it was to end before`);
  // Below the life that this is in itself, so that whoever ends that ends the command too.
  const life = `${environment[LIFE_VARIABLE] ?? 'by-hand'}/before-${randomBytes(8).toString('hex')}`;
  const env = Object.fromEntries(
    Object.entries({ ...environment, [LIFE_VARIABLE]: life }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>;
  const child = startProcess({ argv: argv.value, cwd, env, stdout: 'inherit', stderr: 'inherit' });
  const { pid, startTicks } = child;
  if (pid === undefined) return answer(text, await child.exited);
  // The second Ctrl-C ends this process at once.
  const kill = (): void => void signalGroup(pid, 'SIGKILL');
  process.once('exit', kill);
  try {
    await endOrAbort(child.exited, signal);
    const ticks = startTicks === undefined ? {} : { startTicks };
    const end = await endTree({ pgid: pid, ...ticks, life, deadlineMs: END_MS, clock });
    if (end.kind === 'stuck') return err(`cannot end ${text}: not even KILL ends ${end.pids.join(', ')}`);
    return answer(text, await child.exited);
  } finally {
    process.off('exit', kill);
  }
}

async function endOrAbort(exited: Promise<Exit>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  signal.addEventListener('abort', stop, { once: true });
  await Promise.race([exited, promise]);
  signal.removeEventListener('abort', stop);
}

function answer(text: string, exit: Exit): Result<void, string> {
  if (exit.kind === 'failed') return err(exit.error);
  if (exit.kind === 'exited' && exit.code === 0) return ok(undefined);
  return err(
    `cannot go on: ${text} ended with ${exit.kind === 'exited' ? `code ${exit.code}` : exit.signal}`,
  );
}
