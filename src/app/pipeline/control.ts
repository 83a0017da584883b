import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { createRpcClient, type RpcFailure } from '../../core/rpc-client.ts';
import { type Adopted, adoptFiles } from '../../pipeline/adopt.ts';
import { goOn } from '../../pipeline/again.ts';
import { HELD } from '../../pipeline/engine/hold.ts';
import type { Ledger, RetryFilter } from '../../pipeline/ledger/ledger.ts';
import { readLedger } from '../../pipeline/ledger/sqlite.ts';
import type { PipelineFigures, PipelineView } from '../../pipeline/pipeline.ts';
import type { PipelinePlan } from '../../pipeline/plan.ts';
import { answerStatus } from '../../pipeline/status/commands.ts';
import { offlineView } from '../../pipeline/status/offline.ts';
import { serviceSocket, type StatePaths } from '../state.ts';
import { isWithoutLedger, pipelineFolder } from './folder.ts';
import { ownLedger, type PipelineTrouble } from './own-ledger.ts';
import { ADOPTED_AT_ONCE, GO_ON_AT_ONCE, type PipelineServiceApi } from './service-api.ts';

/** A pipeline of a config, whether it runs or not. */
export interface PipelineTarget {
  readonly name: string;
  readonly plan: PipelinePlan;
  readonly folder: string;
  readonly socket: string;
  /** The state folder. */
  readonly state: string;
}

export function pipelineTarget(name: string, plan: PipelinePlan, paths: StatePaths): PipelineTarget {
  const [folder, socket] = [pipelineFolder(paths, name), serviceSocket(paths, name)];
  return { name, plan, folder, socket, state: paths.folder };
}

/** Lets something look at what a pipeline has done; its service may run meanwhile. */
export async function viewPipeline<T>(
  { name, plan, folder }: PipelineTarget,
  look: (view: PipelineView) => Promise<T>,
): Promise<Result<T, PipelineTrouble>> {
  const opened = readLedger(folder, name);
  if (!opened.ok) {
    const isNew = opened.error.kind === 'unopenable' && isWithoutLedger(folder);
    return err(
      isNew
        ? { kind: 'new', message: `cannot look into ${name}: it has not run yet` }
        : { kind: 'failed', message: opened.error.message },
    );
  }
  try {
    return ok(await look(await offlineView(name, plan, opened.value, join(folder, 'logs'))));
  } finally {
    opened.value.close();
  }
}

/** What a pipeline says of itself, and whether its service runs. */
export async function askFigures(
  target: PipelineTarget,
): Promise<Result<{ readonly running: boolean; readonly figures: PipelineFigures }, PipelineTrouble>> {
  const answer = await clientOf(target).call('figures', {});
  if (answer.ok) return ok({ running: true, figures: answer.value });
  if (answer.error.kind !== 'not-running') return err(troubleOf(answer.error));
  const looked = await viewPipeline(target, (view) => view.figures());
  return looked.ok ? ok({ running: false, figures: looked.value }) : looked;
}

/** The answer to a line of the status protocol, by the service or out of its ledger. @param program the version of Vahti. */
export async function askStatus(
  target: PipelineTarget,
  line: string,
  program: string,
): Promise<Result<string, PipelineTrouble>> {
  const answer = await clientOf(target).call('say', { line });
  if (answer.ok) return ok(answer.value.text);
  if (answer.error.kind !== 'not-running') return err(troubleOf(answer.error));
  return viewPipeline(target, (view) => answerStatus(line, { view, now: systemClock.now(), program }));
}

/** Nothing new is begun from now on, whether it runs or not. */
export function holdPipeline(target: PipelineTarget, why: string): Promise<Result<void, PipelineTrouble>> {
  return tell(
    target,
    (client) => client.call('hold', { why }),
    (ledger) => ledger.setMark(HELD, why),
    () => undefined,
  );
}

/** Ends a hold, whoever made it. */
export function resumePipeline(target: PipelineTarget): Promise<Result<void, PipelineTrouble>> {
  return tell(
    target,
    (client) => client.call('resume', {}),
    (ledger) => ledger.setMark(HELD, undefined),
    () => undefined,
  );
}

