import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sourceFor } from '../../src/app/sources.ts';
import { createCollector } from '../../src/collect/collector.ts';
import { readCommitted } from '../../src/collect/committed.ts';
import { readGaps } from '../../src/collect/gaps.ts';
import { layoutOf } from '../../src/collect/layout.ts';
import { disk, type Files } from '../../src/core/files.ts';
import { silentLog } from '../../src/core/log.ts';
import { parseFault } from '../../src/simulate/firehose/parse-fault.ts';
import { createFirehoseSimulator } from '../../src/simulate/firehose/server.ts';
import { createRandom } from '../../src/wire/atproto/random.ts';
import { CRASH_MOMENTS, Crash, crashingFiles } from '../rig/crashing-files.ts';
import { testFrames } from '../rig/frames.ts';
import { createHurriedClock } from '../rig/hurried-clock.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startRelay } from '../rig/relay.ts';
import { linesBelow } from '../rig/stream.ts';
import { until } from '../rig/wait.ts';

/**
 * Seeded cases: faults of the stream × crash points × several open parts, over the true protocol and the real file system.
 * The oracle: every line of every frame is there once, or its frame lies in a gap that was written down; no gap covers what is
 * there. A failing case names its seed: VAHTI_SEEDED_FROM=SEED VAHTI_SEEDED_CASES=1 npm run test:faults.
 */
const CASES = Number(process.env['VAHTI_SEEDED_CASES'] ?? 100);
const FROM = Number(process.env['VAHTI_SEEDED_FROM'] ?? 1);

const FRAMES = testFrames(240, Date.UTC(2026, 6, 4, 14, 57, 30), 6 * 60_000, 1);
const FIRST = FRAMES[0]?.seq as number;
const LAST = FRAMES.at(-1)?.seq as number;
const EXPECTED = FRAMES.flatMap(({ seq, lines }) =>
  Array.from({ length: lines }, (_, op) => ({ seq, key: `${seq}/${op}` })),
);
/** Time that is waited for comes this much sooner: a minute of silence in 0.3 s. */
const HURRY = 200;

type Pick = (below: number) => number;

/** Faults with places that a seed decides. The last frames stay free of them, so that every case has an end to wait for. */
const FAULTS: readonly ((pick: Pick) => string)[] = [
  (pick) => `close:${[1000, 1001, 1013][pick(3)]}@frames=${pick(200)}`,
  (pick) => `cut@frames=${pick(200)},times=2`,
  (pick) => `half-open@frames=${pick(200)}`,
  () => 'silent@connection=2',
  () => 'http:503@times=2',
  () => 'http:429,1',
  (pick) => `error:ConsumerTooSlow@frames=${pick(200)}`,
  (pick) => `duplicate:${1 + pick(40)}@frames=${pick(200)}`,
  (pick) => `text@frames=${pick(200)}`,
  (pick) => `garbage@frames=${pick(200)}`,
  (pick) => `unknown-type@frames=${pick(200)}`,
  (pick) => `unknown-op@frames=${pick(200)}`,
  (pick) => `swallow:${1 + pick(12)}@seq=${FIRST + 1 + pick(200)}`,
  (pick) => `poison@seq=${FIRST + 1 + pick(200)}`,
  (pick) => `missing-block@seq=${FIRST + 1 + pick(200)}`,
  (pick) => `odd-header:3@seq=${FIRST + pick(200)}`,
  (pick) => `clock:${pick(2) === 0 ? '-2h' : '+3h'},20%@seq=${FIRST + 20 + pick(100)}`,
  (pick) => `outdated:${1 + pick(60)}@connection=2`,
  () => 'inclusive',
  () => 'clamped',
];

interface Case {
  readonly faults: readonly string[];
  /** One life after another: at which file operation it dies, and when in it. */
  readonly crashes: readonly { readonly at: number; readonly moment: (typeof CRASH_MOMENTS)[number] }[];
}

function caseOf(seed: number): Case {
  const random = createRandom(seed);
  const pick: Pick = (below) => random.int(below);
  const faults = Array.from({ length: 1 + pick(4) }, () =>
    (FAULTS[pick(FAULTS.length)] as (typeof FAULTS)[number])(pick),
  );
  const crashes = Array.from({ length: pick(3) }, () => ({
    at: pick(70),
    moment: CRASH_MOMENTS[pick(3)] as (typeof CRASH_MOMENTS)[number],
  }));
  return { faults, crashes };
}

