import { addressText } from '../../core/address.ts';
import { formatDuration } from '../../core/durations.ts';
import { scheduleText } from '../../core/schedule.ts';
import { joinWords } from '../../core/words.ts';
import type { InboxPlan, PipelinePlan, StepPlan } from '../../pipeline/plan.ts';
import { lineOf, type PlanLine } from './line.ts';

/** A pipeline, resolved: its inboxes, and its steps in the order of their levels. */
export function pipelineLines(plan: PipelinePlan): PlanLine[] {
  const { status, logs, version, onError, parallel } = plan;
  return [
    ...plan.inboxes.map((inbox) => lineOf('inbox', inboxText(inbox))),
    ...plan.steps.map((step) => lineOf('step', stepText(step))),
    lineOf('products', plan.products),
    lineOf('version', String(version)),
    lineOf('on error', onError),
    lineOf('parallel', `${parallel} runs at a time`),
    ...(status === undefined ? [] : [lineOf('status', addressText(status))]),
    ...(logs === undefined ? [] : [lineOf('logs', logs)]),
  ];
}

function inboxText({ name, root, match, delay, scan, reference }: InboxPlan): string {
  const parts = [
    `${name}: ${match.join(', ')} in ${root}`,
    ...(delay === 0 ? [] : [`after ${formatDuration(delay)}`]),
    `looked at every ${formatDuration(scan)}`,
    ...(reference ? ['only wakes what was deferred'] : []),
  ];
  return parts.join(', ');
}

function stepText(step: StepPlan): string {
  const { name, level, from, each, batch, run, at, over, timeoutMs, concurrency, retry, version } = step;
  const unit = each === 'file' ? 'each file' : `each ${each} of up to ${batch}`;
  const parts = [
    `${name} (level ${level}): ${unit} from ${from.join(', ')}: ${joinWords(run)}`,
    ...(at === undefined ? [] : [`at ${scheduleText(at)} over ${over}`]),
    ...(step.merge ? ['merged into what is there'] : []),
    `version ${version}`,
    ...(concurrency === 1 ? [] : [`${concurrency} at a time`]),
    `timeout ${formatDuration(timeoutMs)}`,
    ...(retry.times === 0
      ? []
      : [`tried again ${retry.times} times, every ${formatDuration(retry.everyMs)}`]),
    ...(step.enabled ? [] : ['switched off']),
  ];
  return parts.join('; ');
}
