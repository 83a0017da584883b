import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { TaskDraft } from '../ledger/types.ts';
import { type PipelinePlan, type StepPlan, stepsAfter } from '../plan.ts';
import { compileNames, type Names } from '../../core/names.ts';
import { fill, namesIn, parseTemplate, type Values } from '../../core/template.ts';

/** Says what is to be made of which file. */
export interface Router {
  /**
   * A draft for each step that takes files of this inbox or step as they come, and a file with this name.
   * @param path the name when it is complete.
   */
  drafts(origin: string, path: string, complete?: boolean): readonly TaskDraft[];
  /** As `drafts`, of a file of an inbox. @param group what members of a group share, which are one input. */
  arrivals(inbox: string, path: string, group: string | undefined): readonly TaskDraft[];
  /** The draft of one step; undefined where its `names` do not fit. */
  draft(step: StepPlan, path: string): TaskDraft | undefined;
  step(name: string): StepPlan | undefined;
}

/** `depth`: what came first goes all its way before the next begins. `breadth`: one level after the other. */
export type Order = 'depth' | 'breadth';

/** @param plan a plan without mistakes. */
export function createRouter(plan: PipelinePlan, order: Order = 'depth'): Router {
  const steps = new Map(plan.steps.map((step) => [step.name, { step, ...compiled(step) }]));
  const after = new Map<string, readonly StepPlan[]>();
  const draft = (step: StepPlan, path: string): TaskDraft | undefined => {
    const known = steps.get(step.name);
    const captures = known?.names.read(path);
    if (known === undefined || captures === undefined) return undefined;
    const made = draftOf(step, { ...fileValues(path), ...captures }, known.hash);
    return order === 'depth' ? made : { ...made, order: step.level };
  };
  const router: Router = {
    drafts(origin, path, complete = true) {
      let following = after.get(origin);
      if (following === undefined) after.set(origin, (following = stepsAfter(plan, origin)));
      return following.flatMap((step) =>
        step.only === 'complete' && !complete ? [] : (draft(step, path) ?? []),
      );
    },
    arrivals: (inbox, path, group) =>
      router.drafts(inbox, path).map((each) =>
        // Members of a group fill one task, whatever their number.
        group === undefined || each.most > 1
          ? each
          : { ...each, key: each.key === '' ? group : `${each.key} (${group})`, most: MEMBERS },
      ),
    draft,
    step: (name) => steps.get(name)?.step,
  };
  return router;
}

const MEMBERS = 100_000;

function compiled(step: StepPlan): { readonly names: Names; readonly hash: string } {
  const names = compileNames(step.names);
  if (!names.ok) throw new Error(names.error);
  return { names: names.value, hash: stepHash(step) };
}

/** What makes products what they are, as far as the config says it: kept with each run. */
export function stepHash({ run, env, makes, to, incomplete, merge, inputs, key }: StepPlan): string {
  const text = JSON.stringify({ run, env, makes, to, incomplete, merge, inputs, key });
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** What templates can say of any file. */
export function fileValues(path: string): Values {
  const name = posix.basename(path);
  const dir = posix.dirname(path);
  return { name, stem: name.slice(0, name.length - posix.extname(name).length), path, dir };
}

function draftOf(step: StepPlan, values: Values, hash: string): TaskDraft {
  const key = said(step.key, values);
  const lock = said(step.lock, values);
  const isFile = step.each === 'file';
  // Inputs with other locks are no inputs of one run.
  const own = isFile || lock === undefined ? (key ?? '') : `${key ?? ''} [${lock}]`;
  const exclusive = step.key !== undefined && step.each !== 'batch';
  return {
    step: step.name,
    key: own,
    lock: lock ?? (exclusive ? `${step.name}:${own}` : null),
    priority: step.priority,
    level: step.level,
    most: isFile ? 1 : step.batch,
    waitMs: isFile ? 0 : step.waitMs,
    version: step.version,
    stepHash: hash,
    vars: { ...(isFile ? values : shared(step, values)), key: key ?? '' },
  };
}

function said(template: string | undefined, values: Values): string | undefined {
  if (template === undefined) return undefined;
  const text = fill(template, values);
  if (!text.ok) throw new Error(`cannot write ${template}: ${text.error}`);
  return text.value;
}

/** What is the same for all inputs of a run. */
function shared({ key = '', lock = '' }: StepPlan, values: Values): Values {
  const template = parseTemplate(`${key}${lock}`);
  return Object.fromEntries(namesIn(template).map((name) => [name, values[name] ?? '']));
}
