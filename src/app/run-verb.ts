import { writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { VerbOutcome } from '../core/verb.ts';
import type { PlannedJob } from '../jobs/job.ts';
import { openLedger } from '../jobs/ledger/sqlite.ts';
import { verbOptions } from '../jobs/verb-options.ts';
import { VERB_KINDS } from '../jobs/verbs/registry.ts';
import { VERB_FD } from './job-verb-talk.ts';
import { productSource } from './pipeline/product-source.ts';
import type { Plan } from './plan.ts';

export interface VerbRun {
  readonly run: string;
  readonly set: Readonly<Record<string, string>>;
  readonly dryRun: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** One line for people. */
  readonly say: (line: string) => void;
  /** Whether a daemon listens on its descriptor. */
  readonly tells: boolean;
}

/** Progress is told this often at the most, milliseconds. */
const PROGRESS_MS = 200;

/** Runs a verb in this process, to its end. The error is a whole sentence. */
export async function runVerb(
  job: PlannedJob,
  plan: Plan,
  how: VerbRun,
): Promise<Result<VerbOutcome, string>> {
  const kind = VERB_KINDS.find(({ verb }) => verb === job.verb);
  if (kind === undefined) return err(`cannot run ${job.name}: this vahti knows no verb "${job.verb}"`);
  const options = verbOptions(kind, job.options, how.set);
  if (!options.ok) return options;
  const ledger = openLedger(join(plan.state, 'ledger.db'), how.clock);
  if (!ledger.ok) return err(ledger.error.message);
  const tell = how.tells ? tellDaemon : () => {};
  let toldAt = Number.NEGATIVE_INFINITY;
  try {
    const outcome = await kind.open(options.value).run({
      job: job.name,
      run: how.run,
      folder: dirname(plan.file),
      state: plan.state,
      products: productSource(plan),
      zone: plan.zone ?? 'UTC',
      env: how.env,
      clock: how.clock,
      ledger: ledger.value,
      dryRun: how.dryRun,
      say: how.say,
      signal: how.signal,
      progress(at) {
        const now = how.clock.monotonic();
        if (now - toldAt < PROGRESS_MS) return;
        toldAt = now;
        tell({ progress: at });
      },
    });
    // What was left is in the output; the line has to stay short.
    tell({ outcome: { ...outcome, refused: outcome.refused.map(() => ({ path: '', reason: '' })) } });
    return ok(outcome);
  } finally {
    ledger.value.close();
  }
}

/** A daemon that is gone hears nothing; the verb goes on to its end all the same. */
function tellDaemon(what: object): void {
  try {
    writeSync(VERB_FD, `${JSON.stringify(what)}\n`);
  } catch {
    // The next daemon ends this run, or it is over by then.
  }
}
