import type { NatsConnection } from '@nats-io/transport-node';
import { err, ok, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import type { StreamSink, StreamSource } from '../../core/source.ts';
import type { BrokerAddress } from './broker-address.ts';
import { type MessageOptions, messagesFor, standingEvent } from './message-envelope.ts';
import { createJetStreamApi, type JetStreamApi } from './nats-api.ts';
import { connectNats, type NatsAccess } from './nats-connection.ts';
import { readMessage } from './nats-message.ts';
import { pullMessages } from './nats-pull.ts';
import { judgeStanding, markText, readMark, type StreamFacts } from './nats-standing.ts';
import { onceAborted } from './once-aborted.ts';
import { retrying } from './retrying.ts';

/** How long a goodbye may take. */
const CLOSE_MS = 1_000;

export interface NatsOptions extends MessageOptions {
  /** Its name is the stream; `subject` in the query narrows it down, `domain` is JetStream's. */
  readonly address: BrokerAddress;
  readonly access: NatsAccess;
  readonly random: () => number;
}

/**
 * A stream of NATS JetStream, received for ever: reconnects with back-off and jitter and goes on behind the last message that
 * was taken. Nothing of us stays on the server: each connection makes a consumer of its own that needs no
 * acknowledgement, from the number on that we committed. That alone makes it exactly once.
 */
export function createNatsSource(options: NatsOptions): StreamSource {
  return {
    // Behind a filter, numbers are left out all the time.
    numbers: options.address.query.has('subject') ? 'sparse' : 'dense',
    run: (scope, sink) => retrying(scope, sink, options.random, () => receive(options, scope, sink)),
  };
}

async function receive(options: NatsOptions, scope: Scope, sink: StreamSink): Promise<string> {
  const connected = await connectNats(options.address, options.access, scope.drain);
  if (!connected.ok) return connected.error;
  const connection = connected.value;
  const drained = onceAborted(scope.drain);
  const over = new AbortController();
  const working = work(connection, options, { ...scope, stop: over.signal }, sink);
  try {
    return await Promise.race([
      working,
      drained.promise.then(() => 'the collector ends'),
      connection.closed().then((error) => error?.message ?? 'the server closed the connection'),
      serverError(connection),
    ]);
  } finally {
    over.abort();
    drained.release();
    await goodbye(connection, scope, working);
  }
}

/** The first thing that the server complains of: that we may not ask for something, say. */
async function serverError(connection: NatsConnection): Promise<string> {
  for await (const status of connection.status())
    if (status.type === 'error') return `the server says: ${status.error.message}`;
  return 'the server closed the connection';
}

/** Ends what works on a connection, and then the connection. */
async function goodbye(
  connection: NatsConnection,
  { clock }: Scope,
  working: Promise<string>,
): Promise<void> {
  const late = new AbortController();
  // A consumer that could not be taken off is removed by its server soon.
  const flushed = connection.isClosed() ? undefined : working.then(() => connection.flush()).catch(() => {});
  await Promise.race([flushed, clock.sleep(CLOSE_MS, late.signal)]);
  late.abort();
  await connection.close();
  await working;
}

/** Begins behind our position, and takes messages until something is wrong, or `stop` aborts. Resolves with the reason. */
async function work(
  connection: NatsConnection,
  options: NatsOptions,
  scope: Scope,
  sink: StreamSink,
): Promise<string> {
  const { name, query } = options.address;
  const api = createJetStreamApi(connection, name, query.get('domain'));
  const begun = await begin(api, scope, sink);
  if (!begun.ok) return begun.error;
  const { from, created } = begun.value;
  const consumer = await api.consume(from, query.get('subject'));
  if (!consumer.ok) return consumer.error;
  return pullMessages(connection, api, consumer.value, scope, (message, delivery) => {
    let full = false;
    for (const each of messagesFor(readMessage(message, delivery, created), options))
      if (!sink.take(each)) full = true;
    return full ? sink.drained() : undefined;
  });
}

/** Looks at what the server has, says what is missing, and decides where to begin. */
async function begin(
  api: JetStreamApi,
  { clock, stop }: Scope,
  sink: StreamSink,
): Promise<Result<{ readonly from: number; readonly created: string }, string>> {
  const facts = await api.stream();
  if (!facts.ok) return facts;
  const { created, lastSeq } = facts.value;
  const known = readMark(sink.marks()['']);
  const stored = known?.nanos === undefined ? ok(undefined) : await api.timeOf(known.seq);
  if (!stored.ok) return stored;
  if (stop.aborted) return err('the collector ends');
  const before = sink.position();
  sink.take({ kind: 'connected', cursor: typeof before === 'number' ? before : undefined });
  say(facts.value, known === undefined ? undefined : stored.value, clock.now(), sink);
  const position = sink.position();
  const mark = readMark(sink.marks()['']);
  if (mark !== undefined) return ok({ from: mark.seq + 1, created });
  if (typeof position === 'number') return ok({ from: position + 1, created });
  if (position === 'oldest') return ok({ from: 1, created });
  // Kept, so that nothing of what comes from now on is missed when we end before the first message.
  sink.take(standingEvent(['', markText({ created, seq: lastSeq, nanos: undefined })], clock.now()));
  return ok({ from: lastSeq + 1, created });
}

/** Tells the sink what is missing, or that everything began anew. */
function say(facts: StreamFacts, stored: bigint | undefined, now: number, sink: StreamSink): void {
  const position = sink.position();
  const standing = judgeStanding(facts, position, readMark(sink.marks()['']), stored);
  if (standing.kind === 'reset') {
    sink.take(standing);
  } else if (standing.kind === 'outdated' && typeof position === 'number') {
    // The next message shows how far the gap reaches.
    sink.take({ kind: 'info', name: 'OutdatedCursor', message: standing.detail });
  } else if (standing.kind === 'outdated') {
    const { kind: _, ...gap } = standing;
    sink.take({ kind: 'gap', reason: 'outdated', ...gap });
    const mark = { created: facts.created, seq: facts.firstSeq - 1, nanos: undefined };
    sink.take(standingEvent(['', markText(mark)], now));
  }
}
