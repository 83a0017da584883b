import type { WebSocket } from 'ws';
import { CREDIT } from './batches.ts';

/** So much of a client may wait to be answered; then nothing more is read from it until half of that is done. */
const MOST_FRAMES = 64;
const MOST_BYTES = 2 * CREDIT.bytes;

/** The way into a connection: bounded. */
export interface Reading {
  /** A frame came. */
  take(bytes: number): void;
  /** A frame was answered. */
  done(bytes: number): void;
  /** Whether everything is answered. */
  isIdle(): boolean;
}

export function createReading(ws: WebSocket): Reading {
  let [frames, bytes] = [0, 0];
  const isAbove = (part: number): boolean => frames > MOST_FRAMES * part || bytes > MOST_BYTES * part;
  return {
    take(size) {
      frames++;
      bytes += size;
      if (isAbove(1)) ws.pause();
    },
    done(size) {
      frames--;
      bytes -= size;
      if (ws.isPaused && !isAbove(0.5)) ws.resume();
    },
    isIdle: () => frames === 0,
  };
}
