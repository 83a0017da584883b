import type { Clock } from '../../core/clock.ts';
import { decodeFrame } from '../../wire/atproto/frame.ts';
import { createStamper } from '../../wire/atproto/restamp.ts';
import { createSynthesizer } from '../../wire/atproto/synthetic.ts';

/** A frame with its number; a recorded one without a number has that of the one before. */
export interface Numbered {
  readonly seq: number;
  readonly frame: Uint8Array;
}

/** What a server sends: the frames that it has from the start, and the ones to come. */
export interface Feed {
  /** The seq before its first frame. */
  readonly before: number;
  readonly history: readonly Numbered[];
  /** The next live frame, or undefined at the end. */
  next(): Numbered | undefined;
}

export interface FeedOptions {
  /** Recorded frames; without them they are made up. */
  readonly frames?: readonly Uint8Array[] | undefined;
  /** Whether recorded frames come live. Otherwise they are history from the start. */
  readonly live: boolean;
  /** Whether recorded frames begin anew after the end, under new numbers and times. */
  readonly loop: boolean;
  readonly seed: number;
  readonly startSeq?: number | undefined;
}

/** 2025-01-01T00:00:00Z in microseconds since 1970. */
const EPOCH_MICROS = 1_735_689_600_000_000;

/**
 * Where made-up numbers start: microseconds since 2025. A simulator started again must not use a number
 * twice (a collector would take it for a reset); time goes on faster than frames do (below a million a second), so
 * each life starts above all before it. A safe integer for 285 years.
 */
function startSeqOf(clock: Clock): number {
  return Math.max(1, clock.micros() - EPOCH_MICROS);
}

export function createFeed(options: FeedOptions, clock: Clock): Feed {
  if (options.frames !== undefined) return recordedFeed(options.frames, options, clock);
  const startSeq = options.startSeq ?? startSeqOf(clock);
  const synthesizer = createSynthesizer({ seed: options.seed, time: () => clock.now(), startSeq });
  return { before: startSeq - 1, history: [], next: () => synthesizer.next() };
}

function recordedFeed(frames: readonly Uint8Array[], options: FeedOptions, clock: Clock): Feed {
  const recorded = numberFrames(frames);
  const first = recorded.find(({ seq }) => seq > 0);
  const repeats = options.loop ? repeat(frames, recorded.at(-1)?.seq ?? 0, clock) : undefined;
  let index = options.live ? 0 : recorded.length;
  return {
    before: first === undefined ? 0 : first.seq - 1,
    history: options.live ? [] : recorded,
    next: () => recorded[index++] ?? repeats?.(),
  };
}

function numberFrames(frames: readonly Uint8Array[]): Numbered[] {
  let last = 0;
  return frames.map((frame) => {
    const decoded = decodeFrame(frame);
    if ('seq' in decoded) last = Math.max(last, decoded.seq);
    return { seq: last, frame };
  });
}

/** The frames again and again, with numbers from `last` + 1 on and the present time. Those without a number are left out. */
function repeat(frames: readonly Uint8Array[], last: number, clock: Clock): () => Numbered | undefined {
  const stampers = frames.map(createStamper).filter((stamper) => stamper !== undefined);
  let seq = last;
  let index = 0;
  return () => {
    const stamper = stampers[index++ % stampers.length];
    if (stamper === undefined) return undefined;
    seq++;
    return { seq, frame: stamper({ seq, time: new Date(clock.now()).toISOString() }) };
  };
}
