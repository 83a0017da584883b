/**
 * Does something again and again while somebody looks at the page, and at once when somebody looks again; not the first time.
 * @returns what ends it: for `$effect(() => repeat(…))`.
 */
export function repeat(everyMs: number, work: () => unknown): () => void {
  let doneAt = Date.now();
  const turn = (): void => {
    doneAt = Date.now();
    work();
  };
  const timer = setInterval(() => {
    if (!document.hidden) turn();
  }, everyMs);
  const shown = (): void => {
    if (!document.hidden && Date.now() - doneAt >= everyMs) turn();
  };
  document.addEventListener('visibilitychange', shown);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', shown);
  };
}
