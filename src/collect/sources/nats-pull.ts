import { randomUUID } from 'node:crypto';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { asError } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import type { JetStreamApi, PullLimits } from './nats-api.ts';
import { type Delivery, readDelivery } from './nats-message.ts';
import { onceAborted } from './once-aborted.ts';
import { watchSilence } from './silence.ts';

/** So much is asked for at once, and so much may lie in memory while the sink is full. */
const BATCH_MESSAGES = 1_000;
const BATCH_BYTES = 4_194_304;
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;
/** Two heartbeats in a row that did not come. */
const SILENT_MS = 11_000;

/** The status codes of a pull (ADR-13 of nats-architecture-and-design). */
const HEARTBEAT = 100;
const EXPIRED = 408;
const CONFLICT = 409;

/** Takes a message. Resolves, if it gives a promise, when there is room for more. */
export type TakeMessage = (message: Msg, delivery: Delivery) => Promise<void> | undefined;

/**
 * Pulls batch after batch of a consumer, each when the one before was taken, until something is wrong or `stop` aborts; then
 * takes the consumer off the server. Resolves with the reason. Rejects where `take` throws.
 */
export async function pullMessages(
  connection: NatsConnection,
  api: JetStreamApi,
  consumer: string,
  { clock, stop }: Scope,
  take: TakeMessage,
): Promise<string> {
  if (stop.aborted || connection.isClosed()) return 'the connection is closed';
  const inbox = `_INBOX.${randomUUID()}`;
  const subscription = connection.subscribe(inbox);
  let reason: string | undefined;
  const end = (why: string): void => {
    reason ??= why;
    if (!connection.isClosed()) subscription.unsubscribe();
  };
  const leave = (): void => end('the collector ends');
  stop.addEventListener('abort', leave, { once: true });
  const silence = watchSilence(clock, SILENT_MS, () => end(`no heartbeat for ${SILENT_MS / 1000} s`));
  const batches = createBatches(connection, (limits) => api.pull(consumer, inbox, limits));
  silence.start();
  try {
    batches.ask();
    const messages = subscription[Symbol.asyncIterator]();
    for (;;) {
      const next = await messages.next().catch((thrown: unknown) => end(asError(thrown).message));
      if (reason !== undefined || next === undefined || next.done === true) break;
      silence.seen();
      const heard = batches.hear(next.value);
      if (heard.kind === 'trouble') end(heard.reason);
      if (heard.kind !== 'message') continue;
      const room = take(next.value, heard.delivery);
      if (room !== undefined) {
        // Nobody is asked now, so nobody says anything.
        silence.hold(true);
        await untilEither(room, stop);
        silence.hold(false);
      }
      if (reason === undefined) batches.taken();
    }
    return reason ?? 'the server closed the connection';
  } finally {
    silence.stop();
    stop.removeEventListener('abort', leave);
    if (!connection.isClosed()) subscription.unsubscribe();
    api.forget(consumer);
  }
}

async function untilEither(room: Promise<void>, stop: AbortSignal): Promise<void> {
  const stopped = onceAborted(stop);
  await Promise.race([room, stopped.promise]).finally(stopped.release);
}

type Heard =
  | { readonly kind: 'message'; readonly delivery: Delivery }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'trouble'; readonly reason: string };

/** Follows what was asked for and what came, and asks for more when it is over. */
function createBatches(connection: NatsConnection, pull: (limits: PullLimits) => void) {
  const mostBytes = Math.max(BATCH_BYTES, 2 * (connection.info?.max_payload ?? 0));
  let asked = 0;
  let left = 0;
  let consumerSeq = 0;

  const ask = (messages: number, bytes: number | undefined): void => {
    asked = messages;
    left = messages;
    pull({ messages, bytes, expiresMs: EXPIRES_MS, heartbeatMs: HEARTBEAT_MS });
  };
  const askBatch = (): void => ask(BATCH_MESSAGES, mostBytes);

  const hearStatus = ({ headers }: Msg): Heard => {
    const { code = 0, description = '' } = headers ?? {};
    if (code === HEARTBEAT) return { kind: 'nothing' };
    const full = code === CONFLICT && /maxbytes/i.test(description);
    if (code !== EXPIRED && !full) {
      const reason = `the server says: ${description === '' ? `status ${code}` : description.toLowerCase()}`;
      return { kind: 'trouble', reason };
    }
    // A message that alone is over the limit comes only when it is asked for without one.
    if (full && left === asked) ask(1, undefined);
    else askBatch();
    return { kind: 'nothing' };
  };

  return {
    ask: askBatch,
    hear(message: Msg): Heard {
      const delivery = readDelivery(message.reply);
      if (delivery === undefined) return hearStatus(message);
      consumerSeq += 1;
      return delivery.consumerSeq === consumerSeq
        ? { kind: 'message', delivery }
        : { kind: 'trouble', reason: 'messages were lost on their way to us' };
    },
    taken(): void {
      left -= 1;
      if (left === 0) askBatch();
    },
  };
}
