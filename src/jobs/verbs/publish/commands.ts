import { fill } from '../../../core/template.ts';
import { commandWords } from '../../command-option.ts';
import { LeftAlone } from '../../files/trouble.ts';
import { type Programs, runProgram } from '../../program.ts';

/** For how long a hook or a comparison may say nothing, and last; milliseconds. */
const IDLE_MS = 10 * 60_000;
const DEADLINE_MS = 60 * 60_000;

type Command = string | readonly string[];
type Values = Readonly<Record<string, string>>;

function wordsOf(command: Command, values: Values): readonly string[] {
  const words = commandWords(command);
  if (!words.ok) throw new LeftAlone(words.error);
  return words.value.map((word) => {
    const filled = fill(word, values);
    if (!filled.ok) throw new LeftAlone(`cannot run ${words.value[0] ?? ''}: ${filled.error}`);
    return filled.value;
  });
}

/** Runs hooks on a private copy, one after another. @throws LeftAlone where one fails; the reason of the signal. */
export async function runHooks(hooks: readonly Command[], values: Values, programs: Programs): Promise<void> {
  for (const hook of hooks) {
    const argv = wordsOf(hook, values);
    const { exit, said } = await runProgram({ argv, idleMs: IDLE_MS, deadlineMs: DEADLINE_MS }, programs);
    if (exit.kind === 'exited' && exit.code === 0) continue;
    throw new LeftAlone(`its hook ${argv[0] ?? ''} ${endText(exit)}${last(said)}`);
  }
}

/** Whether two files have the same payload, as a command says. @throws LeftAlone where it does not say. */
export async function haveSamePayload(
  command: Command,
  values: Values,
  programs: Programs,
): Promise<boolean> {
  const argv = wordsOf(command, values);
  const { exit, said } = await runProgram({ argv, idleMs: IDLE_MS, deadlineMs: DEADLINE_MS }, programs);
  if (exit.kind === 'exited' && exit.code <= 1) return exit.code === 0;
  throw new LeftAlone(`it cannot be compared: ${argv[0] ?? ''} ${endText(exit)}${last(said)}`);
}

function endText(exit: Awaited<ReturnType<typeof runProgram>>['exit']): string {
  switch (exit.kind) {
    case 'exited':
      return `ended with exit code ${exit.code}`;
    case 'signalled':
      return `was ended by ${exit.signal}`;
    case 'failed':
      return `did not start: ${exit.error}`;
    case 'silent':
      return 'took too long';
  }
}

function last(said: readonly string[]): string {
  const line = said.at(-1);
  return line === undefined ? '' : `: ${line}`;
}
