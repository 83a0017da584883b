import { followSchedule, scheduleText } from '../../core/schedule.ts';
import type { PipelineSummary } from '../../pipeline/looks/summary.ts';
import type { PipelinePlan, StepPlan } from '../../pipeline/plan.ts';
import { MOST_IN_PIPELINE, type ReportedPipeline } from '../../wire/page/pipeline.ts';
import { cut, cutName, cutOr } from './cut.ts';

/** Characters of what there may be many of: a report stays small. */
const MOST_SHORT = 300;

/** A pipeline as the hub is told of it. @param works whether a process works on it. @param now wall milliseconds. */
export function reportPipeline(
  plan: PipelinePlan,
  { figures, inboxes, flow, failures }: PipelineSummary,
  works: boolean,
  now: number,
): ReportedPipeline {
  const running = figures.running.toSorted((a, b) => a.started - b.started);
  return {
    works,
    held: cutOr(figures.held),
    onError: plan.onError,
    backlog: figures.backlog,
    oldest: figures.oldest,
    progressed: figures.progressed,
    idleSince: figures.idleSince,
    inboxes: plan.inboxes.slice(0, MOST_IN_PIPELINE.inboxes).map(({ name, root, match, reference }) => ({
      name: cutName(name),
      root: short(root),
      match: short([match].flat().join(' ')),
      reference,
      files: inboxes.find(({ inbox }) => inbox === name)?.files ?? {},
    })),
    steps: plan.steps.slice(0, MOST_IN_PIPELINE.steps).map((step) => {
      const done = flow.find((each) => each.step === step.name);
      const tasks = figures.steps.find((each) => each.step === step.name)?.tasks ?? {};
      return { ...reportStep(step, now), tasks, minute: done?.minute ?? 0, hour: done?.hour ?? 0 };
    }),
    running: running.slice(0, MOST_IN_PIPELINE.running).map((run) => ({
      task: run.task,
      step: cutName(run.step),
      key: short(run.key),
      attempt: run.attempt,
      started: run.started,
      inputs: run.inputs,
      first: short(run.first),
    })),
    moreRunning: Math.max(0, running.length - MOST_IN_PIPELINE.running),
    failures: failures.groups.slice(0, MOST_IN_PIPELINE.failures).map(({ of, reason, count, last }) => ({
      of: cutName(of),
      reason: cut(reason),
      count,
      last,
    })),
    moreFailures: failures.more,
    // A service that an older Vahti has begun does not say.
    badFiles: failures.files ?? 0,
    failuresCut: failures.cut,
  };
}

function reportStep(step: StepPlan, now: number) {
  const { name, level, from, each, enabled, at, timeoutMs, concurrency } = step;
  return {
    name: cutName(name),
    level,
    from: from.map(cutName),
    each,
    enabled,
    at: at === undefined ? null : scheduleText(at),
    nextAt: at === undefined || !enabled ? null : (followSchedule(at)(now) ?? null),
    timeoutMs,
    concurrency,
  };
}

/** Its end tells files apart. */
function short(text: string): string {
  return text.length <= MOST_SHORT ? text : `…${text.slice(1 - MOST_SHORT)}`;
}

/** What is drawn over time of a pipeline. @param now wall milliseconds. */
export function pipelineFigures(
  { backlog, oldest, steps, badFiles }: ReportedPipeline,
  now: number,
): Record<string, number> {
  const sum = (of: (step: ReportedPipeline['steps'][number]) => number): number =>
    steps.reduce((all, step) => all + of(step), 0);
  return {
    rate: Math.round((sum(({ minute }) => minute) / 60) * 1000) / 1000,
    backlog,
    oldest: oldest === null ? 0 : Math.max(0, now - oldest),
    failed: badFiles + sum(({ tasks }) => (tasks['failed'] ?? 0) + (tasks['parked'] ?? 0)),
  };
}
