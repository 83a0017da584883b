/** Where a partition stands: behind this record. Committed with each event, under the partition's number. */
export interface PartitionMark {
  readonly offset: number;
  /** The record's time, milliseconds since 1970; undefined where we stand behind a record that we never had. */
  readonly timestamp: number | undefined;
}

/** The topic that the partitions' marks are of. Committed under the empty name, before anything else of an epoch. */
export interface TopicMark {
  /** undefined: its brokers know no ids of topics. */
  readonly id: string | undefined;
  /** How many partitions it had when we began; those that came later are taken from their first record on. */
  readonly partitions: number;
  readonly begin: 'live' | 'oldest';
}

export function partitionMarkText({ offset, timestamp }: PartitionMark): string {
  return `${offset} ${timestamp ?? '-'}`;
}

/** Undefined where there is none, or one that this version does not know. */
export function readPartitionMark(text: string | undefined): PartitionMark | undefined {
  const [, offset, timestamp = ''] = /^(-1|\d{1,16}) (-|-?\d{1,16})$/.exec(text ?? '') ?? [];
  if (offset === undefined) return undefined;
  return { offset: Number(offset), timestamp: timestamp === '-' ? undefined : Number(timestamp) };
}

export function topicMarkText({ id, partitions, begin }: TopicMark): string {
  return `${id ?? '-'} ${partitions} ${begin}`;
}

export function readTopicMark(text: string | undefined): TopicMark | undefined {
  const [, id = '', partitions, begin] = /^(\S+) (\d{1,9}) (live|oldest)$/.exec(text ?? '') ?? [];
  if (partitions === undefined) return undefined;
  return {
    id: id === '-' ? undefined : id,
    partitions: Number(partitions),
    begin: begin === 'live' ? 'live' : 'oldest',
  };
}

/** What a log has: from its first offset up to, but not including, its end. */
export interface LogRange {
  readonly first: number;
  readonly end: number;
}

/** Where to go on in a partition, and what has to be said before. */
export interface Standing {
  /** The offset to ask for next; undefined after a reset: everything begins anew. */
  readonly next: number | undefined;
  /** The record that has to come first, being the last one that we had; where compaction removed it, a later one. */
  readonly expect?: PartitionMark;
  readonly say?:
    | { readonly kind: 'reset'; readonly detail: string }
    | {
        readonly kind: 'gap';
        readonly reason: 'outdated' | 'reset';
        readonly detail: string;
        readonly since?: number;
      };
  /** Where we stand now without an event of the stream. */
  readonly mark?: PartitionMark;
}

export interface PartitionFacts {
  readonly partition: number;
  readonly mark: PartitionMark | undefined;
  /** Where to begin when there is no mark. */
  readonly begin: 'first' | 'end';
  /** Whether it is certain that the topic is the one that the mark is of. */
  readonly sameTopic: boolean;
}

/** Compares where a partition stands with what its log has. */
export function judgePartition(
  { partition, mark, begin, sameTopic }: PartitionFacts,
  log: LogRange,
): Standing {
  const { first, end } = log;
  if (mark === undefined)
    return begin === 'first'
      ? { next: first }
      : { next: end, mark: { offset: end - 1, timestamp: undefined } };
  const { offset, timestamp } = mark;
  const since = timestamp === undefined || timestamp < 0 ? {} : { since: timestamp };
  if (offset + 1 > end) {
    const detail = `partition ${partition} ends before offset ${end}, and we stand at ${offset}`;
    if (!sameTopic) return { next: undefined, say: { kind: 'reset', detail } };
    return {
      next: end,
      say: { kind: 'gap', reason: 'reset', detail: `${detail}: the end of its log was lost`, ...since },
      mark: { offset: end - 1, timestamp: undefined },
    };
  }
  if (offset + 1 < first) {
    const detail = `partition ${partition} no longer has offsets ${offset + 1} to ${first - 1}; its oldest is ${first}`;
    return {
      next: first,
      say: { kind: 'gap', reason: 'outdated', detail, ...since },
      mark: { offset: first - 1, timestamp: undefined },
    };
  }
  // Asked for once more, to see that it is still the one that we had.
  if (timestamp !== undefined && offset >= first) return { next: offset, expect: mark };
  return { next: offset + 1 };
}

/** What is to be said where another record lies under the offset of the last one that we had. */
export function judgeOther(
  { partition, sameTopic }: Pick<PartitionFacts, 'partition' | 'sameTopic'>,
  { offset, timestamp }: PartitionMark,
): NonNullable<Standing['say']> {
  const detail = `partition ${partition}: offset ${offset} is another record than the one we had there`;
  if (!sameTopic) return { kind: 'reset', detail };
  const since = timestamp === undefined || timestamp < 0 ? {} : { since: timestamp };
  return { kind: 'gap', reason: 'reset', detail: `${detail}: the end of its log was lost`, ...since };
}
