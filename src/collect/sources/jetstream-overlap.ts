import type { SourceMessage, StreamPosition } from '../../core/source.ts';
import { LEAST_TIME_CURSOR } from '../../wire/jetstream/options.ts';
import { microsText } from '../../wire/jetstream/lines.ts';

/** How far around our position events may be missing where two servers' clocks differ, milliseconds. */
const CLOCKS_MS = 10_000;

export interface OverlapOptions {
  /** Where the connection goes on, and the cursor that was asked for, before it. */
  readonly position: StreamPosition;
  readonly cursor: number | undefined;
  /** Whether the event at the position was handed over by this source, so that it must come again. */
  readonly handedOver: boolean;
}

/** One event's place. */
export interface Place {
  readonly seq: number;
  readonly timeUs: number;
  /** A server of version 2. */
  readonly numbered: boolean;
}

/**
 * Compares what a connection begins with to what was taken before it. A Jetstream server says nothing when it does not
 * have what was asked for: a cursor from the future goes live, one that is too old (36 hours) begins with the oldest event.
 * But a cursor asks for all events from its time on, so the event at our position has to come again:
 *
 * - The first event is from before the cursor: the server is behind our position, and went live. (Version 2 may begin too
 *   early, with the beginning of a file; there it means nothing.)
 * - The first event is from behind our position: what was between them is not there any more, or never was. This can be
 *   wrong for a sparse, filtered stream whose event at the position was deleted since, whose filter was changed, or that begins at a
 *   time that a person chose: a gap is rather declared once too often.
 * - Events come from before and from behind our position, but not the one there: another server answered, with another clock.
 *
 * @returns what to say before the event is handed over, as long as there is something to say.
 */
export function createOverlap(options: OverlapOptions): (place: Place) => SourceMessage | undefined {
  const { position, cursor, handedOver } = options;
  let first = true;
  let settled = typeof position !== 'number' || position < LEAST_TIME_CURSOR || cursor === undefined;
  return ({ seq, timeUs, numbered }) => {
    if (settled) return undefined;
    const at = Number(position);
    const isFirst = first;
    first = false;
    if (isFirst && !numbered && timeUs < Number(cursor)) {
      settled = true;
      const detail = `the server is at ${microsText(timeUs)}, before our position ${microsText(at)}`;
      return { kind: 'reset', detail };
    }
    settled = seq >= at;
    if (seq <= at) return undefined;
    if (isFirst) {
      const message = `asked for events from ${microsText(Number(cursor))} on, the first that came is of ${microsText(timeUs)}`;
      return { kind: 'info', name: 'OutdatedCursor', message };
    }
    if (!handedOver) return undefined;
    const detail = `the event at ${microsText(at)} did not come again: this is another server, with another clock`;
    const since = Math.floor(at / 1000);
    return { kind: 'gap', reason: 'reset', detail, since: since - CLOCKS_MS, until: since + CLOCKS_MS };
  };
}
