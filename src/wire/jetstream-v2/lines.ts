import type { StreamEvent } from '../../core/source.ts';
import type { EventMessage } from './message.ts';

/**
 * An event as the collector takes it: one line in the shape of Jetstream v1's,
 * `{"seq":…,"time":"…","received":"…","did":"…","kind":"commit","commit":{…}}`; `time` as it was sent.
 */
export function toStreamEvent({ type, seq, time, members }: EventMessage): StreamEvent {
  const head = `{"seq":${seq},"time":${JSON.stringify(time)},"received":"`;
  return { seq, time: timeOf(time), kind: type, lines: [{ head, tail: `",${members}}\n` }] };
}

/** Milliseconds since 1970 of an RFC 3339 time, NaN where it is none: without a zone it would be read as local. */
function timeOf(time: string): number {
  return /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(time) ? Math.floor(Date.parse(time)) : Number.NaN;
}
