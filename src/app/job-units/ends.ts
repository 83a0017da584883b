import type { UnitFacts } from '../../core/units.ts';
import { CUT_SHORT, type RunEnd } from '../../jobs/job-state.ts';
import { describeEnd } from '../../run/systemd/unit-end.ts';

/** How a run ended that could not say so itself: as systemd has it. */

export function isRunning({ active }: UnitFacts): boolean {
  return active !== 'inactive' && active !== 'failed';
}

export function failedEnd(summary: string): RunEnd {
  return { outcome: 'failed', summary, exit: null, counts: {} };
}

/** Of a run that had begun, and left no word. */
export function factsEnd(invocation: string, facts: UnitFacts): RunEnd {
  // systemd forgets a run with the unit, and with its next run.
  if (facts.invocation !== invocation) return CUT_SHORT;
  const { exit } = facts;
  if (facts.result === 'success' && exit?.kind === 'exited' && exit.status === 0)
    return { outcome: 'ok', summary: 'exit code 0', exit: 0, counts: {} };
  if (facts.result === 'success') return { ...CUT_SHORT, outcome: 'cancelled', summary: STOPPED };
  return { ...failedEnd(inWords(facts)), exit: exit?.kind === 'exited' ? exit.status : null };
}

/** Of a start of the unit that came to nothing. */
export function notBegun(facts: UnitFacts): RunEnd {
  if (facts.result === 'success') return { ...CUT_SHORT, outcome: 'cancelled', summary: STOPPED };
  return failedEnd(`it did not begin: ${inWords(facts)}`);
}

const STOPPED = 'a person stopped it, through systemd';

function inWords({ result, exit, startedAt, policy }: UnitFacts): string {
  const endedAt = exit?.at ?? null;
  const livedMs = startedAt === null || endedAt === null ? null : Math.max(0, endedAt - startedAt);
  const known = { result, exit, livedMs, policy, beside: null, words: [] };
  return describeEnd({ ...known, asked: false, wasActive: false, outOfMemory: false }).message;
}
