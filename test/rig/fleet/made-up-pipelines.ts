import type { ReportedPipeline } from '../../../src/wire/page/pipeline.ts';
import type { ReportedService } from '../../../src/wire/page/report.ts';
import { reportedService } from '../boards.ts';
import { createRandom, type Random } from './random.ts';

/** Pipelines that are made up: what simulated daemons report of them. */

const MINUTE = 60_000;
type Step = ReportedPipeline['steps'][number];

const NAMES = [
  'tm',
  'lowlatency',
  'museum-scans',
  'ecg',
  'radar',
  'calibration',
  'mail-archive',
  'thumbs',
  'survey',
  'plates',
];

/** The first has much to do and failures, the second is held, the third has nothing to do; a fourth has forty steps. */
export function madeUpPipeline(at: number, longNames: boolean, now: number): ReportedService {
  const random = createRandom(at + 41);
  const short = NAMES[at] ?? `pipeline-${at + 1}`;
  const name = longNames
    ? `${short}-of-the-instrument-that-has-a-name-of-more-than-a-hundred-characters-since-everybody-wanted-to-be-in-it`.slice(
        0,
        120,
      )
    : short;
  const steps = at === 3 ? manySteps(random) : usualSteps(at, random, now, longNames);
  const isHeld = at === 1;
  const isIdle = at === 2 || isHeld;
  const failures = failuresOf(at, steps, now);
  const pipeline: ReportedPipeline = {
    works: at !== 5,
    held: isHeld ? 'new calibration files are copied in (ada via hub)' : null,
    onError: 'continue',
    backlog: isIdle ? 0 : 41 + random.below(300),
    oldest: isIdle ? null : now - 14 * MINUTE - random.below(30 * MINUTE),
    progressed: now - (isIdle ? 3 * 3_600_000 : 2400),
    idleSince: isIdle ? now - 3 * 3_600_000 : null,
    inboxes: [
      {
        name: 'tm',
        root: '/data/incoming/tm',
        match: '**/*PktTmRaw*.xml',
        reference: false,
        files: {
          done: 12_044 + random.below(9000),
          ready: isIdle ? 0 : 41,
          waiting: 12,
          settling: 2,
          failed: at === 0 ? 3 : 0,
        },
      },
      ...(at % 2 === 0
        ? [
            {
              name: 'kernels',
              root: '/data/spice/kernels',
              match: '*.tm *.bsp',
              reference: true,
              files: { done: 118 },
            },
          ]
        : []),
    ],
    steps: isIdle ? steps.map(quiet) : steps,
    running: isIdle ? [] : runningOf(steps, now),
    moreRunning: at === 3 ? 12 : 0,
    failures,
    moreFailures: at === 0 ? 2 : 0,
    badFiles: at === 0 ? 3 : 0,
    failuresCut: false,
  };
  return serviceOf(name, pipeline, at, now);
}

function quiet(step: Step): Step {
  const { done = 0 } = step.tasks;
  return { ...step, minute: 0, hour: 0, tasks: { done } };
}

function makeStep(name: string, level: number, from: string[], more: Partial<Step> = {}): Step {
  return {
    name,
    level,
    from,
    each: 'file',
    enabled: true,
    at: null,
    nextAt: null,
    timeoutMs: 30 * MINUTE,
    concurrency: 2,
    tasks: {},
    minute: 0,
    hour: 0,
    ...more,
  };
}

function usualSteps(at: number, random: Random, now: number, longNames: boolean): Step[] {
  const l0 = longNames
    ? 'level-zero-of-the-instrument-with-all-packets-of-a-day-in-one-file-and-its-housekeeping'
    : 'L0';
  const bad = at === 0;
  return [
    makeStep('LB', 1, ['tm'], {
      tasks: { done: 12_045, running: 1, ready: 40, ...(bad ? { failed: 1412 } : {}) },
      minute: 31,
      hour: 1840,
    }),
    makeStep(l0, 2, ['LB'], {
      each: 'group',
      timeoutMs: 10 * MINUTE,
      tasks: { done: 9120, skipped: 12, running: 1, ready: 3, gathering: 9, ...(bad ? { failed: 2 } : {}) },
      minute: 12,
      hour: 702,
    }),
    makeStep('L1', 3, [l0], {
      each: 'batch',
      timeoutMs: 45 * MINUTE,
      tasks: { done: 8812, warned: 40, deferred: 17, retry: 2, running: 1, ...(bad ? { parked: 1 } : {}) },
      minute: 9,
      hour: 655,
    }),
    makeStep('L2', 4, ['L1'], { tasks: { done: 8790 }, minute: 9, hour: 640 }),
    makeStep('QL', 2, ['LB'], { enabled: false, tasks: { done: 300 } }),
    makeStep('PLOT', 5, ['L2'], {
      at: '0 8 * * * UTC',
      nextAt: now + random.below(20) * 3_600_000,
      tasks: { done: 412, skipped: 3 },
    }),
  ];
}

