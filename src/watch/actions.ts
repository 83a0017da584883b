import type { Clock } from '../core/clock.ts';
import type { RecordDraft } from '../core/record.ts';
import { approximateDuration } from '../core/durations.ts';
import { joinWords } from '../core/words.ts';
import type { Step } from './ladder.ts';
import { watchedVariables, type WatchedService } from './watched-service.ts';
import { type About, actionRecord, noteRecord } from './wording.ts';

/** Why a step is taken, and with what. */
export interface Cause {
  readonly about: About;
  /** `alive is bad: no answer within 5s`. */
  readonly why: string;
  /** What was seen; kept with the record. */
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly service: WatchedService;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly clock: Clock;
  /** Aborts when the watches end: a command that still runs is ended. */
  readonly signal: AbortSignal;
  /** A restart was not done. */
  readonly refused: () => void;
}

/** Does what a ladder says, and tells the time line. */
export function perform(step: Step, cause: Cause): void {
  const { about, why, evidence, service, records } = cause;
  const kept = { watch: about.watch, evidence };
  switch (step.do) {
    case 'note':
    case 'page':
      return records([noteRecord(about, step.do, why)]);
    case 'restart':
      return service.restart(
        why,
        `the watch ${about.watch}`,
        { ...kept, tail: service.tail(about.life) },
        cause.refused,
      );
    case 'restart-dependents':
      records([actionRecord(about, `restart of what needs it: ${why}`, { action: step.do, evidence })]);
      return service.restartDependents(why);
    case 'stop':
      records([
        actionRecord(about, `stop: ${why}`, { action: step.do, evidence, tail: service.tail(about.life) }),
      ]);
      return service.stop();
    case 'run':
      return void runCommand(step.argv, cause);
  }
}

/** A reason quotes what the service says; the kernel takes 128 KiB of a variable, and no NUL. */
const LONGEST_REASON = 2000;

/** What a command finds in its environment of the life that it is run for. */
function variablesOf({ about, why, service }: Cause): Readonly<Record<string, string>> {
  const { life, pid } = service.snapshot();
  return {
    VAHTI_WATCH: about.watch,
    VAHTI_REASON: why.replaceAll('\0', ' ').slice(0, LONGEST_REASON),
    ...watchedVariables({ id: about.life, pid: life === about.life ? pid : null }),
  };
}

async function runCommand(argv: readonly string[], cause: Cause): Promise<void> {
  const { about, why, evidence, service, records, clock, signal } = cause;
  const command = joinWords(argv);
  records([actionRecord(about, `run ${command}: ${why}`, { action: 'run', argv, evidence })]);
  const begun = clock.monotonic();
  const outcome = await service.run(argv, variablesOf(cause), signal);
  const took = approximateDuration(clock.monotonic() - begun);
  const done = { ...about, time: clock.micros() };
  records([actionRecord(done, `ran ${command}: ${outcome} (${took})`, { action: 'run', argv, outcome })]);
}
