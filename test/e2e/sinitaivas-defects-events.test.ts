import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytesOf,
  commitFrame,
  committedIn,
  committedLines,
  untilCommitted,
  endCollector,
  gapsIn,
  keysIn,
  keysOf,
  logged,
  quarantineIn,
  serveFrames,
  startCollector,
} from '../rig/collecting.ts';
import { testFrames } from '../rig/frames.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';

/**
 * The defects of sinitaivas-live in what becomes of an event, each by its number (docs/fault-model.md): that they are not here.
 */
const DEADLINE = { timeout: 60_000 };
const START = Date.UTC(2026, 6, 4, 14, 30);

interface CommitLine {
  readonly seq: number;
  readonly time: string;
  readonly received: string;
  readonly did: string;
  readonly kind: string;
  readonly commit: { readonly operation: string; readonly rkey: string; readonly record: unknown };
}

const create = (rkey: string, record: unknown) =>
  ({ action: 'create', path: `com.example.thing/${rkey}`, record }) as const;

test('A2.2 records of unknown lexicons keep their bodies', DEADLINE, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const records = [
    {
      $type: 'com.example.thing',
      size: 3,
      tags: ['ä', null],
      deep: { $type: 'org.example.other', on: true },
    },
    { $type: 'app.bsky.feed.hologram', text: 'a type of tomorrow' },
    { 'no type': 'at all' },
  ];
  const ops = records.map((record, i) => create(`${i}`, record));
  const url = await serveFrames(t, { frames: [commitFrame(1, START, ops).frame] });
  const collector = startCollector(t, url, folder);
  await untilCommitted(collector, folder, 'the commit', ({ k }) => k === records.length);
  await endCollector(collector);
  const lines = committedLines<CommitLine>(folder, await committedIn(folder));
  assert.deepEqual(
    lines.map(({ commit }) => commit.record),
    records,
  );
});

test('A2.3 a commit is taken whole, or kept whole in quarantine', DEADLINE, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const frames = testFrames(20, START, 60_000, 1);
  const bad = frames[9]?.seq ?? 0;
  const ops = [0, 1, 2].map((op) => create(`${bad}-${op}`, { op }));
  const badPath = commitFrame(
    bad,
    START + 30_000,
    ops.map((op, i) => (i === 1 ? { ...op, path: 'no slash in it' } : op)),
  );
  frames[9] = badPath;
  // Commits of three operations; of this one a record is not in its blocks.
  const without = frames.findIndex(({ lines }, i) => i > 11 && lines === 3);
  const lost = frames[without]?.seq ?? 0;
  const url = await serveFrames(t, { frames: bytesOf(frames) }, `missing-block@seq=${lost}`);
  const collector = startCollector(t, url, folder);
  const last = frames.at(-1)?.seq;
  await untilCommitted(collector, folder, 'the last event', ({ cursor }) => cursor === last);
  await endCollector(collector);
  assert.deepEqual(keysIn(folder), keysOf(frames.filter(({ seq }) => seq !== bad && seq !== lost)));
  assert.deepEqual(
    (await gapsIn(folder)).map(({ from, to }) => [from, to]),
    [
      [bad - 1, bad + 1],
      [lost - 1, lost + 1],
    ],
  );
  const kept = quarantineIn(folder);
  assert.equal(kept.length, 2);
  assert.ok(kept[0]?.equals(badPath.frame), 'the frame is not in quarantine as it came');
  const reasons = logged(collector, 'cannot read a frame').map(
    ({ level, reason }) => `${level}: ${String(reason)}`,
  );
  assert.match(reasons.join('\n'), /^error: .*path "no slash in it"\nerror: cannot find the block of .*/);
});

test('A2.4 what cannot be read is kept, counted and told', DEADLINE, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const frames = testFrames(60, START, 60_000, 1);
  const first = frames[0]?.seq ?? 0;
  const poisoned = first + 30;
  const url = await serveFrames(
    t,
    { frames: bytesOf(frames) },
    'garbage@frames=5',
    'text@frames=10',
    'raw:a1@frames=15',
    'unknown-type@frames=20',
    'unknown-op@frames=25',
    `poison@seq=${poisoned}`,
  );
  const collector = startCollector(t, url, folder);
  const { checkpoint } = await untilCommitted(
    collector,
    folder,
    'the last event',
    ({ cursor }) => cursor === frames.at(-1)?.seq,
  );
  await endCollector(collector);
  assert.equal(checkpoint.counts.quarantined, 4);
  // Types that nobody knows are stepped over, as the specification says, and counted.
  assert.equal(checkpoint.counts.kinds['unknown'], 2);
  assert.equal(checkpoint.counts.frames, frames.length + 5);
  const kept = quarantineIn(folder);
  assert.equal(kept[1]?.toString(), 'a text message, where the protocol has binary ones alone');
  const whole = frames[30]?.frame ?? new Uint8Array();
  assert.ok(kept[3]?.equals(whole.subarray(0, kept[3].length)), 'not the poisoned frame, as it came');
  const told = logged(collector, 'cannot read a frame');
  assert.deepEqual(
    told.map(({ level, bytes }) => [level, bytes]),
    kept.map((frame) => ['error', frame.length]),
  );
  assert.deepEqual(
    (await gapsIn(folder)).map(({ from, to }) => [from, to]),
    [[poisoned - 1, poisoned + 1]],
  );
  assert.deepEqual(keysIn(folder), keysOf(frames.filter(({ seq }) => seq !== poisoned)));
});

test('A2.8 nothing in a record passes for metadata, nor moves the cursor', DEADLINE, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const spoof = {
    seq: 9_007_199_254_740_991,
    author: 'did:plc:spoof',
    did: 'did:plc:spoof',
    action: 'delete',
    operation: 'delete',
    type: 'spoof',
    kind: 'spoof',
    uri: 'at://spoof',
    time: '1970-01-01T00:00:00Z',
    received: '1970-01-01T00:00:00Z',
    collected_at: '1970-01-01T00',
    commit: { rev: 'spoof' },
    text: 'one line\n{"seq":5,"did":"did:plc:spoof"}\n\u2028',
  };
  const rkey = 'x","seq":5,"did":"did:plc:spoof';
  const frames = [commitFrame(77, START, [create(rkey, spoof)]), commitFrame(78, START, [create('b', {})])];
  const url = await serveFrames(t, { frames: bytesOf(frames) });
  const collector = startCollector(t, url, folder);
  await untilCommitted(collector, folder, 'both commits', ({ cursor }) => cursor === 78);
  await endCollector(collector);
  const [line, next, ...more] = committedLines<CommitLine>(folder, await committedIn(folder));
  assert.deepEqual([next?.seq, more.length], [78, 0]);
  const { received, commit, ...head } = line as CommitLine;
  const time = new Date(START).toISOString();
  assert.deepEqual(head, { seq: 77, time, did: 'did:plc:testtesttesttest', kind: 'commit' });
  assert.ok(Date.now() - Date.parse(received) < 60_000);
  assert.deepEqual([commit.operation, commit.rkey, commit.record], ['create', rkey, spoof]);
});
