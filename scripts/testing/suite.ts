import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { sweepLeftovers } from './leftovers.ts';
import type { TestLine } from './reporter.ts';

export interface Suite {
  readonly name: string;
  /** Glob, relative to the working folder. */
  readonly files: string;
  readonly budgetMs: number;
  /** How long one test may take. */
  readonly testTimeoutMs: number;
  /** So many files run side by side; default 2. */
  readonly atOnce?: number;
  /** Runs only when it is named. */
  readonly onDemand?: boolean;
}

export interface SuiteResult {
  readonly name: string;
  readonly tests: number;
  readonly passed: number;
  /** Failed tests, and one for each problem. */
  readonly failed: number;
  readonly skips: readonly string[];
  /** The files in which tests failed. */
  readonly failedFiles: readonly string[];
  /** Tests that failed beside others and passed when their file ran again, alone. */
  readonly unsteady: readonly string[];
  /** What is wrong with the suite as a whole. */
  readonly problems: readonly string[];
  readonly ms: number;
  readonly budgetMs: number;
}

export interface SuiteOptions {
  /** Where node's own report goes. */
  readonly output: 'inherit' | 'ignore';
  /** In CI nothing may be skipped: whoever runs it installs what the tests need. */
  readonly ci: boolean;
  /** Whether REAL_DATA is there. Nobody can install it: where it is not, what needs it may be skipped in CI too. */
  readonly realData: boolean;
  readonly signal: AbortSignal;
}

/** Real input beside the checkout, as skipped tests name it. */
export const REAL_DATA = '../shared';
const REPORTER = resolve(import.meta.dirname, 'reporter.ts');
/** A file that keeps a timer or a socket open never ends: this long after its last sign of life the suite is over. */
const STALL_MS = 30_000;
const KILL_AFTER_MS = 1_000;
/** More files than these do not fail together for what runs beside them. */
const AGAIN_AT_MOST = 4;
const LEAST_AGAIN_MS = 120_000;
const LEFTOVER_GRACE_MS = 2_000;

class Tally {
  passed = 0;
  readonly failures: { readonly file: string; readonly name: string }[] = [];
  readonly skips: string[] = [];
  readonly emptyFiles: string[] = [];
  readonly running = new Set<string>();
  lastSign = performance.now();

  take(line: TestLine): void {
    this.lastSign = performance.now();
    const file = relative(process.cwd(), line.file);
    if (line.event === 'begin') this.running.add(file);
    else if (line.event === 'end') this.running.delete(file);
    else if (line.event === 'fail' && line.skipped === undefined && line.what !== 'suite')
      this.failures.push({ file, name: line.name });
    else if (line.event !== 'progress' && line.skipped !== undefined) {
      this.skips.push(`${file}: ${line.name} (${line.skipped})`);
    } else if (line.event === 'pass' && line.what === 'test') this.passed += 1;
    // Node passes a file as a whole only if no test was found in it.
    else if (line.event === 'pass' && line.what === 'file') this.emptyFiles.push(file);
  }

  get failed(): number {
    return this.failures.length;
  }
}

function start(
  suite: Suite,
  files: readonly string[],
  mark: string,
  output: SuiteOptions['output'],
): ChildProcess {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const options = [
    `--test-concurrency=${suite.atOnce ?? 2}`,
    `--test-timeout=${suite.testTimeoutMs}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${REPORTER}`,
    '--test-reporter-destination=stdout',
  ];
  return spawn(process.execPath, ['--test', ...options, ...files], {
    stdio: ['ignore', output, output, 'pipe'],
    detached: true, // a process group of its own, to be ended as a whole
    env: {
      // Each file is a process of its own, that reads the same sources: 0.35 s from source, 0.25 s from the cache.
      NODE_COMPILE_CACHE: resolve('node_modules/.cache/vahti-tests'),
      ...env,
      VAHTI_TEST_RUN: `${env['VAHTI_TEST_RUN'] ?? ''}/${mark}`,
    },
  });
}

/** Lets node say what it was doing, then ends its whole group. */
function end(child: ChildProcess): void {
  const kill = (target: number, signal: NodeJS.Signals): void => {
    try {
      process.kill(target, signal);
    } catch {
      // It has ended.
    }
  };
  const { pid } = child;
  if (pid === undefined) return;
  kill(pid, 'SIGTERM');
  setTimeout(() => kill(-pid, 'SIGKILL'), KILL_AFTER_MS);
}

