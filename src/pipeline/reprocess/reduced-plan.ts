import { didYouMean } from '../../core/suggest.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { ANYWHERE, type InboxPlan, type PipelinePlan, type StepPlan } from '../plan.ts';

/** Which part of a pipeline is run again, and how it differs. Paths absolute. */
export interface Reprocess {
  /** The first step; all that take from an inbox without it. */
  readonly from?: string;
  /** The last step; all that follow without it. */
  readonly to?: string;
  readonly without: readonly string[];
  /** Of all products, where that of their step is not higher. */
  readonly version?: number;
  /** More for the environment of every step. */
  readonly set: Readonly<Record<string, string>>;
  readonly onError?: 'continue' | 'stop';
  /** The folder that products go to instead. */
  readonly products?: string;
}

export interface ReducedPlan {
  readonly plan: PipelinePlan;
  /** The steps that take what is selected. */
  readonly starts: readonly StepPlan[];
}

/** The part of a pipeline that lies between two steps. The error is a whole sentence. */
export function reducePlan(plan: PipelinePlan, asked: Reprocess): Result<ReducedPlan, string> {
  const { from, to, without } = asked;
  const names = plan.steps.map(({ name }) => name);
  for (const name of [from, to, ...without])
    if (name !== undefined && !names.includes(name))
      return err(`cannot find a step "${name}"${didYouMean(name, names)} (there are ${names.join(', ')})`);
  // Steps at times go over what is there: they follow here where somebody names them.
  const usable = plan.steps.filter(
    (step) =>
      step.enabled &&
      !without.includes(step.name) &&
      (step.at === undefined || step.name === from || step.name === to),
  );
  const isStart = (step: StepPlan): boolean =>
    from === undefined
      ? step.from.some((origin) => plan.inboxes.some(({ name }) => name === origin))
      : step.name === from;
  const after = closure(usable, usable.filter(isStart), (step, known) =>
    step.from.some((origin) => known.has(origin)),
  );
  const last = usable.filter(({ name }) => name === to);
  const before =
    to === undefined
      ? after
      : closure(usable, last, (step, known) =>
          usable.some((next) => known.has(next.name) && next.from.includes(step.name)),
        );
  const chosen = usable.filter(({ name }) => after.has(name) && before.has(name));
  const starts = chosen.filter(isStart);
  if (starts.length === 0) return err(whyNone(plan, asked));
  const steps = chosen.map((step) => changed(step, asked));
  return ok({
    starts: steps.filter(({ name }) => starts.some((start) => start.name === name)),
    plan: {
      ...plan,
      inboxes: [...plan.inboxes, anywhere()],
      products: asked.products ?? plan.products,
      onError: asked.onError ?? plan.onError,
      version: Math.max(plan.version, asked.version ?? 0),
      steps,
    },
  });
}

/** Some steps, and all that follow from them by a rule, whatever their order. */
function closure(
  steps: readonly StepPlan[],
  begin: readonly StepPlan[],
  follows: (step: StepPlan, known: ReadonlySet<string>) => boolean,
): ReadonlySet<string> {
  const known = new Set(begin.map(({ name }) => name));
  for (let size = -1; size !== known.size; ) {
    size = known.size;
    for (const step of steps) if (follows(step, known)) known.add(step.name);
  }
  return known;
}

function whyNone(plan: PipelinePlan, { from, to, without }: Reprocess): string {
  const off = plan.steps.find(({ name, enabled }) => !enabled && (name === from || name === to));
  if (off !== undefined) return `cannot run ${off.name}: it is switched off in the config`;
  const left = [from, to].find((name) => name !== undefined && without.includes(name));
  if (left !== undefined) return `cannot leave out ${left}: it is the first or the last step`;
  if (from !== undefined && to !== undefined)
    return `cannot run from ${from} to ${to}: no way leads there${without.length === 0 ? '' : ` without ${without.join(', ')}`}`;
  return 'cannot run anything: no step is left';
}

function changed(planned: StepPlan, { version, set }: Reprocess): StepPlan {
  const { at: _at, ...step } = planned;
  return {
    ...step,
    // One level is over before the next begins: nothing else comes that could be waited for.
    waitMs: 0,
    version: Math.max(step.version, version ?? 0),
    env: { ...step.env, ...set },
  };
}

/** Any file of this machine, by its whole path: nobody looks into it. */
function anywhere(): InboxPlan {
  return {
    name: ANYWHERE,
    root: '/',
    match: ['**'],
    delay: 0,
    settle: 0,
    reference: false,
    'on-same-name': 'rerun',
    start: 'new',
    scan: 3_600_000,
    hash: false,
  };
}
