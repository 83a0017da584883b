import type { Clock } from '../../core/clock.ts';
import { decodeFrame } from '../../wire/atproto/frame.ts';
import { createStamper } from '../../wire/atproto/restamp.ts';
import { createSynthesizer } from '../../wire/atproto/synthetic.ts';
import { type Draft, draftsOf, encodeEvent } from '../../wire/jetstream/encode.ts';
import type { Served } from './history.ts';

export interface FeedOptions {
  /** Recorded firehose frames, out of which events are made; without them they are made up. */
  readonly frames?: readonly Uint8Array[] | undefined;
  /** Whether recorded frames begin anew after the end, under the present time. */
  readonly loop: boolean;
  readonly seed: number;
}

/** The events of the next frame, none where version 1 has no event for it; undefined at the end. */
export type Feed = () => readonly Draft[] | undefined;

export function createFeed(options: FeedOptions, clock: Clock): Feed {
  const { frames, loop, seed } = options;
  if (frames === undefined) {
    const synthesizer = createSynthesizer({ seed, time: () => clock.now(), startSeq: 1 });
    return () => draftsIn(synthesizer.next().frame);
  }
  let index = 0;
  return () => {
    const frame = frames[loop ? index % frames.length : index];
    if (frame === undefined) return undefined;
    const isRepeat = index >= frames.length;
    index++;
    const stamp = { seq: index, time: new Date(clock.now()).toISOString() };
    return draftsIn((isRepeat && createStamper(frame)?.(stamp)) || frame);
  };
}

/** As Jetstream does, steps over frames that cannot be read. */
function draftsIn(frame: Uint8Array): readonly Draft[] {
  const decoded = decodeFrame(frame);
  if (!('seq' in decoded)) return [];
  const drafts = draftsOf(decoded);
  return drafts.ok ? drafts.value : [];
}

/** Gives events their times and numbers. */
export interface Stamp {
  (drafts: readonly Draft[]): readonly Served[];
  /** From now on it is another server's, whose clock is behind. */
  reset(shiftMs: number): void;
}

/**
 * Version 1 gives a time of its own to each event, by its clock, rising; version 2 one time to all events that come at once, and
 * tells the number of each.
 */
export function createStamp(
  version: 1 | 2,
  clock: Clock,
  /** The newest event that there is. */
  tip: Served | undefined,
): Stamp {
  let last = tip?.timeUs ?? 0;
  let number = tip?.number ?? 0;
  let behindUs = 0;
  const stamp = (drafts: readonly Draft[]): readonly Served[] => {
    const now = Math.max(last, clock.micros() - behindUs);
    return drafts.map((draft) => {
      number++;
      last = version === 1 ? Math.max(last + 1, now) : now;
      return serve(draft, last, number, version);
    });
  };
  const reset = (shiftMs: number): void => {
    behindUs += shiftMs * 1000;
    last = 0;
    number = 0;
  };
  return Object.assign(stamp, { reset });
}

/** An event of a given time. */
export function serve(draft: Draft, timeUs: number, number: number, version: 1 | 2): Served {
  const json = Buffer.from(encodeEvent(draft, timeUs, version === 2 ? number : undefined));
  return { timeUs, number, did: draft.did, collection: draft.collection, json };
}
