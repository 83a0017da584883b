import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readCommitted } from '../../src/collect/committed.ts';
import { layoutOf } from '../../src/collect/layout.ts';
import { createFirehoseSimulator } from '../../src/simulate/firehose/server.ts';
import { testFrames } from '../rig/frames.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startRelay } from '../rig/relay.ts';
import { linesBelow } from '../rig/stream.ts';
import { FROM_SOURCE, ROOT, startDaemon } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

/**
 * The fault model of promise 1 and 2 with real processes (docs/fault-model.md): SIGKILL of the collector, of the daemon,
 * or of both, before, in the middle of, or after one file operation of a commit or of closing a part, while a
 * stream runs. Then everything is started again and the stream goes on to its end.
 * The oracle: every line of every frame lies in exactly one part, once and whole, and the books account for it.
 */
const CASES = Number(process.env['VAHTI_FAULT_CASES'] ?? 100);
const AT_ONCE = 2;
const VICTIMS = ['collector', 'daemon', 'both'] as const;
const MOMENTS = ['before', 'halfway', 'after'] as const;

const START = Date.UTC(2026, 6, 4, 14, 57, 30);
const FRAMES = testFrames(2_400, START, 7 * 60_000);
/** 14:57 to 15:01: the stream's clock ends at 15:03:4x, 60 s of grace later than the last of them. */
const PARTS_CLOSED = 5;
const EXPECTED = FRAMES.flatMap(({ seq, lines }) =>
  Array.from({ length: lines }, (_, op) => `${seq}/${op}`),
).sort();

/** A stream that is there from the start to the end of a case, whatever is killed: what happened is history at its relay. */
async function startStream(t: TestContext): Promise<string> {
  const frames = FRAMES.map(({ frame }) => frame);
  const relay = createFirehoseSimulator({ host: '127.0.0.1', port: 0, frames, rate: 3_000 });
  await startRelay(t, relay);
  return `ws://${relay.address()}/xrpc/com.atproto.sync.subscribeRepos`;
}

function configOf(url: string, mark: string, crash: string): string {
  const hook = join(ROOT, 'test/rig/crash-hook.ts');
  return `
services:
  firehose:
    collect: { from: "${url}", into: data, part: minute, cursor: oldest }
    env: { RIG_CRASH: "${crash}", RIG_CRASH_MARK: ${mark}, NODE_OPTIONS: "--import=${hook}" }
`;
}

/** Whether the stream was taken to its end, and every part closed whose time is over by then. */
async function isOver(folder: string): Promise<boolean> {
  const committed = await readCommitted(layoutOf(join(folder, 'data'))).catch(() => undefined);
  return (
    committed !== undefined &&
    committed.checkpoint.k >= EXPECTED.length &&
    committed.closed.length >= PARTS_CLOSED
  );
}

/** Runs a stream to its end through one crash, and looks at what lies there. */
async function runCase(t: TestContext, crash: string): Promise<void> {
  const folder = tempFolder(t);
  const mark = join(folder, 'mark');
  const yaml = configOf(await startStream(t), mark, crash);
  let daemon = await startDaemon(t, yaml, folder, FROM_SOURCE);
  const victim = crash.split(':')[2];
  if (victim === 'daemon' || victim === 'both') {
    await within(daemon.process.ended, { deadlineMs: 30_000, what: `the daemon to be killed at ${crash}` });
    daemon = await startDaemon(t, yaml, folder, FROM_SOURCE);
  }
  await until(() => isOver(folder), { deadlineMs: 60_000, what: `all lines after ${crash}` });
  await daemon.stop();
  assert.ok(existsSync(mark), `${crash}: the crash never happened`);
  const found = linesBelow(join(folder, 'data'));
  assert.deepEqual(
    found.map((line) => `${line.seq}/${line.op}`).sort(),
    EXPECTED,
    `${crash}: lost or doubled lines`,
  );
  const committed = await readCommitted(layoutOf(join(folder, 'data')));
  const booked = committed?.parts.reduce((sum, part) => sum + part.lines, 0);
  assert.equal(booked, EXPECTED.length, `${crash}: checkpoint and manifest do not account for every line`);
}

async function countOperations(t: TestContext): Promise<number> {
  const folder = tempFolder(t);
  const mark = join(folder, 'mark');
  const daemon = await startDaemon(t, configOf(await startStream(t), mark, 'count'), folder, FROM_SOURCE);
  await until(() => isOver(folder), { deadlineMs: 60_000, what: 'all lines' });
  await daemon.stop();
  return Number(readFileSync(mark, 'utf8'));
}

/** The cases, spread evenly over the operations of an undisturbed run, its moments and its victims. */
function casesOver(operations: number): string[] {
  return Array.from({ length: CASES }, (_, i) => {
    const at = Math.floor((i * operations) / CASES);
    return `${at}:${MOMENTS[i % MOMENTS.length]}:${VICTIMS[Math.floor(i / MOMENTS.length) % VICTIMS.length]}`;
  });
}

test(`${CASES} kills of collector, daemon or both in the middle of commits and closings lose, double or cut nothing`, async (t) => {
  leakCheck(t);
  // A run's commits fall a little differently each time: the last operations may not come again.
  const operations = Math.floor((await countOperations(t)) * 0.8);
  assert.ok(operations >= 60, `only ${operations} operations`);
  const cases = casesOver(operations);
  const worker = async (): Promise<void> => {
    for (let crash = cases.shift(); crash !== undefined; crash = cases.shift()) {
      const name = crash;
      await t.test(`kill ${name}`, (inner) => runCase(inner, name));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
});
