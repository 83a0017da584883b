import { err, ok, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import type { StreamSource } from '../../core/source.ts';
import { MECHANISMS, type Mechanism } from '../../wire/kafka/sasl.ts';
import type { BrokerAccess } from './broker-access.ts';
import type { BrokerAddress } from './broker-address.ts';
import { followTopic } from './kafka-cluster.ts';
import type { MessageOptions } from './message-envelope.ts';
import { onceAborted } from './once-aborted.ts';
import { retrying } from './retrying.ts';

export interface KafkaOptions extends MessageOptions {
  /** Its name is the topic; `sasl` in the query is how to log in. */
  readonly address: BrokerAddress;
  readonly access: BrokerAccess;
  readonly random: () => number;
}

/** How to log in, as an address says. */
export function readMechanism({ query }: BrokerAddress): Result<Mechanism, string> {
  const written = query.get('sasl') ?? 'scram-sha-512';
  const found = MECHANISMS.find((each) => each === written.toLowerCase());
  return found === undefined
    ? err(`cannot log in by sasl=${written}: write one of ${MECHANISMS.join(', ')}`)
    : ok(found);
}

/**
 * All partitions of a topic of Kafka, received for ever, without a consumer group: where each partition stands is committed
 * with its records, and that alone makes it exactly once. Each broker is asked for what it leads; one that is away delays
 * only its own partitions. The numbers are a count of ours.
 */
export function createKafkaSource(options: KafkaOptions): StreamSource {
  const mechanism = readMechanism(options.address);
  if (!mechanism.ok) throw new Error(mechanism.error);
  const access = { ...options.access, tls: options.address.tls, mechanism: mechanism.value };
  return {
    numbers: 'dense',
    run: (scope, sink) =>
      retrying(scope, sink, options.random, () =>
        untilDrain(scope, (inner) => followTopic({ ...options, access }, inner, sink)),
      ),
  };
}

/** Runs something until it ends by itself, or is told to by its `stop` when `drain` aborts. */
async function untilDrain(scope: Scope, run: (inner: Scope) => Promise<string>): Promise<string> {
  const over = new AbortController();
  const drained = onceAborted(scope.drain);
  void drained.promise.then(() => over.abort());
  try {
    return await run({ ...scope, stop: over.signal });
  } finally {
    drained.release();
  }
}
