import type { DuckDBConnection } from '@duckdb/node-api';
import type { Clock } from '../../core/clock.ts';
import { formatDuration } from '../../core/durations.ts';

/** How often a query that does not end yet is told to. */
const INSIST_MS = 100;

/** Interrupts what runs at the deadline, or when asked, until it has ended. */
export function endWhenAsked(
  connection: Pick<DuckDBConnection, 'interrupt'>,
  {
    clock,
    signal,
    timeoutMs,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly timeoutMs: number },
): { reason(): string | undefined; over(): void } {
  const over = new AbortController();
  let why: string | undefined;
  const insist = async (reason: string): Promise<void> => {
    why ??= reason;
    do connection.interrupt();
    while (await clock.sleep(INSIST_MS, over.signal));
  };
  const onAbort = (): void => void insist('cannot finish the query: it was interrupted');
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const late = `cannot finish the query within ${formatDuration(timeoutMs)} (--timeout)`;
  const deadline = clock.timer(timeoutMs, () => void insist(late));
  return {
    reason: () => why,
    over() {
      over.abort();
      deadline.cancel();
      signal.removeEventListener('abort', onAbort);
    },
  };
}
