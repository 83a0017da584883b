/** What a broker's error code asks of us (kafka.apache.org/protocol, "Error Codes"). */
export type ErrorMeaning =
  /** The log does not have that offset. */
  | 'out-of-range'
  /** Another broker has the partition now, or soon will: ask who. */
  | 'moved'
  /** There is no such topic. */
  | 'unknown-topic'
  /** A person has to change something. */
  | 'refused'
  /** It may be over soon. */
  | 'trouble';

const CODES: ReadonlyMap<number, readonly [name: string, meaning: ErrorMeaning]> = new Map([
  [1, ['OFFSET_OUT_OF_RANGE', 'out-of-range']],
  [2, ['CORRUPT_MESSAGE', 'trouble']],
  [3, ['UNKNOWN_TOPIC_OR_PARTITION', 'unknown-topic']],
  [5, ['LEADER_NOT_AVAILABLE', 'moved']],
  [6, ['NOT_LEADER_OR_FOLLOWER', 'moved']],
  [7, ['REQUEST_TIMED_OUT', 'trouble']],
  [8, ['BROKER_NOT_AVAILABLE', 'moved']],
  [9, ['REPLICA_NOT_AVAILABLE', 'moved']],
  [17, ['INVALID_TOPIC_EXCEPTION', 'refused']],
  [29, ['TOPIC_AUTHORIZATION_FAILED', 'refused']],
  [31, ['CLUSTER_AUTHORIZATION_FAILED', 'refused']],
  [33, ['UNSUPPORTED_SASL_MECHANISM', 'refused']],
  [34, ['ILLEGAL_SASL_STATE', 'refused']],
  [35, ['UNSUPPORTED_VERSION', 'refused']],
  [56, ['KAFKA_STORAGE_ERROR', 'moved']],
  [58, ['SASL_AUTHENTICATION_FAILED', 'refused']],
  [74, ['FENCED_LEADER_EPOCH', 'moved']],
  [75, ['UNKNOWN_LEADER_EPOCH', 'moved']],
  [76, ['UNSUPPORTED_COMPRESSION_TYPE', 'refused']],
  [78, ['OFFSET_NOT_AVAILABLE', 'trouble']],
]);

/** The name of a code, for people: `NOT_LEADER_OR_FOLLOWER`. */
export function errorName(code: number): string {
  return CODES.get(code)?.[0] ?? `error ${code}`;
}

export function errorMeaning(code: number): ErrorMeaning {
  return CODES.get(code)?.[1] ?? 'trouble';
}
