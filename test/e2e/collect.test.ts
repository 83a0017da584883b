import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readCommitted } from '../../src/collect/committed.ts';
import { layoutOf } from '../../src/collect/layout.ts';
import { encodeFrame, type FrameContent } from '../../src/wire/atproto/encode-frame.ts';
import { joinFrames } from '../../src/wire/atproto/frames-file.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { ROOT, type Running, startVahti, vahti } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';
import { writeFileSync } from 'node:fs';

const SHARED = join(ROOT, '../shared/data/firehose');
const START = Date.UTC(2026, 6, 4, 14, 30);

type Line = Record<string, unknown> & {
  readonly seq: number;
  readonly received: string;
  readonly time: string;
};

/** Serves recorded frames from a real simulator process; resolves with the address of its stream. */
async function serve(t: TestContext, file: string, cwd: string): Promise<string> {
  const relay = startVahti(t, ['simulate', 'firehose', '--listen', '127.0.0.1:0', '--frames', file], cwd);
  const address = await until(() => /127\.0\.0\.1:(\d+)/.exec(relay.output().stderr)?.[0], {
    what: `the simulator to listen: ${file}`,
  });
  return `ws://${address}/xrpc/com.atproto.sync.subscribeRepos`;
}

function collect(t: TestContext, url: string, folder: string): Running {
  writeFileSync(
    join(folder, 'vahti.yaml'),
    `services: { firehose: { collect: { from: "${url}", into: data, cursor: oldest } } }\n`,
  );
  return startVahti(t, ['run', 'firehose'], folder);
}

async function collected(t: TestContext, folder: string): Promise<Line[]> {
  const tail = await vahti(t, ['collect', 'tail', 'firehose', '--from', '0'], folder);
  assert.equal(tail.code, 0, tail.stderr);
  return tail.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

async function committedFrames(folder: string): Promise<number> {
  return (
    (await readCommitted(layoutOf(join(folder, 'data'))).catch(() => undefined))?.checkpoint.counts.frames ??
    0
  );
}

/** Every field that `expected` has is in `actual`, with the same value. */
function assertContains(actual: unknown, expected: unknown, where: string): void {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected)) {
    assert.deepEqual(actual, expected, where);
    return;
  }
  for (const [key, value] of Object.entries(expected)) {
    assertContains((actual as Record<string, unknown> | undefined)?.[key], value, `${where}.${key}`);
  }
}

