import { formatDuration } from '../../../core/durations.ts';
import type { Keys, Value } from '../draft.ts';
import { asUser, type Looked, watchOf } from './conditions.ts';
import type { Made } from './made.ts';
import { monitWords } from './programs.ts';
import { type Known, commandSteps } from './service-of-check.ts';
import type { Action, RestartLimit, Test } from './test-statement.ts';

/** What holds for all tests of a check. */
export interface Pace {
  /** From one look to the next. */
  readonly everyMs: number;
  readonly hours?: string;
  /** Only tell, never act. */
  readonly isPassive: boolean;
  /** What ends a series of restarts. */
  readonly limit?: RestartLimit;
  /** Whether a step can restart or stop the service: it is not the one that only holds watches. */
  readonly isService: boolean;
}

export interface MadeWatch {
  readonly name: string;
  readonly keys: Keys;
  readonly secrets: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** Makes a watch with its pace and its steps; a reason where there is none. */
export function makeWatch(
  test: Test,
  known: Known,
  looked: Looked,
  pace: Pace,
): MadeWatch | Exclude<Made, { kind: 'watch' }> {
  const made = watchOf(test, looked);
  return made.kind === 'watch' ? finish(made, test, known, pace) : made;
}

/** As makeWatch, of what is known already. */
export function finish(
  made: Extract<Made, { kind: 'watch' }>,
  test: Omit<Test, 'condition'>,
  known: Known,
  pace: Pace,
): MadeWatch {
  const { steps, notes } = stepsOf(test.action, known, pace);
  const keys: Keys = {
    ...made.keys,
    every: formatDuration(pace.everyMs),
    fail: test.times === test.of ? test.times : `${test.times}/${test.of}`,
    ...(test.okAfter === undefined ? {} : { ok: test.okAfter }),
    ...(pace.hours === undefined ? {} : { hours: pace.hours }),
    // oxlint-disable-next-line unicorn/no-thenable -- the word of the config
    ...(steps.length === 0 ? {} : { then: steps }),
  };
  const recovery =
    test.recovery === undefined
      ? []
      : [`its action when it is over (${test.recovery.kind}): a recovery is only told`];
  return {
    name: made.name,
    keys,
    secrets: made.secrets ?? {},
    notes: [...(made.notes ?? []), ...notes, ...recovery],
  };
}

interface Steps {
  readonly steps: readonly Value[];
  readonly notes: readonly string[];
}

function stepsOf(action: Action, known: Known, pace: Pace): Steps {
  if (action.kind === 'alert') return { steps: [], notes: [] };
  if (action.kind === 'unmonitor')
    return {
      steps: [],
      notes: ['`unmonitor`: a watch goes on looking; it is told once, and `vahti snooze` silences it'],
    };
  if (action.kind === 'exec') return execSteps(action);
  if (pace.isPassive) return { steps: [], notes: [] };
  if (action.kind === 'stop')
    return pace.isService ? { steps: ['stop'], notes: [] } : nothingToDo(action.kind, known);
  if (!pace.isService) return nothingToDo(action.kind, known);
  const last = pace.limit === undefined ? 'page' : lastStep(pace.limit.action);
  return { steps: ['restart', last], notes: [] };
}

/** Without a process of its own: the commands of the check, where it has some. */
function nothingToDo(kind: 'restart' | 'start' | 'stop', known: Known): Steps {
  const steps = commandSteps(kind, known);
  return steps.length > 0
    ? { steps, notes: [] }
    : { steps: [], notes: [`\`${kind}\`: the check has no program for that, so it is told only`] };
}

function execSteps({ command = '', user, repeats = false }: Action): Steps {
  const run = [...asUser(user), ...monitWords(command)];
  return {
    steps: run.length === 0 ? [] : [{ run }],
    notes: repeats ? ['`repeat`: a command of a ladder runs once in an incident'] : [],
  };
}

/** What follows on a ladder when the restarts are used up. */
function lastStep(action: Action): Value {
  if (action.kind === 'stop') return 'stop';
  const run = action.kind === 'exec' ? [...asUser(action.user), ...monitWords(action.command ?? '')] : [];
  return run.length > 0 ? { run } : 'page';
}
