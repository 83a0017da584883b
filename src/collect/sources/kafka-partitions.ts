import type { StreamSink } from '../../core/source.ts';
import type { TopicMetadata } from '../../wire/kafka/requests.ts';
import {
  type PartitionFacts,
  type PartitionMark,
  readPartitionMark,
  readTopicMark,
  topicMarkText,
} from './kafka-standing.ts';
import { standingEvent } from './message-envelope.ts';

/** A partition as we follow it. */
export interface Partition {
  readonly id: number;
  /** The broker that has it, where we ask for it; undefined: nobody now. */
  leader: number | undefined;
  /** The offset to ask for next; undefined: we have to look where it stands. */
  next: number | undefined;
  /** The record that has to come first. */
  expect: PartitionMark | undefined;
  /** The offset of a batch that could not be read once. */
  unreadable: number | undefined;
  /** How often in a row something was wrong with it, and when to try again, monotonic milliseconds. */
  attempt: number;
  notBefore: number;
}

/** The partitions of a topic, and what is known of it. */
export interface Partitions {
  readonly all: () => readonly Partition[];
  /** Takes over what a broker says. Answers whether the topic is another one than before: then everything begins anew. */
  learn(metadata: TopicMetadata, now: number): 'known' | 'another-topic';
  factsOf(partition: Partition): PartitionFacts;
  /** Everything begins anew, where the sink says. */
  forget(): void;
}

export function createPartitions(sink: StreamSink, wallNow: () => number): Partitions {
  const known = new Map<number, Partition>();
  let id: string | undefined;

  /** The topic's mark; written now when an epoch has none yet. */
  const topicMark = (count = known.size) => {
    const found = readTopicMark(sink.marks()['']);
    if (found !== undefined) return found;
    const mark = { id, partitions: count, begin: sink.position() === 'live' ? 'live' : 'oldest' } as const;
    sink.take(standingEvent(['', topicMarkText(mark)], wallNow()));
    return mark;
  };

  return {
    all: () => [...known.values()],
    learn(metadata, now) {
      id = metadata.id;
      const before = topicMark(metadata.partitions.length).id;
      if (before !== undefined && id !== undefined && before !== id) return 'another-topic';
      for (const { index, leader, error } of metadata.partitions) {
        const partition = known.get(index) ?? unknownPartition(index);
        known.set(index, partition);
        const usable = leader >= 0 && (error === 0 || error === 9) && now >= partition.notBefore;
        partition.leader = usable ? leader : undefined;
      }
      return 'known';
    },
    factsOf(partition) {
      const topic = topicMark();
      const live = topic.begin === 'live' && partition.id < topic.partitions;
      return {
        partition: partition.id,
        mark: readPartitionMark(sink.marks()[String(partition.id)]),
        begin: live ? 'end' : 'first',
        sameTopic: id !== undefined && topic.id === id,
      };
    },
    forget() {
      for (const partition of known.values())
        Object.assign(partition, { next: undefined, expect: undefined, unreadable: undefined });
    },
  };
}

function unknownPartition(id: number): Partition {
  return {
    id,
    leader: undefined,
    next: undefined,
    expect: undefined,
    unreadable: undefined,
    attempt: 0,
    notBefore: 0,
  };
}
