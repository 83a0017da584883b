import { join } from 'node:path';
import type { Clock, Timer } from '../../core/clock.ts';
import { createRpcClient } from '../../core/rpc-client.ts';
import { createSummary, type PipelineSummary } from '../../pipeline/looks/summary.ts';
import { offlineView } from '../../pipeline/status/offline.ts';
import { readLedger } from '../../pipeline/ledger/sqlite.ts';
import type { PipelinePlan } from '../../pipeline/plan.ts';
import type { ReportedPipeline } from '../../wire/page/pipeline.ts';
import { pipelineFolder } from '../pipeline/folder.ts';
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
  /** These look otherwise than before. */
  readonly changed: (names: readonly string[]) => void;
}

/** No more often, and to look takes a 50th of the time at most. Milliseconds. */
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

/** Begins at once; one look at a time. */
export function createPipelineLooks(options: PipelineLookOptions): PipelineLooks {
  const { services, clock, changed } = options;
  const known = new Map<string, Looked>();
  let timer: Timer | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    const begun = clock.monotonic();
    const all = services().filter(({ planned }) => planned.pipeline !== undefined);
    for (const name of known.keys())
      if (!all.some(({ planned }) => planned.name === name)) known.delete(name);
    const others: string[] = [];
    for (const each of all) {
      const { name } = each.planned;
      const before = known.get(name);
      const report = await lookAt(each, before, options);
      if (isOver) return;
      if (report === undefined) continue;
      const text = JSON.stringify(report);
      known.set(name, { text, report, at: clock.monotonic() });
      if (text !== before?.text) others.push(name);
    }
    timer = clock.timer(Math.max(LOOK_MS, (clock.monotonic() - begun) * SHARE), () => void look());
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

/** Undefined where nothing else is known than before. */
async function lookAt(
  { planned: { name, pipeline }, service }: Pick<Supervised, 'planned' | 'service'>,
  before: Looked | undefined,
  { paths, clock }: PipelineLookOptions,
): Promise<ReportedPipeline | undefined> {
  if (pipeline === undefined) return undefined;
  const isRunning = service.snapshot().state === 'running';
  if (isRunning) {
    const client = createRpcClient<PipelineServiceApi>(serviceSocket(paths, name));
    const answer = await client.call('summary', {}, { timeoutMs: ANSWER_MS, clock });
    return answer.ok ? reportPipeline(pipeline, answer.value, true, clock.now()) : undefined;
  }
  const isStill = before?.report.works === false && clock.monotonic() - before.at < STILL_MS;
  if (isStill) return undefined;
  const summary = await readSummary(name, pipeline, pipelineFolder(paths, name), clock);
  return reportPipeline(pipeline, summary ?? NOTHING, false, clock.now());
}

/** Undefined where it has not run yet, or its ledger cannot be read. */
async function readSummary(
  name: string,
  plan: PipelinePlan,
  folder: string,
  clock: Clock,
): Promise<PipelineSummary | undefined> {
  const opened = readLedger(folder, name);
  if (!opened.ok) return undefined;
  try {
    const view = await offlineView(name, plan, opened.value, join(folder, 'logs'));
    return await createSummary(view.ledger, view.figures, clock)();
  } catch {
    return undefined;
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
  failures: { groups: [], more: 0, cut: false },
};
