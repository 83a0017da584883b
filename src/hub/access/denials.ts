import type { AuditRow } from './audit-log.ts';

/** Who was not let in: counted, and written down once a minute, so that nobody fills the audit, or keeps the disk busy, by knocking. */
export interface Denials {
  add(what: string, whom: string, address: string): void;
  /** What was counted since it was forgotten. */
  rows(): readonly Omit<AuditRow, 'id' | 'time'>[];
  forget(): void;
}

const MOST_KINDS = 1000;

export function createDenials(): Denials {
  const counts = new Map<
    string,
    { readonly what: string; readonly whom: string; readonly address: string; times: number }
  >();
  return {
    add(what, whom, address) {
      const isFull = counts.size >= MOST_KINDS && !counts.has(keyOf(what, whom, address));
      const from = isFull ? '(many others)' : address;
      const of = isFull ? '' : whom;
      const key = keyOf(what, of, from);
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { what, whom: of, address: from, times: 1 });
      else known.times++;
    },
    rows: () => [...counts.values()].map((each) => ({ who: 'somebody', ...each })),
    forget: () => counts.clear(),
  };
}

const keyOf = (...parts: readonly string[]): string => parts.join('\n');
