import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { type Log, silentLog } from '../../src/core/log.ts';
import type { SourceMessage, StreamPosition, StreamSink, StreamSource } from '../../src/core/source.ts';
import { onEnd } from './leaks.ts';
import { until, within } from './wait.ts';

/** A line as it would be kept, parsed. */
export interface KeptLine {
  readonly seq: number;
  readonly time: string;
  readonly received: string;
  readonly kind: string;
  readonly line?: string;
  readonly data?: unknown;
  readonly base64?: string;
  readonly partial?: boolean;
}

type Of<K> = Extract<SourceMessage, { readonly kind: K }>;

/** Everything that a source of lines handed over, in order. Full as long as the test says so. */
export interface LineSink extends StreamSink {
  readonly messages: readonly SourceMessage[];
  readonly lines: readonly KeptLine[];
  /** What happened, in short words: a line's text, `gap`, `connected`, … */
  told(): string[];
  of<K extends SourceMessage['kind']>(kind: K): Of<K>[];
  fill(): void;
  empty(): void;
  /** Waits for so many lines. */
  gather(count: number): Promise<readonly KeptLine[]>;
}

export function createLineSink(start: StreamPosition = 'live'): LineSink {
  let position = start;
  let full = false;
  let room: (() => void)[] = [];
  const messages: SourceMessage[] = [];
  const lines: KeptLine[] = [];
  return {
    messages,
    lines,
    told: () =>
      messages.map((message) => {
        if (message.kind !== 'event') return message.kind;
        const { line, data } = keptLine(message);
        return line ?? JSON.stringify(data);
      }),
    of: <K extends SourceMessage['kind']>(kind: K) =>
      messages.filter((message): message is Of<K> => message.kind === kind),
    fill() {
      full = true;
    },
    empty() {
      full = false;
      for (const go of room) go();
      room = [];
    },
    async gather(count) {
      await until(() => lines.length >= count, { what: `${count} lines` });
      return lines;
    },
    take(message) {
      messages.push(message);
      if (message.kind === 'event') {
        position = message.event.seq;
        lines.push(keptLine(message));
      }
      return !full;
    },
    drained: () => (full ? new Promise((resolve) => room.push(resolve)) : Promise.resolve()),
    position: () => position,
    marks: () => ({}),
  };
}

function keptLine({ event }: Of<'event'>): KeptLine {
  const { head = '', tail = '' } = event.lines[0] ?? {};
  return JSON.parse(`${head}2026-07-04T00:00:00.000Z${tail}`) as KeptLine;
}

/** Waits between connections are a thousand times shorter; all else keeps its time. */
const hurriedClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 1000, signal),
};

/** Runs a source until the end of the test. `end` drains it, and waits. */
export function runLines(
  t: TestContext,
  source: StreamSource,
  sink: StreamSink,
  { clock = hurriedClock, log = silentLog }: { readonly clock?: Clock; readonly log?: Log } = {},
): { end(): Promise<void>; kill(): Promise<void> } {
  const drain = new AbortController();
  const stop = new AbortController();
  const scope = { drain: drain.signal, stop: stop.signal, ready: () => {}, clock, log };
  const ended = source.run(scope, sink);
  const end = async (): Promise<void> => {
    drain.abort();
    await within(ended, { what: 'the source to end' });
  };
  const kill = async (): Promise<void> => {
    drain.abort();
    stop.abort();
    await within(ended, { what: 'the source to stop' });
  };
  onEnd(t, kill);
  return { end, kill };
}
