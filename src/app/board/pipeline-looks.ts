import { join } from 'node:path';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { createRpcClient } from '../../core/rpc-client.ts';
import { DatabaseError } from '../../core/sqlite.ts';
import { createSummary, type PipelineSummary } from '../../pipeline/looks/summary.ts';
import { offlineView } from '../../pipeline/status/offline.ts';
import { readLedger } from '../../pipeline/ledger/sqlite.ts';
import type { PipelinePlan } from '../../pipeline/plan.ts';
import type { ReportedPipeline } from '../../wire/page/pipeline.ts';
import { isWithoutLedger, pipelineFolder } from '../pipeline/folder.ts';
import type { PipelineServiceApi } from '../pipeline/service-api.ts';
import { serviceSocket, type StatePaths } from '../state.ts';
import type { Supervised } from '../supervision.ts';
import { reportPipeline } from './reported-pipeline.ts';

/** Looks at all pipelines, now and then. */
export interface PipelineLooks {
  /** Undefined: not looked at yet, or no pipeline. */
  of(service: string): ReportedPipeline | undefined;
  close(): void;
}

export interface PipelineLookOptions {
  readonly services: () => readonly Pick<Supervised, 'planned' | 'service'>[];
  readonly paths: StatePaths;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  /** These look otherwise than before. */
  readonly changed: (names: readonly string[]) => void;
}

/** No more often, and to look at one takes a 50th of the time at most. Milliseconds. */
const LOOK_MS = 2000;
const SHARE = 50;
/** One that does not work changes only by commands. */
const STILL_MS = 30_000;
/** One that does not answer within this is shown as it was. */
const ANSWER_MS = 1000;

interface Looked {
  readonly text: string;
  readonly report: ReportedPipeline;
  readonly at: number;
}

/** Begins at once. Each pipeline is looked at by itself: one that hangs slows no other. */
export function createPipelineLooks(options: PipelineLookOptions): PipelineLooks {
  const { services, clock, changed } = options;
  const known = new Map<string, Looked>();
  /** When each may be looked at again, monotonic milliseconds. */
  const nextAt = new Map<string, number>();
  /** What stands in the log of each that cannot be read. */
  const troubles = new Map<string, string>();
  let timer: Timer | undefined;
  let isOver = false;
  const lookInto = async (each: Pick<Supervised, 'planned' | 'service'>): Promise<readonly string[]> => {
    const { name } = each.planned;
    const begun = clock.monotonic();
    const before = known.get(name);
    const { report, trouble } = await lookAt(each, before, options);
    const ended = clock.monotonic();
    nextAt.set(name, ended + (ended - begun) * SHARE);
    if (isOver) return [];
    if (trouble !== undefined && trouble !== troubles.get(name))
      options.log.warn(trouble, { service: name, what: 'what was known of it is shown on' });
    if (trouble === undefined) troubles.delete(name);
    else troubles.set(name, trouble);
    if (report === undefined) return [];
    const text = JSON.stringify(report);
    known.set(name, { text, report, at: ended });
    return text === before?.text ? [] : [name];
  };
  const look = async (): Promise<void> => {
    const all = services().filter(({ planned }) => planned.pipeline !== undefined);
    const names = new Set(all.map(({ planned }) => planned.name));
    for (const kept of [known, nextAt, troubles])
      for (const name of kept.keys()) if (!names.has(name)) kept.delete(name);
    const now = clock.monotonic();
    const due = all.filter(({ planned }) => (nextAt.get(planned.name) ?? 0) <= now);
    const others = (await Promise.all(due.map(lookInto))).flat();
    if (isOver) return;
    timer = clock.timer(LOOK_MS, () => void look());
    if (others.length > 0) changed(others);
  };
  void look();
  return {
    of: (service) => known.get(service)?.report,
    close() {
      isOver = true;
      timer?.cancel();
    },
  };
}

/** No report: nothing else is known than before. */
interface Look {
  readonly report?: ReportedPipeline;
  /** Why its ledger cannot be read. */
  readonly trouble?: string;
}

async function lookAt(
  { planned: { name, pipeline }, service }: Pick<Supervised, 'planned' | 'service'>,
  before: Looked | undefined,
  { paths, clock }: PipelineLookOptions,
): Promise<Look> {
  if (pipeline === undefined) return {};
  const isRunning = service.snapshot().state === 'running';
  if (isRunning) {
    const client = createRpcClient<PipelineServiceApi>(serviceSocket(paths, name));
    const answer = await client.call('summary', {}, { timeoutMs: ANSWER_MS, clock });
    return answer.ok ? { report: reportPipeline(pipeline, answer.value, true, clock.now()) } : {};
  }
  const isStill = before?.report.works === false && clock.monotonic() - before.at < STILL_MS;
  if (isStill) return {};
  const summary = await readSummary(name, pipeline, pipelineFolder(paths, name), clock);
  if (!summary.ok) return { trouble: summary.error.message };
  return { report: reportPipeline(pipeline, summary.value, false, clock.now()) };
}

/** What its ledger has; nothing where it has not run yet. */
async function readSummary(
  name: string,
  plan: PipelinePlan,
  folder: string,
  clock: Clock,
): Promise<Result<PipelineSummary, DatabaseError>> {
  const opened = readLedger(folder, name);
  if (!opened.ok) return opened.error.kind === 'unopenable' && isWithoutLedger(folder) ? ok(NOTHING) : opened;
  try {
    const view = await offlineView(name, plan, opened.value, join(folder, 'logs'));
    return ok(await createSummary(view.ledger, view.figures, clock)());
  } catch (thrown) {
    if (thrown instanceof DatabaseError) return err(thrown);
    throw thrown;
  } finally {
    opened.value.close();
  }
}

const NOTHING: PipelineSummary = {
  figures: {
    kind: 'pipeline',
    backlog: 0,
    oldest: null,
    progressed: null,
    running: [],
    idleSince: null,
    held: null,
    files: {},
    steps: [],
  },
  inboxes: [],
  flow: [],
  failures: { groups: [], more: 0, files: 0, cut: false },
};
