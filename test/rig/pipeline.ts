import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import * as v from 'valibot';
import { resolvePipeline } from '../../src/app/config/pipeline.ts';
import type { Diagnostic } from '../../src/core/diagnostics.ts';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { disk, type Files } from '../../src/core/files.ts';
import { type Log, silentLog } from '../../src/core/log.ts';
import { pipelineConfig } from '../../src/pipeline/config.ts';
import { createPipeline } from '../../src/pipeline/create.ts';
import type { Ledger } from '../../src/pipeline/ledger/ledger.ts';
import { openLedger } from '../../src/pipeline/ledger/sqlite.ts';
import type { InboxFileState } from '../../src/pipeline/ledger/types.ts';
import type { Pipeline } from '../../src/pipeline/pipeline.ts';
import type { PipelinePlan } from '../../src/pipeline/plan.ts';
import { onEnd, tempFolder, testStateId } from './leaks.ts';
import { until, within } from './wait.ts';

/** A pipeline in a folder of the test's own: `incoming`, `products`, `state`. Steps are shell commands. */
export interface PipelineRig {
  readonly folder: string;
  /** Puts a file into the inbox, as a rename does. */
  deliver(name: string, content: string): void;
  /** Starts a runner in this process. */
  start(config?: PipelineInput, options?: StartOptions): Running;
  /** Starts a runner, lets it do all that it can, and ends it. */
  work(config?: PipelineInput, options?: StartOptions): Promise<void>;
  /** Asks the ledger while no runner has it. */
  ledger<T>(ask: (ledger: Ledger) => Promise<T>): Promise<T>;
  /** Every product that is there, by path below `products`. */
  products(): Readonly<Record<string, string>>;
  /** The state of what came in under a name. */
  state(name: string): Promise<InboxFileState | undefined>;
  /** What has failed, as `STEP: why`. */
  failures(): Promise<readonly string[]>;
  /** The lines that steps have written with `echo … >> $TRACE`. */
  trace(): readonly string[];
}

export type PipelineInput = Readonly<Record<string, unknown>>;

export interface StartOptions {
  readonly files?: Files;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly order?: 'depth' | 'breadth';
  /** Puts something between the runner and its ledger. */
  readonly around?: (ledger: Ledger) => Ledger;
}

export interface Running {
  readonly pipeline: Pipeline;
  /** Rejects where the runner does. */
  readonly ended: Promise<void>;
  /** Looks at the inboxes, and waits until nothing can be done. */
  settle(deadlineMs?: number): Promise<void>;
  /** Ends it as TERM does. */
  stop(): Promise<void>;
}

/** The usual inbox of a rig. */
export const INBOX = { root: 'incoming', match: '**/*.in', settle: '10ms', scan: '1h' };

/** The plan of a config; fails where anything is wrong with it. */
export function planOf(folder: string, config: PipelineInput): PipelinePlan {
  const { plan, diagnostics } = resolved(folder, config);
  assert.deepEqual(diagnostics, []);
  return plan;
}

/** The plan of a config of the right form, and what is wrong with it. */
export function resolved(
  folder: string,
  config: PipelineInput,
): { readonly plan: PipelinePlan; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const notes = {
    source: { value: {}, locate: (path: readonly (string | number)[]) => placeOf(path) },
    file: 'vahti.yaml',
    folder,
    data: folder,
    anyUser: false,
    origins: new Map(),
    diagnostics,
  };
  const plan = resolvePipeline(notes, ['services', 'p'], v.parse(pipelineConfig, config), undefined, 'UTC');
  return { plan, diagnostics };
}

/** Where a test has no text, the depth of a path is its line. */
function placeOf(path: readonly (string | number)[]) {
  return { line: path.length, column: 1 };
}

export function pipelineRig(t: TestContext, usual: PipelineInput = {}): PipelineRig {
  const folder = tempFolder(t);
  const state = join(folder, 'state');
  for (const each of ['incoming', 'products', 'state']) mkdirSync(join(folder, each));
  const start = (config: PipelineInput = usual, options: StartOptions = {}): Running =>
    startRunner(t, folder, { inbox: INBOX, ...config }, options);
  const ledger = async <T>(ask: (ledger: Ledger) => Promise<T>): Promise<T> => {
    const opened = openLedger(state, 'p');
    if (!opened.ok) throw opened.error;
    try {
      return await ask(opened.value);
    } finally {
      await opened.value.close();
    }
  };
  return {
    folder,
    start,
    ledger,
    deliver(name, content) {
      const path = join(folder, 'incoming', name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.tmp`, content);
      renameSync(`${path}.tmp`, path);
    },
    async work(config, options) {
      const running = start(config, options);
      await running.settle();
      await running.stop();
    },
    products: () =>
      Object.fromEntries(
        globSync('**/*', { cwd: join(folder, 'products'), withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .map((path): [string, string] => [
            path.slice(join(folder, 'products').length + 1),
            readFileSync(path, 'utf8'),
          ])
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ),
    state: (name) => ledger(async (each) => (await each.inboxFile('inbox', name))?.state),
    failures: () =>
      ledger(async (each) => {
        const failed = await each.tasks({ states: ['failed', 'parked'], limit: 100 });
        return failed.map(({ step, error }) => `${step}: ${error}`);
      }),
    trace() {
      const file = join(folder, 'trace');
      return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    },
  };
}

function startRunner(t: TestContext, folder: string, config: PipelineInput, options: StartOptions): Running {
  const { clock = systemClock, files = disk, log = silentLog, around = (ledger) => ledger } = options;
  const state = join(folder, 'state');
  const opened = openLedger(state, 'p');
  if (!opened.ok) throw opened.error;
  const ledger = opened.value;
  const pipeline = createPipeline({
    name: 'p',
    plan: planOf(folder, config),
    ledger: around(ledger),
    folder: state,
    work: join(state, 'work'),
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', TRACE: join(folder, 'trace') },
    cwd: folder,
    life: `${testStateId}/p/${process.pid}`,
    self: { pid: process.pid, startTicks: 0 },
    files,
    clock,
    log,
    ...(options.order === undefined ? {} : { order: options.order }),
  });
  const drain = new AbortController();
  const ended = pipeline
    .run({ drain: drain.signal, stop: drain.signal, ready: () => {}, clock, log })
    .finally(() => void ledger.close());
  ended.catch(() => {});
  const stop = async (): Promise<void> => {
    drain.abort();
    await within(ended, { what: 'the pipeline to end' });
  };
  onEnd(t, async () => {
    drain.abort();
    await ended.catch(() => {});
  });
  return {
    pipeline,
    ended,
    stop,
    async settle(deadlineMs = 20_000) {
      await Promise.race([
        pipeline.look().then(() => pipeline.settled(AbortSignal.timeout(deadlineMs))),
        ended,
      ]);
    },
  };
}

/** Waits until a step has written a line. */
export function untilTraced(rig: PipelineRig, line: string): Promise<unknown> {
  return until(() => rig.trace().includes(line), { what: `a step to write ${line}` });
}
