import type { Scope } from '../../core/scope.ts';
import type { SourceMessage, StreamSink, StreamSource } from '../../core/source.ts';
import type { Interruptions } from './interruptions.ts';
import { silenceReason } from './line-inflow.ts';
import { createLineReader, type LineOptions, MOST_LINE_BYTES } from './line-reader.ts';
import { reconnecting } from './reconnecting.ts';
import { type Silence, watchSilence } from './silence.ts';
import { createWebSocketSource, type Exchange } from './websocket-connection.ts';

/** A longer message ends the connection: a message may have many lines. */
const LEAST_MOST_MESSAGE_BYTES = 16_777_216;

export interface WebSocketLinesOptions extends LineOptions {
  readonly url: string;
  /** Sent as a text message as soon as the connection is open: a subscription, for example. */
  readonly hello?: string | undefined;
}

/**
 * The messages of any WebSocket, text or binary, each one or more lines; received for ever: reconnects with back-off and
 * jitter, pauses the socket while the sink is full. No replay: what is sent while we are not connected is declared as a gap.
 */
export function createWebSocketLinesSource(options: WebSocketLinesOptions): StreamSource {
  return {
    numbers: 'dense',
    run: (scope, sink) =>
      reconnecting(scope, sink, options.random, (interruptions) =>
        receiveUntilSilent(options, scope, sink, interruptions),
      ),
  };
}

/** Connection after connection, until one is open and silent for too long. */
async function receiveUntilSilent(
  options: WebSocketLinesOptions,
  scope: Scope,
  sink: StreamSink,
  interruptions: Interruptions,
): Promise<string> {
  const quiet = new AbortController();
  const silence = watchSilence(scope.clock, options.silenceMs, () => quiet.abort());
  const { url, hello, mostLineBytes = MOST_LINE_BYTES, random } = options;
  let handOver = (_message: SourceMessage): void => {};
  const reader = createLineReader(options, scope.clock, sink, (message) => handOver(message));
  const read: Exchange['read'] = (data, _binary, give) => {
    handOver = give;
    silence.seen();
    interruptions.received();
    reader.push(data);
    reader.endLine();
  };
  const source = createWebSocketSource({
    numbers: 'dense',
    mostMessageBytes: Math.max(LEAST_MOST_MESSAGE_BYTES, 2 * mostLineBytes),
    random,
    ask: () => ({ url, cursor: undefined, hello, mayBeQuiet: true, read }),
  });
  const drain = AbortSignal.any([scope.drain, quiet.signal]);
  const stop = AbortSignal.any([scope.stop, quiet.signal]);
  try {
    await source.run({ ...scope, drain, stop }, watched(sink, silence, interruptions));
  } finally {
    silence.stop();
  }
  return silenceReason(options);
}

/** The sink, seen by who has to know when a connection begins, pauses and ends. */
function watched(sink: StreamSink, silence: Silence, interruptions: Interruptions): StreamSink {
  return {
    position: () => sink.position(),
    marks: () => sink.marks(),
    spool: sink.spool,
    drained() {
      silence.hold(true);
      return sink.drained().then(() => silence.hold(false));
    },
    take(message) {
      const goOn = sink.take(message);
      if (message.kind === 'connected') {
        silence.start();
        interruptions.connected();
      } else if (message.kind === 'disconnected') {
        silence.stop();
        interruptions.disconnected(message.reason);
      }
      return goOn;
    },
  };
}
