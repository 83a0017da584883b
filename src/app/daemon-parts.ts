import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordQuery, RecordStore, StoredRecord } from '../core/record.ts';
import type { StateName } from '../core/runner.ts';
import { asError, err, ok, type Result } from '../core/result.ts';
import type { LookKeeper } from '../watch/looks/keeper.ts';
import { type BeatListening, createBeatListening } from './beat-listening.ts';
import { type Beats, createBeats } from './beats.ts';
import { jobService } from '../jobs/job.ts';
import type { Locker } from '../jobs/locks.ts';
import { createNoticed, type Noticed } from './board/noticed.ts';
import { createForwarding, type Forwarding } from './forwarding.ts';
import { type Jobs, openJobs } from './jobs.ts';
import { openLooks } from './looks.ts';
import { createNotifying, type Notifying } from './notifying.ts';
import { closeFolder, type FolderTrouble, openFolder, type OpenFolder } from './open-folder.ts';
import type { Plan } from './plan.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { createShippingCourse, type ShippingCourse } from './shipping-course.ts';
import { createSupervision, type Supervision } from './supervision.ts';

/** Last lines of a life that are kept with what a watch does to it. */
const TAIL_LINES = 20;

/** What a daemon is made of. */
export interface OpenOptions {
  readonly plan: Plan;
  /** How this very program is started: `[node, bin/vahti.js]`. */
  readonly program: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Every life of a service, and every run of a job, is one of a unit of systemd's. */
  readonly systemd?: boolean;
  /** Told of every stored record, in order. */
  readonly stored: (records: readonly StoredRecord[]) => void;
}

/** Everything that is open while a daemon runs. */
export interface Open extends OpenFolder {
  readonly recorder: Recorder;
  readonly supervision: Supervision;
  readonly beats: Beats;
  readonly looks: LookKeeper;
  readonly listening: BeatListening;
  readonly notifying: Notifying;
  readonly jobs: Jobs;
  readonly shipping: ShippingCourse;
  readonly forwarding: Forwarding;
  /** Told of every stored record, too. */
  readonly noticed: Noticed;
}

/** The past, with all that was told so far. Asked rarely: when a watch acts. */
function createPast(recorder: Recorder, store: RecordStore, log: Log) {
  const stored = (query: RecordQuery): readonly StoredRecord[] => {
    recorder.flush();
    try {
      return store.query(query);
    } catch (error) {
      log.warn('cannot read the time line', { ...query, reason: asError(error).message });
      return [];
    }
  };
  // What systemd says of a unit are not its own last words; there are a few of them for each life.
  const tail = (name: string, life: string): readonly string[] =>
    stored({ services: [name], life, kinds: ['log'], limit: 2 * TAIL_LINES, take: 'newest' })
      .filter(({ sender }) => sender !== 'systemd')
      .map(({ message }) => message)
      .slice(-TAIL_LINES);
  return { stored, tail };
}

/** Opens all that a daemon of this plan has, and starts nothing. A refusal leaves nothing open. */
export function openAll(options: OpenOptions): Result<Open, FolderTrouble> {
  const { clock, log } = options;
  const opened = openFolder(options.plan, 'vahti up', clock);
  if (!opened.ok) return opened;
  const { paths, state, store } = opened.value;
  const noticed = createNoticed();
  const stored: OpenOptions['stored'] = (records) => {
    options.stored(records);
    noticed.stored(records);
  };
  const recorder = createRecorder({ store, clock, log, stored });
  const { random, program } = options;
  const past = createPast(recorder, store, log);
  const beats = createBeats({ clock, store: state.beats, records: recorder.add });
  const looks = openLooks(options.plan, paths, clock, log);
  const supervision = createSupervision({
    beats,
    looks,
    clock,
    log,
    random,
    paths,
    state,
    records: recorder.add,
    program,
    systemd: options.systemd === true,
    ...past,
    flush: recorder.flush,
  });
  const lifeOf = (name: string) => supervision.get(name)?.service.snapshot().life ?? null;
  const listening = createBeatListening({ clock, records: recorder.add, beats, lifeOf });
  const { outbox } = opened.value;
  const { stateId } = state;
  const shared = { outbox, store, supervision, clock, log, random, stateId, paths, state };
  const { add: records, flush } = recorder;
  const ofRuns = { plan: options.plan, clock, log, paths, stateId, program, records: recorder.add };
  // Runs end later than all of this is open.
  let told: Notifying | undefined;
  const jobs = openJobs({
    ...ofRuns,
    ...(options.systemd === true ? { units: supervision.units } : {}),
    others: () => lockHolders(supervision),
    over({ job, row, final }) {
      if (row.outcome === 'ok')
        supervision.holding.silences.over({ service: jobService(job.name), watch: null });
      if (final) told?.ran(job, row);
    },
  });
  if (!jobs.ok) {
    looks.close();
    recorder.close();
    closeFolder(opened.value);
    return err({ kind: 'failed', message: jobs.error.message });
  }
  const shipping = createShippingCourse({ store, state, clock, random, log, records });
  const forwarding = createForwarding({ store, state, clock, random, records });
  const notifying = createNotifying(options.plan, { ...shared, records, flush, jobs: jobs.value });
  told = notifying;
  const parts = { recorder, supervision, beats, looks, listening, notifying, shipping, forwarding };
  return ok({ ...opened.value, ...parts, jobs: jobs.value, noticed });
}

/** A service has its locks from its start to its stop, also between two lives. */
function lockHolders(supervision: Supervision): readonly Locker[] {
  return supervision.all().flatMap(({ planned: { name, locks = [] }, service }) => {
    if (locks.length === 0 || IDLE.includes(service.snapshot().state)) return [];
    return [{ name: `the service ${name}`, locks }];
  });
}

const IDLE: readonly string[] = ['stopped', 'done', 'failed'] satisfies readonly StateName[];

export function closeAll(open: Open): void {
  open.recorder.close();
  open.looks.close();
  open.jobs.close();
  closeFolder(open);
}
