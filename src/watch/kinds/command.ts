import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import * as v from 'valibot';
import { type FieldFacts, text } from '../../core/fields.ts';
import { createLineSplitter } from '../../core/lines.ts';
import { endTree, type Exit, LIFE_VARIABLE, type Process, startProcess } from '../../core/processes.ts';
import { groupExists } from '../../core/process-table.ts';
import { joinWords, splitWords } from '../../core/words.ts';
import type { LookRequest, WatchContext } from '../kind.ts';
import type { Judgement } from '../judgement.ts';
import { watchedVariables } from '../watched-service.ts';
import { bad, ok, span, tenths, unknown } from './judgement.ts';
import { splitKind } from './split-kind.ts';

const FORM = 'a list of words, or a text that is split into words';

const words = v.pipe(
  v.union([text(), v.pipe(v.array(v.string()), v.minLength(1))], `cannot use this value: write ${FORM}`),
  v.rawTransform<string | string[], readonly string[]>(({ dataset, addIssue, NEVER }) => {
    if (typeof dataset.value !== 'string') return dataset.value;
    const split = splitWords(dataset.value);
    if (split.ok && split.value.length > 0) return split.value;
    addIssue({ message: split.ok ? 'cannot run an empty command' : split.error });
    return NEVER;
  }),
  v.metadata({
    form: FORM,
    json: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string' }, minItems: 1 },
      ],
      examples: [['pg_isready', '-q'], 'curl -fsS http://127.0.0.1/ping'],
    },
  } satisfies FieldFacts),
);

const options = v.strictObject({
  run: v.pipe(
    words,
    v.description(
      'The command, without a shell. It exits with 0 for ok, with 127 where it could not look, else for bad; its last line is the value.',
    ),
  ),
});
type Options = v.InferOutput<typeof options>;

/** What became of a command. */
export type CommandOutcome = {
  readonly exit: Exit | { readonly kind: 'timeout' };
  readonly ms: number;
  /** The last line that is not empty, of stdout, else of stderr; null where there is none. */
  readonly line: string | null;
};

/** Exit code of a shell for a program that is not there. */
const NOT_FOUND = 127;

/** Judges a command: 0 is ok; what could not run says nothing of the service; all else is bad. */
export function judgeCommand(name: string, { exit, ms, line }: CommandOutcome): Judgement {
  const said = line === null ? '' : `: ${line}`;
  switch (exit.kind) {
    case 'failed':
      return unknown(exit.error);
    case 'timeout':
      return bad(line, `${name} gave no answer within ${span(ms)}${said}`);
    case 'signalled':
      return bad(line, `${name} was ended by ${exit.signal}${said}`);
    case 'exited':
      if (exit.code === 0) return ok(line, `${name} exited with 0 after ${span(ms)}`);
      return exit.code === NOT_FOUND
        ? unknown(`${name} exited with 127, program not found${said}`, line)
        : bad(line, `${name} exited with ${exit.code}${said}`);
  }
}

/** A command says whether all is well. */
export const command = splitKind<Options, CommandOutcome>({
  kind: 'command',
  main: 'run',
  options,
  everyMs: 60_000,
  timeoutMs: 30_000,
  reader:
    ({ run }, context) =>
    (request) =>
      runOnce(run, request, context),
  judge: ({ run }) => {
    const name = joinWords(run.slice(0, 1));
    return (outcome) => judgeCommand(name, outcome);
  },
  source: ({ run }) => ['command', ...run],
});

const LONGEST_LINE = 4096;
const SHOWN_CHARACTERS = 200;
/** For what the pipes still hold once the group is gone. */
const DRAIN_MS = 1000;

/**
 * Runs it once, in a group and a life of its own, and leaves nothing of it behind. Its life is one within the service's
 * where that is in the environment, so that the next daemon ends what this one may leave.
 */
async function runOnce(
  argv: readonly string[],
  request: LookRequest,
  context: WatchContext,
): Promise<CommandOutcome> {
  const { clock, env, folder, service } = context;
  const life = `${env[LIFE_VARIABLE] ?? `watch/${service}`}/watch-${randomUUID()}`;
  const startedAt = clock.monotonic();
  const process = startProcess({
    argv,
    env: { ...env, ...watchedVariables(request.life), [LIFE_VARIABLE]: life },
    cwd: folder,
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const out = lastLine(process.stdout);
  const err = lastLine(process.stderr);
  const exit = await Promise.race([process.exited, timeout(request.signal)]);
  const ms = tenths(clock.monotonic() - startedAt);
  await endRest(process, exit.kind === 'timeout', life, context);
  await drained([process.stdout, process.stderr], context);
  return { exit, ms, line: out() ?? err() };
}

function timeout(signal: AbortSignal): Promise<{ readonly kind: 'timeout' }> {
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
  { clock }: WatchContext,
): Promise<void> {
  if (pid === undefined || (!timedOut && !groupExists(pid))) return;
  const ticks = startTicks === undefined ? {} : { startTicks };
  const end = await endTree({ pgid: pid, ...ticks, life, deadlineMs: 0, clock });
  if (end.kind === 'gone') await exited;
}

/** Follows a pipe; the answer is its last line that is not empty, as far as it was read. */
function lastLine(pipe: Readable | null): () => string | null {
  let last: string | null = null;
  const splitter = createLineSplitter({
    maxBytes: LONGEST_LINE,
    onLine(line) {
      const said = line.toString('utf8').trim();
      if (said !== '') last = said.length > SHOWN_CHARACTERS ? `${said.slice(0, SHOWN_CHARACTERS)}…` : said;
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
async function drained(pipes: readonly (Readable | null)[], { clock }: WatchContext): Promise<void> {
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
