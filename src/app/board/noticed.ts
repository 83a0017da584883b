import type { StoredRecord } from '../../core/record.ts';

/** What the time line says has changed. Whoever follows is told at once, in the turn in which it is stored. */
export interface Noticed {
  stored(records: readonly StoredRecord[]): void;
  /** @returns what ends it. */
  follow(heard: (change: Change) => void): () => void;
}

export interface Change {
  /** Services; jobs as `job/NAME`. */
  readonly names: readonly string[];
  /** Something about messages to people. */
  readonly messages: boolean;
}

export function createNoticed(): Noticed {
  const followers = new Set<(change: Change) => void>();
  return {
    stored(records) {
      if (followers.size === 0) return;
      const weighty = records.filter(({ kind }) => kind !== 'log');
      if (weighty.length === 0) return;
      const names = [...new Set(weighty.map(({ service }) => service))].filter((name) => name !== '');
      const messages = weighty.some(({ kind }) => kind === 'notification' || kind === 'delivery');
      for (const heard of followers) heard({ names, messages });
    },
    follow(heard) {
      followers.add(heard);
      return () => followers.delete(heard);
    },
  };
}
