import type { StreamEvent } from '../../core/source.ts';
import type { JetstreamEvent } from './event.ts';

/**
 * An event as the collector takes it: one line,
 * `{"seq":…,"time":"…","received":"…","did":"…","kind":"commit","commit":{…}}`, with the members as they were sent.
 * `time` is `time_us` as RFC 3339 with all its microseconds.
 */
export function toStreamEvent(event: JetstreamEvent, seq: number): StreamEvent {
  const { type, timeUs, members } = event;
  const head = `{"seq":${seq},"time":"${microsText(timeUs)}","received":"`;
  return {
    seq,
    time: Math.floor(timeUs / 1000),
    kind: type,
    lines: [{ head, tail: `",${members}}\n` }],
  };
}

/** Microseconds since 1970 as RFC 3339 text, UTC, with six digits behind the point. */
export function microsText(micros: number): string {
  const text = new Date(Math.floor(micros / 1000)).toISOString();
  return `${text.slice(0, -1)}${String(micros % 1000).padStart(3, '0')}Z`;
}

/**
 * Numbers the events of one connection to a server of version 2 for the collector, which drops what is not above the last number.
 *
 * Such servers stamp all events of a batch with one `time_us` (jetstream 9a30def, internal/ingest/live/consumer.go, `processBatch`) and
 * tell them apart by `cursor`: an event gets its `time_us`, or the number after the last one where that is taken. A replay that
 * begins earlier gives the same numbers again from the first pause of a few microseconds on. An event whose `cursor` came
 * before is a repeat and gets a number that came before. (On servers of version 1 `time_us` is an event's own.)
 */
export function createNumbering(): (timeUs: number, cursor: number) => number {
  let lastSeq = 0;
  let lastCursor = 0;
  return (timeUs, cursor) => {
    if (cursor <= lastCursor) return lastSeq;
    lastCursor = cursor;
    lastSeq = Math.max(timeUs, lastSeq + 1);
    return lastSeq;
  };
}
