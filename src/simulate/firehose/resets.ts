import { decodeFrame } from '../../wire/atproto/frame.ts';
import { restamp } from '../../wire/atproto/restamp.ts';
import type { ResetFault } from './faults.ts';
import type { Feed, Numbered } from './feed.ts';

/** A feed whose numbers can begin anew. */
export interface ResettableFeed {
  next(): Numbered | undefined;
  /** An attempt to connect, which resets may wait for. */
  arrive(connection: number): void;
}

/**
 * Lets the resets happen in the frames to come: each once, when all that it waits for has come.
 * @param happen called before the first frame with a new number is given.
 */
export function withResets(
  feed: Feed,
  resets: readonly ResetFault[],
  happen: (reset: ResetFault) => void,
): ResettableFeed {
  let pending = resets;
  let connections = 0;
  let given = 0;
  /** New number less the feed's own. */
  let shift = 0;
  /** The next frame's number, where a reset has set it. */
  let anew: number | undefined;

  const isDue = ({ when = {} }: ResetFault, upcoming: number | undefined): boolean => {
    const { connection = 0, after = 0, seq } = when;
    if (connections < connection || given < after) return false;
    return seq === undefined || (upcoming !== undefined && upcoming >= seq);
  };

  const check = (upcoming: number | undefined): void => {
    for (const reset of pending.filter((each) => isDue(each, upcoming))) {
      pending = pending.filter((each) => each !== reset);
      anew = reset.to + 1;
      happen(reset);
    }
  };

  return {
    next() {
      const frame = feed.next();
      if (frame === undefined) return undefined;
      if (pending.length > 0) check(anew ?? frame.seq + shift);
      if (anew !== undefined) shift = anew - frame.seq;
      anew = undefined;
      given++;
      return shift === 0 ? frame : renumber(frame, frame.seq + shift);
    },
    arrive(connection) {
      connections = connection;
      if (pending.length > 0) check(undefined);
    },
  };
}

/** A recorded frame without a number stays as it is. */
function renumber({ frame }: Numbered, seq: number): Numbered {
  const decoded = decodeFrame(frame);
  const time = 'time' in decoded ? decoded.time : '';
  return { seq, frame: restamp(frame, { seq, time }) ?? frame };
}
