import { writeFileAtomic } from '../core/atomic-file.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { LEVELS } from '../core/record.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Leftover } from '../core/runner.ts';
import { RpcError, type RpcServer, serveRpc } from '../core/rpc.ts';
import type { Scope } from '../core/scope.ts';
import { serially } from '../core/serially.ts';
import { clearPrivateTmp } from '../run/embedded/private-tmp.ts';
import { endSurvivors } from '../run/embedded/survivors.ts';
import { createBoard, type OpenBoard } from './board/board.ts';
import { controlMethods } from './control.ts';
import type { ControlApi, DaemonStatus, ReloadResult } from './control-api.ts';
import { explain } from './explain.ts';
import { closeAll, type Open, openAll, type OpenOptions } from './daemon-parts.ts';
import { compareSettings } from './compare-settings.ts';
import { compareJobs } from './jobs.ts';
import type { FolderTrouble } from './open-folder.ts';
import { comparePlans, type Plan } from './plan.ts';
import type { Recorder } from './recorder.ts';
import { statusOf } from './status.ts';
import { recordedProcesses } from './saved-services.ts';
import { isUnitLife, planForUnits } from './unit-lives.ts';

/** From SIGTERM to SIGKILL for what a dead daemon left behind, milliseconds. */
const SURVIVORS_MS = 10_000;

export interface DaemonOptions extends OpenOptions {
  readonly version: string;
  /** The unit of systemd's that starts this daemon again when it ends; undefined where nobody does. */
  readonly keptBy?: string | undefined;
  /** Reads the config again, for a reload; every mistake in words where it can't be used. */
  readonly reread: () => Promise<Result<Plan, string>>;
}

export type DaemonTrouble = FolderTrouble;

/** The process that runs services, and answers for them. */
export interface Daemon {
  /** Lasts until `drain`, or until somebody asks it to go down; every process of every service is gone then. */
  run(scope: Scope): Promise<void>;
  status(): Promise<DaemonStatus>;
  reload(): Promise<Result<ReloadResult, string>>;
  /** Ends the present `run`, as a drain does. */
  down(): void;
}

/** Takes the state folder. Nothing is started before `run`; a refusal changes nothing. */
export function openDaemon(options: DaemonOptions): Result<Daemon, DaemonTrouble> {
  const opened = openAll(options);
  if (!opened.ok) return opened;
  const open = opened.value;
  const { clock } = options;
  const since = clock.now();
  const wish = new AbortController();
  const course: Course = { plan: options.plan, ending: false };
  const reload = createReload(open, options, course);
  // What changes the set of services happens one after another: the beginning, reloads, the end.
  const inTurn = serially(<T>(work: () => Promise<T>) => work());

  const status = () => statusNow(open, options, course.plan, since);

  let control: RpcServer | undefined;
  const begin = async (): Promise<void> => {
    const { plan } = course;
    const leftovers = await endLeftovers(open, options);
    await clearTmp(open, options, leftovers);
    // Services beat as soon as they run.
    open.beats.open(plan);
    await writePlan(plan, open, options);
    const down = (): void => goDown(wish, options.keptBy);
    const reloadNow = async (dryRun: boolean) => orThrow(await inTurn(() => reload(dryRun)));
    const methods = methodsOf(open, clock, { status, down, reload: reloadNow });
    course.board = boardOf(open, options, { methods, since, plan: () => course.plan });
    control = await listen(open, options.log, methods);
    note(open.recorder, clock, `vahti ${options.version} began (pid ${process.pid}) on ${plan.file}`);
    await open.listening.change(plan.beats);
    open.forwarding.use(plan);
    await open.supervision.apply(plan, leftovers);
    open.jobs.apply(plan, leftovers);
    open.beats.keepOnly(plan);
    open.notifying.use(plan);
    await open.shipping.use(plan, course.board);
  };

  return ok({
    status,
    reload: () => inTurn(() => reload(false)),
    down: () => wish.abort(),
    async run(scope) {
      const over = new AbortController();
      const telling: Promise<void>[] = [];
      try {
        await inTurn(begin);
        telling.push(open.notifying.run({ drain: over.signal, stop: scope.stop }));
        const failed = Promise.race([open.shipping.failed, open.forwarding.run()]);
        scope.ready();
        await Promise.race([aborted(AbortSignal.any([scope.drain, wish.signal])), failed, ...telling]);
        note(open.recorder, clock, 'vahti goes down');
      } finally {
        course.ending = true;
        open.notifying.hold();
        await Promise.all([open.supervision.end(), open.jobs.end()]);
        // A reload that was on its way ends by itself now; it still needs what is closed below.
        await inTurn(async () => {});
        await control?.close();
        await closeLines(open);
        over.abort();
        await Promise.allSettled(telling);
        closeAll(open);
      }
    },
  });
}

/** Whoever follows the time line, for people and for other machines, does so by this plan from now on. */
async function tellOthers({ notifying, shipping, forwarding }: Open, { plan, board }: Course): Promise<void> {
  notifying.use(plan);
  forwarding.use(plan);
  await shipping.use(plan, board);
}

async function closeLines({ listening, shipping, forwarding }: Open): Promise<void> {
  await listening.close();
  await Promise.all([shipping.close(), forwarding.close()]);
}

function statusNow(open: Open, options: DaemonOptions, plan: Plan, since: number): Promise<DaemonStatus> {
  const { file, state } = plan;
  const now = options.clock.now();
  const facts = { version: options.version, pid: process.pid, since, config: file, state };
  const shipping = open.shipping.state() ?? null;
  return statusOf(
    { ...facts, jobs: open.jobs.status(now), shipping },
    open.supervision.all(),
    open.paths,
    now,
  );
}

