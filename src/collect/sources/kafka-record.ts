import { isUtf8 } from 'node:buffer';
import type { KafkaRecord } from '../../wire/kafka/record-batch.ts';
import { partitionMarkText } from './kafka-standing.ts';
import type { BrokerMessage } from './message-envelope.ts';

/** The latest time that a calendar of four digits can say, milliseconds. */
const LAST_MS = 253_402_300_799_999;

/** A record as the message that it is kept as. Where it has no time of its own, that of its receipt counts. */
export function messageOf(
  record: KafkaRecord,
  partition: number,
  seq: number,
  received: number,
): BrokerMessage {
  const { offset, timestamp, key, value, headers } = record;
  const ms = timestamp >= 0 && timestamp <= LAST_MS ? timestamp : received;
  const told = headers.map(([name, bytes]) => `[${JSON.stringify(name)},${bytesText(bytes)}]`);
  return {
    seq,
    time: { ms, text: new Date(ms).toISOString() },
    members: `"partition":${partition},"offset":${offset},"key":${bytesText(key)},${told.length === 0 ? '' : `"headers":[${told.join(',')}],`}`,
    value,
    mark: [String(partition), partitionMarkText({ offset, timestamp })],
  };
}

/** Bytes as JSON: text where they are UTF-8. */
function bytesText(bytes: Buffer | null): string {
  if (bytes === null) return 'null';
  return isUtf8(bytes) ? JSON.stringify(bytes.toString('utf8')) : `{"base64":"${bytes.toString('base64')}"}`;
}
