import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sourceFor } from '../../src/app/sources.ts';
import { parseFault } from '../../src/simulate/firehose/fault-forms.ts';
import { createFirehoseSimulator } from '../../src/simulate/firehose/server.ts';
import { testFrames } from '../rig/frames.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startRelay } from '../rig/relay.ts';
import {
  assertSound,
  isBetween,
  liveThrough,
  type Pick,
  readCollected,
  SEEDED,
  seededCase,
} from '../rig/seeded.ts';
import { linesBelow } from '../rig/stream.ts';
import { until } from '../rig/wait.ts';

/**
 * Seeded cases: faults of the stream × crash points × several open parts, over the true protocol and the real file system.
 * The oracle: every line of every frame is there once, or its frame lies in a gap that was written down; no gap covers what is
 * there. A failing case names its seed: VAHTI_SEEDED_FROM=SEED VAHTI_SEEDED_CASES=1 npm run test:faults.
 */
const FRAMES = testFrames(240, Date.UTC(2026, 6, 4, 14, 57, 30), 6 * 60_000, 1);
const FIRST = FRAMES[0]?.seq as number;
const LAST = FRAMES.at(-1)?.seq as number;
const EXPECTED = FRAMES.flatMap(({ seq, lines }) =>
  Array.from({ length: lines }, (_, op) => ({ seq, key: `${seq}/${op}` })),
);

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

async function runCase(t: TestContext, seed: number): Promise<void> {
  const { faults, crashes } = seededCase(seed, () => FAULTS);
  const context = `seed ${seed}: ${faults.join(' ')}; crashes ${JSON.stringify(crashes)}`;
  t.diagnostic(context);
  const into = join(tempFolder(t), 'data');
  const collect = {
    from: await startStream(t, faults, seed),
    into,
    part: 'minute',
    cursor: 'oldest',
    'on-reset': 'live',
    floor: 0,
    spool: 1_048_576,
    line: 1_048_576,
  } as const;
  await liveThrough({
    into,
    source: (random) => sourceFor(collect, { random, cwd: '/', env: {} }),
    seed,
    crashes,
    during: (figures, over) =>
      until(() => over.aborted || figures().cursor === LAST, {
        deadlineMs: 20_000,
        what: `the cursor ${LAST}`,
      }),
  });
  await prove(into, context);
}

async function prove(into: string, context: string): Promise<void> {
  const collected = await readCollected(into);
  const found = linesBelow(into).map((line) => ({ ...line, key: `${line.seq}/${line.op}` }));
  assertSound(collected, found, new Set(EXPECTED.map(({ key }) => key)), context);
  const keys = new Set(found.map(({ key }) => key));
  // What the server had dropped before the first connection that gave anything was never asked for: "oldest" is the oldest it has.
  const begun = context.includes('outdated') ? Math.min(...found.map((line) => line.seq)) : FIRST;
  const lost = EXPECTED.filter(
    ({ seq, key }) => seq >= begun && !keys.has(key) && !collected.gaps.some((gap) => isBetween(seq, gap)),
  );
  assert.deepEqual(lost, [], `${context}: lost without a gap; gaps ${JSON.stringify(collected.gaps)}`);
}

test(`${SEEDED.cases} seeded cases of faults and crashes: nothing lost, nothing doubled, every gap declared`, async (t) => {
  leakCheck(t);
  for (let seed = SEEDED.from; seed < SEEDED.from + SEEDED.cases; seed += 1) {
    await t.test(`seed ${seed}`, (inner) => runCase(inner, seed));
  }
});
