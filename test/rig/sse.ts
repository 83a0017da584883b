import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from '../../src/core/http.ts';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { SourceMessage, StreamPosition, StreamSink } from '../../src/core/source.ts';
import { leakCheck, onEnd } from './leaks.ts';
import { until } from './wait.ts';

/** One connection to the server of a test. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** `Last-Event-ID`, as the bytes that it is. */
  readonly lastId: string | undefined;
  /** Answers with 200, `text/event-stream`, and this; stays open. */
  begin(text?: string): void;
  /** Ends the TCP connection. */
  cut(): void;
}

export interface EventServer {
  readonly url: URL;
  /** The next connection; answered by `answer`, where that is given. */
  next(): Promise<Asked>;
  connections(): number;
}

/** A real HTTP server until the end of the test, which answers as the test says. */
export async function startEventServer(
  t: TestContext,
  answer?: (asked: Asked, connection: number) => void,
): Promise<EventServer> {
  leakCheck(t);
  const arrived: Asked[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    response.on('error', () => {});
    const lastId = request.headers['last-event-id'];
    const asked: Asked = {
      request,
      response,
      path: request.url ?? '',
      lastId: lastId === undefined ? undefined : Buffer.from(String(lastId), 'latin1').toString('utf8'),
      begin(text = '') {
        response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
        response.flushHeaders();
        response.write(text);
      },
      cut: () => response.socket?.resetAndDestroy(),
    };
    arrived.push(asked);
    connections++;
    answer?.(asked, connections);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onEnd(t, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events`),
    next: () => until(() => arrived.shift(), { what: 'a connection' }),
    connections: () => connections,
  };
}

/** A kept line of an event stream, parsed. */
export interface KeptEvent {
  readonly seq: number;
  readonly time: string;
  readonly received: string;
  readonly event: string;
  readonly id?: string;
  readonly kind: string;
  readonly line?: string;
  readonly data?: unknown;
  readonly base64?: string;
}

type Of<K> = Extract<SourceMessage, { readonly kind: K }>;

/** Takes as the collector does: position and marks move with each event. Full as long as the test says so, or after so many events a turn. */
export interface EventSink extends StreamSink {
  readonly lines: readonly KeptEvent[];
  readonly texts: readonly string[];
  /** What happened, in short words: a line's text, `gap`, `connected`, … */
  told(): string[];
  of<K extends SourceMessage['kind']>(kind: K): Of<K>[];
  fill(): void;
  empty(): void;
  gather(count: number): Promise<readonly KeptEvent[]>;
}

export function createEventSink(
  start: StreamPosition = 'live',
  marks: Record<string, string> = {},
  fullAfter = Number.POSITIVE_INFINITY,
): EventSink {
  let position = start;
  let full = false;
  let room: (() => void)[] = [];
  const messages: SourceMessage[] = [];
  const texts: string[] = [];
  const lines: KeptEvent[] = [];
  return {
    lines,
    texts,
    told: () =>
      messages.map((message) => {
        if (message.kind !== 'event') return message.kind;
        const { head, tail } = message.event.lines[0] ?? {};
        if (head === undefined) return message.event.kind;
        const { line, data } = JSON.parse(`${head}${tail}`) as KeptEvent;
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
      await until(() => lines.length >= count, { what: `${count} events` });
      return lines;
    },
    take(message) {
      messages.push(message);
      if (message.kind !== 'event') return !full;
      const { event } = message;
      if (event.seq > 0) position = event.seq;
      if (event.mark !== undefined) marks[event.mark[0]] = event.mark[1];
      for (const { head, tail } of event.lines) {
        texts.push(`${head}2026-07-04T00:00:00.000Z${tail}`);
        lines.push(JSON.parse(texts.at(-1) ?? '') as KeptEvent);
      }
      return !full && lines.length % fullAfter !== 0;
    },
    drained: () =>
      full ? new Promise((resolve) => room.push(resolve)) : new Promise((resolve) => setImmediate(resolve)),
    position: () => position,
    marks: () => marks,
  };
}
