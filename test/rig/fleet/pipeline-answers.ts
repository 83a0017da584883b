import type { AskMethod, AskValue } from '../../../src/wire/page/asks.ts';
import type { FleetAgent } from './fleet.ts';

/** What simulated daemons answer when people ask about pipelines: of ten thousand files that failed, and of one that has a long story. */

type Params = Readonly<Record<string, unknown>>;
type PipelineMethod = Extract<AskMethod, `pipeline-${string}`>;
type Answers = {
  readonly [M in PipelineMethod]: (of: FleetAgent, params: Params, now: number) => AskValue<M>;
};
type File = AskValue<'pipeline-files'>['files'][number];

const MINUTE = 60_000;
const FILES = 10_000;
const ERROR =
  'exit code 4: reads /data/incoming/tm/solo_tm.xml\nTraceback (most recent call last):\n  File "tm2lb.py", line 88, in <module>\nValueError: packet 2034 has 12 bytes too few';

const pathOf = (id: number): string => `/data/incoming/tm/2026/11/22/solo_tm_${id}_PktTmRaw_bulk.xml`;

function file(id: number, now: number, more: Partial<File> = {}): File {
  return {
    id,
    kind: 'inbox',
    origin: 'tm',
    path: pathOf(id),
    state: 'failed',
    why: `LB: ${ERROR}`,
    due: null,
    size: 48_213 + id,
    firstSeen: now - (FILES - id) * 700 - 3 * MINUTE,
    settledAt: now - (FILES - id) * 700 - 2 * MINUTE,
    ended: now - (FILES - id) * 700,
    version: null,
    complete: true,
    ...more,
  };
}

function product(id: number, step: string, name: string, now: number): File {
  return file(id, now, {
    kind: 'product',
    origin: step,
    path: `/data/products/${step}/${name}`,
    state: 'current',
    why: null,
    settledAt: null,
    ended: null,
    version: 2,
  });
}

/** @param words that are in the name. */
function pageOf({ below, most }: Params, words = ''): readonly number[] {
  const from = typeof below === 'number' ? below : FILES + 1;
  const all = Array.from({ length: from - 1 }, (_, at) => from - 1 - at);
  return all.filter((id) => pathOf(id).includes(words)).slice(0, most as number);
}

const nextOf = (ids: readonly number[]): number | null => ((ids.at(-1) ?? 1) > 1 ? (ids.at(-1) ?? 1) : null);

function task(id: number, step: string, state: string, now: number) {
  const isBad = state === 'failed' || state === 'parked';
  return {
    id,
    step,
    key: step === 'L0' ? 'science/2026-11-22' : '',
    state,
    attempt: isBad ? 3 : 1,
    due: null,
    started: now - 5 * MINUTE,
    ended: state === 'running' ? null : now - 4 * MINUTE,
    exit: isBad ? '4' : '0',
    error: isBad ? ERROR : null,
    inputs: step === 'L0' ? 14 : 1,
    version: 2,
  };
}

function run(index: number, outcome: string | null, now: number) {
  const isBad = outcome === 'failed' || outcome === 'retry';
  return {
    index,
    attempt: index + 1,
    started: now - (5 - index) * MINUTE,
    ended: outcome === null ? null : now - (5 - index) * MINUTE + 11_400,
    outcome,
    exit: outcome === null ? null : isBad ? '4' : '0',
    error: isBad ? ERROR : null,
    hasLog: true,
  };
}

const done = (_: FleetAgent, { name }: Params) => [{ name: String(name), done: true, message: 'done' }];

export const PIPELINE_ANSWERS: Answers = {
  'pipeline-files': (_, params, now) => {
    const words = String(params['words']);
    const states = params['states'] as readonly string[];
    const ids = pageOf(params, words);
    const state = states.length === 0 ? 'failed' : (states[0] ?? 'failed');
    const isBad = state === 'failed' || state === 'parked';
    const files = ids.map((id) =>
      file(id, now, isBad ? { state } : { state, why: state === 'waiting' ? 'delay' : null }),
    );
    return { files, next: ids.length < (params['most'] as number) ? null : nextOf(ids) };
  },
  'pipeline-tasks': (_, params, now) => {
    const ids = pageOf(params);
    const state = (params['states'] as readonly string[])[0] ?? 'failed';
    return {
      tasks: ids.map((id) => ({
        ...task(id, String(params['step']), state, now - (FILES - id) * 700),
        roots: [{ id, path: pathOf(id) }],
        moreRoots: id % 5 === 0 ? 13 : 0,
      })),
      next: nextOf(ids),
    };
  },
  'pipeline-story': (_, { file: named }, now) => {
    const id = Number(/\d{2,}(?=_Pkt)|\d+$/.exec(String(named))?.[0] ?? 2034);
    const lb = product(id + 20_000, 'LB', `solo_LB_${id}_V02.fits`, now);
    const l0 = product(id + 30_000, 'L0', 'science/solo_L0_science_20261122_V02.fits', now);
    const l1 = product(id + 40_000, 'L1', 'solo_L1_science_20261122_V02.fits', now);
    return {
      file: { ...file(id, now, { state: 'partial' }), mtime: now - 9 * MINUTE, sha256: null, rev: 1 },
      others: [{ id: id - 1, rev: 0, state: 'done', firstSeen: now - 9_000_000, size: 47_000 }],
      tasks: [
        {
          ...task(id, 'LB', 'done', now),
          files: [{ id, path: pathOf(id) }],
          runs: [run(0, 'done', now)],
          moreRuns: 0,
          products: [lb],
          moreProducts: 0,
        },
        {
          ...task(id + 1, 'L0', 'done', now),
          files: [{ id: lb.id, path: lb.path }],
          runs: [run(0, 'done', now)],
          moreRuns: 0,
          products: [l0],
          moreProducts: 0,
        },
        {
          ...task(id + 2, 'L1', 'failed', now),
          files: [{ id: l0.id, path: l0.path }],
          // A person retried it: its attempts are counted anew, its runs are not.
          runs: [run(0, 'retry', now), run(1, 'retry', now), run(2, 'failed', now)].map((each) => ({
            ...each,
            index: each.index + 4,
          })),
          moreRuns: 4,
          products: [],
          moreProducts: 0,
        },
      ],
      moreTasks: 0,
      from: [],
      into: [
        { depth: 0, ...lb, shown: 'whole' },
        { depth: 1, ...l0, shown: 'whole' },
        { depth: 2, ...l1, shown: 'cut' },
      ],
    };
  },
  'pipeline-log': () => ({
    text: `${Array.from({ length: 40 }, (_, at) => `2026-11-22 18:04:${String(at).padStart(2, '0')} INFO reads packet ${2000 + at}`).join('\n')}\n${ERROR}\n`,
    bytes: 2913,
    isCut: false,
    isRunning: false,
  }),
  'pipeline-retry': done,
  'pipeline-hold': done,
  'pipeline-drain': done,
  'pipeline-resume': done,
  'pipeline-adopt': done,
};
