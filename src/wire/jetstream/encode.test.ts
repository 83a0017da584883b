import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventLine } from '../../core/source.ts';
import { encodeFrame, type FrameContent } from '../atproto/encode-frame.ts';
import { decodeFrame } from '../atproto/frame.ts';
import { createSynthesizer } from '../atproto/synthetic.ts';
import { eventOf } from '../atproto/lines.ts';
import { draftsOf, encodeEvent } from './encode.ts';
import { decodeEvent } from './event.ts';
import { toStreamEvent } from './lines.ts';

interface Line {
  readonly did: string;
  readonly kind: string;
  readonly commit?: Record<string, unknown>;
}

/** A line without what differs between the two streams. */
function common(line: EventLine): Line {
  const parsed = JSON.parse(line.head + line.tail) as Record<string, unknown>;
  for (const field of ['seq', 'time', 'received']) delete parsed[field];
  const rest = parsed as unknown as Line;
  delete rest.commit?.['since'];
  return rest;
}

function draftsIn(frame: Uint8Array): ReturnType<typeof draftsOf> {
  const decoded = decodeFrame(frame);
  assert.ok('seq' in decoded);
  return draftsOf(decoded);
}

/** The lines of a frame as the collector writes them when it collects Jetstream. */
function linesByJetstream(frame: Uint8Array): Line[] {
  const drafts = draftsIn(frame);
  assert.ok(drafts.ok);
  return drafts.value.flatMap((draft) => {
    const event = decodeEvent(Buffer.from(encodeEvent(draft, 1)));
    assert.ok(event.kind === 'event');
    return toStreamEvent(event, 1).lines.map(common);
  });
}

test('a frame gives the same lines over Jetstream as over the firehose, but for numbers, times, since, and sync', () => {
  const synthesizer = createSynthesizer({ seed: 3, time: () => 1_783_175_888_085, startSeq: 1 });
  for (let i = 0; i < 1_000; i++) {
    const { frame } = synthesizer.next();
    const decoded = decodeFrame(frame);
    assert.ok('seq' in decoded);
    const event = eventOf(decoded);
    assert.ok(event.ok);
    const expected = event.value.lines.map(common).filter(({ kind }) => kind !== 'sync');
    assert.deepEqual(linesByJetstream(frame), expected);
  }
});

test('a commit without the block of a record gives no events', () => {
  const content: FrameContent = {
    kind: 'commit',
    seq: 1,
    did: 'did:plc:a',
    time: '2026-07-04T14:38:08Z',
    rev: '3m',
    since: null,
    tooBig: true,
    ops: [{ action: 'create', path: 'a.b.c/1', record: { n: 1 } }],
  };
  assert.equal(draftsIn(encodeFrame(content)).ok, false);
});
