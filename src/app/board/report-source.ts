import { hostname } from 'node:os';
import type { Reporting, ReportSource } from '../../agent/reporting.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { DatabaseError } from '../../core/sqlite.ts';
import { jobService } from '../../jobs/job.ts';
import type { ScheduledJob } from '../../jobs/scheduler.ts';
import type { Notifier } from '../../notify/notifier.ts';
import type { Report, ReportedHost, ReportedJob, ReportedService } from '../../wire/page/report.ts';
import type { Jobs } from '../jobs.ts';
import type { StatePaths } from '../state.ts';
import type { Supervised, Supervision } from '../supervision.ts';
import { createSinces, type Sinces } from './condition.ts';
import { cut } from './cut.ts';
import { createMeasuring, type Measuring } from './measuring.ts';
import type { Change, Noticed } from './noticed.ts';
import { createPipelineLooks, type PipelineLooks } from './pipeline-looks.ts';
import { reportJob } from './reported-job.ts';
import { reportService } from './reported-service.ts';
import { steadyJob, steadyService } from './steady.ts';

/** What happens within this is said together, milliseconds. */
const TOGETHER_MS = 100;
/** Not everything that changes is a record: all services are looked at so often. */
const LOOK_MS = 1_000;
/** Looks take a 400th of the time at most, however many services there are. */
const LOOK_SHARE = 400;
/** A hub takes no more of each. */
const MOST = 10_000;

export interface ReportSources {
  readonly supervision: Pick<Supervision, 'all' | 'get'>;
  readonly jobs: Pick<Jobs, 'scheduler' | 'statusOf'>;
  readonly notifier: Pick<Notifier, 'view'>;
  readonly noticed: Noticed;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  readonly paths: StatePaths;
  /** The first part of every life. */
  readonly stateId: string;
  readonly version: string;
  /** Since when this daemon runs. */
  readonly since: number;
  /** The config file. */
  readonly config: string;
  /** Whether people may act on it through the hub. */
  readonly acts: boolean;
}

/** What the hub is told of services, jobs and the host: all of it, then what is different from what it was told. */
export function createReportSource(sources: ReportSources): ReportSource {
  // Kept over connections: a condition does not begin anew with one.
  const sinces = createSinces();
  return { begin: (ready) => new Comparing(sources, sinces, ready) };
}

/** Something as it was last told, as JSON: all of it, and without what changes all the time. */
interface Told {
  readonly whole: string;
  readonly steady: string;
}

class Comparing implements Reporting {
  readonly #sources: ReportSources;
  readonly #sinces: Sinces;
  readonly #ready: () => void;
  readonly #measuring: Measuring;
  readonly #pipelines: PipelineLooks;
  readonly #unfollow: () => void;
  readonly #services = new Map<string, Told>();
  readonly #jobs = new Map<string, Told>();
  /** Asked for rarely: it is in a database. */
  readonly #boots = new Map<string, boolean>();
  #host = '';
  #messages = 0;
  /** What is to be looked at: these, or all; with everything that changes all the time, too. */
  #names = new Set<string>();
  #isAll = false;
  #isFull = false;
  #isMessages = true;
  #soon: Timer | undefined;
  #look: Timer | undefined;
  #costMs = 0;

