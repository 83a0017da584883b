import type { Clock } from '../../core/clock.ts';
import { formatSize } from '../../core/sizes.ts';
import type { SourceMessage, StreamEvent, StreamSink } from '../../core/source.ts';
import {
  createEventStreamParser,
  type EventStreamParser,
  type ServerSentEvent,
} from '../../wire/sse/event-stream.ts';
import { lineEvent } from './line-envelope.ts';
import { type LineOptions, MOST_LINE_BYTES } from './line-reader.ts';
import { followIds, isUsableId, parseMark } from './sse-mark.ts';

/**
 * Makes events of the bytes of one connection, numbered on from the sink's position, and hands them over in order. With each that has an
 * id goes the mark behind which the next connection begins; what the server repeats of what was taken is dropped.
 */
export function createSseReader(
  { mostLineBytes = MOST_LINE_BYTES, timePath }: LineOptions,
  clock: Clock,
  sink: Pick<StreamSink, 'position' | 'marks'>,
  onRetry: (ms: number) => void,
  give: (message: SourceMessage) => void,
): EventStreamParser {
  const ids = followIds(parseMark(sink.marks()['']));
  let warned = false;

  const warn = (id: string): void => {
    if (id === '' || isUsableId(id) || warned) return;
    warned = true;
    const message = 'an event has an id that no header can carry: there is no going on behind it';
    give({ kind: 'info', name: 'UnusableId', message });
  };

  return createEventStreamParser({
    mostBytes: mostLineBytes,
    onRetry,
    onEvent(event) {
      const { id } = event;
      let mark: StreamEvent['mark'];
      if (id !== undefined) {
        const verdict = ids.judge(event, id);
        if (verdict.kind === 'repeat') return;
        if (verdict.gap !== undefined) give({ kind: 'gap', ...verdict.gap });
        warn(id);
        mark = ['', verdict.mark];
      }
      const position = sink.position();
      const seq = typeof position === 'number' ? position + 1 : 1;
      const kept = {
        ...toStreamEvent(event, seq, clock.now(), timePath),
        ...(mark === undefined ? {} : { mark }),
      };
      give({ kind: 'event', event: kept });
    },
    onId(id) {
      const mark = ids.mark(id);
      if (mark === (sink.marks()[''] ?? '')) return;
      warn(id);
      // Nothing to keep, but where we stand.
      give({
        kind: 'event',
        event: { seq: 0, time: Number.NaN, kind: 'id', lines: [], mark: ['', mark] },
      });
    },
    onLong(raw) {
      const reason = `the event is over ${formatSize(mostLineBytes)}: its beginning is kept, the rest is dropped`;
      give({ kind: 'bad', raw, reason });
    },
  });
}

/**
 * An event in the envelope of every line (see `lineEvent`), with its `event` (`message` where it names none) and, where it has one of its own, its `id`:
 * `{"seq":…,"time":"…","received":"…","event":"…","id":"…","kind":"json","data":{…}}`.
 */
function toStreamEvent(
  { data, type, id }: ServerSentEvent,
  seq: number,
  received: number,
  timePath: readonly string[] | undefined,
): StreamEvent {
  const event = lineEvent({ bytes: onOneLine(data), seq, received, partial: false }, timePath);
  const own = `"event":${JSON.stringify(type === '' ? 'message' : type)}${id === undefined ? '' : `,"id":${JSON.stringify(id)}`}`;
  // A tail begins with the quote and the comma behind `received`.
  return {
    ...event,
    lines: event.lines.map(({ head, tail }) => ({ head, tail: `",${own},${tail.slice(2)}` })),
  };
}

const NEWLINE = 0x0a;

/** JSON in several lines as one: a line end in JSON is space between tokens (RFC 8259). Anything else stays as it is. */
function onOneLine(data: Buffer): Buffer {
  if (!data.includes(NEWLINE)) return data;
  const text = data.toString('utf8');
  if (!text.trimStart().startsWith('{')) return data;
  try {
    JSON.parse(text);
  } catch {
    return data;
  }
  return Buffer.from(text.replaceAll('\n', ' '));
}
