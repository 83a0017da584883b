import * as v from 'valibot';
import type { Clock } from '../core/clock.ts';
import type { RecordStore, StoredRecord } from '../core/record.ts';
import { RpcError, type RpcMethods } from '../core/rpc.ts';
import { joinWords } from '../core/words.ts';
import type { RunRow } from '../jobs/history.ts';
import { jobService, type PlannedJob } from '../jobs/job.ts';
import type { ScheduledJob } from '../jobs/scheduler.ts';
import { verbOptions } from '../jobs/verb-options.ts';
import { explainJob } from './explain-jobs.ts';
import type { JobStatus } from './job-status.ts';
import type { Jobs } from './jobs.ts';

const name = v.pipe(v.string(), v.nonEmpty());
const who = v.pipe(v.string(), v.nonEmpty(), v.maxLength(200));
const MOST_ROWS = 1000;
const EVIDENCE = 12;

/** The parameters of the methods for jobs, checked where they come in. */
const JOB_PARAMS = {
  jobs: v.strictObject({}),
  'job-run': v.strictObject({
    name,
    who,
    set: v.record(v.pipe(v.string(), v.maxLength(200)), v.pipe(v.string(), v.maxLength(100_000))),
    dryRun: v.boolean(),
  }),
  'job-pause': v.strictObject({
    names: v.pipe(v.array(name), v.minLength(1)),
    who,
    why: v.pipe(v.string(), v.nonEmpty(), v.maxLength(1000)),
  }),
  'job-resume': v.strictObject({ names: v.pipe(v.array(name), v.minLength(1)), who }),
  'job-history': v.strictObject({
    names: v.array(name),
    limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_ROWS)),
  }),
  'job-explain': v.strictObject({ name }),
} as const;

/** What came of it for a job. */
export interface JobResult {
  readonly name: string;
  readonly done: boolean;
  readonly message: string;
}

/** A run that was asked for: its name, and what it waits for; or, of a dry run of a command, what it would do. */
export interface AskedRun {
  readonly run: string | null;
  readonly lines: readonly string[];
}

export interface JobExplanation {
  readonly job: JobStatus;
  /** Sentences: how it stands, what was last, what happens next and when. */
  readonly because: readonly string[];
  readonly evidence: readonly StoredRecord[];
}

type Params<K extends keyof typeof JOB_PARAMS> = v.InferOutput<(typeof JOB_PARAMS)[K]>;

export interface JobApi {
  readonly jobs: { readonly params: Record<string, never>; readonly value: readonly JobStatus[] };
  readonly 'job-run': { readonly params: Params<'job-run'>; readonly value: AskedRun };
  readonly 'job-pause': { readonly params: Params<'job-pause'>; readonly value: readonly JobResult[] };
  readonly 'job-resume': { readonly params: Params<'job-resume'>; readonly value: readonly JobResult[] };
  readonly 'job-history': { readonly params: Params<'job-history'>; readonly value: readonly RunRow[] };
  readonly 'job-explain': { readonly params: Params<'job-explain'>; readonly value: JobExplanation };
}

export interface JobControlTarget {
  readonly jobs: Jobs;
  readonly store: RecordStore;
  readonly clock: Clock;
  flush(): void;
}

export function jobMethods(target: JobControlTarget): RpcMethods<JobApi> {
  const { jobs, clock } = target;
  const { scheduler } = jobs;
  return {
    jobs: { params: JOB_PARAMS.jobs, handle: () => jobs.status(clock.now()) },
    'job-run': { params: JOB_PARAMS['job-run'], handle: (asked) => runNow(target, asked) },
    'job-pause': {
      params: JOB_PARAMS['job-pause'],
      handle: ({ names, who: by, why }) =>
        chosen(jobs, names).map(({ job: { name: each } }) => {
          const done = scheduler.pause(each, by, why);
          return { name: each, done, message: done ? 'is paused; what runs goes on' : 'is paused already' };
        }),
    },
    'job-resume': {
      params: JOB_PARAMS['job-resume'],
      handle: ({ names, who: by }) =>
        chosen(jobs, names).map(({ job: { name: each } }) => {
          const done = scheduler.resume(each, by);
          return { name: each, done, message: done ? 'goes on with its next time' : 'is not paused' };
        }),
    },
    'job-history': {
      params: JOB_PARAMS['job-history'],
      handle({ names, limit }) {
        const all = names.length === 0 ? scheduler.all() : chosen(jobs, names);
        return all
          .flatMap(({ job }) => jobs.store.runs(job.name, limit))
          .toSorted((a, b) => b.started - a.started)
          .slice(0, limit);
      },
    },
    'job-explain': {
      params: JOB_PARAMS['job-explain'],
      handle: ({ name: each }) => explanation(target, each),
    },
  };
}

