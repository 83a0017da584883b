import { EXIT } from './exit-codes.ts';

/** Runs something that Ctrl-C or TERM ends in good order; the second signal ends the process at once. */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { signal, release } = listenForEnd();
  try {
    await work(signal);
  } finally {
    release();
  }
}

/** A signal that aborts at the first SIGINT or SIGTERM. */
export function listenForEnd(): { readonly signal: AbortSignal; release(): void } {
  const end = new AbortController();
  const onSignal = (): void => {
    if (end.signal.aborted) process.exit(EXIT.interrupted.code);
    end.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: end.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