/** Waits for the end of the run; ends it when it is over its time, stalls or is interrupted, and says so. */
async function supervise(
  child: ChildProcess,
  suite: Suite,
  tally: Tally,
  signal: AbortSignal,
): Promise<string[]> {
  const problems: string[] = [];
  const giveUp = (reason: string): void => {
    if (problems.length > 0) return;
    const running = [...tally.running].join(', ');
    problems.push(running === '' ? reason : `${reason}; still running: ${running}`);
    end(child);
  };
  const stallMs = suite.testTimeoutMs + STALL_MS;
  const budget = setTimeout(
    () => giveUp(`exceeded its budget of ${suite.budgetMs / 1000} s`),
    suite.budgetMs,
  );
  const stall = setInterval(() => {
    if (performance.now() - tally.lastSign > stallMs) giveUp(`gave no sign of life for ${stallMs / 1000} s`);
  }, 1_000);
  const onAbort = (): void => giveUp('was interrupted');
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const [code, killedBy] = await once(child, 'exit');
  clearTimeout(budget);
  clearInterval(stall);
  signal.removeEventListener('abort', onAbort);
  if (problems.length === 0 && code !== 0 && tally.failed === 0) {
    problems.push(`node --test ended with ${killedBy ?? `exit code ${code}`}`);
  }
  return problems;
}

function judge(tally: Tally, { ci, realData }: SuiteOptions): string[] {
  const problems: string[] = [];
  for (const file of tally.emptyFiles) problems.push(`${file} has no tests`);
  if (tally.passed + tally.failed + tally.skips.length === 0) problems.push('ran no tests at all');
  const skips = tally.skips.filter((skip) => realData || !skip.includes(REAL_DATA));
  if (ci && skips.length > 0) problems.push(`${skips.length} skipped in CI, where every test must run`);
  return problems;
}

/**
 * Runs the files of one suite under its budget. Leaves no process behind. Where tests of a few files failed, and nothing else is wrong,
 * these run again, one at a time: what passes then did not fail for what it tests, but for what ran beside it. It is named in `unsteady`.
 */
export async function runSuite(
  suite: Suite,
  files: readonly string[],
  options: SuiteOptions,
): Promise<SuiteResult> {
  const first = await runOnce(suite, files, options);
  const again = first.failedFiles;
  if (again.length === 0 || again.length > AGAIN_AT_MOST || first.problems.length > 0) return first;
  const second = await runOnce(
    { ...suite, atOnce: 1, budgetMs: Math.max(LEAST_AGAIN_MS, suite.budgetMs - first.ms) },
    again,
    options,
  );
  if (second.failed > 0) return { ...first, ms: first.ms + second.ms };
  return {
    ...first,
    passed: first.passed + first.failed,
    failed: 0,
    failedFiles: [],
    unsteady: first.failures,
    ms: first.ms + second.ms,
  };
}

async function runOnce(
  suite: Suite,
  files: readonly string[],
  options: SuiteOptions,
): Promise<SuiteResult & { readonly failures: readonly string[] }> {
  const { output, signal } = options;
  const started = performance.now();
  const mark = randomUUID();
  const tally = new Tally();
  const child = start(suite, files, mark, output);
  const lines = createInterface({ input: child.stdio[3] as Readable });
  const linesEnd = once(lines, 'close');
  lines.on('line', (line) => tally.take(JSON.parse(line) as TestLine));
  const problems = await supervise(child, suite, tally, signal);
  const over = problems.length > 0;
  const leftovers = await sweepLeftovers(mark, over ? 0 : LEFTOVER_GRACE_MS);
  await linesEnd;
  // What a failed test left behind says no more than that it failed.
  if (!over && leftovers.length > 0 && tally.failed === 0) {
    const list = leftovers.map(({ pid, command }) => `${pid} ${command}`).join('\n    ');
    problems.push(`left processes behind (now killed):\n    ${list}`);
  }
  problems.push(...judge(tally, options));
  const { passed, skips } = tally;
  return {
    name: suite.name,
    tests: passed + tally.failed + skips.length,
    passed,
    failed: tally.failed + problems.length,
    skips,
    failures: tally.failures.map(({ file, name }) => `${file}: ${name}`),
    failedFiles: [...new Set(tally.failures.map(({ file }) => file))],
    unsteady: [],
    problems,
    ms: performance.now() - started,
    budgetMs: suite.budgetMs,
  };
}
