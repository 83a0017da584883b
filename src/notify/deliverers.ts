import type { Notice } from '../core/channel.ts';
import { aborted } from './bell.ts';
import { freshChannel } from './channel-state.ts';
import { createDeliverer, type Deliverer, type DeliveryDeps } from './delivery.ts';
import type { ChannelSpec } from './notifier-options.ts';
import type { OutboxRow } from './outbox-row.ts';
import type { TryOutcome } from './retry.ts';

/** The deliverers of all channels, side by side: none waits for another one. */
export interface Deliverers {
  /** Goes over to these channels. One whose spec is the same object goes on as it is. */
  apply(channels: ReadonlyMap<string, ChannelSpec>): void;
  wake(channels: Iterable<string>): void;
  /** Has this message tried now, whatever holds it and its channel. False where there is no such channel any more. */
  hurry(row: OutboxRow): boolean;
  /** One try of a message that is not kept; undefined where there is no such channel. */
  once(channel: string, notice: Notice, signal: AbortSignal): Promise<TryOutcome> | undefined;
  /** Lasts until the signal aborts and every try has ended. @throws what the outbox cannot get over. */
  run(signal: AbortSignal): Promise<void>;
}

interface Worker {
  readonly spec: ChannelSpec;
  readonly deliverer: Deliverer;
  readonly over: AbortController;
  /** Resolves when it has ended; at once where it never began. */
  ended: Promise<void>;
}

export function createDeliverers(deps: DeliveryDeps): Deliverers {
  const workers = new Map<string, Worker>();
  const ending = new Set<Promise<void>>();
  let course: { readonly signal: AbortSignal; fail(error: unknown): void } | undefined;

  const start = (worker: Worker, before: Promise<void>): void => {
    if (course === undefined) return;
    const { signal, fail } = course;
    const both = AbortSignal.any([signal, worker.over.signal]);
    worker.ended = before.then(() => worker.deliverer.run(both)).catch(fail);
    ending.add(worker.ended);
    void worker.ended.then(() => ending.delete(worker.ended));
  };
  const begin = (name: string, spec: ChannelSpec, before: Promise<void>): void => {
    const deliverer = createDeliverer(name, spec.channel, spec, deps);
    const worker: Worker = { spec, deliverer, over: new AbortController(), ended: before };
    workers.set(name, worker);
    start(worker, before);
  };

  return {
    apply(channels) {
      for (const [name, { spec, over }] of workers) {
        if (channels.get(name) === spec) continue;
        over.abort();
        if (!channels.has(name)) workers.delete(name);
      }
      for (const [name, spec] of channels) {
        if (!deps.states.has(name)) deps.states.set(name, freshChannel(name));
        const known = workers.get(name);
        // A message is never tried by two at a time: the next one begins behind the last try.
        if (known?.spec !== spec) begin(name, spec, known?.ended ?? Promise.resolve());
      }
    },
    wake(channels) {
      for (const name of channels) workers.get(name)?.deliverer.wake();
    },
    hurry({ channel, id }) {
      const worker = workers.get(channel);
      worker?.deliverer.hurry(id);
      return worker !== undefined;
    },
    once: (channel, notice, signal) => workers.get(channel)?.deliverer.once(notice, signal),
    async run(signal) {
      const failed = Promise.withResolvers<never>();
      const over = new AbortController();
      course = { signal: AbortSignal.any([signal, over.signal]), fail: failed.reject };
      for (const worker of workers.values()) start(worker, Promise.resolve());
      try {
        await Promise.race([failed.promise, aborted(signal)]);
      } finally {
        over.abort();
        course = undefined;
        await Promise.all(ending);
      }
    },
  };
}
