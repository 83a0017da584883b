import { rm } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { threadFile } from '../../../core/own-package.ts';
import { LeftAlone } from '../../files/trouble.ts';
import type { Content } from '../../files/content.ts';
import type { Packed, Packing, Unpacked } from './packing.ts';
import type { Answer, Call } from './thread-messages.ts';

export interface Crew extends Packing {
  /** Ends the threads. No call may be under way. */
  close(): Promise<void>;
}

const THREAD = threadFile('jobs/verbs/archive/thread');

/** Packing in threads, each begun when it is first needed; of more calls than there are threads none is made (see run.ts). */
export function createCrew(): Crew {
  const idle: Worker[] = [];

  const call = async (what: Call, signal: AbortSignal): Promise<unknown> => {
    signal.throwIfAborted();
    const thread = idle.pop() ?? new Worker(THREAD);
    const said = await ask(thread, what, signal).catch(async (thrown: unknown) => {
      await thread.terminate();
      throw thrown;
    });
    idle.push(thread);
    if (said.ok) return said.value;
    if (said.left) throw new LeftAlone(said.message);
    throw Object.assign(
      new Error(said.message),
      { stack: said.stack },
      said.code === undefined ? {} : { code: said.code },
    );
  };

  return {
    async pack(task, signal) {
      try {
        return (await call({ what: 'pack', task }, signal)) as Packed;
      } catch (thrown) {
        // A thread that was ended in the middle did not come to it.
        await rm(task.to, { force: true }).catch(() => undefined);
        throw thrown;
      }
    },
    unpack: async (path, format, signal) =>
      (await call({ what: 'unpack', path, format }, signal)) as Unpacked,
    read: async (path, signal) => (await call({ what: 'read', path }, signal)) as Content,
    async close() {
      await Promise.all(idle.splice(0).map((thread) => thread.terminate()));
    },
  };
}

/** One call; rejects when the thread dies, or when `signal` aborts. */
function ask(thread: Worker, call: Call, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      signal.removeEventListener('abort', onAbort);
      end();
    };
    const onMessage = (said: Answer): void => settle(() => resolve(said));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (): void =>
      settle(() => reject(new Error('cannot go on: a packing thread ended by itself')));
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
    signal.addEventListener('abort', onAbort, { once: true });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows, this is a thread
    thread.postMessage(call);
  });
}
