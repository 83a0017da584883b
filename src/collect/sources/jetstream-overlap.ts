import type { SourceMessage, StreamPosition } from '../../core/source.ts';
import { microsText } from '../../wire/jetstream/lines.ts';
import { LEAST_TIME_CURSOR } from '../../wire/jetstream/options.ts';

/** How far around our position events may be missing where two servers' clocks differ, milliseconds. */
const CLOCKS_MS = 10_000;

/** A server of version 2 begins with the beginning of a file. Even a quiet one writes more than one in so many microseconds. */
const EARLY_US = 600_000_000;

export interface OverlapOptions {
  /** Where the connection goes on, and the cursor that was asked for, before it. */
  readonly position: StreamPosition;
  readonly cursor: number | undefined;
  /** The time, or on a server of version 2 the number, of the last event that was taken, so that it must come again. */
  readonly expected: number | undefined;
}

/** One event's place. */
export interface Place {
  /** Its number, or on a server of version 1 its time. */
  readonly seq: number;
  readonly timeUs: number;
  /** A server of version 2. */
  readonly numbered: boolean;
  /** Whether it is known to have been taken; undefined where that is not known. */
  readonly known: boolean | undefined;
}

/** What the beginning of a connection says of the server. */
export interface Overlap {
  /** Sees an event; answers what to say before it is handed over, as long as there is something to say. */
  see(place: Place): SourceMessage | undefined;
  /** Whether it is certain by now which server this is. */
  settled(): boolean;
  /** Ends the waiting: there is too much that does not fit. */
  giveUp(): SourceMessage;
}

/**
 * Compares what a connection begins with to what was taken before it. A Jetstream server says nothing when it does not
 * have what was asked for: a cursor from the future goes live, one that is too old (36 hours) begins with the oldest event.
 * But a cursor asks for all events from its time on, so the event at our position has to come again:
 *
 * - The first event is from before the cursor: the server is behind our position, and went live. (Version 2 may begin too
 *   early, with the beginning of a file; there it has to be ten minutes.)
 * - The first event is from behind our position: what was between them is not there any more, or never was. This can be
 *   wrong for a sparse, filtered stream whose event at the position was deleted since, whose filter was changed, or that begins at a
 *   time that a person chose: a gap is rather declared once too often.
 * - Events come from before and from behind our position, but not the one there, and most of those before it are none of ours: another
 *   server answered, with another clock. (Where most are ours, a live event has overtaken the replay.)
 */
export function createOverlap({ position, cursor, expected }: OverlapOptions): Overlap {
  let first = true;
  let settled = typeof position !== 'number' || position < LEAST_TIME_CURSOR || cursor === undefined;
  /** Events from before our position that are ours, less those that are not. */
  let ours = 0;

  const otherServer = (at: number): SourceMessage => {
    settled = true;
    const detail = `the event at ${microsText(at)} did not come again: this is another server, with another clock`;
    const since = Math.floor(at / 1000);
    return { kind: 'gap', reason: 'reset', detail, since: since - CLOCKS_MS, until: since + CLOCKS_MS };
  };

  return {
    settled: () => settled,
    giveUp: () => otherServer(expected ?? Number(position)),
    see({ seq, timeUs, numbered, known }) {
      if (settled) return undefined;
      const at = expected ?? Number(position);
      const isFirst = first;
      first = false;
      if (isFirst && timeUs < Number(cursor) - (numbered ? EARLY_US : 0)) {
        settled = true;
        const detail = `the server is at ${microsText(timeUs)}, before our position ${microsText(at)}`;
        return { kind: 'reset', detail };
      }
      settled = seq >= at;
      if (seq < at && known !== undefined) ours += known ? 1 : -1;
      if (seq <= at) return undefined;
      if (isFirst) {
        const message = `asked for events from ${microsText(Number(cursor))} on, the first that came is of ${microsText(timeUs)}`;
        return { kind: 'info', name: 'OutdatedCursor', message };
      }
      return expected === undefined || (!numbered && ours > 0) ? undefined : otherServer(at);
    },
  };
}
