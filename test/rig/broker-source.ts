import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { KAFKA, NATS, parseBrokerAddress } from '../../src/collect/sources/broker-address.ts';
import { createKafkaSource, type KafkaOptions } from '../../src/collect/sources/kafka.ts';
import { createNatsSource, type NatsOptions } from '../../src/collect/sources/nats.ts';
import type { Clock } from '../../src/core/clock.ts';
import { createGatedSink, type GatedOptions, type GatedSink } from './gated-sink.ts';
import { runLines } from './line-sink.ts';

/** A line of a message, parsed: what brokers have in common, and what only one of them has. */
export interface MessageLine {
  readonly seq: number;
  readonly time: string;
  readonly kind: string;
  readonly text?: string;
  readonly data?: unknown;
  readonly base64?: string;
  readonly headers?: unknown;
  readonly subject?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly key?: unknown;
}

export type MessageSink = GatedSink<MessageLine>;

export function sinkOf(options: GatedOptions = {}): MessageSink {
  return createGatedSink<MessageLine>(options);
}

const COMMON = { access: {}, mostBytes: 1000, random: () => 0 };

export function natsSource(address: string, more: Partial<NatsOptions> = {}) {
  const parsed = parseBrokerAddress(address, NATS);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return createNatsSource({ address: parsed.value, ...COMMON, ...more });
}

/** Runs the source of a topic, `kafka://…`, until the end of the test. */
export function runKafka(
  t: TestContext,
  address: string,
  sink: MessageSink,
  { clock, ...more }: Partial<KafkaOptions> & { readonly clock?: Clock } = {},
) {
  const parsed = parseBrokerAddress(address, KAFKA);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  const source = createKafkaSource({ address: parsed.value, ...COMMON, ...more });
  return runLines(t, source, sink, clock === undefined ? {} : { clock });
}
