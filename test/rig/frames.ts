import { writeFileSync } from 'node:fs';
import { encodeFrame } from '../../src/wire/atproto/encode-frame.ts';
import { joinFrames } from '../../src/wire/atproto/frames-file.ts';

export interface TestFrame {
  readonly seq: number;
  /** How many lines it makes. */
  readonly lines: number;
  readonly frame: Uint8Array;
}

/**
 * Commits with 0 to 3 operations, `count` of them, evenly spread over `spanMs` of event time. Their numbers are `step` apart.
 */
export function testFrames(count: number, start: number, spanMs: number, step = 3): TestFrame[] {
  return Array.from({ length: count }, (_, i) => {
    const seq = 5_000 + i * step;
    const lines = i % 11 === 5 ? 0 : 1 + (i % 3);
    const ops = Array.from({ length: lines }, (__, op) => ({
      action: 'create' as const,
      path: `com.example.test/${seq}-${op}`,
      record: { $type: 'com.example.test', seq, op, text: `event ${seq}, operation ${op}` },
    }));
    const time = new Date(start + Math.floor((i * spanMs) / count)).toISOString();
    const frame = encodeFrame({
      kind: 'commit',
      seq,
      did: `did:plc:test${i % 50}`,
      time,
      rev: `rev${seq}`,
      since: null,
      ops,
    });
    return { seq, lines, frame };
  });
}

export function writeFrames(path: string, frames: readonly TestFrame[]): void {
  writeFileSync(path, joinFrames(frames.map((each) => each.frame)));
}
