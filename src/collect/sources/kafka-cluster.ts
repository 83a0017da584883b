import type { Scope } from '../../core/scope.ts';
import type { StreamSink } from '../../core/source.ts';
import { errorMeaning, errorName } from '../../wire/kafka/errors.ts';
import type { TopicMetadata } from '../../wire/kafka/requests.ts';
import { createContact } from './kafka-contact.ts';
import { createBell, createCrew, type FollowOptions } from './kafka-crew.ts';
import { createPartitions, type Partitions } from './kafka-partitions.ts';

/**
 * One session with the brokers of a topic: from the first one that answers to the time when none does, or `stop` aborts. Resolves
 * with the reason. Rejects only for a bug, or where the sink throws.
 */
export async function followTopic(options: FollowOptions, scope: Scope, sink: StreamSink): Promise<string> {
  const over = new AbortController();
  const stop = AbortSignal.any([scope.stop, over.signal]);
  const inner = { ...scope, stop };
  const { clock } = scope;
  const partitions = createPartitions(sink, () => clock.now());
  const bell = createBell();
  const crew = createCrew(options, inner, sink, partitions, bell);
  const contact = createContact(options, inner);
  let connected = false;
  try {
    while (!stop.aborted) {
      const found = await contact.look();
      if (!found.ok) return found.error;
      const { error } = found.value;
      const meaning = error === 0 ? 'moved' : errorMeaning(error);
      if (meaning === 'unknown-topic') return `there is no topic ${options.address.name}`;
      if (meaning === 'refused') return `the broker says ${errorName(error)}`;
      if (!connected) {
        const position = sink.position();
        sink.take({ kind: 'connected', cursor: typeof position === 'number' ? position : undefined });
        connected = true;
      }
      learn(found.value, partitions, sink, clock.monotonic());
      crew.start(found.value);
      const ended = crew.ended();
      if (ended !== undefined) return ended;
      await bell.rest(partitions, inner);
    }
    return crew.ended() ?? 'the collector ends';
  } finally {
    over.abort();
    contact.close();
    await crew.gone();
  }
}

function learn(found: TopicMetadata, partitions: Partitions, sink: StreamSink, now: number): void {
  if (partitions.learn(found, now) === 'known') return;
  sink.take({ kind: 'reset', detail: `the topic was made anew: its id is ${found.id ?? 'another one'} now` });
  partitions.forget();
  partitions.learn(found, now);
}