/** What changes while a daemon runs. */
interface Course {
  plan: Plan;
  /** Nothing is reloaded from then on. */
  ending: boolean;
  /** What the hub hears and asks. */
  board?: OpenBoard;
}

function boardOf(
  open: Open,
  { clock, log, version, systemd = false }: DaemonOptions,
  own: Pick<Parameters<typeof createBoard>[0], 'methods' | 'since' | 'plan'>,
): OpenBoard {
  const { notifier } = open.notifying;
  const { file: config } = own.plan();
  const { stateId } = open.state;
  return createBoard({ ...open, ...own, notifier, config, stateId, version, clock, log, systemd });
}

function createReload(
  open: Open,
  options: DaemonOptions,
  course: Course,
): (dryRun: boolean) => Promise<Result<ReloadResult, string>> {
  return async (dryRun) => {
    if (course.ending) return err('cannot reload: vahti goes down');
    const next = await options.reread();
    if (!next.ok) return next;
    const { plan } = course;
    if (next.value.state !== plan.state) {
      const move = `the state folder would move from ${plan.state} to ${next.value.state}`;
      return err(`cannot reload: ${move}; stop and start instead`);
    }
    const others = [...compareJobs(plan, next.value), ...compareSettings(plan, next.value)];
    if (dryRun) return ok({ changes: [...comparePlans(plan, next.value), ...others] });
    open.beats.open(next.value);
    await writePlan(next.value, open, options);
    await open.listening.change(next.value.beats);
    open.notifying.hold();
    const changes = [...(await open.supervision.apply(next.value)), ...others];
    open.jobs.apply(next.value);
    open.beats.keepOnly(next.value);
    course.plan = next.value;
    await tellOthers(open, course);
    note(open.recorder, options.clock, reloadSentence(changes));
    return ok({ changes });
  };
}

/** What services are started with from now on. Units of systemd's may be of other users, of the daemon's group. */
async function writePlan(plan: Plan, open: Open, { systemd }: DaemonOptions): Promise<void> {
  const [written, mode] =
    systemd === true
      ? ([planForUnits(plan, { ...open, stateId: open.state.stateId }), 0o640] as const)
      : ([plan, 0o600] as const);
  await writeFileAtomic(open.paths.plan, `${JSON.stringify(written)}\n`, { mode });
}

/** Ends what a dead daemon of this folder left running, before anything is started: two instances of one service never live. Answers with what could not be ended. */
async function endLeftovers(open: Open, { clock, systemd }: DaemonOptions): Promise<readonly Leftover[]> {
  const recorded = [...recordedProcesses(open.state), ...open.jobs.recorded()];
  const ended = await endSurvivors({
    stateId: open.state.stateId,
    deadlineMs: SURVIVORS_MS,
    clock,
    recorded,
    // What runs in a unit is taken over.
    ...(systemd === true ? { spares: isUnitLife } : {}),
  });
  for (const { life, end } of ended) {
    const how = end.kind === 'gone' ? (end.killed ? 'killed' : 'ended') : 'cannot end';
    note(
      open.recorder,
      clock,
      `${how} what a dead daemon left behind: ${life}`,
      end.kind === 'gone' ? LEVELS.warn : LEVELS.error,
    );
  }
  return ended.flatMap(({ leftover }) => leftover ?? []);
}

/** Private folders of lives that are over go; what still runs keeps its own. */
function clearTmp(open: Open, { clock, log }: DaemonOptions, left: readonly Leftover[]): Promise<void> {
  const lives = left.map(({ life }) => life);
  return clearPrivateTmp({ root: open.paths.tmp, clock, log }, lives);
}

/** What is answered on the control socket. */
function methodsOf(
  open: Open,
  clock: Clock,
  own: Pick<Parameters<typeof controlMethods>[0], 'status' | 'down' | 'reload'>,
): ReturnType<typeof controlMethods> {
  return controlMethods({
    ...open,
    ...own,
    clock,
    boot: { state: open.state, clock, records: open.recorder.add },
    flush: open.recorder.flush,
    notifier: open.notifying.notifier,
    explain: (name: string) => explain(name, { ...open, clock }),
  });
}

async function listen(open: Open, log: Log, methods: ReturnType<typeof controlMethods>): Promise<RpcServer> {
  const served = await serveRpc<ControlApi>({
    path: open.paths.control,
    methods,
    log,
    mode: open.paths.controlMode,
  });
  if (!served.ok) throw new Error(served.error.message);
  return served.value;
}

function note(recorder: Recorder, clock: Clock, message: string, level: number = LEVELS.info): void {
  recorder.add([
    { time: clock.micros(), service: '', life: '', kind: 'note', level, sender: 'daemon', message },
  ]);
}

function reloadSentence(changes: ReloadResult['changes']): string {
  const touched = changes.filter((change) => change.change !== 'leave');
  if (touched.length === 0) return 'reloaded: nothing changed';
  return `reloaded: ${touched.map((change) => `${change.change} ${change.name}`).join(', ')}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** @param keptBy the unit that would start this daemon again. */
function goDown(wish: AbortController, keptBy: string | undefined): void {
  if (keptBy === undefined) return wish.abort();
  throw new RpcError(
    'refused',
    `cannot go down: systemd would start it again; write systemctl stop ${keptBy}`,
  );
}

function orThrow(result: Result<ReloadResult, string>): ReloadResult {
  if (result.ok) return result.value;
  throw new RpcError('refused', result.error);
}
