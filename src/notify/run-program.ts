import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { DeliveryOutcome } from '../core/channel.ts';
import { createLineSplitter } from '../core/lines.ts';
import { endTree, type Exit, LIFE_VARIABLE, type Process, startProcess } from '../core/processes.ts';
import { groupExists } from '../core/process-table.ts';
import type { ChannelContext } from './channel-kind.ts';
import { cleanLine, clip } from './rendering/clean.ts';

export interface ProgramRun {
  readonly argv: readonly string[];
  /** On top of the channel's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads on stdin. */
  readonly input: string | Buffer;
  readonly signal: AbortSignal;
}

/** What became of a program. */
export interface ProgramOutcome {
  readonly exit: Exit | { readonly kind: 'timeout' };
  /** The last line that is not empty, of stderr, else of stdout; empty where there is none. */
  readonly said: string;
}

const LONGEST_LINE = 4096;
const SHOWN = 200;
/** For what the pipes still hold once the group is gone. */
const DRAIN_MS = 1000;

/** Runs a program in a group and a life of its own, gives it its input, and leaves nothing of it behind. Never rejects. */
export async function runProgram(
  { argv, env, input, signal }: ProgramRun,
  context: ChannelContext,
): Promise<ProgramOutcome> {
  const { folder, clock } = context;
  const life = `${context.life}/${randomUUID()}`;
  const process = startProcess({
    argv,
    env: { ...context.env, ...env, [LIFE_VARIABLE]: life },
    cwd: folder,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  // Who does not read it all is none the worse for it: the exit code says what came of it.
  process.stdin?.on('error', () => {});
  process.stdin?.end(input);
  const out = lastLine(process.stdout);
  const err = lastLine(process.stderr);
  const exit = await Promise.race([process.exited, aborted(signal)]);
  await endRest(process, exit.kind === 'timeout', life, context);
  await drained([process.stdout, process.stderr], clock);
  process.stdin?.destroy();
  return { exit, said: err() || out() };
}

function aborted(signal: AbortSignal): Promise<{ readonly kind: 'timeout' }> {
  return new Promise((resolve) => {
    const give = (): void => resolve({ kind: 'timeout' });
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

/** Kills what is left of it; most often there is nothing, which is cheap to see. */
async function endRest(
  { pid, startTicks, exited }: Process,
  timedOut: boolean,
  life: string,
  { clock }: ChannelContext,
): Promise<void> {
  if (pid === undefined || (!timedOut && !groupExists(pid))) return;
  const ticks = startTicks === undefined ? {} : { startTicks };
  const end = await endTree({ pgid: pid, ...ticks, life, deadlineMs: 0, clock });
  if (end.kind === 'gone') await exited;
}

/** Follows a pipe; the answer is its last line that is not empty, as far as it was read. */
function lastLine(pipe: Readable | null): () => string {
  let last = '';
  const splitter = createLineSplitter({
    maxBytes: LONGEST_LINE,
    onLine(line) {
      last = clip(cleanLine(line.toString('utf8')), SHOWN) || last;
    },
  });
  pipe?.on('data', (chunk: Buffer) => splitter.push(chunk));
  // A pipe that breaks says no more.
  pipe?.on('error', () => {});
  return () => {
    splitter.flush();
    return last;
  };
}

/** Waits for the ends of the pipes; who left the group and the life may hold them open, and is not waited for. */
async function drained(pipes: readonly (Readable | null)[], clock: ChannelContext['clock']): Promise<void> {
  const patience = new AbortController();
  const ends = pipes.map(
    (pipe) =>
      new Promise<void>((resolve) => {
        if (pipe === null || pipe.destroyed || pipe.readableEnded) resolve();
        else pipe.once('close', resolve);
      }),
  );
  await Promise.race([Promise.all(ends), clock.sleep(DRAIN_MS, patience.signal)]);
  patience.abort();
  for (const pipe of pipes) pipe?.destroy();
}

/** Exit codes that a later try cannot change, as sysexits.h names them: usage, no user, no host, no permission, config; and no program. */
const FINAL: ReadonlySet<number> = new Set([64, 67, 68, 77, 78, 126, 127]);
/** EX_TEMPFAIL of sysexits.h. */
const TRY_LATER = 75;

/** What came of it, as the outbox wants to know it. */
export function judgeProgram(what: string, { exit, said }: ProgramOutcome): DeliveryOutcome {
  const fail = (why: string, retry: boolean): DeliveryOutcome => ({
    kind: 'failed',
    reason: `cannot deliver by ${what}: ${why}${said === '' ? '' : `: ${said}`}`,
    retry,
  });
  switch (exit.kind) {
    case 'failed':
      return { kind: 'failed', reason: exit.error, retry: false, unsent: true };
    case 'timeout':
      return fail('it did not end in time', true);
    case 'signalled':
      return fail(`it was ended by ${exit.signal}`, true);
    case 'exited':
      if (exit.code === 0) return { kind: 'delivered', detail: said === '' ? 'exited with 0' : said };
      return exit.code === TRY_LATER
        ? fail('it asks to be called later (75)', true)
        : fail(`it exited with ${exit.code}`, !FINAL.has(exit.code));
  }
}
