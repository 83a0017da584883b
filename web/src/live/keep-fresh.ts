/**
 * Does it at once and then every `ms`, but not while nobody sees the page: then as soon as it is seen again. It is not done while the
 * last one still lasts. What it rejects with is its own to catch. Answers with what ends it.
 */
export function keepFresh(ms: number, act: () => Promise<void>): () => void {
  let isBusy = false;
  let isOver = false;
  let doneAt = -Infinity;
  const turn = async (): Promise<void> => {
    if (isBusy || isOver || document.hidden || performance.now() - doneAt < ms - 50) return;
    isBusy = true;
    try {
      await act();
    } finally {
      isBusy = false;
      doneAt = performance.now();
    }
  };
  const shown = (): void => void turn();
  const timer = setInterval(shown, ms);
  document.addEventListener('visibilitychange', shown);
  shown();
  return () => {
    isOver = true;
    clearInterval(timer);
    document.removeEventListener('visibilitychange', shown);
  };
}