function manySteps(random: Random): Step[] {
  return Array.from({ length: 40 }, (_, index) => {
    const level = 1 + Math.floor(index / 5);
    const above = (level - 2) * 5;
    const from =
      level === 1
        ? ['tm']
        : [`S${above + 1 + (index % 5)}`, ...(index % 3 === 0 ? [`S${above + 1 + ((index + 2) % 5)}`] : [])];
    return makeStep(`S${index + 1}`, level, from, {
      tasks: {
        done: 100 + random.below(90_000),
        ...(index % 7 === 0 ? { running: 1, ready: random.below(90) } : {}),
      },
      minute: random.below(20),
      hour: random.below(900),
    });
  });
}

function runningOf(steps: readonly Step[], now: number): ReportedPipeline['running'] {
  return steps
    .filter(({ tasks }) => (tasks['running'] ?? 0) > 0)
    .slice(0, 8)
    .map(({ name, timeoutMs, each }, index) => ({
      task: 9000 + index,
      step: name,
      key: each === 'group' ? 'science/2026-11-22' : '',
      attempt: index === 1 ? 2 : 1,
      started: now - Math.floor(timeoutMs * (index === 0 ? 0.86 : 0.07 * index)),
      inputs: each === 'file' ? 1 : 14,
      first: `/data/incoming/tm/2026/11/22/solo_tm_${2_034 + index}_PktTmRaw_bulk.xml`,
    }));
}

function failuresOf(
  at: number,
  [first, second, third]: readonly Step[],
  now: number,
): ReportedPipeline['failures'] {
  if (at !== 0) return [];
  return [
    {
      of: first?.name ?? '',
      reason: 'exit code 4: ValueError: packet N has N bytes too few',
      count: 1200,
      last: now - 40_000,
    },
    {
      of: first?.name ?? '',
      reason: 'exit code 1: xml.parsers.expat.ExpatError: no element found: line N, column N',
      count: 212,
      last: now - 9 * MINUTE,
    },
    {
      of: third?.name ?? '',
      reason: 'its runner was killed 3 times while it ran',
      count: 1,
      last: now - 50 * MINUTE,
    },
    { of: 'tm', reason: 'its group was not complete within 1h', count: 3, last: now - 90 * MINUTE },
    { of: second?.name ?? '', reason: 'took longer than 10m', count: 2, last: now - 200 * MINUTE },
  ];
}

function serviceOf(name: string, pipeline: ReportedPipeline, at: number, now: number): ReportedService {
  const since = now - 3 * 86_400_000;
  const isBad = pipeline.failures.length > 0;
  const failed = pipeline.steps.reduce(
    (sum, { tasks }) => sum + (tasks['failed'] ?? 0) + (tasks['parked'] ?? 0),
    0,
  );
  return reportedService(name, {
    kind: 'pipeline',
    about: `/data/incoming/tm → ${pipeline.steps.length} steps → /data/products`,
    state: pipeline.works ? 'running' : 'stopped',
    condition: isBad ? 'late' : pipeline.works ? 'ok' : 'stopped',
    trouble: isBad ? 'backlog is late: 41 wait, and it grows since 24h' : '',
    since,
    stateSince: since,
    wanted: pipeline.works,
    life: `${name.slice(0, 20)}-k3j${at}`,
    pid: pipeline.works ? 2000 + at : null,
    startedAt: pipeline.works ? since : null,
    figures: {
      memory: 90_000_000,
      rate: Math.round((pipeline.steps.reduce((sum, { minute }) => sum + minute, 0) / 60) * 1000) / 1000,
      backlog: pipeline.backlog,
      oldest: pipeline.oldest === null ? 0 : now - pipeline.oldest,
      failed,
    },
    pipeline,
  });
}
