import type { ReportedJob } from '../../../src/wire/page/report.ts';
import type { Random } from './random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const VERBS = ['archive', 'sync', 'purge', 'run', 'publish'];
const ABOUT = [
  'archive data/firehose to zst',
  'sync data/firehose to backup:/srv/firehose',
  'purge data/firehose older than 14d',
  'python3 daily.py',
  'publish products to https://data.example',
];

/** A job that is made up: the first few are one of each kind. */
export function madeUpJob(at: number, random: Random, now: number): ReportedJob {
  const kind = at % VERBS.length;
  const round = Math.floor(at / VERBS.length);
  const verb = VERBS[kind] as string;
  const since = now - random.below(20 * 24) * HOUR - HOUR;
  const hour = now - (now % HOUR);
  const started = hour - HOUR + 5 * MINUTE;
  const job: ReportedJob = {
    name: round === 0 ? `${verb}-firehose` : `${verb}-${round + 1}`,
    verb,
    about: ABOUT[kind] as string,
    state: 'idle',
    standing: 'ok',
    condition: 'ok',
    trouble: '',
    since,
    run: null,
    progress: null,
    waiting: null,
    blocked: null,
    pause: null,
    lateAt: null,
    last: {
      run: `r${(started % 1e8).toString(36)}${at}`,
      attempt: 1,
      started,
      ended: started + 40_000 + random.below(600_000),
      outcome: 'ok',
      summary: '24 files, 1.2 GiB → 180 MiB',
      cause: 'schedule',
      dryRun: false,
    },
    next: [1, 2, 3, 4, 5].map((each) => hour + each * HOUR + 5 * MINUTE),
    zone: kind === 2 ? 'Europe/Helsinki' : null,
    after: kind === 1 ? [round === 0 ? 'archive-firehose' : `archive-${round + 1}`] : [],
  };
  return { ...job, ...moodOf(at, job, now) };
}

function moodOf(at: number, job: ReportedJob, now: number): Partial<ReportedJob> {
  const last = job.last as NonNullable<ReportedJob['last']>;
  switch (at % 23) {
    case 0:
      return {
        state: 'running',
        run: {
          run: `r-now-${at}`,
          attempt: 1,
          startedAt: now - 4 * MINUTE,
          cause: 'schedule',
          dryRun: false,
        },
        progress: { done: 14, total: 24, what: 'files' },
      };
    case 1:
      return {
        state: 'retrying',
        standing: 'failed',
        condition: 'bad',
        since: last.started,
        trouble: 'the last run failed: cannot copy to backup: connection refused',
        last: {
          ...last,
          outcome: 'failed',
          summary: 'cannot copy to backup: connection refused',
          attempt: 2,
        },
        waiting: { at: now + 6 * MINUTE, attempt: 3, cause: 'retry' },
      };
    case 3:
      return {
        state: 'paused',
        pause: { who: 'ada', why: 'the disk is being replaced', at: now - 3 * HOUR },
        next: [],
      };
    case 4:
      return {
        standing: 'late',
        condition: 'late',
        since: now - 30 * MINUTE,
        trouble: 'no good run for 26 h; 25 h are allowed',
        lateAt: now - 30 * MINUTE,
        blocked: 'data/firehose, which archive-firehose has',
      };
    default:
      return {};
  }
}
