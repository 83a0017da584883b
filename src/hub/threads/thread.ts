import { Worker } from 'node:worker_threads';
import { threadFile } from '../../core/own-package.ts';
import type { ReaderCall, ThreadData, WriterCall } from './messages.ts';

/** A thread that is asked by numbers. */
export interface Thread<C extends WriterCall | ReaderCall> {
  /** Resolves with the answer; rejects when the thread is gone. */
  ask<T>(call: Unnumbered<C>): Promise<T>;
  end(): Promise<void>;
}

/** A call that has no number yet. */
type Unnumbered<C> = C extends { readonly id: number } ? Omit<C, 'id'> : never;

/** What it says without being asked. */
export interface Told {
  readonly position?: number;
  readonly note?: string;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What of a call cannot be used. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/**
 * @param told what it says without being asked. @param died called once, where it ends by itself: whoever runs it has to end too, since
 * what was on its way may or may not be stored.
 */
export function startThread<C extends WriterCall | ReaderCall>(
  name: 'writer-thread' | 'reader-thread',
  data: ThreadData,
  told: (message: Told) => void,
  died: (error: Error) => void,
): Thread<C> {
  const worker = new Worker(threadFile(`hub/threads/${name}`), { workerData: data });
  const waiting = new Map<number, Waiting>();
  let ids = 0;
  let isEnding = false;
  let gone: Error | undefined;
  const end = (error: Error): void => {
    if (gone !== undefined) return;
    gone = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    if (!isEnding) died(error);
  };
  worker.on('error', end);
  worker.on('exit', () => end(new Error(`cannot go on: the ${name} of the hub ended`)));
  worker.on(
    'message',
    (message: Told & { readonly id?: number; readonly value?: unknown; readonly problem?: string }) => {
      if (message.id === undefined) return told(message);
      const found = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.problem === undefined) found?.resolve(message.value);
      else found?.reject(new RefusedError(message.problem));
    },
  );
  return {
    ask<T>(call: Unnumbered<C>): Promise<T> {
      if (gone !== undefined) return Promise.reject(gone);
      const id = ++ids;
      return new Promise<T>((resolve, reject) => {
        waiting.set(id, { resolve: (value) => resolve(value as T), reject });
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows, this is a thread
        worker.postMessage({ ...call, id });
      });
    },
    async end() {
      isEnding = true;
      await worker.terminate();
    },
  };
}
