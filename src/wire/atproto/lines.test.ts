import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StreamEvent } from '../../core/source.ts';
import { type CommitContent, encodeFrame, type FrameContent } from './encode-frame.ts';
import { decodeFrame } from './frame.ts';
import { readFramesFile } from './frames-file.ts';
import { eventOf } from './lines.ts';
import type { EventFrame } from './message.ts';

const DATA = fileURLToPath(new URL('../../../../shared/data/firehose/', import.meta.url));
const COMMON = { seq: 9, did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', time: '2026-07-04T14:38:08.085Z' };
const COMMIT: CommitContent = { kind: 'commit', ...COMMON, rev: '3mptbypluud2a', since: null, ops: [] };
const RECEIVED = '2026-07-04T14:38:09.000Z';

function resultOf(frame: Uint8Array): ReturnType<typeof eventOf> {
  const decoded = decodeFrame(frame);
  assert.ok('seq' in decoded, decoded.kind === 'bad' ? decoded.reason : decoded.kind);
  return eventOf(decoded);
}

function eventFrom(frame: Uint8Array): StreamEvent {
  const result = resultOf(frame);
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
}

function linesOf(content: FrameContent): string[] {
  return eventFrom(encodeFrame(content)).lines.map(({ head, tail }) => head + RECEIVED + tail);
}

test('a commit gives one line an operation, with the keys in this order', () => {
  const record = { $type: 'org.example.a', seq: 1, received: 'no', blob: { $bytes: 'AAEC/w' } };
  const lines = linesOf({
    ...COMMIT,
    since: '3mptbypluud22',
    ops: [
      { action: 'create', path: 'org.example.a/1', record },
      { action: 'update', path: 'org.example.a/2', record: { text: 'ä"\u2028' } },
      { action: 'delete', path: 'org.example.a/3' },
    ],
  });
  const start =
    '{"seq":9,"time":"2026-07-04T14:38:08.085Z","received":"2026-07-04T14:38:09.000Z",' +
    '"did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa","kind":"commit",' +
    '"commit":{"rev":"3mptbypluud2a","since":"3mptbypluud22","operation":';
  const cids = lines.map((line) => (JSON.parse(line) as { commit: { cid: string } }).commit.cid);
  assert.match(cids[0] ?? '', /^bafyrei[a-z2-7]{52}$/);
  assert.deepEqual(lines, [
    `${start}"create","collection":"org.example.a","rkey":"1","record":{"seq":1,"blob":{"$bytes":"AAEC/w"},"$type":"org.example.a","received":"no"},"cid":"${cids[0]}"}}\n`,
    `${start}"update","collection":"org.example.a","rkey":"2","record":{"text":"ä\\"\u2028"},"cid":"${cids[1]}"}}\n`,
    `${start}"delete","collection":"org.example.a","rkey":"3"}}\n`,
  ]);
});

test('the first commit of a repository has since null; one without operations has no lines', () => {
  assert.match(linesOf({ ...COMMIT, ops: [{ action: 'delete', path: 'a.b/c' }] })[0] ?? '', /"since":null,/);
  const event = eventFrom(encodeFrame(COMMIT));
  assert.deepEqual(event, { seq: 9, time: 1_783_175_888_085, kind: 'commit', lines: [] });
});

test('a commit that was too big keeps what is known of its operations', () => {
  const ops = [{ action: 'create', path: 'a.b/c', record: {} }] as const;
  const [line = ''] = linesOf({ ...COMMIT, ops, tooBig: true });
  assert.match(line, /"rkey":"c","cid":"bafyrei[a-z2-7]{52}"}}\n$/);
});

test('a record whose block is missing or unreadable makes an error of the whole frame', () => {
  const ops = [
    { action: 'delete', path: 'a.b/c' },
    { action: 'create', path: 'a.b/d', record: { text: 'hei' } },
  ] as const;
  const frame = Buffer.from(encodeFrame({ ...COMMIT, ops }));
  const at = frame.lastIndexOf('hei');
  const unreadable = Buffer.from(frame);
  unreadable[at] = 0xff;
  const failed = resultOf(unreadable);
  assert.match(failed.ok ? '' : failed.error, /cannot read the record: text is not UTF-8.*a\.b\/d/);
  const missing = Buffer.from(frame);
  // The CID in front of the block: 32 bytes of digest before the map `a1 64 text 63 hei`.
  missing[at - 8] = (missing[at - 8] as number) ^ 1;
  const absent = resultOf(missing);
  assert.match(absent.ok ? '' : absent.error, /cannot find the block of a\.b\/d/);
});

test('identity, account and sync give one line each', () => {
  const start =
    '{"seq":9,"time":"2026-07-04T14:38:08.085Z","received":"2026-07-04T14:38:09.000Z","did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa",';
  const inner = '"did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa","seq":9,"time":"2026-07-04T14:38:08.085Z"';
  assert.deepEqual(linesOf({ kind: 'identity', ...COMMON, handle: 'a.example' }), [
    `${start}"kind":"identity","identity":{${inner},"handle":"a.example"}}\n`,
  ]);
  assert.deepEqual(linesOf({ kind: 'account', ...COMMON, active: false, status: 'throttled' }), [
    `${start}"kind":"account","account":{"active":false,${inner},"status":"throttled"}}\n`,
  ]);
  const [line = ''] = linesOf({ kind: 'sync', ...COMMON, rev: 'r' });
  assert.ok(line.startsWith(`${start}"kind":"sync","sync":{${inner},"rev":"r","blocks":{"$bytes":"`));
  assert.doesNotMatch(line, /=/);
});

test('an unknown message has a place and no lines', () => {
  const frame: EventFrame = { kind: 'unknown', name: '#labels', seq: 4, time: '' };
  const result = eventOf(frame);
  assert.deepEqual(result, { ok: true, value: { seq: 4, time: Number.NaN, kind: 'unknown', lines: [] } });
});

test('a time that is none, or has no zone, is NaN; the line keeps it as it came', () => {
  const timeOf = (time: string): number => eventFrom(encodeFrame({ ...COMMIT, time })).time;
  for (const time of ['', 'yesterday', '2026-07-04T14:38:08', '2026-13-04T14:38:08Z'])
    assert.equal(timeOf(time), Number.NaN);
  assert.equal(timeOf('2026-07-04T16:38:08.085123+02:00'), 1_783_175_888_085);
});

test('real frames give what production Jetstream gave', async (t) => {
  if (!existsSync(DATA)) return t.skip('no ../shared/data/firehose here');
  const frames = await readFramesFile(`${DATA}frames.bin`);
  assert.ok(frames.ok);
  const lines = frames.value.flatMap((frame) =>
    eventFrom(frame).lines.map(({ head, tail }) => head + RECEIVED + tail),
  );
  const expected = readFileSync(`${DATA}expected.jsonl`, 'utf8').trimEnd().split('\n');
  assert.equal(lines.length, 102);
  assert.equal(expected.length, 102);
  for (const [i, line] of lines.entries()) {
    const { seq, time, received, commit, ...rest } = JSON.parse(line) as Record<string, unknown> & {
      commit: object;
    };
    assert.ok(Number.isSafeInteger(seq) && typeof time === 'string' && received === RECEIVED);
    const { since, ...commitRest } = commit as { since: unknown };
    assert.ok(since === null || typeof since === 'string');
    const { time_us: _, ...theirs } = JSON.parse(expected[i] ?? '') as Record<string, unknown>;
    assert.deepEqual({ ...rest, commit: commitRest }, theirs);
  }
});
