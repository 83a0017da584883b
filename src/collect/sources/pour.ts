import type { Readable } from 'node:stream';
import type { StreamSink } from '../../core/source.ts';
import type { Silence } from './silence.ts';

export interface Pouring {
  readonly sink: StreamSink;
  readonly silence: Silence;
  readonly push: (chunk: Buffer) => void;
  /** Called for what `push` throws, and where the sink fails. */
  readonly fail: (error: unknown) => void;
}

/** Hands on what a stream gives, chunk by chunk; pauses it after a chunk during which `full` was called, until the sink has room. */
export function pour(stream: Readable, { sink, silence, push, fail }: Pouring): { full(): void } {
  let full = false;
  const pause = (): void => {
    stream.pause();
    silence.hold(true);
    sink.drained().then(() => {
      silence.hold(false);
      stream.resume();
    }, fail);
  };
  stream.on('data', (chunk: Buffer) => {
    silence.seen();
    full = false;
    try {
      push(chunk);
    } catch (error) {
      return fail(error);
    }
    if (full) pause();
  });
  return {
    full() {
      full = true;
    },
  };
}
