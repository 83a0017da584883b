import type { ClientEvents } from './types.ts';

export interface Listeners {
  /** @returns what takes the listener off again. */
  on<E extends keyof ClientEvents>(event: E, listener: (value: ClientEvents[E]) => void): () => void;
  emit<E extends keyof ClientEvents>(event: E, value: ClientEvents[E]): void;
}

export function createListeners(): Listeners {
  const all: { readonly [E in keyof ClientEvents]: Set<(value: ClientEvents[E]) => void> } = {
    notification: new Set(),
    missed: new Set(),
    state: new Set(),
    event: new Set(),
  };
  return {
    on(event, listener) {
      all[event].add(listener);
      return () => void all[event].delete(listener);
    },
    emit(event, value) {
      for (const listener of all[event]) guarded(listener)(value);
    },
  };
}

/** What a listener throws is its own bug, and disturbs nobody else. */
export function guarded<T>(listener: (value: T) => void): (value: T) => void {
  return (value) => {
    try {
      listener(value);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
