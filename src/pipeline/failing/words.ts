import { approximateDuration } from '../../core/durations.ts';
import type { FailedFile } from '../ledger/failing.ts';
import { errFileOf } from '../logs/names.ts';
import { reasonOf } from '../looks/reasons.ts';
import type { PipelinePlan } from '../plan.ts';
import { pathOf } from '../steps/run-task.ts';
import { oneLine } from '../status/words.ts';
import type { Telling } from './episode.ts';

/** What people read of failures: one line, and more of them. */
export interface FailureWords {
  readonly title: string;
  readonly lines: readonly string[];
}

const MOST_GROUPS = 20;
/** Files that are named of each step and reason. */
const MOST_NAMES = 5;
const MOST_WHY = 300;

type Plan = Pick<PipelinePlan, 'inboxes' | 'products' | 'logs' | 'steps'>;

/** Says it with counts by step and reason, names of files, and where their logs are. @param host this machine, for people with several. */
export function failureWords(
  name: string,
  plan: Plan,
  { what, news, since, count }: Pick<Telling, 'what' | 'news' | 'since' | 'count'>,
  { now, host }: { readonly now: number; readonly host: string },
): FailureWords {
  if (what === 'over') {
    const lasted = approximateDuration(Math.max(0, now - since));
    const title = `${name}: nothing is failed any more on ${host}, after ${lasted}`;
    return { title, lines: [`There were ${count} failures since ${new Date(since).toISOString()}.`] };
  }
  const groups = groupsOf(plan, news);
  const [first] = groups;
  const more = groups.length > 1 ? `, and ${groups.length - 1} more reasons` : '';
  const about = first === undefined ? '' : `: ${first.step}: ${exactly(first)}${more}`;
  const verb = what === 'first' ? 'failed' : 'more failed';
  return {
    title: `${name}: ${filesText(news.length)} ${verb} on ${host}${about}`,
    lines: [
      ...(what === 'first' ? [] : [`${count} failures since ${new Date(since).toISOString()}.`]),
      ...groups.slice(0, MOST_GROUPS).flatMap((group) => linesOf(plan, group)),
      ...(groups.length > MOST_GROUPS ? [`… and ${groups.length - MOST_GROUPS} more reasons`] : []),
      `All of them: vahti pipeline files ${name} --state failed,partial,parked`,
      `Again, once it is mended: vahti pipeline retry ${name} --failed`,
    ],
  };
}

function filesText(count: number): string {
  return count === 1 ? '1 file' : `${count} files`;
}

/** Of one file its own reason, as it is. */
function exactly({ reason, files, isStep, step }: Group): string {
  const [only] = files;
  if (files.length > 1 || only === undefined) return reason;
  const why = oneLine(only.why ?? '');
  return cut(isStep ? why.slice(step.length + 2) : why);
}

function cut(text: string): string {
  return text.length > MOST_WHY ? `${text.slice(0, MOST_WHY)}…` : text;
}

interface Group {
  readonly step: string;
  /** It failed there, and so has a log; else in its inbox. */
  readonly isStep: boolean;
  readonly reason: string;
  readonly files: readonly FailedFile[];
}

/** By step and reason; the most files first. */
function groupsOf({ steps }: Plan, files: readonly FailedFile[]): readonly Group[] {
  const groups = new Map<string, { step: string; isStep: boolean; reason: string; files: FailedFile[] }>();
  for (const file of files) {
    const [, step = '', error = ''] = /^([A-Za-z0-9_-]+): ([\s\S]*)$/.exec(file.why ?? '') ?? [];
    const isStep = steps.some((each) => each.name === step);
    const group = isStep
      ? { step, isStep, reason: reasonOf(error), files: [] }
      : { step: file.origin, isStep, reason: reasonOf(file.why), files: [] };
    const key = `${group.step}\n${group.reason}`;
    const known = groups.get(key) ?? group;
    known.files.push(file);
    groups.set(key, known);
  }
  return [...groups.values()].toSorted((a, b) => b.files.length - a.files.length);
}

function linesOf(plan: Plan, { step, isStep, reason, files }: Group): readonly string[] {
  const named = files.slice(-MOST_NAMES).flatMap((file) => {
    const why = oneLine(file.why ?? '');
    const path = oneLine(pathOf({ ...file, kind: 'inbox' }, plan));
    const log =
      plan.logs === undefined || !isStep ? [] : [`      log: ${oneLine(errFileOf(plan, plan.logs, file))}`];
    return [`  ${path}`, `      ${cut(why)}`, ...log];
  });
  const left = files.length - MOST_NAMES;
  return [
    `${step}: ${reason}: ${filesText(files.length)}`,
    ...named,
    ...(left > 0 ? [`  … and ${left} more`] : []),
  ];
}