/** Tasks of one call: what is asked of a service is 1 MiB at most. */
const RETRIED_AT_ONCE = 10_000;

/** Failed and parked tasks are done again; answers with how many. */
export async function retryTasks(
  target: PipelineTarget,
  { tasks, ...rest }: RetryFilter,
): Promise<Result<number, PipelineTrouble>> {
  let count = 0;
  let at = 0;
  do {
    const part = tasks === undefined ? rest : { ...rest, tasks: tasks.slice(at, at + RETRIED_AT_ONCE) };
    const done = await tell(
      target,
      (client) => client.call('retry', part),
      async (ledger) => ({ tasks: await ledger.retry(part, systemClock.now()) }),
      (each) => each.tasks,
    );
    if (!done.ok) return done;
    count += done.value;
    at += RETRIED_AT_ONCE;
  } while (at < (tasks?.length ?? 0));
  return ok(count);
}

/** Files of inboxes that failed before their first step go on as they are; answers with how many. @param files their numbers. */
export async function goOnWith(
  target: PipelineTarget,
  files: readonly number[],
): Promise<Result<number, PipelineTrouble>> {
  let count = 0;
  for (let at = 0; at < files.length; at += GO_ON_AT_ONCE) {
    const part = files.slice(at, at + GO_ON_AT_ONCE);
    const done = await tell(
      target,
      (client) => client.call('go-on', { files: part }),
      async (ledger) => ({ files: await goOn(ledger, target.plan, part, systemClock.now()) }),
      (each) => each.files,
    );
    if (!done.ok) return done;
    count += done.value;
  }
  return ok(count);
}

/** Writes files of an inbox down as done. @param paths below its folder. */
export async function adoptPaths(
  target: PipelineTarget,
  inbox: string,
  paths: readonly string[],
): Promise<Result<Adopted, PipelineTrouble>> {
  const plan = target.plan.inboxes.find(({ name }) => name === inbox);
  if (plan === undefined) throw new Error(`cannot find the inbox ${inbox}`);
  let sum: Adopted = { adopted: 0, known: 0, left: [] };
  for (let at = 0; at < paths.length; at += ADOPTED_AT_ONCE) {
    const part = paths.slice(at, at + ADOPTED_AT_ONCE);
    const done = await tell(
      target,
      (client) => client.call('adopt', { inbox, paths: part }, { timeoutMs: ADOPT_MS }),
      (ledger) => adoptFiles(ledger, plan, part, systemClock.now()),
      (each) => each,
    );
    if (!done.ok) return done;
    const { adopted, known, left } = done.value;
    sum = { adopted: sum.adopted + adopted, known: sum.known + known, left: [...sum.left, ...left] };
  }
  return ok(sum);
}

/** For the files of one call, of which each is looked at. */
const ADOPT_MS = 60_000;

export type PipelineClient = ReturnType<typeof createRpcClient<PipelineServiceApi>>;

export function clientOf({ socket }: PipelineTarget): PipelineClient {
  return createRpcClient<PipelineServiceApi>(socket);
}

/** Says something to the service, or does it to the ledger where that does not run. */
async function tell<A, R>(
  target: PipelineTarget,
  call: (client: PipelineClient) => Promise<Result<A, RpcFailure>>,
  write: (ledger: Ledger) => Promise<A | void>,
  answer: (said: A) => R,
): Promise<Result<R, PipelineTrouble>> {
  const answered = await call(clientOf(target));
  if (answered.ok) return ok(answer(answered.value));
  if (answered.error.kind !== 'not-running') return err(troubleOf(answered.error));
  const own = ownLedger(target, 'vahti pipeline', systemClock);
  if (!own.ok) return own;
  try {
    return ok(answer((await write(own.value.ledger)) as A));
  } finally {
    await own.value.release();
  }
}

function troubleOf(failure: RpcFailure): PipelineTrouble {
  return { kind: 'failed', message: failure.message };
}
