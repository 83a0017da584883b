import type { Clock } from '../core/clock.ts';
import type { RecordBuffer } from './buffer.ts';
import { HubError } from './types.ts';

/** Those who wait until what was taken is acknowledged. */
export interface Flushes {
  wait(timeoutMs: number): Promise<void>;
  /** Something was acknowledged. */
  judge(): void;
  /** Nothing more will be. */
  fail(error: HubError): void;
}

interface Waiting {
  upTo: number;
  /** The record of those that were not taken is not there yet: it counts too. */
  isUntold: boolean;
  readonly done: (error?: HubError) => void;
}

export function createFlushes(buffer: RecordBuffer, clock: Clock): Flushes {
  const all = new Set<Waiting>();
  const judge = (): void => {
    for (const each of all) {
      if (each.isUntold && buffer.refused === 0) [each.isUntold, each.upTo] = [false, buffer.last];
      if (!each.isUntold && buffer.acked >= each.upTo) each.done();
    }
  };
  return {
    judge,
    fail(error) {
      for (const each of all) each.done(error);
    },
    wait(timeoutMs) {
      const calm = buffer.hurry();
      return new Promise<void>((resolve, reject) => {
        const late = `cannot flush: not everything is stored within ${timeoutMs} ms`;
        const timer = clock.timer(timeoutMs, () => waiting.done(new HubError('timeout', late)));
        const waiting: Waiting = {
          upTo: buffer.last,
          isUntold: buffer.refused > 0,
          done: (error) => {
            all.delete(waiting);
            timer.cancel();
            calm();
            if (error === undefined) resolve();
            else reject(error);
          },
        };
        all.add(waiting);
        judge();
      });
    },
  };
}
