import { jsonObject } from './json-object.ts';
import { isUtf8 } from 'node:buffer';
import type { StreamEvent } from '../../core/source.ts';
import { type LineTime, timeAt } from './line-time.ts';

/** A line as it was received. */
export interface ReceivedLine {
  /** Without its line end. Not kept. */
  readonly bytes: Buffer;
  /** The collector's own number for it: these streams have none. */
  readonly seq: number;
  /** Wall milliseconds. */
  readonly received: number;
  /** The stream ended before the line did, so that more of it may have been sent. */
  readonly partial: boolean;
}

/**
 * Puts a line into its envelope, as docs/line-sources.md describes it:
 *
 * - a JSON object is kept as the text that it is, so that long numbers and the order of its keys stay:
 *   `{"seq":…,"time":"…","received":"…","kind":"json","data":{…}}`
 * - everything else is text: `{"seq":…,"time":"…","received":"…","kind":"line","line":"…"}`, with `"base64":"…"` beside it where
 *   bytes are no UTF-8 (in `line` they are U+FFFD), and `"partial":true`.
 *
 * @param timePath where a JSON object has its time; by default, and where it has none there, the time of receipt counts.
 */
export function lineEvent(line: ReceivedLine, timePath?: readonly string[]): StreamEvent {
  const { bytes, seq, received, partial } = line;
  const text = bytes.toString('utf8');
  const valid = isUtf8(bytes);
  const data = valid ? jsonObject(text) : undefined;
  const own = data === undefined || timePath === undefined ? undefined : timeAt(data, timePath);
  const time: LineTime = own ?? { ms: received, text: new Date(received).toISOString() };
  const rest =
    data === undefined
      ? `"kind":"line","line":${JSON.stringify(text)}${valid ? '' : `,"base64":"${bytes.toString('base64')}"`}${partial ? ',"partial":true' : ''}`
      : `"kind":"json","data":${text}`;
  return {
    seq,
    time: time.ms,
    kind: data === undefined ? 'line' : 'json',
    lines: [{ head: `{"seq":${seq},"time":"${time.text}","received":"`, tail: `",${rest}}\n` }],
  };
}
