/** A number of places: who comes when all are taken waits for its turn. */
export interface Slots {
  /** Resolves with what gives the place back; to be called once. After `signal` aborted there is nothing to wait for: it resolves at once. */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createSlots(most: number): Slots {
  let free = most;
  const waiting = new Set<() => void>();
  const release = (): void => {
    const [first] = waiting;
    if (first === undefined) free += 1;
    else first();
  };
  return {
    take(signal) {
      if (signal.aborted) return Promise.resolve(() => {});
      if (free > 0) {
        free -= 1;
        return Promise.resolve(release);
      }
      return new Promise((resolve) => {
        const settle = (give: () => void): void => {
          waiting.delete(turn);
          signal.removeEventListener('abort', leave);
          resolve(give);
        };
        const turn = (): void => settle(release);
        const leave = (): void => settle(() => {});
        waiting.add(turn);
        signal.addEventListener('abort', leave);
      });
    },
  };
}
