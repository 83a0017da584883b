import type { Readable } from 'node:stream';
import type { SignWatch } from './sign-watch.ts';

/** The variable in which a life finds the number of the descriptor that it may write its newline to. */
export const READY_FD_VARIABLE = 'VAHTI_READY_FD';

/** A newline written to a descriptor, as s6 has it (skarnet.org/software/s6/notifywhenup.html). */
export interface FdSign {
  readonly kind: 'fd';
  /** 3 to 9. */
  readonly fd: number;
}

const NEWLINE = 0x0a;

/** Reads until the pipe's end, so that nobody who writes on blocks or gets SIGPIPE; what comes behind the newline is dropped. */
export function watchFd({ fd }: FdSign, notify: Readable | null, seen: () => void): SignWatch {
  let closed = false;
  notify?.on('data', (chunk: Buffer) => {
    if (chunk.includes(NEWLINE)) seen();
  });
  notify?.once('end', () => {
    closed = true;
  });
  // A pipe that breaks says no more; the deadline tells of it.
  notify?.on('error', () => {});
  return {
    missing: () => `descriptor ${fd} ${closed ? 'was closed without a newline' : 'got no newline'}`,
    close: () => {},
  };
}

export function fdText({ fd }: FdSign): string {
  return `a newline on descriptor ${fd}`;
}