  constructor(sources: ReportSources, sinces: Sinces, ready: () => void) {
    this.#sources = sources;
    this.#sinces = sinces;
    this.#ready = ready;
    const { noticed, supervision } = sources;
    this.#measuring = createMeasuring({
      ...sources,
      services: () => supervision.all(),
      measured: () => {
        this.#isFull = true;
        this.#ready();
      },
    });
    this.#pipelines = createPipelineLooks({
      ...sources,
      services: () => supervision.all(),
      changed: (changed) => {
        for (const name of changed) this.#names.add(name);
        this.#ready();
      },
    });
    this.#unfollow = noticed.follow((change) => this.#noticed(change));
    this.#lookLater();
  }

  whole(): Report {
    this.#services.clear();
    this.#jobs.clear();
    this.#host = '';
    this.#isFull = true;
    this.#isMessages = true;
    return { ...this.#compare(), whole: true };
  }

  changes(): Report | undefined {
    const report = this.#compare();
    const { services, jobs, gone, host } = report;
    const isSame =
      host === undefined && services.length + jobs.length + gone.services.length + gone.jobs.length === 0;
    return isSame ? undefined : report;
  }

  end(): void {
    this.#unfollow();
    this.#measuring.close();
    this.#pipelines.close();
    this.#soon?.cancel();
    this.#look?.cancel();
  }

  #noticed({ names, messages }: Change): void {
    for (const name of names) this.#names.add(name);
    this.#isMessages ||= messages;
    this.#soon ??= this.#sources.clock.timer(TOGETHER_MS, () => {
      this.#soon = undefined;
      this.#ready();
    });
  }

  #lookLater(): void {
    const ms = Math.max(LOOK_MS, this.#costMs * LOOK_SHARE);
    this.#look = this.#sources.clock.timer(ms, () => {
      this.#isAll = true;
      this.#ready();
      this.#lookLater();
    });
  }

  #compare(): Report {
    const { clock } = this.#sources;
    const [begun, isFull, isAll, names] = [clock.monotonic(), this.#isFull, this.#isAll, this.#names];
    this.#names = new Set();
    [this.#isAll, this.#isFull] = [false, false];
    const services = this.#changedServices(isAll || isFull, isFull, names);
    const jobs = this.#changedJobs(isAll || isFull, isFull, names);
    const host = this.#changedHost(isFull);
    const gone = isAll || isFull ? this.#gone() : { services: [], jobs: [] };
    if (isAll) this.#costMs = clock.monotonic() - begun;
    return { whole: false, ...(host === undefined ? {} : { host }), services, jobs, gone };
  }

  #changedServices(all: boolean, full: boolean, names: ReadonlySet<string>): ReportedService[] {
    const { supervision, clock } = this.#sources;
    const now = clock.now();
    const looked: readonly Supervised[] = all
      ? supervision.all().slice(0, MOST)
      : [...names].flatMap((name) => supervision.get(name) ?? []);
    return looked.flatMap((each) => {
      const { name } = each.planned;
      const isNamed = full || names.has(name);
      const known = this.#boots.get(name);
      const boot = isNamed || known === undefined ? readable(() => each.boot().starts, known ?? true) : known;
      this.#boots.set(name, boot);
      const seen = { ...this.#measuring.of(name), pipeline: this.#pipelines.of(name) };
      const report = reportService(each, seen, boot, this.#sinces, now);
      return differs(this.#services, name, report, steadyService(report), full) ? [report] : [];
    });
  }

  #changedJobs(all: boolean, full: boolean, names: ReadonlySet<string>): ReportedJob[] {
    const { jobs, clock } = this.#sources;
    const now = clock.now();
    const isMeant = ({ job, state }: ScheduledJob): boolean =>
      full || names.has(jobService(job.name)) || (all && state.current !== null);
    if (!all && ![...names].some((name) => name.startsWith(jobService('')))) return [];
    const looked = jobs.scheduler.all().slice(0, MOST).filter(isMeant);
    return looked.flatMap((each) => {
      const status = readable(() => jobs.statusOf(each, now), undefined);
      if (status === undefined) return [];
      const report = reportJob(status, each, this.#sinces, now);
      return differs(this.#jobs, each.job.name, report, steadyJob(report), full) ? [report] : [];
    });
  }

  /** Free room changes all the time: it is told with the figures. */
  #changedHost(full: boolean): ReportedHost | undefined {
    if (!full && !this.#isMessages) return undefined;
    this.#messages = readable(() => messagesOf(this.#sources.notifier), this.#messages);
    this.#isMessages = false;
    const { version, since, config, acts } = this.#sources;
    const facts = { version, host: hostname(), pid: process.pid, since, config: cut(config), acts };
    const host = { ...facts, ...this.#measuring.host(), messages: this.#messages };
    const text = JSON.stringify(host);
    if (text === this.#host) return undefined;
    this.#host = text;
    return host;
  }

  #gone(): Report['gone'] {
    const { supervision, jobs } = this.#sources;
    const services = new Set(supervision.all().map(({ planned }) => planned.name));
    const ofJobs = new Set(jobs.scheduler.all().map(({ job }) => job.name));
    const gone = { services: dropOthers(this.#services, services), jobs: dropOthers(this.#jobs, ofJobs) };
    for (const name of gone.services) this.#boots.delete(name);
    this.#sinces.keepOnly(new Set([...services, ...[...ofJobs].map(jobService)]));
    return gone;
  }
}

/** Whether it is to be told; then it counts as told. */
function differs(told: Map<string, Told>, name: string, thing: object, steadyPart: object, full: boolean) {
  const before = told.get(name);
  const steady = JSON.stringify(steadyPart);
  if (before !== undefined && !full && before.steady === steady) return false;
  const whole = JSON.stringify(thing);
  if (before?.whole === whole) return false;
  told.set(name, { whole, steady });
  return true;
}

function dropOthers(told: Map<string, Told>, names: ReadonlySet<string>): string[] {
  const others = [...told.keys()].filter((name) => !names.has(name));
  for (const name of others) told.delete(name);
  return others;
}

/** A database that cannot be read now says so elsewhere; what is not known anew stays as it was. */
function readable<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof DatabaseError) return otherwise;
    throw thrown;
  }
}

function messagesOf(notifier: Pick<Notifier, 'view'>): number {
  return notifier.view({ pending: true, most: 1 }).channels.reduce((sum, { pending }) => sum + pending, 0);
}
