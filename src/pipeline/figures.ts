import type { Engine } from './engine/engine.ts';
import type { LedgerReader } from './ledger/ledger.ts';
import type { PipelineFigures, StepFigures } from './pipeline.ts';
import type { PipelinePlan } from './plan.ts';

/** What runs of a pipeline now. */
export type Activity = Pick<Engine, 'running' | 'idleSince' | 'held'>;

/** What a pipeline says of itself. */
export async function figuresOf(
  plan: PipelinePlan,
  ledger: LedgerReader,
  engine: Activity,
): Promise<PipelineFigures> {
  const [tally, backlog, files, progressed] = await Promise.all([
    ledger.tally(),
    ledger.backlog(),
    ledger.inboxTally(),
    ledger.lastSuccess(),
  ]);
  const steps = plan.steps.map(({ name, level, enabled }): StepFigures => {
    const own = tally.filter(({ step }) => step === name);
    return {
      step: name,
      level,
      enabled,
      tasks: Object.fromEntries(own.map(({ state, count }) => [state, count])),
    };
  });
  const byState: Record<string, number> = {};
  for (const { state, count } of files) byState[state] = (byState[state] ?? 0) + count;
  return {
    kind: 'pipeline',
    backlog: backlog.count,
    oldest: backlog.oldest ?? null,
    progressed: progressed ?? null,
    running: engine.running(),
    idleSince: engine.idleSince() ?? null,
    held: engine.held() ?? null,
    files: byState,
    steps,
  };
}
