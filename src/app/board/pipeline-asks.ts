import type { Clock } from '../../core/clock.ts';
import { LEVELS, type RecordDraft } from '../../core/record.ts';
import { RpcError } from '../../core/rpc.ts';
import { listFiles, listTasks } from '../../pipeline/looks/lists.ts';
import { readRunLog } from '../../pipeline/looks/run-log.ts';
import type { Looking } from '../../pipeline/looks/scan-down.ts';
import { tellStory } from '../../pipeline/looks/story.ts';
import type { PipelineView } from '../../pipeline/pipeline.ts';
import type { AskMethod, AskParams, AskValue } from '../../wire/page/asks.ts';
import {
  holdPipeline,
  pipelineTarget,
  type PipelineTarget,
  resumePipeline,
  viewPipeline,
} from '../pipeline/control.ts';
import type { Plan } from '../plan.ts';
import type { StatePaths } from '../state.ts';
import { adoptOne, drainPipeline, retryMeant } from './pipeline-acts.ts';
import { mustFind, orThrow } from './pipeline-found.ts';

export interface PipelineSources {
  /** That is in force. */
  readonly plan: () => Plan;
  readonly paths: StatePaths;
  readonly clock: Clock;
  /** What people do stands on the time line. */
  readonly records: (drafts: readonly RecordDraft[]) => void;
}

/** Who asks and why. */
interface Asked {
  readonly who: string;
  readonly why: string;
  readonly signal: AbortSignal;
}

type PipelineMethod = Extract<AskMethod, `pipeline-${string}`>;
export type PipelineAsks = {
  readonly [M in PipelineMethod]: (params: AskParams<M>, asked: Asked) => Promise<AskValue<M>>;
};

/** What people ask of pipelines through the hub: looks into their ledgers, and the acts of `vahti pipeline`. */
export function createPipelineAsks(sources: PipelineSources): PipelineAsks {
  const find = (name: string): PipelineTarget => findTarget(sources, name);
  const look = async <T>(name: string, see: (view: PipelineView) => Promise<T>): Promise<T> =>
    orThrow(await viewPipeline(find(name), see));
  const looking = ({ signal }: Asked): Looking => ({ clock: sources.clock, signal });
  const act = (name: string, verb: string, asked: Asked, work: (target: PipelineTarget) => Promise<string>) =>
    doAndSay(find(name), verb, asked, { ...sources, work });
  return {
    'pipeline-files': (params, asked) => look(params.name, (view) => listFiles(view, params, looking(asked))),
    'pipeline-tasks': (params, asked) => look(params.name, (view) => listTasks(view, params, looking(asked))),
    'pipeline-story': ({ name, file }, asked) =>
      look(name, async (view) => tellStory(view, await mustFind(view, file), looking(asked))),
    'pipeline-log': ({ name, task, run }) =>
      look(name, async (view) => {
        const log = await readRunLog(view, task, run);
        if (log !== undefined) return log;
        throw new RpcError('unknown', `cannot find run ${run + 1} of task ${task} of ${name}`);
      }),
    'pipeline-retry': (params, asked) =>
      act(params.name, 'retry', asked, (target) => retryMeant(target, params, looking(asked))),
    'pipeline-hold': ({ name }, asked) =>
      act(name, 'hold', asked, async (target) => {
        orThrow(await holdPipeline(target, said(asked)));
        return 'is held: nothing new begins, what runs goes on';
      }),
    'pipeline-drain': ({ name }, asked) =>
      act(name, 'drain', asked, (target) =>
        drainPipeline(target, said(asked), { clock: sources.clock, signal: asked.signal }),
      ),
    'pipeline-resume': ({ name }, asked) =>
      act(name, 'resume', asked, async (target) => {
        orThrow(await resumePipeline(target));
        return 'goes on';
      }),
    'pipeline-adopt': ({ name, file }, asked) =>
      act(name, 'adopt', asked, (target) => adoptOne(target, file)),
  };
}

function findTarget({ plan, paths }: PipelineSources, name: string): PipelineTarget {
  const { services } = plan();
  const found = services.find((each) => each.name === name);
  if (found?.pipeline !== undefined) return pipelineTarget(name, found.pipeline, paths);
  const known = services.flatMap((each) => (each.pipeline === undefined ? [] : [each.name]));
  throw new RpcError('unknown-service', `cannot find a pipeline "${name}"`, { name, known });
}

/** For a hold, of which the reason is all that is kept. */
function said({ who, why }: Asked): string {
  const text = `${why} (${who})`;
  return text.length <= MOST_WHY ? text : `${why.slice(0, MOST_WHY - who.length - 4)}… (${who})`;
}

const MOST_WHY = 500;

async function doAndSay(
  target: PipelineTarget,
  verb: string,
  { who, why }: Asked,
  {
    work,
    clock,
    records,
  }: Pick<PipelineSources, 'clock' | 'records'> & {
    readonly work: (target: PipelineTarget) => Promise<string>;
  },
): Promise<AskValue<'pipeline-hold'>> {
  const { name } = target;
  const message = await work(target);
  const about = { service: name, life: '', kind: 'action', level: LEVELS.info, sender: 'daemon' } as const;
  const fields = { action: verb, by: who, why };
  records([{ ...about, time: clock.micros(), message: `${verb} by ${who}: ${why}: ${message}`, fields }]);
  return [{ name, done: true, message }];
}
