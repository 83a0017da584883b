import { RpcError, type RpcMethods } from '../core/rpc.ts';
import type { RecordQuery, RecordStore, StoredRecord } from '../core/record.ts';
import { type BeatControlTarget, beatMethods } from './beat-control.ts';
import { bootAnswer, type BootOptions, refuseBoot, sayBoot } from './boot.ts';
import {
  type ActionResult,
  CONTROL_PARAMS,
  type ControlApi,
  type DaemonStatus,
  type Explanation,
  type LogsParams,
  type ReloadResult,
} from './control-api.ts';
import { type JobControlTarget, jobMethods } from './job-control.ts';
import { type NotifyControlTarget, notifyMethods } from './notify-control.ts';
import type { Said } from '../core/runner.ts';
import { stopInOrder } from '../run/needs.ts';
import { type SilenceControlTarget, silenceMethods } from './silence-control.ts';
import type { Supervised, Supervision } from './supervision.ts';

/** What the control socket needs of the daemon. */
export interface ControlTarget
  extends Pick<BeatControlTarget, 'beats'>,
    SilenceControlTarget,
    NotifyControlTarget,
    JobControlTarget {
  readonly supervision: Supervision;
  readonly store: RecordStore;
  status(): Promise<DaemonStatus>;
  explain(name: string): Promise<Explanation>;
  readonly boot: BootOptions;
  reload(dryRun: boolean): Promise<ReloadResult>;
  /** Brings what waits into the store, so that a question is answered with what is already known. */
  flush(): void;
  down(): void;
}

/** The methods behind the control socket: each checks its names first, then acts, and says what came of it. */
export function controlMethods(target: ControlTarget): RpcMethods<ControlApi> {
  const act = async (
    names: readonly string[],
    action: (supervised: Supervised) => Promise<ActionResult>,
  ): Promise<readonly ActionResult[]> => Promise.all(chosen(target.supervision, names).map(action));

  return {
    status: { params: CONTROL_PARAMS.status, handle: () => target.status() },
    explain: {
      params: CONTROL_PARAMS.explain,
      handle: ({ name }) => {
        chosen(target.supervision, [name]);
        return target.explain(name);
      },
    },
    start: {
      params: CONTROL_PARAMS.start,
      handle: ({ names, ...said }) => act(names, (supervised) => start(supervised, saidOf(said))),
    },
    stop: {
      params: CONTROL_PARAMS.stop,
      handle: ({ names, ...said }) => stopAll(chosen(target.supervision, names), saidOf(said)),
    },
    restart: {
      params: CONTROL_PARAMS.restart,
      handle: ({ names, reason, who }) => act(names, (supervised) => restart(supervised, reason, who)),
    },
    boot: {
      params: CONTROL_PARAMS.boot,
      handle: ({ names, starts, why }) =>
        act(names, (supervised) => enable(supervised, starts, why, target.boot)),
    },
    ...beatMethods(target),
    ...silenceMethods(target),
    ...notifyMethods(target),
    ...jobMethods(target),
    reload: { params: CONTROL_PARAMS.reload, handle: ({ dryRun }) => target.reload(dryRun) },
    down: {
      params: CONTROL_PARAMS.down,
      handle: () => {
        target.down();
        return null;
      },
    },
    logs: {
      params: CONTROL_PARAMS.logs,
      handle: (params, { signal }) => {
        if (params.services !== undefined)
          chosen(
            target.supervision,
            // Of a job that is not in the config any more there may still be records.
            params.services.filter((name) => !name.startsWith('job/')),
          );
        target.flush();
        return logs(target.store, params, signal);
      },
    },
  };
}

/** The services of these names, all of them where none is named. */
function chosen(supervision: Supervision, names: readonly string[]): readonly Supervised[] {
  if (names.length === 0) return supervision.all();
  return [...new Set(names)].map((name) => {
    const found = supervision.get(name);
    if (found !== undefined) return found;
    const known = supervision.all().map((each) => each.planned.name);
    throw new RpcError('unknown-service', `cannot find a service "${name}"`, { name, known });
  });
}

function saidOf({ who, why }: { who?: string | undefined; why?: string | undefined }): Said | undefined {
  return who === undefined && why === undefined ? undefined : { who: who ?? 'a person', why: why ?? '' };
}

