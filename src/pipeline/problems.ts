import { didYouMean } from '../core/suggest.ts';
import { ONLY_INBOX, PART_NAME, type PipelineConfig } from './config.ts';
import type { Problem } from './problem.ts';
import type { StepConfig } from './steps/config.ts';
import { stepProblems } from './steps/problems.ts';

/** Everything that is wrong with a pipeline beside its form. */
export function pipelineProblems(config: PipelineConfig): readonly Problem[] {
  return [
    ...inboxProblems(config),
    ...nameProblems(config),
    ...graphProblems(config),
    ...Object.entries(config.steps).flatMap(([name, step]) => stepProblems(name, step)),
  ];
}

/** The inboxes by name: the one, or those that have names. */
export function inboxesOf(
  config: Pick<PipelineConfig, 'inbox' | 'inboxes'>,
): Readonly<Record<string, NonNullable<PipelineConfig['inbox']>>> {
  return { ...(config.inbox === undefined ? {} : { [ONLY_INBOX]: config.inbox }), ...config.inboxes };
}

function inboxProblems(config: PipelineConfig): Problem[] {
  const found: Problem[] = [];
  if (config.inbox !== undefined && config.inboxes !== undefined)
    found.push({
      severity: 'error',
      path: ['inboxes'],
      what: 'key',
      message: 'cannot use both "inbox" and "inboxes": write one inbox, or all of them by name',
    });
  if (config.inbox === undefined && config.inboxes === undefined)
    found.push({
      severity: 'error',
      path: [],
      what: 'key',
      message: 'cannot do without an inbox: write "inbox", or "inboxes" with names',
    });
  for (const [name, inbox] of Object.entries(inboxesOf(config))) {
    const at = config.inbox === inbox ? ['inbox'] : ['inboxes', name];
    const used = Object.values(config.steps).some(({ from }) => from.includes(name));
    if (!used && !inbox.reference)
      found.push({
        severity: 'warning',
        path: at,
        what: 'key',
        message: `no step takes from ${name}: its files are written down, and nothing is done with them`,
      });
  }
  return found;
}

function nameProblems({ inboxes = {}, steps }: PipelineConfig): Problem[] {
  const form = 'use letters, digits, dashes and underscores, up to 63';
  const wrong = (section: string, name: string, what: string): Problem[] =>
    PART_NAME.test(name)
      ? []
      : [
          {
            severity: 'error',
            path: [section, name],
            what: 'key',
            message: `cannot name ${what} ${JSON.stringify(name)}: ${form}`,
          },
        ];
  const none: Problem[] =
    Object.keys(steps).length > 0
      ? []
      : [
          {
            severity: 'error',
            path: ['steps'],
            what: 'key',
            message: 'cannot run a pipeline without a step',
          },
        ];
  const twice = Object.keys(steps)
    .filter((name) => Object.hasOwn(inboxes, name) || name === ONLY_INBOX)
    .map((name): Problem => {
      const message = `cannot name a step "${name}": an inbox is called so`;
      return { severity: 'error', path: ['steps', name], what: 'key', message };
    });
  return [
    ...Object.keys(inboxes).flatMap((name) => wrong('inboxes', name, 'an inbox')),
    ...Object.keys(steps).flatMap((name) => wrong('steps', name, 'a step')),
    ...none,
    ...twice,
  ];
}

/** What steps take from: it has to be there, and to come from an inbox in the end. */
function graphProblems(config: PipelineConfig): Problem[] {
  const inboxes = inboxesOf(config);
  const known = [...Object.keys(inboxes), ...Object.keys(config.steps)];
  const found: Problem[] = [];
  const say = (name: string, message: string): void => {
    found.push({ severity: 'error', path: ['steps', name, 'from'], what: 'value', message });
  };
  for (const [name, step] of Object.entries(config.steps)) {
    for (const origin of step.from) {
      if (!known.includes(origin))
        say(name, `cannot take from "${origin}": there is no such inbox or step${didYouMean(origin, known)}`);
      else if (inboxes[origin]?.reference === true)
        say(name, `cannot take from ${origin}: the files of a reference inbox are no inputs`);
      else if (step.at !== undefined && Object.hasOwn(inboxes, origin))
        say(
          name,
          `cannot go over ${origin} at times: it is an inbox; write a step, whose products there are`,
        );
    }
    const circle = circleFrom(name, config.steps);
    if (circle !== undefined) say(name, `cannot take from ${step.from.join(', ')}: ${circle}`);
  }
  return found;
}

/** How a step takes from itself in the end: `A takes from B takes from A`; undefined where it does not. */
function circleFrom(start: string, steps: Readonly<Record<string, StepConfig>>): string | undefined {
  const seen = new Set<string>();
  const walk = (name: string, path: readonly string[]): string | undefined => {
    for (const origin of steps[name]?.from ?? []) {
      if (origin === start) return [...path, origin].join(' takes from ');
      if (seen.has(origin)) continue;
      seen.add(origin);
      const found = walk(origin, [...path, origin]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(start, [start]);
}

/** The level of each step: 1 takes from inboxes alone. Steps in a circle have none. */
export function levelsOf(steps: Readonly<Record<string, StepConfig>>): ReadonlyMap<string, number> {
  const levels = new Map<string, number>();
  for (let before = -1; before !== levels.size; ) {
    before = levels.size;
    for (const [name, { from }] of Object.entries(steps)) {
      if (levels.has(name)) continue;
      const above = from.map((origin) => (Object.hasOwn(steps, origin) ? levels.get(origin) : 0));
      if (above.every((level) => level !== undefined)) levels.set(name, 1 + Math.max(0, ...above));
    }
  }
  return levels;
}