test('real frames become the lines that production Jetstream printed of them', async (t) => {
  if (!existsSync(SHARED)) return t.skip('the recorded frames are not here (../shared/data/firehose)');
  leakCheck(t);
  const folder = tempFolder(t);
  const collector = collect(t, await serve(t, join(SHARED, 'frames.bin'), folder), folder);
  await until(async () => (await committedFrames(folder)) === 100, { what: 'the hundred frames' });
  collector.kill('SIGTERM');
  assert.equal((await collector.ended).code, 0);
  const lines = await collected(t, folder);
  const expected = readFileSync(join(SHARED, 'expected.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(lines.length, expected.length);
  for (const [index, { time_us: _, ...rest }] of expected.entries())
    assertContains(lines[index], rest, `line ${index + 1}`);
});

const DID = 'did:plc:testtesttesttest';

/** One message of every kind that the protocol has, in an order that mixes them. */
function everyKind(): FrameContent[] {
  const at = (i: number): string => new Date(START + i * 1_000).toISOString();
  const link = { $link: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a' };
  const record = {
    $type: 'com.example.anything',
    text: 'ä “quoted” \\ \u2028 🐦',
    bytes: { $bytes: 'AAECAwQ' },
    link,
    nested: [{ deep: [null, true, -1, 9_007_199_254_740_991] }],
    // A record's own fields must not pass for metadata.
    seq: 5,
    did: 'did:plc:spoof',
    time: '1970-01-01T00:00:00Z',
  };
  return [
    { kind: 'identity', seq: 10, did: DID, time: at(0), handle: 'someone.example' },
    {
      kind: 'commit',
      seq: 12,
      did: DID,
      time: at(1),
      rev: '3aaa',
      since: '3zzz',
      ops: [
        { action: 'create', path: 'com.example.anything/one', record },
        {
          action: 'update',
          path: 'app.bsky.actor.profile/self',
          record: { $type: 'app.bsky.actor.profile', displayName: 'x' },
        },
        { action: 'delete', path: 'app.bsky.feed.like/gone' },
      ],
    },
    { kind: 'account', seq: 13, did: DID, time: at(2), active: false, status: 'takendown' },
    { kind: 'commit', seq: 17, did: DID, time: at(3), rev: '3bbb', since: null, ops: [] },
    { kind: 'sync', seq: 18, did: DID, time: at(4), rev: '3ccc' },
    { kind: 'account', seq: 21, did: DID, time: at(5), active: true },
  ];
}

test('every kind of message is kept, in the order of the stream, nothing in a record passes for metadata', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const contents = everyKind();
  writeFileSync(join(folder, 'frames.bin'), joinFrames(contents.map(encodeFrame)));
  const collector = collect(t, await serve(t, 'frames.bin', folder), folder);
  await until(async () => (await committedFrames(folder)) === contents.length, { what: 'all frames' });
  collector.kill('SIGTERM');
  await collector.ended;
  const lines = await collected(t, folder);
  assert.deepEqual(
    lines.map(({ seq, kind }) => [seq, kind]),
    [
      [10, 'identity'],
      [12, 'commit'],
      [12, 'commit'],
      [12, 'commit'],
      [13, 'account'],
      [18, 'sync'],
      [21, 'account'],
    ],
  );
  for (const line of lines) {
    assert.deepEqual(Object.keys(line).slice(0, 5), ['seq', 'time', 'received', 'did', 'kind']);
    assert.equal(line['did'], DID);
    assert.ok(Date.parse(line.received) > START);
  }
  const created = lines[1]?.['commit'] as Record<string, unknown>;
  assert.deepEqual(Object.keys(created), [
    'rev',
    'since',
    'operation',
    'collection',
    'rkey',
    'record',
    'cid',
  ]);
  assert.deepEqual(
    [created['rev'], created['since'], created['operation'], created['rkey']],
    ['3aaa', '3zzz', 'create', 'one'],
  );
  const record = everyKind()[1] as Extract<FrameContent, { kind: 'commit' }>;
  assert.deepEqual(created['record'], record.ops[0]?.record);
  assert.match(created['cid'] as string, /^bafyrei/);
  assert.deepEqual(lines[3]?.['commit'], {
    rev: '3aaa',
    since: '3zzz',
    operation: 'delete',
    collection: 'app.bsky.feed.like',
    rkey: 'gone',
  });
  assert.deepEqual(lines[4]?.['account'], {
    active: false,
    did: DID,
    seq: 13,
    time: new Date(START + 2_000).toISOString(),
    status: 'takendown',
  });
  assert.deepEqual(lines[0]?.['identity'], {
    did: DID,
    seq: 10,
    time: new Date(START).toISOString(),
    handle: 'someone.example',
  });
});

test('a second collector on the same folder is refused, and says who holds it', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'frames.bin'), joinFrames(everyKind().map(encodeFrame)));
  const first = collect(t, await serve(t, 'frames.bin', folder), folder);
  await until(async () => (await committedFrames(folder)) === 6, { what: 'all frames' });
  const second = await vahti(t, ['run', 'firehose'], folder);
  assert.equal(second.code, 5, second.stderr);
  assert.match(second.stderr, new RegExp(`collector firehose \\(pid ${first.pid}`));
  first.kill('SIGTERM');
  await first.ended;
});

test('a folder that contradicts its checkpoint is left as it is, with a message that names the file', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'frames.bin'), joinFrames(everyKind().map(encodeFrame)));
  const url = await serve(t, 'frames.bin', folder);
  const first = collect(t, url, folder);
  await until(async () => (await committedFrames(folder)) === 6, { what: 'all frames' });
  first.kill('SIGTERM');
  await first.ended;
  const part = join(folder, 'data/2026-07-04/2026-07-04T14.open.ndjson');
  writeFileSync(part, readFileSync(part).subarray(0, 100));
  const again = await vahti(t, ['run', 'firehose'], folder);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /cannot go on: .*2026-07-04T14\.open\.ndjson has 100 bytes, \d+ were committed/);
  assert.equal(readFileSync(part).length, 100);
});
