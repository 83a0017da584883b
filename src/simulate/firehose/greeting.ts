import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Scope } from '../../core/scope.ts';
import { encodeFrame } from '../../wire/atproto/encode-frame.ts';
import type { Arrival } from '../fault-plan.ts';
import { createFirehoseConnection } from './connection.ts';
import type { Act } from './fault-plan.ts';
import type { ConnectFault } from './faults.ts';
import type { History } from './history.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';

/** What a server has for a reader. */
export interface GreetingOptions {
  readonly inclusive: boolean;
  readonly lagFrames: number;
  readonly history: History;
  /** The readers connected; kept up to date here. */
  readonly subscribers: Set<Subscriber>;
  readonly scope: Scope;
}

/** A reader that has come. */
export interface Newcomer {
  readonly client: WebSocket;
  /** The socket under it. */
  readonly socket: Duplex;
  /** Undefined: from now on; 0: everything. */
  readonly cursor: number | undefined;
  readonly arrival: Arrival<ConnectFault, Act>;
}

const OUTDATED = encodeFrame({
  kind: 'info',
  name: 'OutdatedCursor',
  message: 'Requested cursor exceeded limit. Possibly missing events',
});

/** Takes a reader in: at the place that its cursor says, with the word that it is owed. */
export function greet(newcomer: Newcomer, options: GreetingOptions): void {
  const { client, socket, arrival } = newcomer;
  const { history, subscribers, scope, lagFrames } = options;
  client.on('error', (error) => scope.log.debug('a reader failed', { error: error.message }));
  const connection = createFirehoseConnection(client, socket, scope.clock);
  const isSilent = arrival.take('silent') !== undefined;
  const { from, word } = isSilent ? { from: history.end, word: undefined } : placeOf(newcomer, options);
  const egress = arrival.egress(history.seqBefore(from));
  const subscriber = createSubscriber({ client, socket, connection, history, from, lagFrames, egress });
  subscribers.add(subscriber);
  client.on('close', () => subscribers.delete(subscriber));
  if (isSilent) return connection.mute(false);
  if (word === 'future') return connection.fail('FutureCursor', 'Cursor in the future.');
  if (word === 'outdated') client.send(OUTDATED);
  subscriber.advance();
}

interface Place {
  /** The position that the reader starts at. */
  readonly from: number;
  readonly word: 'outdated' | 'future' | undefined;
}

function placeOf({ cursor, arrival }: Newcomer, { history, inclusive }: GreetingOptions): Place {
  if (cursor === undefined) return { from: history.end, word: undefined };
  if (cursor > history.tip) {
    return { from: history.end, word: arrival.take('future-live') === undefined ? 'future' : undefined };
  }
  const way = arrival.take('inclusive', 'exclusive')?.kind;
  const isInclusive = way === undefined ? inclusive : way === 'inclusive';
  const found = (): number => (cursor === 0 ? history.first : history.positionOf(cursor, isInclusive));
  const passed = found() < history.end ? arrival.take('outdated') : undefined;
  if (passed !== undefined) history.dropBefore(found() + passed.frames);
  const isOutdated = cursor > 0 && history.isOutdated(cursor, isInclusive);
  const isTold = isOutdated && arrival.take('clamped') === undefined;
  return { from: found(), word: isTold ? 'outdated' : undefined };
}
