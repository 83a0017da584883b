import * as v from 'valibot';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { LEVELS } from '../../core/record.ts';
import { asError } from '../../core/result.ts';
import type { JobReport } from '../../notify/job-report.ts';
import { type Episode, newsWanted, nextTelling, QUIET } from '../../pipeline/failing/episode.ts';
import { failureWords } from '../../pipeline/failing/words.ts';
import type { Failing as FailingNow, FailingQuery } from '../../pipeline/ledger/failing.ts';
import { readLedger } from '../../pipeline/ledger/sqlite.ts';
import type { PipelinePlan } from '../../pipeline/plan.ts';
import type { Plan } from '../plan.ts';
import type { StatePaths, StateStore } from '../state.ts';
import { clientOf, pipelineTarget, type PipelineTarget } from './control.ts';

/** Tells people of files that failed, through the channels of their pipeline. Nothing waits for it. */
export interface Failing {
  /** From here on these are the pipelines. */
  use(plan: Pick<Plan, 'services' | 'told'>): void;
  /** Lasts until `drain`. Never rejects for what the world may do. */
  run(drain: AbortSignal): Promise<void>;
}

export interface FailingOptions {
  readonly paths: StatePaths;
  /** What people were told outlives the daemon. */
  readonly state: Pick<StateStore, 'loadMark' | 'saveMark'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly host: string;
  /** Durable when it returns; the same report a second time is nothing new. */
  readonly tell: (report: JobReport) => void;
  /** Whether people want no word of a service now. */
  readonly heldOf: (service: string) => boolean;
}

const LOOK_MS = 2000;
const ANSWER_MS = 5000;

interface Told {
  readonly target: PipelineTarget;
  readonly plan: PipelinePlan;
  readonly channels: readonly string[];
}

export function createFailing(options: FailingOptions): Failing {
  const { paths, clock, log } = options;
  let all: readonly Told[] = [];
  const troubles = new Map<string, string>();
  return {
    use({ services, told = [] }) {
      all = services.flatMap(({ name, pipeline, notify }) => {
        if (pipeline === undefined) return [];
        const channels = pipeline.failures.notify ?? notify?.channels ?? told;
        if (channels.length === 0) return [];
        return [{ target: pipelineTarget(name, pipeline, paths), plan: pipeline, channels }];
      });
    },
    async run(drain) {
      do {
        for (const each of all) {
          const { name } = each.target;
          const trouble = await look(each, options).catch((thrown: unknown) => asError(thrown).message);
          // Said once, and again when it is another one.
          if (trouble !== undefined && troubles.get(name) !== trouble)
            log.warn(`cannot tell of failures of ${name} for now`, { reason: trouble });
          if (trouble === undefined) troubles.delete(name);
          else troubles.set(name, trouble);
        }
      } while (await clock.sleep(LOOK_MS, drain));
    },
  };
}

/** Looks at one pipeline, and tells what there is to tell; answers with what kept it from that. */
async function look(
  told: Told,
  { state, clock, host, tell, heldOf }: FailingOptions,
): Promise<string | undefined> {
  const { target, plan, channels } = told;
  const { name } = target;
  const mark = `failing/${name}`;
  const known = v.safeParse(episode, state.loadMark(mark));
  const before: Episode = known.success ? known.output : QUIET;
  const options = { digestMs: plan.failures.digestMs, held: heldOf(name) };
  const { ended, id, files } = before;
  // One moment for both: what is asked for is what is told.
  const now = clock.now();
  const failing = await ask(target, { ended, id, files, most: newsWanted(before, now, options) });
  if (typeof failing === 'string') return failing;
  if (failing === undefined) return undefined;
  const telling = nextTelling(before, failing, now, options);
  if (telling === undefined) return undefined;
  const { title, lines } = failureWords(name, plan, telling, { now, host });
  const { what, next } = telling;
  tell({
    name,
    service: name,
    title,
    // Killed between the two, it is told again under the same name, unless more has failed since.
    run: `${what}-${telling.since}-${next.ended}-${next.id}`,
    outcome: what === 'over' ? 'ok' : 'failed',
    level: what === 'over' ? LEVELS.info : LEVELS.error,
    since: telling.since,
    until: now,
    reason: '',
    output: lines,
    channels,
  });
  state.saveMark(mark, next);
  return undefined;
}

/** The service knows, or else its ledger; undefined where it never ran. */
async function ask(target: PipelineTarget, query: FailingQuery): Promise<FailingNow | string | undefined> {
  const answer = await clientOf(target).call('failing', query, { timeoutMs: ANSWER_MS });
  if (answer.ok) return answer.value;
  if (answer.error.kind !== 'not-running') return answer.error.message;
  const opened = readLedger(target.folder, target.name);
  if (!opened.ok) return opened.error.kind === 'unopenable' ? undefined : opened.error.message;
  try {
    return await opened.value.failing(query);
  } finally {
    opened.value.close();
  }
}

const episode = v.object({
  v: v.literal(1),
  since: v.nullable(v.number()),
  toldAt: v.number(),
  ended: v.number(),
  id: v.number(),
  files: v.array(v.number()),
  count: v.number(),
});
