import { joinWords } from '../../core/words.ts';
import type { RunRow } from '../../jobs/history.ts';
import type { PlannedJob } from '../../jobs/job.ts';
import { causeText } from '../../jobs/job-records.ts';
import type { ScheduledJob } from '../../jobs/scheduler.ts';
import type { ReportedJob } from '../../wire/page/report.ts';
import type { JobStatus } from '../job-status.ts';
import { jobStand, type Sinces } from './condition.ts';
import { cut, cutName } from './cut.ts';

/** A job as the hub is told of it. @param now wall milliseconds. */
export function reportJob(
  status: JobStatus,
  { job, state: { waiting: asked } }: Pick<ScheduledJob, 'job' | 'state'>,
  sinces: Sinces,
  now: number,
): ReportedJob {
  const { name, verb, state, standing, run, progress, waiting, blocked, pause, last } = status;
  const notBefore = asked[0]?.notBefore ?? now;
  const stand = jobStand(status);
  return {
    name: cutName(name),
    verb,
    about: cut(aboutJob(job)),
    state,
    standing,
    condition: stand.condition,
    trouble: cut(stand.trouble),
    since: sinces.of(`job/${name}`, stand, now),
    run:
      run === null
        ? null
        : {
            run: cutName(run.run),
            attempt: run.attempt,
            startedAt: run.startedAt,
            cause: cut(run.cause),
            dryRun: run.dryRun,
          },
    progress: progress === null ? null : { ...progress, what: cut(progress.what) },
    // One whose time has come does not come later and later.
    waiting:
      waiting === null
        ? null
        : {
            at: waiting.at > now && Number.isFinite(waiting.at) ? waiting.at : notBefore,
            attempt: waiting.attempt,
            cause: cut(waiting.cause),
          },
    blocked: blocked === null ? null : cut(`${blocked.lock}, which ${blocked.by} has`),
    pause: pause === null ? null : { ...pause, who: cut(pause.who), why: cut(pause.why) },
    lateAt: status.lateAt,
    last: last === null ? null : reportRun(last),
    next: [...status.next],
    zone: status.zone,
    after: job.after.map((each) => cutName(each.job)),
  };
}

function aboutJob({ verb, argv, options }: PlannedJob): string {
  if (verb === 'run') return joinWords(argv);
  // What most verbs are about is their folder.
  const [about] = [options['root'], options[verb], ...Object.values(options)].filter(
    (each) => typeof each === 'string',
  );
  return about === undefined ? verb : `${verb} ${about}`;
}

function reportRun(row: RunRow): NonNullable<ReportedJob['last']> {
  const { run, attempt, started, ended, outcome, summary, dryRun } = row;
  const cause = cut(causeText(row));
  return { run: cutName(run), attempt, started, ended, outcome, summary: cut(summary), cause, dryRun };
}
