import type { Clock } from '../../core/clock.ts';
import { createLineSplitter } from '../../core/lines.ts';
import { formatSize } from '../../core/sizes.ts';
import type { SourceMessage, StreamSink } from '../../core/source.ts';
import { lineEvent } from './line-envelope.ts';

/** The longest line that is kept, bytes, when nothing else is said. */
export const MOST_LINE_BYTES = 1_048_576;
/** How much of a longer one goes to the quarantine. */
const QUARANTINED_BYTES = 65_536;
const NEWLINE = 0x0a;

/** How lines are read, the same for every source of lines. */
export interface LineOptions {
  /** Longer lines go to the quarantine, their first 64 KiB. Bytes; default 1 MiB. */
  readonly mostLineBytes?: number | undefined;
  /** Where a JSON line has its time: member names from the outside in. */
  readonly timePath?: readonly string[] | undefined;
  /** Connects anew when nothing came for so long, milliseconds; undefined: never for that. */
  readonly silenceMs?: number | undefined;
  readonly random: () => number;
}

export interface LineReader {
  /** Takes the next bytes, in any cut. */
  push(chunk: Buffer): void;
  /** What was pushed last is the end of a line, newline or not: the end of a message. */
  endLine(): void;
  /** The stream is over: what waits for its newline is handed over as a partial line. */
  flush(): void;
}

/**
 * Makes events of a stream of bytes, numbered on from the sink's position, and hands them over in order. How the bytes are cut
 * into chunks never changes the lines.
 */
export function createLineReader(
  { mostLineBytes = MOST_LINE_BYTES, timePath }: LineOptions,
  clock: Clock,
  sink: Pick<StreamSink, 'position'>,
  give: (message: SourceMessage) => void,
): LineReader {
  const reason = `the line is over ${formatSize(mostLineBytes)}: its beginning is kept, the rest is dropped`;
  let partial = false;
  let over = false;

  const giveBad = (piece: Buffer): void => {
    // At once and not at its end, which may never come; and once for all of its pieces.
    if (!over) give({ kind: 'bad', raw: Buffer.from(piece.subarray(0, QUARANTINED_BYTES)), reason });
    over = true;
  };

  const splitter = createLineSplitter({
    maxBytes: mostLineBytes,
    onLine(bytes, cut) {
      if (cut) return giveBad(bytes);
      const position = sink.position();
      const seq = typeof position === 'number' ? position + 1 : 1;
      const event = lineEvent({ bytes, seq, received: clock.now(), partial }, timePath);
      give({ kind: 'event', event });
    },
  });
  const end = (): void => {
    splitter.flush();
    over = false;
  };

  return {
    push(chunk) {
      let start = 0;
      // One line at a time, to see where one that was cut into pieces ends.
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
        splitter.push(chunk.subarray(start, at + 1));
        over = false;
        start = at + 1;
      }
      if (start < chunk.length) splitter.push(chunk.subarray(start));
    },
    endLine: end,
    flush() {
      partial = true;
      end();
      partial = false;
    },
  };
}