async function startStream(t: TestContext, faults: readonly string[], seed: number): Promise<string> {
  const parsed = faults.map((text) => {
    const fault = parseFault(text);
    if (!fault.ok) throw new Error(fault.error);
    return fault.value;
  });
  const frames = FRAMES.map(({ frame }) => frame);
  const relay = createFirehoseSimulator({ host: '127.0.0.1', port: 0, frames, faults: parsed, seed });
  await startRelay(t, relay);
  return `ws://${relay.address()}/xrpc/com.atproto.sync.subscribeRepos`;
}

/** One life of a collector in this process; ends by a crash of its files, or when everything is there. */
async function live(url: string, into: string, files: Files, seed: number): Promise<void> {
  const random = createRandom(seed);
  const collect = {
    from: url,
    into,
    part: 'minute',
    cursor: 'oldest',
    'on-reset': 'live',
    floor: 0,
    line: 1_048_576,
  } as const;
  const clock = createHurriedClock(HURRY);
  const room = { floor: 0, free: async () => Number.POSITIVE_INFINITY };
  const source = sourceFor(collect, { random: () => random.int(1_000) / 1_000, cwd: '/', env: {} });
  const collector = createCollector(
    { source, into, part: 'minute', start: 'oldest', onReset: 'live', files, room, boot: 'b' },
    clock,
  );
  const drain = new AbortController();
  const running = collector.run({
    clock,
    log: silentLog,
    drain: drain.signal,
    stop: new AbortController().signal,
    ready: () => {},
  });
  const done = until(() => collector.figures().cursor === LAST, {
    deadlineMs: 20_000,
    what: `the cursor ${LAST}`,
  });
  await Promise.race([done, running]);
  drain.abort();
  await running;
}

async function runCase(t: TestContext, seed: number): Promise<void> {
  const { faults, crashes } = caseOf(seed);
  const context = `seed ${seed}: ${faults.join(' ')}; crashes ${JSON.stringify(crashes)}`;
  t.diagnostic(context);
  const into = join(tempFolder(t), 'data');
  const url = await startStream(t, faults, seed);
  for (const { at, moment } of crashes) {
    await live(url, into, crashingFiles(at, moment).files, seed).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
  }
  await live(url, into, disk, seed);
  await prove(into, context);
}

async function prove(into: string, context: string): Promise<void> {
  const committed = await readCommitted(layoutOf(into));
  assert.ok(committed !== undefined);
  const gaps = await readGaps(layoutOf(into).gaps, committed.checkpoint.gaps);
  const inGap = (seq: number): boolean =>
    gaps.some(({ from, to }) => from !== null && to !== null && from < seq && seq < to);
  const found = linesBelow(into).map((line) => ({ seq: line.seq, key: `${line.seq}/${line.op}` }));
  const keys = new Set(found.map((line) => line.key));
  assert.equal(keys.size, found.length, `${context}: doubled lines`);
  const expected = new Set(EXPECTED.map((line) => line.key));
  assert.deepEqual(
    found.filter((line) => !expected.has(line.key)),
    [],
    `${context}: lines that never were`,
  );
  // What the server had dropped before the first connection that gave anything was never asked for: "oldest" is the oldest it has.
  const begun = context.includes('outdated') ? Math.min(...found.map((line) => line.seq)) : FIRST;
  const lost = EXPECTED.filter((line) => line.seq >= begun && !keys.has(line.key) && !inGap(line.seq));
  assert.deepEqual(lost, [], `${context}: lost without a gap; gaps ${JSON.stringify(gaps)}`);
  assert.deepEqual(
    found.filter((line) => inGap(line.seq)),
    [],
    `${context}: a gap covers what is there`,
  );
  const booked = committed.parts.reduce((sum, part) => sum + part.lines, 0);
  assert.equal(booked, found.length, `${context}: checkpoint and manifest do not account for every line`);
}

test(`${CASES} seeded cases of faults and crashes: nothing lost, nothing doubled, every gap declared`, async (t) => {
  leakCheck(t);
  for (let seed = FROM; seed < FROM + CASES; seed += 1) {
    await t.test(`seed ${seed}`, (inner) => runCase(inner, seed));
  }
});
