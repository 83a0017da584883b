import type { Readable } from 'node:stream';
import { formatDuration } from '../../core/durations.ts';
import { asError } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import type { StreamSink } from '../../core/source.ts';
import type { Interruptions } from './interruptions.ts';
import { createLineReader, type LineOptions } from './line-reader.ts';
import { pour } from './pour.ts';
import { watchSilence } from './silence.ts';

export interface Inflow {
  readonly options: LineOptions;
  readonly scope: Scope;
  readonly sink: StreamSink;
  readonly interruptions: Interruptions;
  /** Called once when nothing came for too long, with that in words. */
  readonly silent: (reason: string) => void;
}

/**
 * Reads the lines of a socket or pipe into the sink, paused while the sink is full, until it is closed. A last line without
 * its newline is handed over as a partial one.
 */
export function readLines(stream: Readable, inflow: Inflow): Promise<void> {
  const { options, scope, sink, interruptions, silent } = inflow;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      stream.destroy();
      reject(asError(error));
    };
    const reader = createLineReader(options, scope.clock, sink, (message) => {
      if (!sink.take(message)) flow.full();
    });
    const silence = watchSilence(scope.clock, options.silenceMs, () => silent(silenceReason(options)));
    const push = (chunk: Buffer): void => {
      interruptions.received();
      reader.push(chunk);
    };
    const flow = pour(stream, { sink, silence, push, fail });
    stream.on('close', () => {
      silence.stop();
      try {
        reader.flush();
        resolve();
      } catch (error) {
        reject(asError(error));
      }
    });
    silence.start();
  });
}

export function silenceReason({ silenceMs = 0 }: LineOptions): string {
  return `nothing received for ${formatDuration(silenceMs)}`;
}