/** The jobs of these names. */
function chosen(jobs: Jobs, names: readonly string[]): readonly ScheduledJob[] {
  return [...new Set(names)].map((each) => {
    const found = jobs.scheduler.get(each);
    if (found !== undefined) return found;
    const known = jobs.scheduler.all().map(({ job }) => job.name);
    throw new RpcError('unknown-job', `cannot find a job "${each}"`, { name: each, known });
  });
}

async function runNow({ jobs }: JobControlTarget, asked: Params<'job-run'>): Promise<AskedRun> {
  const { name: each, who: by, set, dryRun } = asked;
  const [{ job }] = chosen(jobs, [each]) as [ScheduledJob];
  const wrong = await settingProblem(job, set);
  if (wrong !== undefined) throw new RpcError('refused', wrong);
  if (dryRun && job.verb === 'run') return { run: null, lines: commandLines(job, set) };
  const run = jobs.scheduler.run(each, { who: by, set, dryRun });
  if (!run.ok) throw new RpcError('refused', `cannot run ${each}: ${run.error}`);
  const blocked = jobs.scheduler.get(each)?.blocked;
  const lines = blocked === undefined ? [] : [`it waits for ${blocked.lock}, which ${blocked.by} has`];
  return { run: run.value, lines };
}

async function settingProblem(
  job: PlannedJob,
  set: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  if (job.verb !== 'run') {
    // Verbs are not small: they are loaded where one is asked about.
    const { VERB_KINDS } = await import('../jobs/verbs/registry.ts');
    const kind = VERB_KINDS.find(({ verb }) => verb === job.verb);
    if (kind === undefined) return `this vahti knows no verb "${job.verb}"`;
    const read = verbOptions(kind, job.options, set);
    return read.ok ? undefined : read.error;
  }
  for (const [key, value] of Object.entries(set)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key))
      return `cannot set "${key}": that is no name of an environment variable`;
    if (key.startsWith('VAHTI_')) return `cannot set ${key}: Vahti sets it by itself`;
    if (value.includes('\0')) return `cannot set ${key}: its value has a NUL byte`;
  }
  return undefined;
}

/** What a run of a command would do. */
function commandLines(job: PlannedJob, set: Readonly<Record<string, string>>): readonly string[] {
  const { argv, before, cwd, user, locks, timeoutMs } = job;
  const names = [...Object.keys(job.env), ...Object.keys(set)];
  return [
    ...(before === undefined ? [] : [`would first run ${joinWords(before.argv)}`]),
    `would run ${joinWords(argv)}`,
    `in ${cwd}${user === undefined ? '' : ` as ${user}`}, for ${Math.round(timeoutMs / 1000)} s at the most`,
    ...(names.length === 0 ? [] : [`with ${[...new Set(names)].join(', ')} in its environment`]),
    ...(locks.length === 0 ? [] : [`when ${locks.join(' and ')} is free`]),
  ];
}

function explanation({ jobs, store, clock, flush }: JobControlTarget, each: string): JobExplanation {
  const [scheduled] = chosen(jobs, [each]) as [ScheduledJob];
  flush();
  const now = clock.now();
  const job = jobs.status(now).find((status) => status.name === each) as JobStatus;
  const evidence = store.query({
    services: [jobService(each)],
    kinds: ['job', 'flip', 'action', 'note'],
    limit: EVIDENCE,
    take: 'newest',
  });
  return { job, because: explainJob(job, scheduled.job, now), evidence };
}
