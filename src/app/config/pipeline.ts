import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseAddress } from '../../core/address.ts';
import { parseSchedule } from '../../core/schedule.ts';
import type { PipelineConfig } from '../../pipeline/config.ts';
import type { InboxPlan, PipelinePlan, StepPlan } from '../../pipeline/plan.ts';
import { inboxesOf, levelsOf, pipelineProblems } from '../../pipeline/problems.ts';
import type { StepConfig } from '../../pipeline/steps/config.ts';
import { checkCommand, checkEnv } from './checks.ts';
import { type Notes, report } from './notes.ts';

type Path = readonly (string | number)[];

/** A pipeline with every default filled in and every path absolute; what is wrong with it is reported. */
export function resolvePipeline(
  notes: Notes,
  at: readonly string[],
  config: PipelineConfig,
  cwd: string | undefined,
  zone: string,
): PipelinePlan {
  const path = [...at, 'pipeline'];
  for (const { severity, path: inner, what, message } of pipelineProblems(config))
    report(notes, severity, [...path, ...inner], what, message);
  const levels = levelsOf(config.steps);
  const status = resolveStatus(notes, path, config.status);
  const products = resolve(notes.data, config.products);
  const logs = config.logs === undefined ? undefined : resolve(notes.data, config.logs);
  const inboxes = Object.entries(inboxesOf(config)).map(
    ([name, inbox]): InboxPlan => ({ ...inbox, name, root: resolve(notes.data, inbox.root) }),
  );
  checkFolders(notes, path, config, inboxes, products);
  checkLogs(notes, path, inboxes, products, logs);
  const steps = Object.entries(config.steps).map(([name, step]) => {
    const words = [...path, 'steps', name];
    checkCommand(notes, [...words, 'run'], step.run, cwd);
    checkEnv(notes, [...words, 'env'], textsOf(step.env));
    return resolveStep(name, step, levels.get(name) ?? 0, config.version, zone);
  });
  return {
    inboxes,
    products,
    ...(status === undefined ? {} : { status }),
    ...(logs === undefined ? {} : { logs }),
    version: config.version,
    onError: config['on-error'],
    failures: {
      digestMs: config.failures?.digest ?? DIGEST_MS,
      ...(config.failures?.notify === undefined ? {} : { notify: config.failures.notify }),
    },
    keepMs: config.keep,
    parallel: config.parallel ?? availableParallelism(),
    steps: steps.toSorted((a, b) => a.level - b.level),
  };
}

const DIGEST_MS = 3_600_000;

function resolveStatus(notes: Notes, path: Path, written: string | undefined): PipelinePlan['status'] {
  if (written === undefined) return undefined;
  const address = parseAddress(written);
  if (address === undefined)
    report(
      notes,
      'error',
      [...path, 'status'],
      'value',
      `cannot listen at ${JSON.stringify(written)}: write an address such as 127.0.0.1:12388`,
    );
  return address;
}

/** Products that come into an inbox again would go round for ever. */
function checkFolders(
  notes: Notes,
  path: Path,
  config: PipelineConfig,
  inboxes: readonly InboxPlan[],
  products: string,
): void {
  for (const { name, root } of inboxes) {
    if (!within(products, root) && !within(root, products)) continue;
    const at = config.inbox === undefined ? ['inboxes', name, 'root'] : ['inbox', 'root'];
    const message = `cannot take files from ${root}: it and the products' folder ${products} lie in each other`;
    report(notes, 'error', [...path, ...at], 'value', message);
  }
}

/** Logs that lie where files come in, or products go to, would be taken for such. */
function checkLogs(
  notes: Notes,
  path: Path,
  inboxes: readonly InboxPlan[],
  products: string,
  logs: string | undefined,
): void {
  const taken = [...inboxes.map(({ root }) => root), products].find(
    (folder) => logs !== undefined && within(logs, folder),
  );
  if (taken !== undefined)
    report(notes, 'error', [...path, 'logs'], 'value', `cannot write logs to ${logs}: it lies in ${taken}`);
}

function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function textsOf(env: StepConfig['env']): Record<string, string> {
  return Object.fromEntries(Object.entries(env ?? {}).map(([key, value]) => [key, String(value)]));
}

function resolveStep(name: string, step: StepConfig, level: number, version: number, zone: string): StepPlan {
  const { names = [], makes = [], wait, timeout, stop, defer, at, memory, env, ...rest } = step;
  const { key, lock, tmp, incomplete, only, 'complete-after': completeAfterMs } = step;
  const schedule = at === undefined ? undefined : parseSchedule(at, zone);
  return {
    name,
    level,
    from: rest.from,
    run: rest.run,
    each: rest.each,
    names,
    makes,
    ...(key === undefined ? {} : { key }),
    batch: rest.batch,
    waitMs: wait,
    inputs: rest.inputs,
    to: rest.to,
    ...(incomplete === undefined ? {} : { incomplete }),
    ...(completeAfterMs === undefined ? {} : { completeAfterMs }),
    ...(only === undefined ? {} : { only }),
    merge: rest.merge,
    overwrite: rest.overwrite,
    version: Math.max(version, step.version ?? 1),
    concurrency: rest.concurrency,
    priority: rest.priority,
    ...(lock === undefined ? {} : { lock }),
    timeoutMs: timeout,
    stopMs: stop,
    retry: rest.retry ?? { times: 0, everyMs: 60_000 },
    deferMs: defer,
    exit: rest.exit ?? {},
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ...(tmp === undefined ? {} : { tmp }),
    enabled: rest.enabled,
    worker: rest.worker,
    uses: rest.uses ?? [],
    env: textsOf(env),
    ...(schedule?.ok === true ? { at: schedule.value } : {}),
    over: rest.over,
  };
}
