import type { PipelineView } from '../pipeline.ts';
import type { PipelinePlan, StepPlan } from '../plan.ts';

/** What holds: versions, and the whole resolved config without secrets. */
export function configText({ name, plan }: Pick<PipelineView, 'name' | 'plan'>, program: string): string {
  const width = Math.max(...plan.steps.map((step) => step.name.length));
  return [
    'PIPELINE VERSION',
    `vahti ${program}`,
    `${name} ${plan.version}`,
    'PROCESSING VERSIONS',
    ...plan.steps.map((step) => `${step.name.padEnd(width)} ${step.version}`),
    'CONFIG',
    JSON.stringify(maskedPlan(plan), null, 2),
  ].join('\n');
}

/** A plan with nothing in it that may be a secret. */
function maskedPlan(plan: PipelinePlan): PipelinePlan {
  return {
    ...plan,
    inboxes: plan.inboxes.map((inbox) =>
      inbox.gate === undefined
        ? inbox
        : { ...inbox, gate: { ...inbox.gate, run: maskWords(inbox.gate.run) } },
    ),
    steps: plan.steps.map(maskedStep),
  };
}

function maskedStep(step: StepPlan): StepPlan {
  // Whatever was written as a reference stands here as its value.
  const env = Object.keys(step.env).map((name) => [name, MASK]);
  return { ...step, env: Object.fromEntries(env) as Record<string, string>, run: maskWords(step.run) };
}

function maskWords(words: readonly string[]): readonly string[] {
  let next = false;
  return words.map((word) => {
    const isValue = next;
    next = SECRET_FLAG.test(word);
    return isValue ? MASK : maskWord(word);
  });
}

const MASK = '…';
const SECRET = String.raw`[\w.-]*(?:pass(?:word|wd|phrase)?|secret|token|api-?_?key|credentials?|auth)[\w.-]*`;
/** `--password`, whose value is the next word. */
const SECRET_FLAG = new RegExp(`^--?${SECRET}$`, 'i');
const SECRET_VALUE = new RegExp(`^(-{0,2}${SECRET}=).+$`, 'is');
/** RFC 3986: the user's part of an authority. */
const USER_INFO = /([a-z][a-z0-9+.-]*:\/\/)[^/?#@\s]*@/gi;

/** A word of a command without what looks like a password in it: `--token=…`, `https://…@host/`. */
function maskWord(word: string): string {
  return word.replace(SECRET_VALUE, `$1${MASK}`).replaceAll(USER_INFO, `$1${MASK}@`);
}
