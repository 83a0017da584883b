import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import * as v from 'valibot';
import { systemClock } from '../../src/core/clock.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import type { VerbContext, VerbOutcome } from '../../src/core/verb.ts';
import { readRotated } from '../../src/jobs/verbs/rotate/names.ts';
import { rotateOptions } from '../../src/jobs/verbs/rotate/options.ts';
import { type Means, runRotate } from '../../src/jobs/verbs/rotate/run.ts';
import { leakCheck, onEnd, testStateId } from './leaks.ts';
import { memoryFolder, rigLedger, verbContext } from './lifecycle.ts';
import { until, within } from './wait.ts';

export interface RotateRig {
  readonly base: string;
  readonly root: string;
  readonly log: string;
  readonly ledger: Ledger;
  readonly run: (
    options?: Record<string, unknown>,
    more?: Partial<VerbContext> & { readonly means?: Means },
  ) => Promise<VerbOutcome & { readonly said: readonly string[] }>;
}

/** A folder with logs, a ledger, and the verb at work on both, by the real clock. */
export function rotateRig(t: TestContext): RotateRig {
  leakCheck(t);
  const base = memoryFolder(t);
  const root = join(base, 'log');
  mkdirSync(root);
  const ledger = rigLedger(t, base);
  return {
    base,
    root,
    log: join(root, 'app.log'),
    ledger,
    async run(options = {}, { means, ...more } = {}) {
      const env = { PATH: process.env['PATH'] ?? '', VAHTI_LIFE: `${testStateId}/rotate` };
      const given = verbContext(ledger, base, { job: 'rotate', env, clock: systemClock, ...more });
      const wait = options['method'] === 'punch-hole' ? {} : { wait: '5s' };
      const written = { root, files: '*.log', keep: 'all', ...wait, ...options };
      const outcome = await runRotate(v.parse(rotateOptions, written), given, means);
      return { ...outcome, said: given.said };
    },
  };
}

/** Writes numbered lines, as fast as it can, until it is told to end; opens its log anew on USR1, where it is asked to. */
const WRITER = `
  const fs = require('node:fs');
  const [log, how, flags] = process.argv.slice(1);
  let fd = fs.openSync(log, flags);
  let n = 0, due = false;
  if (how !== 'deaf') process.on('SIGUSR1', () => { if (how === 'reopen') due = true; });
  process.on('SIGTERM', () => { fs.closeSync(fd); process.stdout.write(String(n)); process.exit(0); });
  const write = () => {
    if (due) { fs.closeSync(fd); fd = fs.openSync(log, flags); due = false; }
    for (let i = 0; i < 20; i++) fs.writeSync(fd, 'line ' + n++ + '\\n');
    setTimeout(write, 1);
  };
  write();
  process.stdout.write('ready ');
`;

export interface LogWriter {
  readonly pid: number;
  /** Ends it; answers with how many lines it has written. */
  stop(): Promise<number>;
}

/** @param how `reopen` on USR1; `stays` although it catches it; `deaf`: it does not even catch it. */
export async function startWriter(
  t: TestContext,
  log: string,
  how: 'reopen' | 'stays' | 'deaf' = 'reopen',
  flags: 'a' | 'w' = 'a',
): Promise<LogWriter> {
  const child: ChildProcess = spawn(process.execPath, ['-e', WRITER, log, how, flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let said = '';
  child.stdout?.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  const closed = once(child, 'close');
  onEnd(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await closed;
  });
  await until(() => said.startsWith('ready '), { what: 'the writer to begin' });
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await within(closed, { what: 'the writer to end' });
      return Number(said.split(' ')[1]);
    },
  };
}

/** All that a log and what was rotated of it hold, in the order of time; holes left out. */
export function wholeLog(root: string, log: string): string {
  const rotated = readdirSync(root)
    .flatMap((entry) => {
      const name = readRotated(entry);
      return name?.log === log ? [{ entry, ...name }] : [];
    })
    .toSorted((a, b) => a.at - b.at);
  const texts = [...rotated.map(({ entry }) => entry), ...(readdirSync(root).includes(log) ? [log] : [])].map(
    (entry) => {
      const data = readFileSync(join(root, entry));
      if (entry.endsWith('.zst')) return zstdDecompressSync(data).toString();
      return (entry.endsWith('.gz') ? gunzipSync(data) : data).toString();
    },
  );
  return texts.join('').replaceAll('\0', '');
}

export function numberedLines(count: number): string {
  return Array.from({ length: count }, (_, n) => `line ${n}\n`).join('');
}
