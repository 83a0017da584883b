/** A thread that packs: takes one call after another from packing-crew.ts. */
import { parentPort } from 'node:worker_threads';
import { asError, errorCode } from '../../../core/result.ts';
import { LeftAlone } from '../../files/trouble.ts';
import { createPacking } from './packing.ts';
import type { Answer, Call } from './thread-messages.ts';

const packing = createPacking();
// A call that is to end early is ended with the thread.
const { signal } = new AbortController();

function work(call: Call): Promise<unknown> {
  if (call.what === 'pack') return packing.pack(call.task, signal);
  if (call.what === 'unpack') return packing.unpack(call.path, call.format, signal);
  return packing.read(call.path, signal);
}

async function answer(call: Call): Promise<Answer> {
  try {
    return { ok: true, value: await work(call) };
  } catch (thrown) {
    const { message, stack = '' } = asError(thrown);
    return { ok: false, left: thrown instanceof LeftAlone, code: errorCode(thrown), message, stack };
  }
}

parentPort?.on('message', (call: Call) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows, this is a thread
  void answer(call).then((said) => parentPort?.postMessage(said));
});