async function start(
  { planned: { name }, service }: Supervised,
  said: Said | undefined,
): Promise<ActionResult> {
  const before = service.snapshot();
  if (before.state === 'running' && before.pid !== null) {
    return { name, done: true, message: `runs already (pid ${before.pid})` };
  }
  service.start('person', { said });
  if (service.settled === undefined && service.snapshot().state === 'stopping') {
    return { name, done: true, message: 'starts as soon as the old life is gone' };
  }
  return { name, ...(await outcome(service, 'started')) };
}

async function stop(
  { planned: { name }, service }: Supervised,
  said: Said | undefined,
): Promise<ActionResult> {
  const before = service.snapshot();
  service.stop('person', said);
  await service.ended();
  const refused = await service.settled?.();
  if (refused !== undefined) return { name, done: false, message: refused };
  const { state } = service.snapshot();
  if (state === 'stuck')
    return { name, done: false, message: 'does not end, not even by KILL; nothing new starts' };
  return { name, done: true, message: before.state === 'stopped' ? 'was stopped already' : 'stopped' };
}

/** Stops several at once, each as soon as those of them that need it are gone. */
async function stopAll(all: readonly Supervised[], said: Said | undefined): Promise<readonly ActionResult[]> {
  const results = new Map<string, ActionResult>();
  await stopInOrder(
    all.map(({ planned }) => planned),
    async (name) => {
      const found = all.find(({ planned }) => planned.name === name) as Supervised;
      results.set(name, await stop(found, said));
    },
  );
  return all.map(({ planned: { name } }) => results.get(name) as ActionResult);
}

async function restart(
  { planned: { name }, service }: Supervised,
  reason: string,
  who: string | undefined,
): Promise<ActionResult> {
  // Asked before: afterwards it may mean the end of the next life.
  const oldIsGone = service.ended();
  service.restart('person', reason, who, who === undefined ? undefined : { who, why: reason });
  await oldIsGone;
  return { name, ...(await outcome(service, 'restarted')) };
}

/** What came of a start. A life without a process could not be started, and ends within this turn or the next. */
async function outcome(
  service: Supervised['service'],
  word: 'started' | 'restarted',
): Promise<Pick<ActionResult, 'done' | 'message'>> {
  // Without it the answer is in this very turn: a life that could not be started is over in the next.
  const refused = service.settled === undefined ? undefined : await service.settled();
  if (refused !== undefined) return { done: false, message: refused };
  const { state, pid, unit } = service.snapshot();
  if (state === 'running' && pid !== null) return { done: true, message: `${word} (pid ${pid})` };
  // Of a unit it may be all that there is to be.
  if (state === 'running' && unit !== undefined) return { done: true, message: word };
  if (state === 'running') await service.ended();
  const after = service.snapshot();
  return { done: false, message: `did not start: ${after.lastExit?.message ?? `it is ${after.state}`}` };
}

/** Stored records, oldest first, and then, where wanted, every new one. */
async function* logs(
  store: RecordStore,
  params: LogsParams,
  signal: AbortSignal,
): AsyncGenerator<StoredRecord, void> {
  const { follow, limit = 100, ...filter } = params;
  const query = Object.fromEntries(
    Object.entries(filter).filter(([, value]) => value !== undefined),
  ) as RecordQuery;
  const known = limit === 0 ? [] : store.query({ ...query, limit, take: 'newest' });
  // Begun in the same turn as the query: no record falls between the two.
  const coming = follow ? store.follow(query, signal) : [];
  yield* known;
  yield* coming;
}

/** Enables or disables a service; what runs is left alone. */
async function enable(
  { planned, service }: Supervised,
  starts: boolean,
  why: string,
  boot: BootOptions,
): Promise<ActionResult> {
  const { name } = planned;
  const refused = refuseBoot(planned, starts);
  if (refused !== undefined) return { name, done: false, message: refused };
  sayBoot(name, starts, why, boot);
  const { state } = service.snapshot();
  const idle = state === 'stopped' || state === 'done';
  return { name, done: true, message: bootAnswer(name, starts, idle ? 'idle' : 'active') };
}
