/** A promise of a signal's abort. Release it when nobody waits any more: the signal may live for ever. */
export function onceAborted(signal: AbortSignal): {
  readonly promise: Promise<void>;
  readonly release: () => void;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  const aborted = (): void => resolve();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', aborted, { once: true });
  return { promise, release: () => signal.removeEventListener('abort', aborted) };
}
